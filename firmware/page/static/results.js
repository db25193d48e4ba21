// Draws what became of the checks, in exactly three shapes: the newest as a card, the others as a
// list. Each result has its words, its shape and its colour; all have the same sound.
import { clock, day } from "/clock.js";
import { button, draw, make } from "/dom.js";
import { chime } from "/sound.js";
import { said, t, words, N } from "/words.js";

// Each outcome has a shape of its own, so that nobody depends on colours.
const SHAPES = {
  candidates: ["M32 6 60 56H4z", "M32 24v16M32 47v2"],
  none: ["M6 32a26 26 0 1 0 52 0a26 26 0 1 0-52 0z", "M20 33l8 8 16-18"],
  waiting: ["M6 32a26 26 0 1 0 52 0a26 26 0 1 0-52 0z", "M32 16v17l11 7"],
};
const STEPS = [["transfer", N("transfer")], ["quality", N("quality")], ["template", N("template")],
  ["durable", N("stored")], ["broker", N("broker")], ["search", N("search")], ["reply", N("reply")]];

// While a case is open, or after one that sent nothing, the card of the person before must not
// stand for the next.
const WITHOUT_CARD = {
  place_finger: N("No answer yet: this check has just begun."),
  reading: N("No answer yet: this check has just begun."),
  judging: N("No answer yet: this check has just begun."),
  again: N("No answer yet: this check has just begun."),
  taken: N("No answer yet: this check has just begun."),
  stopped: N("The last check was stopped: nothing was checked."),
  refused: N("The last check was refused: nothing was checked."),
};
const NOTHING_SENT = new Set(["minor", "refused", "stopped", "timeout"]);
const OVER = new Set(["answered", "expired"]);

const heard = new Map();
let began = false;

function shape(kind) {
  return draw("svg", { viewBox: "0 0 64 64", class: "shape", "data-shape": kind, "aria-hidden": "true" },
    ...SHAPES[kind].map((d) => draw("path", { d })));
}

export const kindOf = (check) =>
  check.outcome === "candidates" ? "candidates" : check.outcome === "none" ? "none" : "waiting";

function why(check, link) {
  const reason = said(check.reason);
  if (check.outcome === "incomplete") return t("The search was not complete: {reason}. It is tried again by itself.", { reason });
  if (check.progress === "expired" || check.progress === "answered") return t("{reason}. Check the finger again.", { reason });
  const detail = said(link.link_detail);
  if (check.progress === "received") {
    if (link.link) return t("The matcher has it. Waiting for the answer.");
    return t("The matcher has it. The answer comes by itself once there is a link ({detail}).", { detail });
  }
  if (!link.link) return t("Waiting for a link ({detail}). It is sent by itself as soon as there is one.", { detail });
  return check.progress === "published" ? t("Sent. Waiting for the answer.") : t("Being sent.");
}

function told(check, link) {
  if (kindOf(check) === "waiting") return why(check, link);
  const lists = check.searched.map((list) =>
    t("{list} ({n} entries, changed {date})", { list: list.name, n: list.entries, date: day(list.changed_ms) }));
  return t("Searched: {lists}", { lists: lists.join(", ") });
}

// Where a check is and for how long it waits; of one that is answered, whether that was too late.
function standing(check, stages) {
  if (check.late) return make("span", { class: "late" }, said(stages.late));
  if (OVER.has(check.progress)) return check.progress === "expired" ? make("span", { class: "standing" }, said(stages.expired)) : null;
  return make("span", { class: "standing" }, `${said(stages[check.progress])}, `,
    make("span", { "data-made": check.created_ms, "aria-live": "off" }));
}

// A possible match is looked at on a second screen, away from the person.
const leadOf = (check, state) => state.leads.find(({ request_id: id }) => id === check.request_id);
const openLead = (check, desk) => () => desk.go({ view: "lead", request_id: check.request_id });

export function resultCard(check, desk) {
  const { state } = desk;
  const steps = STEPS.filter(([step]) => step in check.steps_ms)
    .map(([step, label]) => [" · ", make("bdi", {}, t("{step} {ms} ms", { step: t(label), ms: Math.round(check.steps_ms[step]) }))]);
  return make("article", { id: "latest", class: kindOf(check), "data-request": check.request_id, "data-progress": check.progress, "aria-live": "polite" },
    shape(kindOf(check)), make("h2", {}, said(check.words)), make("p", {}, told(check, state)), standing(check, state.words),
    leadOf(check, state) && button(t("Step aside, then open the second screen"), { id: "to-lead", onclick: openLead(check, desk) }),
    make("p", { class: "steps" }, t("Taken at {time}", { time: clock(check.created_ms) }), ...steps.flat()));
}

function row(check, desk) {
  const { state } = desk;
  const parts = [shape(kindOf(check)), make("time", {}, clock(check.created_ms)), make("span", {}, said(check.words)), standing(check, state.words)].filter(Boolean);
  const attributes = { class: kindOf(check) };
  if (!leadOf(check, state)) return make("li", attributes, ...parts);
  return make("li", attributes, make("button", { type: "button", class: "quiet row", onclick: openLead(check, desk) }, ...parts));
}

const withoutCard = (state) =>
  NOTHING_SENT.has(state.case_ended) ? N("The last case sent nothing: nothing was checked.") : WITHOUT_CARD[state.capture.phase];

export const resultsKey = (state) => [state.checks, state.leads, state.link, state.link_detail, withoutCard(state)];

export function resultsList(desk) {
  const { state } = desk;
  const without = withoutCard(state);
  const listed = without ? state.checks : state.checks.slice(1);
  const nothing = without ?? (state.checks.length ? "" : N("No check yet. Press “New case” to begin."));
  return make("section", { id: "results", "aria-label": t("Checks"), tabindex: "0", "data-scrolls": "" },
    without || !state.checks.length ? null : resultCard(state.checks[0], desk),
    nothing && make("p", { id: "none-yet" }, t(nothing)),
    listed.length ? make("h2", { id: "earlier-title" }, t("Earlier checks")) : null,
    make("ol", { id: "earlier", "aria-label": t("Earlier checks") }, ...listed.map((check) => row(check, desk))));
}

// One sound when there is something new to read; none for what was there when the page came up.
export function soundResults({ checks }) {
  let fresh = false;
  for (const check of checks) {
    fresh ||= began && heard.get(check.request_id) !== kindOf(check);
    heard.set(check.request_id, kindOf(check));
  }
  began = true;
  if (fresh) chime();
}
