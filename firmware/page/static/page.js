// Draws the board's state as the kiosk pushes it, and orders what the officer presses.
import { captureView, overrideView } from "/capture.js";
import { ageOf, drawAges, kioskSays } from "/clock.js";
import { drawMissing } from "/devices.js";
import { el, write } from "/dom.js";
import { idleView } from "/idle.js";
import { listenToKeys } from "/keys.js";
import { leadView } from "/lead.js";
import { drawSession, isInside, listen, post } from "/login.js";
import { cameraView, languagesView, menuView, unlockView } from "/menu.js";
import { missingReasonView, missingView, planView } from "/plan.js";
import { soundResults } from "/results.js";
import { purgeReasonView, purgeView } from "/purge.js";
import { reviewView, sendingView, sentView } from "/review.js";
import { clearStage, show } from "/stage.js";
import { adultView, noticeLanguageView, noticeView, purposeView, rateView, refuseView, stopView } from "/steps.js";
import { showTheme } from "/theme.js";
import { keptLanguage, said, speak, t } from "/words.js";

const RECONNECT_MS = 1000;
const STAGES = {
  adult: adultView, plan: planView, capture: captureView, review: reviewView, sending: sendingView, sent: sentView,
  notice: (desk) => (desk.local.language ? noticeView(desk) : noticeLanguageView(desk)),
};
const BETWEEN = { purpose: purposeView, rate: rateView, menu: menuView, languages: languagesView, camera: cameraView, unlock: unlockView, purge: purgeView, "purge-reason": purgeReasonView, lead: leadView };
const WITHIN = { refuse: refuseView, missing: missingView, "missing-reason": missingReasonView, override: overrideView, stop: stopView, lead: leadView };

// While the sensor goes on by itself whoever ends the case is not interrupted; what is about one
// finger ends with that.
const ENDING = new Set(["refuse", "stop"]);
const ABOUT_ONE = new Set(["missing-reason", "override"]);

let events = null;

// What each view is drawn from, and what it may do. local: where the officer is within a stage.
const desk = {
  state: null,
  silent: false,
  local: {},
  get open() { return this.state.case; },
  get choices() { return this.state.choices; },
  redraw,
  follow,
  go(local) {
    desk.local = local;
    write(el("notice"), "");
    redraw();
  },
  async order(order, next) {
    write(el("notice"), "");
    const answer = await post("/api/case", order);
    if (!answer.ok) write(el("notice"), said(answer.error));
    else if (next) desk.go(next);
  },
  begin(purpose) {
    if (desk.choices.too_many) desk.go({ view: "rate", purpose });
    else desk.order({ event: "open", purpose });
  },
  choosePurpose() {
    const { purposes } = desk.choices;
    if (purposes.length === 1) desk.begin(purposes[0].code);
    else desk.go({ view: "purpose" });
  },
};

function pendingWords({ pending, oldest_ms: oldest }) {
  return pending ? t("{n} not checked yet, oldest {age}", { n: pending, age: ageOf(oldest) }) : t("Nothing waiting");
}

function drawHeader() {
  const { state, silent } = desk;
  write(el("kiosk"), state.kiosk);
  write(el("link"), silent ? t("Link unknown") : state.link ? t("Link up") : t("Waiting for a link"));
  el("link").className = state.link && !silent ? "pill" : "pill waiting";
  el("link").title = said(state.link_detail);
  write(el("pending"), pendingWords(state));
  el("pending").className = state.pending ? "pill waiting" : "pill";
  const refused = state.refused ? [t("{n} forged answers refused: tell the centre", { n: state.refused })] : [];
  const words = [...state.notices.map(said), ...refused].join(". ");
  write(el("notices"), words);
  el("notices").hidden = !words;
}

function view() {
  const { state, silent, local } = desk;
  if (silent) return idleView(desk);
  if (!state.case) return (BETWEEN[local.view] ?? idleView)(desk);
  return (WITHIN[local.view] ?? STAGES[state.case.stage])(desk);
}

function redraw() {
  if (!desk.state) {
    if (desk.silent) write(el("stage"), t("The kiosk's program does not answer. Trying again"));
    return;
  }
  el("work").dataset.version = desk.state.version;
  drawHeader();
  drawSession(desk.state, desk.silent);
  drawMissing(desk.state, desk.silent);
  if (el("work").hidden) clearStage();
  else show(view());
  drawAges();
}

// A stage that has passed takes with it where the officer was within it.
function passed(before, next, { view }) {
  if (!before || !next) return before !== next;
  if (before.opened_ms !== next.opened_ms) return true;
  if (ENDING.has(view) && before.stage === "capture") return !next.can.includes(view);
  return before.stage !== next.stage || (ABOUT_ONE.has(view) && before.now !== next.now);
}

function take(next) {
  const before = desk.state;
  if (desk.silent || next.capture.phase !== before?.capture.phase) write(el("notice"), "");
  if (passed(before?.case ?? null, next.case, desk.local)) {
    desk.local = {};
    write(el("notice"), "");
  }
  desk.silent = false;
  desk.state = next;
  kioskSays(next.now_ms);
  if (isInside(next.session)) soundResults(next);
  else desk.local = {}; // nobody looks who may
  redraw();
}

function follow() {
  events?.close();
  const followed = events = new EventSource("/api/events");
  followed.onmessage = (event) => take(JSON.parse(event.data));
  followed.onerror = () => {
    desk.silent = true;
    // Nobody can lock a page whose kiosk is gone: it keeps nothing to see.
    if (desk.state?.session.required) desk.state = { ...desk.state, checks: [], leads: [], case: null };
    redraw();
    // The browser tries again by itself, except after an answer that is no event stream.
    if (followed.readyState === EventSource.CLOSED) setTimeout(follow, RECONNECT_MS);
  };
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden && desk.local.view === "camera") desk.go({}); // nobody looks: it is given back
});
showTheme();
listenToKeys();
await speak(keptLanguage());
listen(follow);
follow();
setInterval(() => {
  if (!desk.state) return;
  if (desk.state.pending) drawHeader();
  drawAges();
}, 1000);
