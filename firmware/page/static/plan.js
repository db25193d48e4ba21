// Which fingers are taken: those that are missing first, then how many.
import { button, make } from "/dom.js";
import { hands } from "/hands.js";
import { codeName, fingerName, shortName } from "/names.js";
import { back, may, refuseButton, stopButton, tiles } from "/steps.js";
import { t } from "/words.js";

const PLANS = { 1: () => t("1 finger"), 2: () => t("2 fingers"), 4: () => t("4 fingers"), 10: () => t("10 fingers") };

// Fingers as tiles, each hand in its row. each: finger -> further attributes of its button.
export function fingerTiles(fingers, each) {
  const row = (label, order) => {
    const here = order.filter((finger) => fingers.includes(finger));
    return here.length > 0 && make("div", { class: "hand-row", role: "group", "aria-label": label }, make("h2", {}, label),
      make("div", { class: "fingers" }, ...here.map((finger) => button(shortName(finger), { id: `finger-${finger}`, ...each(finger) }))));
  };
  return [row(t("Left hand"), [10, 9, 8, 7, 6]), row(t("Right hand"), [1, 2, 3, 4, 5])].filter(Boolean);
}

const ALL = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

export function planView(desk) {
  const missing = desk.local.missing ?? {};
  const usual = desk.choices.purposes.find(({ code }) => code === desk.open.purpose)?.plan;
  const begin = (fingers) => desk.order({ event: "plan", fingers, missing });
  return {
    name: "plan",
    key: [desk.open, missing],
    body: () => [
      make("h1", {}, t("How many fingers?")),
      make("div", { class: "two" },
        make("div", { class: "side" }, hands(Object.fromEntries(Object.keys(missing).map((finger) => [finger, "missing"]))),
          make("p", { class: "basis" }, Object.keys(missing).length
            ? t("Missing: {fingers}", { fingers: Object.keys(missing).map(fingerName).join(", ") })
            : t("Note missing fingers first."))),
        tiles(...desk.choices.plans.filter((plan) => plan in PLANS).map((plan) =>
          button(PLANS[plan](), { id: `plan-${plan}`, class: plan === usual ? "" : "quiet", primary: plan === usual, disabled: !may(desk, "plan"), detail: plan === usual ? t("usual") : "", onclick: () => begin(plan) })))),
    ],
    actions: () => [
      stopButton(desk),
      refuseButton(desk),
      button(t("A finger is missing"), { id: "finger-missing", class: "quiet", onclick: () => desk.go({ view: "missing", missing }) }),
    ],
  };
}

export function missingView(desk) {
  const { missing = {} } = desk.local;
  const put = (finger) => {
    if (!(finger in missing)) return desk.go({ view: "missing-reason", finger, missing });
    const { [finger]: _, ...others } = missing;
    desk.go({ view: "missing", missing: others });
  };
  return {
    name: "missing",
    key: missing,
    body: () => [
      make("h1", {}, t("Which finger is missing?")),
      ...fingerTiles(ALL, (finger) => ({ class: "quiet", "aria-pressed": String(finger in missing), detail: finger in missing ? `✕ ${codeName(missing[finger])}` : "", onclick: () => put(finger) })),
    ],
    actions: () => [button(t("Done"), { id: "done", primary: true, escape: true, onclick: () => desk.go({ missing }) })],
  };
}

// Before the plan the reason is kept for it; later it is told at once.
export function missingReasonView(desk) {
  const { finger, missing } = desk.local;
  const chosen = (reason) => {
    if (desk.open.stage === "plan") desk.go({ view: "missing", missing: { ...missing, [finger]: reason } });
    else desk.order({ event: "missing", finger, reason }, {});
  };
  return {
    name: "missing-reason",
    key: desk.local,
    body: () => [
      make("h1", {}, t("{finger}: why is it missing?", { finger: fingerName(finger) })),
      tiles(...desk.choices.missing_reasons.map((reason, at) => button(codeName(reason), { id: `reason-${reason}`, primary: !at, onclick: () => chosen(reason) }))),
    ],
    actions: () => [back(desk)],
  };
}
