// The steps before any sensor starts: purpose, adult, notice or refusal. And the way out.
import { button, make } from "/dom.js";
import { codeName } from "/names.js";
import { noticeIn } from "/notice.js";
import { LANGUAGES, t } from "/words.js";

const title = (...text) => make("h1", {}, ...text);
export const tiles = (...buttons) => make("div", { class: "tiles" }, ...buttons);
export const back = (desk) => button(t("Back"), { id: "back", class: "quiet", escape: true, onclick: () => desk.go({}) });

export const may = (desk, event) => desk.open.can.includes(event);

// Once there is something to lose it is asked for twice.
export function stopButton(desk) {
  const early = desk.open.stage === "adult";
  return button(t("Stop"), {
    id: "cancel", class: "quiet", escape: true, disabled: !may(desk, "stop"),
    onclick: () => (early ? desk.order({ event: "stop" }) : desk.go({ view: "stop" })),
  });
}

export const refuseButton = (desk) =>
  may(desk, "refuse") && button(t("Person refuses"), { id: "refuse", class: "quiet", onclick: () => desk.go({ view: "refuse" }) });

export const purposeView = (desk) => ({
  name: "purpose",
  key: desk.choices,
  body: () => [
    title(t("What is this check for?")),
    tiles(...desk.choices.purposes.map(({ code, legal_basis: basis }, at) =>
      button(codeName(code), { id: `purpose-${code}`, primary: !at, detail: codeName(basis), onclick: () => desk.begin(code) }))),
  ],
  actions: () => [back(desk)],
});

export const rateView = (desk) => ({
  name: "rate",
  key: [desk.choices, desk.local],
  body: () => [
    title(t("Many cases were opened within this hour. A supervisor gives the reason for one more.")),
    tiles(...desk.choices.rate_reasons.map((reason, at) =>
      button(codeName(reason), { id: `reason-${reason}`, primary: !at, onclick: () => desk.order({ event: "open", purpose: desk.local.purpose, reason }) }))),
  ],
  actions: () => [back(desk)],
});

export const adultView = (desk) => {
  const answer = (code, label, attributes) =>
    button(label, { id: `adult-${code}`, ...attributes, disabled: !may(desk, "adult"), onclick: () => desk.order({ event: "adult", answer: code }) });
  return {
    name: "adult",
    key: desk.open,
    body: () => [
      title(t("Is this person 18 years old or older?")),
      make("p", {}, t("“Under 18” or “Not sure” ends the case: nothing is taken and nothing is kept.")),
      make("p", { class: "basis" }, t("Purpose: {purpose}. Legal basis: {basis}.", { purpose: codeName(desk.open.purpose), basis: codeName(desk.open.legal_basis) })),
    ],
    actions: () => [
      stopButton(desk),
      answer("unsure", t("Not sure"), { class: "quiet" }),
      answer("under_18", t("Under 18"), { class: "quiet" }),
      answer("adult", t("18 or older"), { primary: true }),
    ],
  };
};

export const noticeLanguageView = (desk) => ({
  name: "notice-language",
  key: [desk.open, desk.choices.languages],
  body: () => [
    title(t("Which language does this person read?")),
    tiles(...LANGUAGES.filter(([code]) => desk.choices.languages.includes(code)).map(([code, own], at) =>
      button(own, { id: `language-${code}`, lang: code, primary: !at, onclick: () => desk.go({ language: code }) }))),
  ],
  actions: () => [stopButton(desk), refuseButton(desk)],
});

export const noticeView = (desk) => ({
  name: "notice",
  key: [desk.open, desk.local.language],
  body: () => [
    make("p", { class: "basis" }, t("Show this notice to the person, or read it aloud.")),
    noticeIn(desk.local.language, desk.open.notice_version, t),
  ],
  actions: () => [
    stopButton(desk),
    refuseButton(desk),
    button(t("Other language"), { id: "other-language", class: "quiet", onclick: () => desk.go({}) }),
    button(t("Shown or read"), { id: "notice-given", primary: true, disabled: !may(desk, "notice"), onclick: () => desk.order({ event: "notice", language: desk.local.language }) }),
  ],
});

export const refuseView = (desk) => ({
  name: "refuse",
  key: desk.choices.refusal_reasons,
  body: () => [
    title(t("Why does the person refuse?")),
    make("p", {}, t("The reason is noted. No fingerprint is kept.")),
    tiles(...desk.choices.refusal_reasons.map((reason, at) =>
      button(codeName(reason), { id: `reason-${reason}`, primary: !at, onclick: () => desk.order({ event: "refuse", reason }) }))),
  ],
  actions: () => [back(desk)],
});

export const stopView = (desk) => ({
  name: "stop",
  key: desk.open.can,
  body: () => [title(t("Stop this case?")), make("p", {}, t("All fingers that were taken are deleted. Nothing is sent."))],
  actions: () => [
    button(t("Go on with the case"), { id: "back", primary: true, escape: true, onclick: () => desk.go({}) }),
    // That the person is no adult may be seen at any time.
    may(desk, "adult") && button(t("Under 18 or not sure"), { id: "stop-unsure", class: "quiet", onclick: () => desk.order({ event: "adult", answer: "unsure" }) }),
    button(t("Stop and delete"), { id: "stop-sure", class: "quiet", onclick: () => desk.order({ event: "stop" }) }),
  ],
});
