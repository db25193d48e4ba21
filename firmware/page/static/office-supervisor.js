// What waits and since when, the lists, how well fingers are taken, the sensor, what was deleted.
import { button, make } from "/dom.js";
import { age, dateOf, fill, section, table, yesNo } from "/office-tables.js";

const FINGERS = ["any", "right thumb", "right index", "right middle", "right ring", "right little", "left thumb", "left index", "left middle", "left ring", "left little"];
const STATES = { queued: "waits to be sent", "on-the-wire": "being sent", received: "at the matcher", refused: "refused by the broker" };
const ENDS = { sent: "sent", minor: "under 18 or not sure", refused: "the person refused", stopped: "stopped", timeout: "nothing was done" };

const share = (part, whole) => (whole ? `${Math.round((100 * part) / whole)} %` : "-");

function sensorWords({ uncleaned, clean_every: every }) {
  const words = `${uncleaned} pictures since somebody said that the sensor is clean`;
  return make("p", { class: every && uncleaned >= every ? "due" : undefined }, every ? `${words}; it is due after ${every}.` : `${words}.`);
}

export const supervisor = {
  title: "Supervisor",
  readsByItself: true,
  parts: () => [
    section("queue", "Not checked yet"), section("lists", "Lists, as the matcher last told"),
    section("sensor", "Sensor"), section("fingers", "How well fingers are taken"),
    section("ended", "Cases since this kiosk was installed"), section("purged", "Deleted by order"),
  ],
  actions: ({ order }) => [button("The sensor is clean", { id: "cleaned", onclick: () => order("/api/office/cleaned") })],
  async refresh({ read }) {
    const told = await (await read("/api/office/supervisor")).json();
    fill("queue",
      table(["Request", "Lane", "State", "Age", "Expires in"],
        told.waiting.map((each) => [each.request_id.slice(0, 8), each.lane.replace("_", " "), each.refusal || (STATES[each.state] ?? each.state), age(each.age_s), age(each.left_s)]),
        "Nothing waits."),
      told.more ? make("p", {}, `${told.more} more wait.`) : "");
    fill("lists", table(["List", "Entries", "Last changed", "Age", "Told"],
      told.lists.map((each) => [each.name, each.entries, dateOf(each.changed_ms), age((told.now_ms - each.changed_ms) / 1000), dateOf(each.told_ms)]),
      "No list is known yet: nothing was answered."));
    fill("sensor", sensorWords(told));
    fill("fingers", table(["Finger", "Presses", "Taken", "Below the threshold", "Share below", "Missing"],
      told.fingers.map((each) => [FINGERS[each.finger], each.attempts, each.taken, each.below, share(each.below, each.taken + each.below), each.missing]),
      "No finger was taken yet."));
    fill("ended", table(["Ended", "Cases"], Object.entries(told.ended).map(([end, count]) => [ENDS[end] ?? end, count]), ""));
    fill("purged", table(["Request", "Why", "By", "Deleted here", "Deleted everywhere"],
      told.purged.map((each) => [each.request_id.slice(0, 8), each.reason, each.who, yesNo(each.here), each.everywhere ? "yes, proved by the matcher" : "not yet: the matcher is asked"]),
      "Nothing was deleted by order."));
  },
};
