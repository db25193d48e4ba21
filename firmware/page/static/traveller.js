// The traveller's side: placement and progress, in the traveller's language.
import { el, write } from "/dom.js";
import { hands } from "/hands.js";
import { fingerName } from "/names.js";
import { speakFor, t, N } from "/words.js";

const TOLD = {
  wait: N("Please wait"), place: N("Put this finger on the sensor"), hold: N("Keep the finger still"), lift: N("Lift the finger"),
  again: N("Lift the finger, then place it again"), done: N("Done. Thank you"), out_of_order: N("Please wait for the officer"),
};
const WITH_HANDS = new Set(["place", "hold", "again", "lift"]);
const RECONNECT_MS = 1000;

async function show({ step, finger, language, done, of }) {
  await speakFor(language || "en");
  el("traveller").dataset.step = step;
  write(el("told"), t(TOLD[step]));
  const hand = WITH_HANDS.has(step) && finger;
  el("shown").replaceChildren(...(hand ? [hands({ [finger]: step === "lift" ? "taken" : "now" })] : []));
  write(el("finger"), hand ? fingerName(finger) : "");
  write(el("progress"), of ? t("{done} of {n} fingers", { done, n: of }) : "");
}

let last = Promise.resolve();

function follow() {
  const events = new EventSource("/api/traveller/events");
  // One after the other: a catalogue may take longer to come than the next event.
  events.onmessage = (event) => { last = last.then(() => show(JSON.parse(event.data))); };
  events.onerror = () => {
    last = last.then(() => show({ step: "out_of_order", finger: null, language: document.documentElement.lang, done: 0, of: 0 }));
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, RECONNECT_MS);
  };
}

follow();
