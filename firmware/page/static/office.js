// The pages of supervisor, auditor and technician: what each may read, by role. In English alone.
import { auditor } from "/office-audit.js";
import { button, el, make, write } from "/dom.js";
import { post } from "/login.js";
import { supervisor } from "/office-supervisor.js";
import { technician } from "/office-technician.js";
import { showTheme } from "/theme.js";

const READ_EVERY_MS = 5_000;
const TOUCHED_EVERY_MS = 10_000;
const PAGES = { "see state": supervisor, "read audit": auditor, "test devices": technician };

let touchedAt = 0;
let page = null;

class Refused extends Error {}

// Reads something; whoever is not logged in (any more) goes back to the login.
async function read(path) {
  const answer = await fetch(path);
  if (answer.status === 401) location.assign("/");
  if (!answer.ok) throw new Refused((await answer.json()).error);
  return answer;
}

// Orders something, says what is wrong, and shows what came of it.
async function order(path, what = {}) {
  const answer = await post(path, what);
  write(el("notice"), answer.ok ? "" : answer.error);
  await refresh();
}

const office = { read, order, refresh };

async function refresh() {
  try {
    await page?.refresh(office);
  } catch (fault) {
    write(el("notice"), fault instanceof Refused ? fault.message : "The kiosk's program does not answer.");
  }
}

function touched() {
  if (!page || Date.now() - touchedAt < TOUCHED_EVERY_MS) return;
  touchedAt = Date.now();
  post("/api/touch", {});
}

async function begin() {
  const { kiosk, session } = await (await fetch("/api/state")).json();
  write(el("kiosk"), kiosk);
  write(el("who"), session.operator ? `${session.operator}, ${session.role}` : "");
  el("actions").replaceChildren(button("Back", { class: "quiet", "data-escape": "", onclick: () => location.assign("/") }));
  const may = Object.keys(PAGES).find((action) => session.may.includes(action));
  if (!may) {
    write(el("title"), "Nothing to see here");
    const why = session.required ? "Log in as supervisor, auditor or technician." : "Nobody logs in at this kiosk, so nobody is supervisor, auditor or technician.";
    el("parts").append(make("p", { id: "why" }, why));
    return;
  }
  page = PAGES[may];
  write(el("title"), page.title);
  el("parts").append(...page.parts(office));
  el("actions").append(...page.actions(office));
  await refresh();
  setInterval(() => { if (page.readsByItself && !document.hidden) refresh(); }, READ_EVERY_MS);
}

for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") location.assign("/"); });
showTheme();
await begin();
