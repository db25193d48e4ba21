// What a person reads, in one language. Sentences are looked up by their English, which is also
// what stands there where a catalogue lacks one; how many it lacked is told to the tests.
export const LANGUAGES = [
  ["en", "English"], ["fr", "Français"], ["sq", "Shqip"], ["sr-Cyrl", "Српски"],
  ["sr-Latn", "Srpski"], ["mk", "Македонски"], ["ar", "العربية"],
];
const RIGHT_TO_LEFT = new Set(["ar"]);
const KEPT_AS = "greenline-language";
const HOLE = /\{(\w+)\}/g;
// Holes for numbers, in what the kiosk says.
const NUMBERS = new Set(["n", "seconds", "minutes", "hours", "ms", "percent", "kept", "lost"]);

// Marks a sentence of a table, which is looked up later.
export const N = (sentence) => sentence;

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

class Words {
  constructor(language, sentences) {
    this.language = language;
    this.direction = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
    this.missing = new Set();
    this.whole = Object.keys(sentences).length > 0;
    this._sentences = sentences;
    // Digits are Western everywhere: they are compared with what stands on papers and devices.
    this.tag = language === "en-XA" ? "en-GB" : language === "en" ? "en-GB" : `${language}-u-nu-latn`;
    this._plurals = new Intl.PluralRules(this.tag);
    this._numbers = new Intl.NumberFormat(this.tag, { numberingSystem: "latn" });
    this._patterns = null;
  }

  // A sentence with its holes filled; where it has several forms, n chooses.
  t(sentence, holes = {}) {
    let found = this._sentences[sentence];
    if (found === undefined) {
      this.missing.add(sentence);
      found = sentence;
    }
    if (typeof found === "object") found = found[this._plurals.select(Number(holes.n))] ?? found.other;
    return found.replace(HOLE, (hole, name) => (name in holes ? this._part(holes[name]) : hole));
  }

  // What the kiosk says in English: a sentence of its tables, perhaps with something filled in.
  said(words) {
    if (!words || words in this._sentences) return words && this.t(words);
    for (const [pattern, sentence, names] of this._ownPatterns()) {
      const found = pattern.exec(words);
      if (!found) continue;
      const holes = Object.fromEntries(names.map((name, at) => [name, this._filled(name, found[at + 1])]));
      return this.t(sentence, holes);
    }
    // "What has happened: why [code]"
    const [, what, reason] = /^(.+?): (.+?)(?: \[[a-z0-9-]+\])?$/s.exec(words) ?? [];
    if (what && this.said(what) !== what) return `${this.said(what)}: ${this.said(reason)}`;
    return words; // of a device or another program
  }

  number(value) {
    return this._numbers.format(value);
  }

  // A number stays one, for the plural; anything else may be a sentence of its own.
  _filled(name, text) {
    return NUMBERS.has(name) ? Number(text) : this.said(text);
  }

  // Names and numbers of others keep their own direction inside a sentence.
  _part(value) {
    const text = typeof value === "number" ? this.number(value) : String(value);
    return this.direction === "rtl" ? `\u2068${text}\u2069` : text;
  }

  // The longest first: it says most. One without a letter of its own would fit everything.
  _ownPatterns() {
    const literal = (sentence) => sentence.replace(HOLE, "");
    this._patterns ??= Object.keys(this._sentences)
      .filter((sentence) => sentence.includes("{") && /\p{L}/u.test(literal(sentence)))
      .sort((a, b) => literal(b).length - literal(a).length)
      .map((sentence) => {
        const names = [...sentence.matchAll(HOLE)].map(([, name]) => name);
        const hole = (name) => (NUMBERS.has(name) ? "(\\d+)" : "(.+)");
        const source = sentence.split(HOLE).map((part, at) => (at % 2 ? hole(part) : escaped(part))).join("");
        return [new RegExp(`^${source}$`, "s"), sentence, names];
      });
    return this._patterns;
  }
}

export async function wordsIn(language) {
  try {
    const answer = await fetch(`/words/${language}.json`);
    if (answer.ok) return new Words(language, (await answer.json()).sentences);
  } catch {
    // The kiosk is gone: the page says so in English.
  }
  return new Words("en", {});
}

let current = new Words("en", {});

export const words = () => current;

function told() {
  document.documentElement.dataset.untranslated = String(current.missing.size);
}

export function t(sentence, holes) {
  const found = current.t(sentence, holes);
  told();
  return found;
}

export const said = (sentence) => current.said(sentence);

// The language of this browser's officer. One that is not in the list may be set by hand: a test's.
export function keptLanguage() {
  const kept = localStorage.getItem(KEPT_AS) ?? "";
  return /^[a-z]{2}(-[A-Za-z]{2,4})?$/.test(kept) ? kept : "en";
}

function show() {
  document.documentElement.lang = current.language;
  document.documentElement.dir = current.direction;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
}

// For the officer, who has chosen it: kept by this browser.
export async function speak(language) {
  current = await wordsIn(language);
  if (current.language === language) localStorage.setItem(KEPT_AS, language);
  show();
}

// For whoever stands there now.
export async function speakFor(language) {
  if (current.language === language && current.whole) return;
  current = await wordsIn(language);
  show();
}
