// Entering the number of an answer, with or without a keyboard: twelve keys at a time, as large as
// a gloved finger, in four sets.
import { button, el, make, write } from "/dom.js";
import { t } from "/words.js";

const SETS = ["0123456789-/", "ABCDEFGHIJKL", "MNOPQRSTUVWX", "YZ"];
const LONGEST = 32;

let typed = "";

export const typedReference = () => typed;

export function forgetReference() {
  typed = "";
}

function put(text) {
  typed = text.slice(0, LONGEST);
  write(el("reference"), typed);
}

// next: is called once the number is there.
export function referenceView(desk, { back, next }) {
  const set = desk.local.set ?? 0;
  return {
    name: "lead-reference",
    key: set,
    body: () => [
      make("div", { class: "number" }, make("h1", { class: "small" }, t("Number of the answer")), make("output", { id: "reference", dir: "ltr", "aria-live": "polite", "aria-label": t("Number of the answer") }, typed)),
      make("div", { id: "letters", role: "group", "aria-label": t("Letters and digits"), dir: "ltr" },
        ...[...SETS[set]].map((key) => button(key, { class: "quiet", id: `key-${key}`, onclick: () => put(typed + key) }))),
    ],
    actions: () => [
      back,
      button(t("Delete"), { id: "delete", class: "quiet", onclick: () => put(typed.slice(0, -1)) }),
      button(`${SETS[(set + 1) % SETS.length][0]} …`, { id: "letters-next", class: "quiet", title: t("More letters and digits"), onclick: () => desk.go({ ...desk.local, set: (set + 1) % SETS.length }) }),
      button(t("Next"), { id: "reference-next", primary: true, onclick: next }),
    ],
  };
}

document.addEventListener("keydown", (event) => {
  if (!el("reference") || event.altKey || event.ctrlKey || event.metaKey) return;
  const key = event.key.toUpperCase();
  if (key === "BACKSPACE") put(typed.slice(0, -1));
  else if (key.length === 1 && SETS.join("").includes(key)) put(typed + key);
});
