// The second screen: what there is to verify of a possible match, and what two people make of it.
// Who it names is in the state only while the officer who said why looks at it.
import { clock, day } from "/clock.js";
import { button, el, make, write } from "/dom.js";
import { post } from "/login.js";
import { fingerName } from "/names.js";
import { forgetReference, referenceView, typedReference } from "/reference.js";
import { tiles } from "/steps.js";
import { words, said, t } from "/words.js";

export const leadOf = (state, id) => state.leads.find(({ request_id: each }) => each === id);

const back = (desk, local) =>
  button(t("Back"), { id: "back", class: "quiet", escape: true, onclick: () => desk.go(local) });

export function leadView(desk) {
  const lead = leadOf(desk.state, desk.local.request_id);
  if (!lead) return goneView(desk);
  if (lead.stage === "rejected") return rejectedView(desk, lead);
  if (!lead.opened) return whyView(desk, lead);
  return (STEPS[desk.local.step] ?? evidenceView)(desk, lead);
}

// next: where to go once it is done; without, the lead's new state says it all.
async function order(desk, lead, event, more = {}, next = null) {
  write(el("notice"), "");
  const answer = await post("/api/lead", { event, request_id: lead.request_id, ...more });
  if (!answer.ok) write(el("notice"), said(answer.error));
  else if (next) desk.go(next);
}

const evidenceOf = (lead) => ({ view: "lead", request_id: lead.request_id });

const goneView = (desk) => ({
  name: "lead",
  key: "gone",
  body: () => [make("h1", {}, t("This lead is not here any more"))],
  actions: () => [back(desk, {})],
});

const rejectedView = (desk, lead) => ({
  name: "lead",
  key: lead,
  body: () => [
    make("h1", {}, said(lead.words)),
    make("p", {}, t("What there was of this case is deleted on this kiosk. The centre is told to delete its copy.")),
  ],
  actions: () => [back(desk, {})],
});

const whyView = (desk, lead) => ({
  name: "lead",
  key: lead,
  body: () => [
    make("h1", {}, said(lead.words)),
    make("p", {}, t("Why do you look at whom it names? The reason is noted with your name.")),
    tiles(...Object.entries(desk.state.lead_choices.justifications).map(([code, sentence]) =>
      button(said(sentence), { id: `why-${code}`, onclick: () => order(desk, lead, "view", { justification: code }) }))),
  ],
  actions: () => [back(desk, {})],
});

const chosen = (desk, lead) => (lead.first ? lead.candidate : desk.local.candidate ?? 0);

function evidenceView(desk, lead) {
  const at = chosen(desk, lead);
  const can = (event) => lead.can.includes(event);
  const step = (name) => desk.go({ ...desk.local, candidate: at, step: name });
  return {
    name: "lead-evidence",
    key: [lead, at],
    body: () => [
      make("section", { id: "lead", tabindex: "0", "data-scrolls": "", "aria-label": t("What to verify") },
        make("h1", { class: "small" }, said(lead.words)),
        make("p", { id: "not-proof" }, t("This is not proof. Compare the prints and ask the owner of the list before anything else.")),
        ...standing(desk.state, lead),
        several(lead) && make("h2", {}, t("It names {n} entries. Which one is it about?", { n: lead.candidates.length })),
        candidateCard(lead.candidates[at] ?? lead.candidates[0]),
        make("ul", { id: "flags" }, ...lead.flags.map((flag) => make("li", {}, said(flag)))),
        ...facts(desk.state, lead),
        choice(desk, lead, at)),
    ],
    actions: () => [
      back(desk, {}),
      can("reject") && button(t("Reject"), { id: "reject", class: "quiet", onclick: () => step("reject") }),
      can("examine") && button(t("Ask the centre"), { id: "examine", class: "quiet", onclick: () => order(desk, lead, "examine") }),
      can("confirm") && button(t("Confirm"), { id: "confirm", class: "quiet", onclick: () => step(lead.source ? "sure" : "source") }),
    ],
  };
}

// Who has said what so far.
function standing(state, lead) {
  const by = [lead.first, lead.second].filter(Boolean);
  return [
    by.length > 0 && make("p", {}, t("Confirmed by: {people}", { people: by.join(", ") })),
    lead.examination && make("p", {}, said(lead.examination)),
    lead.source && make("p", {}, t("Asked: {source}. Number of the answer: {reference}", {
      source: said(state.lead_choices.sources[lead.source] ?? lead.source), reference: lead.reference,
    })),
  ];
}

const several = (lead) => lead.candidates.length > 1;

const choice = (desk, lead, at) => several(lead) && tiles(...lead.candidates.map((each, number) =>
  button(each.reference, {
    id: `candidate-${number}`, class: "quiet tile", "aria-pressed": String(number === at), detail: said(each.words),
    disabled: Boolean(lead.first) && number !== at,
    onclick: () => desk.go({ ...desk.local, candidate: number }),
  })));

const candidateCard = (candidate) => make("article", { id: "candidate", "data-strength": candidate.strength },
  make("h2", {}, said(candidate.words)),
  make("p", {}, said(candidate.band)),
  make("p", {}, t("Reference: {reference}. List: {list}", { reference: candidate.reference, list: candidate.list_name })),
  make("p", {}, [
    t("It rests on {n} fingers.", { n: candidate.fingers }),
    candidate.finger && t("Most alike: {finger}", { finger: fingerName(candidate.finger) }),
    t("Score: {score}", { score: candidate.score.toFixed(1) }),
  ].filter(Boolean).join(" · ")));

function facts(state, lead) {
  const check = state.checks.find(({ request_id: id }) => id === lead.request_id);
  const taken = lead.captured.map(([finger, quality]) =>
    finger ? t("{finger}: {status}", { finger: fingerName(finger), status: words().number(quality) }) : words().number(quality));
  const lists = lead.searched.map((list) =>
    t("{list} ({n} entries, changed {date})", { list: list.name, n: list.entries, date: day(list.changed_ms) }));
  return [
    make("p", {}, t("Searched: {lists}", { lists: lists.join(", ") })),
    taken.length > 0 && make("p", {}, t("Quality of what was taken: {fingers}", { fingers: taken.join(", ") })),
    check && make("p", {}, t("Taken at {time}", { time: clock(check.created_ms) })),
  ];
}

const rejectView = (desk, lead) => ({
  name: "lead-reject",
  key: lead,
  body: () => [
    make("h1", { class: "small" }, t("Why is it not this person?")),
    make("p", {}, t("All there is of this case is then deleted here, and at the centre.")),
    tiles(...Object.entries(desk.state.lead_choices.rejections).map(([code, sentence]) =>
      button(said(sentence), { id: `reject-${code}`, onclick: () => order(desk, lead, "reject", { reason: code }, evidenceOf(lead)) }))),
  ],
  actions: () => [back(desk, { ...desk.local, step: "" })],
});

const sourceView = (desk, lead) => ({
  name: "lead-source",
  key: lead,
  body: () => [
    make("h1", { class: "small" }, t("Whom have you asked about this possible match?")),
    make("p", {}, t("Nobody is confirmed without the answer of one of them.")),
    tiles(...Object.entries(desk.state.lead_choices.sources).map(([code, sentence]) =>
      button(said(sentence), { id: `source-${code}`, onclick: () => {
        forgetReference();
        desk.go({ ...desk.local, source: code, step: "reference" });
      } }))),
  ],
  actions: () => [back(desk, { ...desk.local, step: "" })],
});

const numberView = (desk) => referenceView(desk, {
  back: back(desk, { ...desk.local, step: "source" }),
  next: () => desk.go({ ...desk.local, reference: typedReference(), step: "sure" }),
});

function sureView(desk, lead) {
  const at = chosen(desk, lead);
  const { source, reference } = lead.source ? lead : desk.local;
  const more = lead.source ? {} : { source, reference };
  return {
    name: "lead-sure",
    key: [lead, at, source, reference],
    body: () => [
      make("h1", {}, t("Do the prints show the same person?")),
      candidateCard(lead.candidates[at]),
      make("p", {}, t("Asked: {source}. Number of the answer: {reference}", {
        source: said(desk.state.lead_choices.sources[source] ?? source), reference,
      })),
      make("p", {}, t("It takes two people. Your answer is noted with your name.")),
    ],
    actions: () => [
      back(desk, { ...desk.local, step: lead.source ? "" : "reference" }),
      button(t("Confirm"), { id: "confirm-sure", class: "quiet", onclick: () => order(desk, lead, "confirm", { candidate: at, ...more }, evidenceOf(lead)) }),
    ],
  };
}

const STEPS = { reject: rejectView, source: sourceView, reference: numberView, sure: sureView };
