// Which devices are missing: short in the header, in full in the menu.
import { el, make, write } from "/dom.js";
import { said, t, N } from "/words.js";

const WITHOUT = {
  sensor: N("no sensor"), store: N("no store"), uplink: N("no uplink"), camera: N("no camera"), lights: N("no lights"),
  buzzer: N("no buzzer"), keys: N("no keys"), display: N("no display"),
};

const without = ({ name }) => (name in WITHOUT ? t(WITHOUT[name]) : name);

export const cameraOf = ({ devices }) => devices.find(({ name }) => name === "camera");

const missingOf = (devices) => devices.filter((device) => device.missing);

export function drawMissing({ devices }, silent) {
  const missing = silent ? [] : missingOf(devices);
  el("missing").hidden = !missing.length;
  el("missing").className = missing.length ? "pill fault" : "pill";
  write(el("missing"), missing.map((device) => `${device.code} ${without(device)}`).join(", "));
}

export const deviceFaults = (devices) => make("ul", { id: "faults", "aria-label": t("Devices that are missing") },
  ...missingOf(devices).map((device) => {
    const holes = { code: device.code, without: without(device), reason: said(device.missing) };
    return make("li", {}, device.needed ? t("{code}, {without}: {reason}.", holes) : t("{code}, {without}: {reason}. Checks go on without it.", holes));
  }));
