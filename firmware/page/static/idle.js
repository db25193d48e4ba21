// Between two cases: how the kiosk stands, in large letters, and what became of the last checks.
import { drawInstruction } from "/capture.js";
import { clockWithZone, kioskNow } from "/clock.js";
import { button, draw, make } from "/dom.js";
import { operatorWords, may } from "/login.js";
import { resultsKey, resultsList } from "/results.js";
import { t, N } from "/words.js";

const ENDED = {
  minor: N("The last case ended: under 18 or not sure. Nothing was taken."),
  refused: N("The last case ended: the person refused. No fingerprint is kept."),
  stopped: N("The last case was stopped. No fingerprint is kept."),
  timeout: N("The last case ended: nothing was done for too long. No fingerprint is kept."),
};
const MAY_BEGIN = new Set(["ready", "stopped", "refused"]);
const PAD = ["M50 8c24 0 36 18 36 46v78H14V54C14 26 26 8 50 8z", "M34 66c0-22 32-22 32 0v40", "M42 70c0-12 16-12 16 0v44", "M50 72v48",
  "M26 68c0-34 48-34 48 0v28", "M34 76v34", "M26 78v22"];

const pad = () => draw("svg", { viewBox: "10 4 80 132", "aria-hidden": "true", class: "pad" },
  ...PAD.map((d, at) => draw("path", { d, class: at ? "ridge" : "nail" })));

export function mayBegin({ state, silent }) {
  return !silent && MAY_BEGIN.has(state.capture.phase) && may(state.session, "check") && state.choices.purposes.length > 0;
}

export function idleView(desk) {
  const { state, silent } = desk;
  const ended = ENDED[state.case_ended];
  return {
    name: "idle",
    key: [resultsKey(state), mayBegin(desk), state.session, ended, silent, Math.floor(kioskNow() / 60_000)],
    body: () => [
      make("section", { id: "capture", "aria-label": t("How the kiosk stands") },
        make("div", { class: "ask" }, pad(), make("h1", { id: "instruction", "aria-live": "assertive" })),
        ended && make("p", { id: "ended", role: "status" }, t(ended)),
        make("p", { id: "who" }, make("span", { id: "operator-now" }, operatorWords(state.session)), " ", make("bdi", {}, clockWithZone(kioskNow())))),
      resultsList(desk),
    ],
    actions: () => [
      button(t("Menu"), { id: "menu", class: "quiet", onclick: () => desk.go({ view: "menu" }) }),
      button(t("New case"), { id: "start", primary: true, disabled: !mayBegin(desk), onclick: () => desk.choosePurpose() }),
    ],
    update: () => drawInstruction(silent ? { phase: "fault", instruction: "The kiosk's program does not answer. Trying again" } : state.capture),
  };
}
