// The notice that a person reads, in that person's language, whatever the officer's is.
import { make } from "/dom.js";

const loaded = new Map();

async function notices(version) {
  if (!loaded.has(version)) {
    try {
      const answer = await fetch(`/notices/${encodeURIComponent(version)}.json`);
      if (!answer.ok) return null;
      loaded.set(version, await answer.json());
    } catch {
      return null; // tried again when it is drawn next
    }
  }
  return loaded.get(version);
}

async function fill(place, language, version, t) {
  const found = (await notices(version))?.languages[language];
  if (!found) {
    place.append(make("p", {}, t("The text of notice {version} is not on this kiosk in this language. Read it from paper.", { version })));
    return;
  }
  place.append(make("h1", { lang: language, dir: "auto" }, found.title), ...found.paragraphs.map((text) => make("p", { lang: language, dir: "auto" }, text)));
}

export function noticeIn(language, version, t) {
  const place = make("article", { id: "notice-text", tabindex: "0", "data-scrolls": "", "aria-label": t("Notice for the person") });
  fill(place, language, version, t);
  return place;
}
