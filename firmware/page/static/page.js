// Draws the board's state as the kiosk pushes it. All words come from the kiosk, except labels.
import { ageOf, drawAges, kioskSays } from "/clock.js";
import { drawDevices, stopWatching, toggleCamera } from "/devices.js";
import { drawSession, isInside, listen, may, post } from "/login.js";
import { drawResults } from "/results.js";

const el = (id) => document.getElementById(id);

const QUALITY_WORDS = [[0, "poor"], [20, "fair"], [45, "good"], [70, "very good"]];
const MAY_START = new Set(["ready", "stopped", "refused"]);
const MAY_STOP = new Set(["place_finger", "again", "reading"]);
const SILENT = { phase: "fault", instruction: "The kiosk's program does not answer. Trying again", share: 0, quality: null };
const RECONNECT_MS = 1000;

let state = null;
let events = null;
let silent = false;

function pendingWords({ pending, oldest_ms: oldest }) {
  if (!pending) return "Nothing waiting";
  return `${pending} not checked yet, oldest ${ageOf(oldest)}`;
}

function drawHeader() {
  el("kiosk").textContent = state.kiosk;
  el("link").textContent = silent ? "Link unknown" : state.link ? "Link up" : "Waiting for a link";
  el("link").className = state.link && !silent ? "pill" : "pill waiting";
  el("link").title = state.link_detail;
  el("software").textContent = state.software && `Software: ${state.software}`;
  el("pending").textContent = pendingWords(state);
  el("pending").className = state.pending ? "pill waiting" : "pill";
}

function drawNotices() {
  const refused = state.refused ? [`${state.refused} forged answers refused: tell the centre`] : [];
  const words = [...state.notices, ...refused].join(". ");
  if (el("notices").textContent !== words) el("notices").textContent = words;
  el("notices").hidden = !words;
}

function drawMeter(id, share, text) {
  const meter = el(id);
  const percent = Math.round(share * 100);
  meter.querySelector(".fill").style.width = `${percent}%`;
  meter.querySelector(".bar").setAttribute("aria-valuenow", percent);
  meter.querySelector(".value").textContent = text;
}

function qualityWords(quality, minimum) {
  if (quality === null) return "";
  if (quality < minimum) return `${quality} too low`;
  return `${quality} ${QUALITY_WORDS.filter(([from]) => quality >= from).at(-1)[1]}`;
}

function drawCapture(capture, minimum) {
  el("pad").dataset.phase = capture.phase;
  if (el("instruction").textContent !== capture.instruction) el("instruction").textContent = capture.instruction;
  el("instruction").className = ["fault", "refused"].includes(capture.phase) ? "fault" : "";
  drawMeter("reading", capture.share, capture.share ? `${Math.round(capture.share * 100)} %` : "");
  drawMeter("quality", (capture.quality ?? 0) / 100, qualityWords(capture.quality, minimum));
  el("quality").classList.toggle("low", capture.quality !== null && capture.quality < minimum);
  el("quality").querySelector(".tick").style.left = `${minimum}%`;
  el("start").disabled = !MAY_START.has(capture.phase) || !may(state.session, "check");
  el("cancel").disabled = !MAY_STOP.has(capture.phase) || !may(state.session, "stop");
  // A key press can start the next check at once, unless the officer is somewhere else.
  if (!el("start").disabled && document.activeElement === document.body) el("start").focus();
}

function draw() {
  if (state) {
    drawHeader();
    drawNotices();
  }
  const capture = silent ? SILENT : state?.capture;
  if (!capture) return;
  if (!state) {
    el("instruction").textContent = capture.instruction;
    return;
  }
  drawSession(state, silent);
  drawCapture(capture, state.minimum_quality);
  drawResults(state);
  drawAges();
  drawDevices(state, silent);
}

async function ask(path) {
  el("notice").textContent = "";
  const answer = await post(path, {});
  if (!answer.ok) el("notice").textContent = answer.error;
}

function follow() {
  events?.close();
  const followed = events = new EventSource("/api/events");
  followed.onmessage = (event) => {
    const next = JSON.parse(event.data);
    if (silent || next.capture.phase !== state?.capture.phase) el("notice").textContent = "";
    silent = false;
    state = next;
    kioskSays(state.now_ms);
    if (!isInside(state.session)) stopWatching(); // nobody looks who may
    draw();
  };
  followed.onerror = () => {
    silent = true;
    // Nobody can lock a page whose kiosk is gone: it keeps nothing to see.
    if (state?.session.required) state = { ...state, checks: [] };
    draw();
    // The browser tries again by itself, except after an answer that is no event stream.
    if (followed.readyState === EventSource.CLOSED) setTimeout(follow, RECONNECT_MS);
  };
}

el("start").addEventListener("click", () => ask("/api/check"));
el("cancel").addEventListener("click", () => ask("/api/cancel"));
el("camera-button").addEventListener("click", () => {
  toggleCamera();
  draw();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !el("cancel").disabled) ask("/api/cancel");
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return;
  stopWatching(); // nobody looks: the camera is given back
  draw();
});
listen(follow);
follow();
setInterval(() => {
  if (!state?.pending) return;
  drawHeader();
  drawAges();
}, 1000);
