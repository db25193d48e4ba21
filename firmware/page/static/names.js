// What a person reads for the kiosk's codes. A code that is not here is the site's own.
import { N, t } from "/words.js";

// ISO/IEC 19794 finger positions.
const FINGERS = {
  1: N("Right thumb"), 2: N("Right index finger"), 3: N("Right middle finger"), 4: N("Right ring finger"), 5: N("Right little finger"),
  6: N("Left thumb"), 7: N("Left index finger"), 8: N("Left middle finger"), 9: N("Left ring finger"), 10: N("Left little finger"),
};
// Under the name of the hand the finger alone says enough.
const SHORT = [N("Thumb"), N("Index"), N("Middle"), N("Ring"), N("Little")];

const CODES = {
  "border-check": N("Border check"), border_check: N("Border check"), border_control: N("Border control"), "second-line": N("Second-line check"),
  demonstration: N("Demonstration"), trial: N("Trial"), "not-stated": N("not stated"),
  amputated: N("Amputated"), bandaged: N("Bandaged"), unable: N("Cannot be placed"), not_readable: N("Cannot be read"), other: N("Another reason"),
  does_not_agree: N("Does not agree"), religious: N("Religious reasons"), fears_misuse: N("Fears misuse"), legal_advice: N("Wants legal advice"), unwell: N("Unwell"),
  worn_skin: N("Worn skin"), injury: N("Injury"), disability: N("Disability"), no_better_after_tries: N("No better after several tries"),
  many_travellers: N("Many travellers"), special_operation: N("Special operation"), test_run: N("Test run"),
};

const MARKS = {
  waiting: N("waiting"), now: N("now"), taken: N("taken"), poor: N("too low, kept"), missing: N("missing"), same: N("looks like another"),
};

export const fingerName = (finger) => t(FINGERS[finger]);
export const shortName = (finger) => t(SHORT[(finger - 1) % 5]);
export const statusName = (status) => t(MARKS[status]);
export const codeName = (code) => (code in CODES ? t(CODES[code]) : code.replaceAll("_", " "));

const QUALITY = [[0, N("poor")], [20, N("fair")], [45, N("good")], [70, N("very good")]];

export function qualityWords(quality, threshold) {
  if (quality === null || quality === undefined) return "";
  if (quality < threshold) return t("{quality} too low", { quality });
  const word = t(QUALITY.filter(([from]) => quality >= from).at(-1)[1]);
  return t("{quality} {word}", { quality, word });
}
