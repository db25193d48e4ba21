// Draws which devices are missing, and the camera's picture while somebody wants to see it.
const el = (id) => document.getElementById(id);

let watching = false;
let drawn = "";

const sentence = (needed) => (needed ? "" : " Checks go on without it.");

function drawCamera(camera) {
  el("camera").hidden = !camera;
  const there = camera !== undefined && !camera.missing;
  el("camera-words").textContent = watching && !there ? "The camera is not there. It is tried again by itself." : "";
  el("camera-button").setAttribute("aria-pressed", String(watching));
  el("camera-button").textContent = watching ? "Hide the camera" : "Show the camera";
  const view = el("camera-view");
  view.hidden = !(watching && there);
  // The camera runs only as long as its pictures are fetched.
  if (view.hidden) view.removeAttribute("src");
  else if (!view.hasAttribute("src")) view.src = `/api/camera?${Date.now()}`;
}

export function drawDevices({ devices }, silent) {
  const key = JSON.stringify([devices, silent, watching]);
  if (key === drawn) return;
  drawn = key;
  const missing = silent ? [] : devices.filter((device) => device.missing);
  el("missing").hidden = !missing.length;
  el("missing").className = missing.length ? "pill fault" : "pill";
  el("missing").textContent = missing.map(({ name, code }) => `${code} no ${name}`).join(", ");
  el("faults").replaceChildren(...missing.map(({ name, code, needed, missing: reason }) => {
    const item = document.createElement("li");
    item.textContent = `${code}, no ${name}: ${reason}.${sentence(needed)}`;
    return item;
  }));
  if (silent) watching = false;
  drawCamera(devices.find(({ name }) => name === "camera"));
}

export function toggleCamera() {
  watching = !watching;
}

export function stopWatching() {
  watching = false;
}
