// Two hands, as the person who holds them out sees them; each finger says how it stands by its
// colour, its outline and a mark of its own. Never mirrored for another direction of reading.
import { draw } from "/dom.js";
import { fingerName, statusName } from "/names.js";
import { t } from "/words.js";

// The left hand's fingers, thumb first: middle of the root, length, width, angle in degrees.
const LEFT = [[136, 196, 92, 32, 46], [127, 134, 98, 28, 7], [95, 126, 108, 29, 0], [63, 130, 98, 28, -6], [34, 146, 76, 25, -14]];
const WIDE = 450;
const PALM = "M22 144c-4 34 2 66 12 84 6 10 16 16 28 16h42c18 0 30-8 36-26 4-14 5-40 4-78 0-14-22-20-62-20s-56 8-60 24z";
const MARKS = {
  taken: "M-9 0l6 7 12-14", poor: "M0-10v12M0 8v2", same: "M-8-4h16M-8 4h16", missing: "M-13-13l26 26M13-13l-26 26", now: "M0-9v18M-7 2l7 7 7-7",
};

function place(finger) {
  const right = finger <= 5;
  const [x, y, long, wide, angle] = LEFT[(finger - 1) % 5];
  return right ? [WIDE - x, y, long, wide, -angle] : [x, y, long, wide, angle];
}

function oneFinger(finger, status) {
  const [x, y, long, wide, angle] = place(finger);
  const group = draw("g", { transform: `translate(${x} ${y}) rotate(${angle})`, class: `finger ${status}`, "data-finger": finger });
  group.append(draw("rect", { x: -wide / 2, y: -long, width: wide, height: long + 14, rx: wide / 2 }));
  if (status in MARKS)
    group.append(draw("g", { transform: `translate(0 ${-long + 22}) rotate(${-angle})` }, draw("path", { d: MARKS[status], class: "mark" })));
  return group;
}

const hand = (right) => draw("path", { class: "palm", d: PALM, transform: right ? `translate(${WIDE} 0) scale(-1 1)` : "" });

// statuses: of the fingers of a plan, by ISO position.
export function hands(statuses) {
  const told = Object.entries(statuses).map(([finger, status]) => t("{finger}: {status}", { finger: fingerName(finger), status: statusName(status) }));
  const svg = draw("svg", { viewBox: "0 0 450 250", class: "hands", role: "img", "aria-label": told.join(", ") || t("Both hands") });
  for (const right of [false, true]) {
    // The thumb lies under the palm.
    const order = right ? [1, 2, 3, 4, 5] : [6, 7, 8, 9, 10];
    svg.append(...order.map((finger) => oneFinger(finger, statuses[finger] ?? "none")), hand(right));
  }
  return svg;
}

export const statusesOf = (fingers) => Object.fromEntries(fingers.map(({ finger, status }) => [finger, status]));
