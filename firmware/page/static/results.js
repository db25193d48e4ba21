// Draws what became of the checks: the newest as a card, the others as a list.
const el = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

// Each outcome has a shape of its own, so that nobody depends on colours.
const SHAPES = {
  candidates: ["M32 6 60 56H4z", "M32 24v16M32 47v2"],
  none: ["M6 32a26 26 0 1 0 52 0a26 26 0 1 0-52 0z", "M20 33l8 8 16-18"],
  waiting: ["M6 32a26 26 0 1 0 52 0a26 26 0 1 0-52 0z", "M32 16v17l11 7"],
};
const STEPS = [["transfer", "transfer"], ["quality", "quality"], ["template", "template"],
  ["durable", "stored"], ["broker", "broker"], ["search", "search"], ["reply", "reply"]];

// While the next person's finger is taken, the card of the person before must not stand for it.
const WITHOUT_CARD = {
  place_finger: "No answer yet: this check has just begun.",
  reading: "No answer yet: this check has just begun.",
  judging: "No answer yet: this check has just begun.",
  again: "No answer yet: this check has just begun.",
  taken: "No answer yet: this check has just begun.",
  stopped: "The last check was stopped: nothing was checked.",
  refused: "The last check was refused: nothing was checked.",
};

const OVER = new Set(["answered", "expired"]);

const opened = new Set();
let drawn = "";

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
  svg.setAttribute("data-shape", kind);
  svg.setAttribute("aria-hidden", "true");
  for (const d of SHAPES[kind]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

const kindOf = (check) =>
  check.outcome === "candidates" ? "candidates" : check.outcome === "none" ? "none" : "waiting";

const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");
const day = (ms) => new Date(ms).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });

function why(check, link) {
  if (check.outcome === "incomplete") return `The search was not complete: ${check.reason}. It is tried again by itself.`;
  if (check.progress === "expired" || check.progress === "answered") return `${check.reason}. Check the finger again.`;
  if (check.progress === "received") {
    if (link.up) return "The matcher has it. Waiting for the answer.";
    return `The matcher has it. The answer comes by itself once there is a link (${link.detail}).`;
  }
  if (!link.up) return `Waiting for a link (${link.detail}). It is sent by itself as soon as there is one.`;
  return check.progress === "published" ? "Sent. Waiting for the answer." : "Being sent.";
}

function told(check, link) {
  if (kindOf(check) === "waiting") return why(check, link);
  const lists = check.searched.map((list) =>
    `${list.name} (${list.entries.toLocaleString("en-GB")} ${list.entries === 1 ? "entry" : "entries"}, changed ${day(list.changed_ms)})`);
  return `Searched: ${lists.join(", ")}`;
}

// Where a check is and for how long it waits; of one that is answered, whether that was too late.
function standing(check, words) {
  if (check.late) return make("span", words.late, { class: "late" });
  if (OVER.has(check.progress)) return check.progress === "expired" ? make("span", words.expired, { class: "standing" }) : "";
  const line = make("span", `${words[check.progress]}, `, { class: "standing" });
  line.append(make("span", "", { "data-made": check.created_ms, "aria-live": "off" }));
  return line;
}

function lead(check, summary) {
  const details = make("details", "", { class: "lead" });
  details.append(summary);
  const table = make("table");
  const head = make("tr");
  for (const title of ["Reference", "List", "Fingers", "Score"]) head.append(make("th", title, { scope: "col" }));
  table.append(head);
  for (const candidate of check.candidates) {
    const row = make("tr");
    row.append(make("td", candidate.reference), make("td", candidate.list_name), make("td", String(candidate.fingers)), make("td", candidate.score.toFixed(1)));
    table.append(row);
  }
  if (check.candidates.some((candidate) => candidate.relabelled))
    details.append(make("p", "The fingers fit at other positions than noted: check which finger was pressed."));
  details.append(table, make("p", "This is not proof. Compare the prints and ask the owner of the list before anything else."));
  details.open = opened.has(check.request_id);
  details.addEventListener("toggle", () => {
    if (details.open) opened.add(check.request_id);
    else opened.delete(check.request_id);
  });
  return details;
}

function drawLatest(check, link, words) {
  const card = el("latest");
  card.hidden = !check;
  if (!check) return card.replaceChildren(); // nothing of it stays behind a lock
  card.className = kindOf(check);
  card.dataset.request = check.request_id;
  card.dataset.progress = check.progress;
  card.replaceChildren(shape(kindOf(check)), make("h2", check.words), make("p", told(check, link)), standing(check, words));
  if (check.candidates.length) card.append(lead(check, make("summary", "Show what to verify")));
  const steps = STEPS.filter(([step]) => step in check.steps_ms)
    .map(([step, label]) => `${label} ${Math.round(check.steps_ms[step])} ms`);
  card.append(make("p", [`Taken at ${clock(check.created_ms)}`, ...steps].join(" · "), { class: "steps" }));
}

function row(check, words) {
  const item = make("li", "", { class: kindOf(check) });
  const parts = [shape(kindOf(check)), make("time", clock(check.created_ms)), make("span", check.words), standing(check, words)];
  if (!check.candidates.length) {
    item.append(...parts);
    return item;
  }
  const summary = make("summary");
  summary.append(...parts);
  item.append(lead(check, summary));
  return item;
}

export function drawResults({ checks, link: up, link_detail: detail, capture, words }) {
  const link = { up, detail };
  const withoutCard = WITHOUT_CARD[capture.phase];
  const key = JSON.stringify([checks, link, withoutCard]);
  if (key === drawn) return; // what is open, focused or being read aloud stays as it is
  drawn = key;
  const listed = withoutCard ? checks : checks.slice(1);
  drawLatest(withoutCard ? undefined : checks[0], link, words);
  el("none-yet").hidden = !withoutCard && checks.length > 0;
  el("none-yet").textContent = withoutCard ?? "No check yet. Press “Check a finger” to begin.";
  el("earlier-title").hidden = !listed.length;
  el("earlier").replaceChildren(...listed.map((check) => row(check, words)));
}
