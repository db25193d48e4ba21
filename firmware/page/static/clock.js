// How old something is, by the kiosk's clock: the browser's may be another, or be set at any time.
import { write } from "/dom.js";
import { t, words } from "/words.js";

let told = { kiosk: 0, page: 0 };

export function kioskSays(nowMs) {
  told = { kiosk: nowMs, page: performance.now() };
}

export const kioskNow = () => told.kiosk + performance.now() - told.page;

export function ageOf(madeMs) {
  const seconds = Math.max(0, Math.round((kioskNow() - madeMs) / 1000));
  if (seconds < 60) return t("{seconds} s", { seconds });
  if (seconds < 3600) return t("{minutes} min", { minutes: Math.floor(seconds / 60) });
  return t("{hours} h {minutes} min", { hours: Math.floor(seconds / 3600), minutes: Math.floor((seconds % 3600) / 60) });
}

// Each element with data-made shows the age of what was made then.
export function drawAges() {
  for (const node of document.querySelectorAll("[data-made]")) write(node, ageOf(Number(node.dataset.made)));
}

export const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");
export const clockWithZone = (ms) => new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
export const day = (ms) => new Date(ms).toLocaleDateString(words().tag, { day: "numeric", month: "short", year: "numeric" });
