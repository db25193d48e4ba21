// Tables and ages for the pages of the office.
import { make } from "/dom.js";

export const section = (id, title) => make("section", { id, "aria-labelledby": `${id}-title` },
  make("h2", { id: `${id}-title` }, title), make("div", { id: `${id}-body` }));

// cells: texts, numbers, or {words, fault}.
function cell(value) {
  if (typeof value === "number") return make("td", { class: "number" }, String(value));
  if (value && typeof value === "object") return make("td", { class: value.fault ? "fault" : undefined }, value.words);
  return make("td", {}, value);
}

export function table(heads, rows, empty) {
  if (!rows.length) return make("p", {}, empty);
  return make("table", {},
    make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows.map((cells) => make("tr", {}, cells.map(cell)))));
}

export function fill(id, ...nodes) {
  document.getElementById(`${id}-body`).replaceChildren(...nodes);
}

export function age(seconds) {
  if (seconds < 0) return "not known"; // the clock is wrong
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days`;
}

export const dateOf = (ms) => new Date(ms).toLocaleString("en-GB", { timeZone: "UTC", dateStyle: "medium", timeStyle: "short" });
export const yesNo = (well) => (well ? "yes" : "no");
