// The audit log of this kiosk: searched here, exported whole or as it was searched.
import { button, make } from "/dom.js";
import { fill, section, table } from "/office-tables.js";

const SHOWN = 200;
const FIELDS = [["kind", "Kind", 16, "erase, consult, login ..."], ["who", "Who", 24, "operator"], ["case", "Case", 32, "pseudonym, 32 hex digits"],
  ["since", "From (UTC)", 16, "2026-11-22 08:00"], ["until", "Until (UTC)", 16, "2026-11-23"]];
const OF_TIME = { since: "since_ms", until: "until_ms" };

const field = ([id, label, length, hint]) =>
  make("label", {}, label, make("input", { id: `search-${id}`, maxlength: length, placeholder: hint, autocomplete: "off", autocapitalize: "none", spellcheck: "false" }));

let asked = false; // that somebody reads is in the log too: so nothing is read before
class NoTime extends Error {}

// What is looked for, as the kiosk reads it.
function search() {
  const wanted = new URLSearchParams();
  for (const [id, label] of FIELDS) {
    const text = document.getElementById(`search-${id}`).value.trim();
    if (!text) continue;
    if (!(id in OF_TIME)) wanted.set(id, text);
    else {
      const ms = Date.parse(`${text.replace(" ", "T")}${text.length > 10 ? "Z" : ""}`);
      if (Number.isNaN(ms)) throw new NoTime(`${label}: give a time like 2026-11-22 08:00`);
      wanted.set(OF_TIME[id], String(ms));
    }
  }
  return wanted;
}

const row = ({ time, clock_trusted: trusted, kind, who, case: name, details, error, entry, chain }) =>
  error ? ["", "", "", "", { words: error, fault: true }] : [
    `${time}${trusted ? "" : " (clock not trusted)"}`, kind ?? "signature", who ?? "", name ?? "",
    `${Object.entries(details ?? {}).map(([key, value]) => `${key}: ${value}`).join(", ")} [entry ${entry} of ${chain.slice(0, 8)}]`];

function look(refresh) {
  asked = true;
  return refresh();
}

export const auditor = {
  title: "Auditor",
  readsByItself: false,
  parts: ({ refresh }) => [
    make("div", { class: "search", role: "search", onkeydown: (event) => { if (event.key === "Enter") look(refresh); } }, FIELDS.map(field)),
    section("found", "Entries, the newest first"),
  ],
  actions: ({ refresh }) => [
    button("Search", { id: "search", onclick: () => look(refresh) }),
    button("Export", { id: "export", class: "quiet", onclick: () => {
      try {
        location.assign(`/api/office/audit?${search()}`);
      } catch (fault) {
        fill("found", make("p", { role: "alert" }, fault.message));
      }
    } }),
  ],
  async refresh({ read }) {
    if (!asked) return;
    try {
      const wanted = search();
      wanted.set("most", String(SHOWN));
      const lines = (await (await read(`/api/office/audit?${wanted}`)).text()).split("\n").filter(Boolean);
      fill("found", table(["Time", "Kind", "Who", "Case", "Details"], lines.map((line) => row(JSON.parse(line))), "Nothing is found."),
        lines.length === SHOWN ? make("p", {}, `The newest ${SHOWN} are shown. Export has all of them, 10,000 at most.`) : "");
      document.getElementById("found").scrollIntoView();
    } catch (fault) {
      if (!(fault instanceof NoTime)) throw fault;
      fill("found", make("p", { role: "alert" }, fault.message));
    }
  },
};
