// How the device is, how far the link comes, the networks, and a test of the sensor.
import { button, make } from "/dom.js";
import { fill, section, table } from "/office-tables.js";

const TESTING_MS = 500;

const facts = (found) => table(["What", "How it is"], found.map(({ name, words, well }) => [name, { words, fault: well === false }]), "Nothing is known.");

function trialWords({ going, presses, quality, threshold, words, steps_ms: steps }, instruction) {
  if (going) return [make("p", {}, instruction)];
  if (!presses && !words) return [make("p", {}, "No test since this start. Of a test capture nothing is kept.")];
  const told = quality === null ? words : `Quality ${quality} of 100, the threshold is ${threshold}. ${words}`;
  return [make("p", {}, `${told} (${presses} presses)`), table(["Step", "Milliseconds"], Object.entries(steps), "")];
}

export const technician = {
  title: "Technician",
  readsByItself: true,
  parts: () => [
    section("facts", "This device"), section("devices", "Devices"), section("steps", "The link, step by step"),
    section("network", "Networks"), section("trial", "Test capture"),
  ],
  actions: ({ order }) => [button("Test the sensor", { id: "test", onclick: () => order("/api/office/trial") })],
  async refresh({ read, refresh }) {
    const told = await (await read("/api/office/technician")).json();
    fill("facts", facts(told.facts));
    fill("devices", table(["Device", "How it is"],
      told.devices.map((each) => [each.name, { words: each.missing ? `${each.code}: ${each.missing}` : "there", fault: Boolean(each.missing) }]), "None."));
    fill("steps", facts(told.link));
    fill("network", facts(told.network), make("p", {}, "Networks are set up on the device itself, with nmtui or nmcli (docs/provisioning.md)."));
    fill("trial", ...trialWords(told.trial, told.instruction));
    document.getElementById("test").disabled = told.trial.going;
    if (told.trial.going) setTimeout(refresh, TESTING_MS);
  },
};
