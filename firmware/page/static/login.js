// Logging in and out: who works here, and the screen on which one says who one is.
const el = (id) => document.getElementById(id);

const TOUCHED_EVERY_MS = 10_000;
const ROLES = {
  officer: "officer", supervisor: "supervisor",
  auditor: "auditor: sees no results; the log is read with “greenline audit”",
  technician: "technician: sees no results and checks nobody",
};

let given = null; // the PIN that was given out, while its operator chooses another
let chosen = "";
let typing = "pin";
let touchedAt = 0;
let inside = false;
let again = () => {};

export async function post(path, order) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order) });
    return { ok: answer.ok, ...await answer.json() };
  } catch {
    return { ok: false, error: "The kiosk's program does not answer." };
  }
}

export const may = (session, action) => !session.required || session.may.includes(action);
export const isInside = (session) => !session.required || session.may.length > 0;

function ask(label, title) {
  el("pin-label").textContent = label;
  el("enter").textContent = title;
  el("pin").value = "";
  el("operator").disabled = given !== null;
}

function begin() {
  given = null;
  chosen = "";
  ask("PIN", "Log in");
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
    ask("New PIN once more", "Log in");
    return;
  }
  if (pin === chosen) return enter(given, chosen);
  chosen = "";
  el("login-notice").textContent = "The two PINs differ. Choose again.";
  ask("New PIN", "Next");
}

async function enter(pin, new_pin) {
  el("enter").disabled = true;
  const answer = await post("/api/login", { operator: el("operator").value, pin, new_pin });
  el("enter").disabled = false;
  el("login-notice").textContent = answer.error ?? "";
  if (answer.ok) {
    begin();
    again(); // the events come to whoever has the new cookie
  } else if (answer.choose) {
    given = pin;
    chosen = "";
    ask("New PIN", "Next");
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

export function drawSession({ session, kiosk }, silent) {
  const open = isInside(session);
  el("work").hidden = !open && !silent;
  el("login").hidden = open || silent;
  el("logout").hidden = !session.required;
  el("unlock").hidden = !(session.required && may(session, "unlock"));
  el("who").textContent = session.required ? `${session.operator}, ${ROLES[session.role] ?? ""}` : session.words;
  el("login-title").textContent = session.locked ? `${kiosk} is locked` : `Log in at ${kiosk}`;
  el("login-words").textContent = session.locked ? `${session.operator} is logged in. Log in again, or as another operator.` : session.words;
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
  el("logout").addEventListener("click", async () => {
    await post("/api/logout", {});
    again();
  });
  el("unlock-button").addEventListener("click", async () => {
    const answer = await post("/api/unlock", { operator: el("unlock-operator").value });
    el("unlock-notice").textContent = answer.error ?? `${el("unlock-operator").value} may try again.`;
  });
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched);
}
