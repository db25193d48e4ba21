// The capture card: which finger, one instruction, how good it is, and what can be done about it.
import { button, el, make, write } from "/dom.js";
import { hands, statusesOf } from "/hands.js";
import { codeName, fingerName, qualityWords } from "/names.js";
import { back, may, refuseButton, stopButton, tiles } from "/steps.js";
import { said, t, N } from "/words.js";

const ATTEMPTS = 3;
// The same element for every attempt, so that its pictures come without a break.
const picture = make("img", { id: "finger-view" });
const BEGIN = N("Press “Begin”: the sensor then asks for one finger after the other");

function meter(id, label, role) {
  return make("div", { class: "meter", id },
    make("span", { class: "label" }, label),
    make("span", { class: "bar", role, "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100" }, make("span", { class: "fill" }), id === "quality" && make("span", { class: "tick" })),
    make("span", { class: "value" }));
}

function drawMeter(id, share, text) {
  const percent = Math.round(share * 100);
  el(id).querySelector(".fill").style.width = `${percent}%`;
  el(id).querySelector(".bar").setAttribute("aria-valuenow", percent);
  el(id).querySelector(".bar").setAttribute("aria-valuetext", text || t("none yet"));
  write(el(id).querySelector(".value"), text);
}

export const meters = () => [meter("reading", t("Reading"), "progressbar"), meter("quality", t("Quality"), "meter")];

export function drawMeters(capture, threshold) {
  drawMeter("reading", capture.share, capture.share ? t("{percent} %", { percent: Math.round(capture.share * 100) }) : "");
  drawMeter("quality", (capture.quality ?? 0) / 100, qualityWords(capture.quality, threshold));
  el("quality").classList.toggle("low", capture.quality !== null && capture.quality < threshold);
  el("quality").querySelector(".tick").style.insetInlineStart = `${threshold}%`;
}

export function drawInstruction(capture) {
  el("capture").dataset.phase = capture.phase;
  write(el("instruction"), said(capture.instruction));
  el("instruction").className = ["fault", "refused"].includes(capture.phase) ? "fault" : "";
}

// What stands out of a finger: as a sentence, naming both where two look alike.
export function remark(finger) {
  if (finger.status === "same") return t("{finger} looks like {other}. Was the same finger placed twice?", { finger: fingerName(finger.finger), other: fingerName(finger.same_as) });
  if (finger.status === "poor") return t("{finger}: the best of {n} attempts is too low.", { finger: fingerName(finger.finger), n: finger.attempts });
  return "";
}

export const isUndecided = ({ status, reason }) => ["poor", "same"].includes(status) && !reason;

// What may be done about one finger of the case.
export function fingerActions(desk, finger) {
  const { order, go } = desk;
  const number = finger.finger;
  return [
    may(desk, "missing") && finger.status !== "missing" && button(t("Missing"), { id: "finger-missing", class: "quiet", onclick: () => go({ view: "missing-reason", finger: number }) }),
    may(desk, "use") && isUndecided(finger) && button(t("Use anyway"), { id: "use", class: "quiet", onclick: () => go({ view: "override", finger: number }) }),
    may(desk, "capture") && button(finger.status === "waiting" && !finger.attempts ? t("Begin") : t("Again"), { id: "again", primary: true, onclick: () => order({ event: "capture", finger: number }) }),
  ];
}

// The finger that the sensor waits for; between two the next one.
const nextFinger = (open) =>
  open.fingers.find(({ finger }) => finger === open.now) ?? open.fingers.find(({ status }) => status === "waiting");

function livePicture() {
  picture.alt = t("What the sensor sees");
  if (!picture.hasAttribute("src")) picture.src = `/api/finger?${Date.now()}`;
  return picture;
}

export function captureView(desk) {
  const { open, state } = desk;
  const next = nextFinger(open);
  const threshold = next?.threshold ?? state.minimum_quality;
  const attempt = Math.min(ATTEMPTS, (next?.attempts ?? 0) + 1);
  // Nothing has been asked of the sensor yet.
  const begins = may(desk, "capture") && open.fingers.every(({ attempts }) => !attempts);
  return {
    name: "capture",
    key: [open, attempt, desk.choices.show_finger],
    body: () => [
      make("div", { class: "two card", id: "capture" },
        make("div", { class: "side" },
          hands({ ...statusesOf(open.fingers), ...(next ? { [next.finger]: "now" } : {}) }),
          make("p", { id: "finger" }, next ? fingerName(next.finger) : ""),
          make("p", { id: "attempt" }, next ? t("Attempt {attempt} of {n}", { attempt, n: ATTEMPTS }) : "")),
        make("div", { class: "told" },
          make("h1", { id: "instruction", "aria-live": "assertive" }),
          make("div", { class: "seen" }, desk.choices.show_finger && livePicture(), make("div", { class: "meters" }, ...meters())))),
    ],
    actions: () => [stopButton(desk), refuseButton(desk), ...(next ? fingerActions(desk, next) : [])],
    update: () => {
      drawInstruction(begins && state.capture.phase === "ready" ? { ...state.capture, instruction: BEGIN } : state.capture);
      drawMeters(state.capture, threshold);
    },
  };
}

export const overrideView = (desk) => ({
  name: "override",
  key: desk.local,
  body: () => [
    make("h1", { class: "small" }, t("{finger}: why is it used anyway?", { finger: fingerName(desk.local.finger) })),
    make("p", {}, t("The reason is noted with your name.")),
    tiles(...desk.choices.override_reasons.map((reason, at) =>
      button(codeName(reason), { id: `reason-${reason}`, primary: !at, onclick: () => desk.order({ event: "use", finger: desk.local.finger, reason }, {}) }))),
  ],
  actions: () => [back(desk)],
});
