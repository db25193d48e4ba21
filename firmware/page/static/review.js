// All fingers of a case before it is sent, and what stands on the screen after that.
import { button, make } from "/dom.js";
import { fingerActions, isUndecided, remark } from "/capture.js";
import { codeName, fingerName, qualityWords, statusName } from "/names.js";
import { fingerTiles } from "/plan.js";
import { resultCard } from "/results.js";
import { may, refuseButton, stopButton } from "/steps.js";
import { t } from "/words.js";

const SIGNS = { taken: "✓", poor: "!", same: "=", missing: "✕", waiting: "", now: "" };

function about(finger) {
  const why = finger.reason && codeName(finger.reason);
  if (finger.status === "missing") return why;
  const quality = qualityWords(finger.quality, finger.threshold);
  return finger.status === "same" && !why ? statusName("same") : [quality, why].filter(Boolean).join(", ");
}

// Where something looks for forged fingers: for the officer alone, and for a decision of the officer's.
const forged = ({ attack }) => attack !== null && t("{percent} % like a forged finger", { percent: Math.round(attack * 100) });

export function reviewView(desk) {
  const { open, local } = desk;
  const chosen = local.finger ?? null;
  const by = Object.fromEntries(open.fingers.map((finger) => [finger.finger, finger]));
  // Of two that look alike both are marked.
  const alike = new Set(open.fingers.filter(({ status }) => status === "same").flatMap(({ finger, same_as: other }) => [finger, other]));
  const tile = (number) => {
    const finger = by[number];
    return {
      class: `quiet tile ${alike.has(number) ? "same" : finger.status}`,
      "aria-pressed": String(chosen === number),
      detail: [make("span", { "aria-hidden": "true" }, SIGNS[finger.status]), make("span", { class: "unseen" }, statusName(finger.status)), ` ${about(finger)}`],
      onclick: () => desk.go({ finger: chosen === number ? undefined : number }),
    };
  };
  const told = chosen !== null ? [by[chosen]] : open.fingers.filter(isUndecided);
  const heading = chosen === null
    ? told.map(remark).find(Boolean)
    : [remark(by[chosen]) || fingerName(chosen), forged(by[chosen])].filter(Boolean).join(" ");
  return {
    name: "review",
    key: [open, chosen],
    body: () => [
      heading
        ? make("div", { role: "status" }, make("h1", { id: "remark", class: "small" }, heading))
        : [make("h1", { class: "small" }, t("Look through the fingers, then send")), make("p", { class: "basis" }, t("Press a finger to take it again."))],
      ...fingerTiles(open.fingers.map(({ finger }) => finger), tile),
    ].flat(),
    actions: () => [
      stopButton(desk),
      ...(chosen === null ? [refuseButton(desk)] : fingerActions(desk, by[chosen])),
      button(t("Send"), { id: "send", primary: chosen === null, disabled: !may(desk, "send"), onclick: () => desk.order({ event: "send" }) }),
    ],
  };
}

export const sendingView = (desk) => ({
  name: "sending",
  key: 0,
  body: () => [make("h1", { id: "instruction", "aria-live": "polite" }, t("The case is being put into safe keeping"))],
  actions: () => [stopButton(desk)],
});

export function sentView(desk) {
  const { state, open } = desk;
  const check = state.checks.find(({ request_id: id }) => id === open.request_id);
  return {
    name: "sent",
    key: [open, check, state.leads, state.link, state.link_detail],
    body: () => (check
      ? [make("h1", { class: "unseen" }, t("Result")), make("section", { id: "result", tabindex: "0", "data-scrolls": "", "aria-label": t("Result") }, resultCard(check, desk))]
      : [make("h1", {}, t("Sent. The answer comes by itself."))]),
    actions: () => [button(t("Close the case"), { id: "close", primary: true, escape: true, disabled: !may(desk, "close"), onclick: () => desk.order({ event: "close" }) })],
  };
}
