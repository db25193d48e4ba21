// Draws the board's state as the kiosk pushes it. All words come from the kiosk, except labels.
const el = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

// Each outcome has a shape of its own, so that nobody depends on colours.
const SHAPES = {
  candidates: ["M32 6 60 56H4z", "M32 24v16M32 47v2"],
  none: ["M6 32a26 26 0 1 0 52 0a26 26 0 1 0-52 0z", "M20 33l8 8 16-18"],
  waiting: ["M6 32a26 26 0 1 0 52 0a26 26 0 1 0-52 0z", "M32 16v17l11 7"],
};

const QUALITY_WORDS = [[0, "poor"], [20, "fair"], [45, "good"], [70, "very good"]];
const BUSY = new Set(["place_finger", "reading", "judging", "again", "taken", "lift_finger"]);
const STEPS = [["transfer", "transfer"], ["quality", "quality"], ["template", "template"],
  ["durable", "stored"], ["broker", "broker"], ["search", "search"], ["reply", "reply"]];

function make(tag, text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function shape(kind) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 64 64");
  svg.setAttribute("class", "shape");
  svg.setAttribute("aria-hidden", "true");
  for (const d of SHAPES[kind]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    path.setAttribute("fill", "none");
    path.setAttribute("stroke", "currentColor");
    path.setAttribute("stroke-width", "5");
    path.setAttribute("stroke-linejoin", "round");
    path.setAttribute("stroke-linecap", "round");
    svg.append(path);
  }
  return svg;
}

const kindOf = (check) =>
  check.outcome === "candidates" ? "candidates" : check.outcome === "none" ? "none" : "waiting";

function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");

function why(check, link) {
  if (check.progress === "expired") return check.reason;
  if (check.outcome === "incomplete") return `The search was not complete: ${check.reason}. It is tried again by itself.`;
  if (check.progress === "answered") return check.reason;
  if (!link) return "Waiting for a link. It is sent by itself as soon as there is one.";
  return check.progress === "published" ? "Sent. Waiting for the answer." : "Being sent.";
}

function lists(check) {
  return check.searched
    .map((list) => `${list.name} (${list.entries} entries, of ${new Date(list.changed_ms).toLocaleDateString("en-GB")})`)
    .join(", ");
}

function lead(check) {
  const details = make("details", "", { class: "lead" });
  details.append(make("summary", "Show what to verify"));
  const table = make("table");
  const head = make("tr");
  for (const title of ["Reference", "List", "Score"]) head.append(make("th", title));
  table.append(head);
  for (const candidate of check.candidates) {
    const row = make("tr");
    row.append(make("td", candidate.reference), make("td", candidate.list_name), make("td", candidate.score.toFixed(1)));
    table.append(row);
  }
  details.append(table, make("p", "This is not proof. Compare the prints and ask the owner of the list before anything else."));
  return details;
}

let openLead = "";

function drawLatest(check, link) {
  const card = el("latest");
  card.hidden = !check;
  if (!check) return;
  card.className = kindOf(check);
  card.dataset.request = check.request_id;
  card.dataset.progress = check.progress;
  const told = make("p");
  told.textContent = kindOf(check) === "waiting" ? why(check, link) : `Searched: ${lists(check)}`;
  card.replaceChildren(shape(kindOf(check)), make("h2", check.words), told);
  if (check.candidates.length) {
    const details = lead(check);
    details.open = openLead === check.request_id;
    details.addEventListener("toggle", () => { openLead = details.open ? check.request_id : ""; });
    card.append(details);
  }
  const steps = STEPS.filter(([step]) => step in check.steps_ms)
    .map(([step, label]) => `${label} ${Math.round(check.steps_ms[step])} ms`);
  card.append(make("p", [clock(check.created_ms), ...steps].join(" · "), { class: "steps" }));
}

function drawEarlier(checks) {
  el("earlier-title").hidden = !checks.length;
  el("earlier").replaceChildren(...checks.map((check) => {
    const item = make("li", "", { class: kindOf(check) });
    item.append(shape(kindOf(check)), make("time", clock(check.created_ms)), make("span", check.words));
    return item;
  }));
}

function drawMeter(id, share, text) {
  const meter = el(id);
  meter.querySelector(".fill").style.width = `${Math.round(share * 100)}%`;
  meter.querySelector(".value").textContent = text;
}

function drawCapture(capture, minimum) {
  el("pad").dataset.phase = capture.phase;
  el("instruction").textContent = capture.instruction;
  el("instruction").className = capture.phase === "fault" ? "fault" : "";
  drawMeter("reading", capture.share, capture.share ? `${Math.round(capture.share * 100)} %` : "");
  const known = capture.quality !== null;
  const word = known ? QUALITY_WORDS.filter(([from]) => capture.quality >= from).at(-1)[1] : "";
  drawMeter("quality", known ? capture.quality / 100 : 0, known ? `${capture.quality} ${word}` : "");
  el("quality").classList.toggle("low", known && capture.quality < minimum);
  el("quality").querySelector(".tick").style.left = `${minimum}%`;
  el("start").disabled = BUSY.has(capture.phase) || capture.phase === "fault" || capture.phase === "starting";
  el("cancel").disabled = !["place_finger", "again", "reading"].includes(capture.phase);
}

let state = null;

function draw() {
  if (!state) return;
  el("kiosk").textContent = state.kiosk;
  el("link").textContent = state.link ? "Link up" : "Waiting for a link";
  el("link").className = state.link ? "pill" : "pill waiting";
  el("link").title = state.link_detail;
  const waiting = state.checks.filter((check) => !["answered", "expired"].includes(check.progress));
  const oldest = Math.min(...waiting.map((check) => check.created_ms));
  el("pending").textContent = state.pending
    ? `${state.pending} not checked yet, oldest ${age(Date.now() - oldest)}` : "Nothing waiting";
  el("pending").className = state.pending ? "pill waiting" : "pill";
  drawCapture(state.capture, state.minimum_quality);
  drawLatest(state.checks[0], state.link);
  drawEarlier(state.checks.slice(1));
  el("none-yet").hidden = state.checks.length > 0;
}

async function ask(path) {
  el("notice").textContent = "";
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
    if (!answer.ok) el("notice").textContent = (await answer.json()).error;
  } catch {
    el("notice").textContent = "The kiosk does not answer.";
  }
}

el("start").addEventListener("click", () => ask("/api/check"));
el("cancel").addEventListener("click", () => ask("/api/cancel"));

const events = new EventSource("/api/events");
events.onmessage = (event) => {
  el("notice").textContent = "";
  state = JSON.parse(event.data);
  draw();
};
events.onerror = () => { el("notice").textContent = "The kiosk does not answer. Trying again."; };
setInterval(() => {
  if (state && state.pending) draw();
}, 1000);
