// Logging in and out: who works here, and the screen on which one says who one is.
import { el, write } from "/dom.js";
import { said, t, N } from "/words.js";

const TOUCHED_EVERY_MS = 10_000;
const ROLES = {
  officer: N("{operator}, officer"), supervisor: N("{operator}, supervisor"),
  auditor: N("{operator}, auditor: sees no results; the log is read with “greenline audit”"),
  technician: N("{operator}, technician: sees no results and checks nobody"),
  examiner: N("{operator}, examiner: verifies possible matches"),
};

let given = null; // the PIN that was given out, while its operator chooses another
let chosen = "";
let typing = "pin";
let touchedAt = 0;
let inside = false;
let asked = [N("PIN"), N("Log in")];
let again = () => {};

export async function post(path, order) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order) });
    return { ok: answer.ok, ...await answer.json() };
  } catch {
    return { ok: false, error: N("The kiosk's program does not answer.") };
  }
}

export const may = (session, action) => !session.required || session.may.includes(action);
export const isInside = (session) => !session.required || session.may.length > 0;

function drawAsked() {
  write(el("pin-label"), t(asked[0]));
  write(el("enter"), t(asked[1]));
}

function ask(label, title) {
  asked = [label, title];
  drawAsked();
  el("pin").value = "";
  el("operator").disabled = given !== null;
}

function begin() {
  given = null;
  chosen = "";
  ask(N("PIN"), N("Log in"));
}

function clear() {
  begin();
  el("operator").value = "";
  el("login-notice").textContent = "";
  el(typing = "operator").focus();
}

async function choose(pin) {
  if (!chosen) {
    chosen = pin;
    el("login-notice").textContent = "";
    ask(N("New PIN once more"), N("Log in"));
    return;
  }
  if (pin === chosen) return enter(given, chosen);
  chosen = "";
  el("login-notice").textContent = t("The two PINs differ. Choose again.");
  ask(N("New PIN"), N("Next"));
}

async function enter(pin, new_pin) {
  el("enter").disabled = true;
  const answer = await post("/api/login", { operator: el("operator").value, pin, new_pin });
  el("enter").disabled = false;
  el("login-notice").textContent = said(answer.error ?? "");
  if (answer.ok) {
    begin();
    again(); // the events come to whoever has the new cookie
  } else if (answer.choose) {
    given = pin;
    chosen = "";
    ask(N("New PIN"), N("Next"));
  } else {
    begin();
  }
  el(typing = "pin").focus();
}

function press() {
  const pin = el("pin").value;
  if (!el("operator").value) return el(typing = "operator").focus();
  if (!pin) return el(typing = "pin").focus();
  return given === null ? enter(pin, "") : choose(pin);
}

export function operatorWords({ required, operator, role, words }) {
  if (!required) return said(words);
  return role in ROLES ? t(ROLES[role], { operator }) : operator;
}

export function drawSession({ session, kiosk }, silent) {
  const open = isInside(session);
  el("work").hidden = !open && !silent;
  el("login").hidden = open || silent;
  write(el("login-title"), session.locked ? t("{kiosk} is locked", { kiosk }) : t("Log in at {kiosk}", { kiosk }));
  write(el("login-words"), session.locked ? t("{operator} is logged in. Log in again, or as another operator.", { operator: session.operator }) : said(session.words));
  drawAsked();
  if (inside && !open) clear();
  if (!inside && open) document.activeElement?.blur();
  if (!open && !silent && document.activeElement === document.body) el(typing = "operator").focus();
  inside = open;
}

function touched() {
  if (!inside || !el("login").hidden || Date.now() - touchedAt < TOUCHED_EVERY_MS) return;
  touchedAt = Date.now();
  post("/api/touch", {});
}

export function listen(reconnect) {
  again = reconnect;
  for (const id of ["operator", "pin"]) el(id).addEventListener("focus", () => { typing = id; });
  for (const digit of el("digits").querySelectorAll("button:not([id])"))
    digit.addEventListener("click", () => { if (el(typing).value.length < el(typing).maxLength) el(typing).value += digit.textContent; });
  el("clear").addEventListener("click", clear);
  el("enter").addEventListener("click", press);
  el("login").addEventListener("submit", (event) => event.preventDefault());
  el("login").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.tagName === "INPUT") press();
  });
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched);
}
