// The simulated sensor's page: press a print, lift it, watch what the sensor sees.

const POLL_MS = 500;
const byId = (id) => document.getElementById(id);
const tiles = new Map();
let shownPress = null;
let liftTimer = 0;
let unreachable = false;

async function ask(path, order) {
  const options = order === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(order),
  };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The simulator does not answer. Is it still running?");
  }
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

function showMessage(sentence) {
  byId("message").textContent = sentence;
  byId("message").hidden = sentence === "";
}

// Runs one action; what goes wrong stands in the message line until something goes right.
async function attempt(action) {
  try {
    await action();
    showMessage("");
  } catch (error) {
    showMessage(error.message);
  }
}

function showState(state) {
  byId("surface").classList.toggle("touched", state.finger);
  byId("empty").hidden = state.finger;
  byId("seen").hidden = !state.finger;
  byId("lift").disabled = !state.finger;
  byId("finger").textContent = state.finger
    ? (state.print ?? "A finger").replace("/", " · ") : "Nothing on the sensor";
  if (state.finger && state.presses !== shownPress) {
    byId("seen").src = `/api/sensor/picture?press=${state.presses}`;
    shownPress = state.presses;
  }
  for (const [name, tile] of tiles) {
    tile.setAttribute("aria-pressed", String(name === state.print));
  }
  byId("status").replaceChildren(...Object.entries(state.status).flatMap(row));
}

function row([label, value]) {
  const term = document.createElement("dt");
  const detail = document.createElement("dd");
  term.textContent = label;
  detail.textContent = value;
  return [term, detail];
}

async function press(name) {
  clearTimeout(liftTimer);
  showState(await ask("/api/press", { name }));
  const hold = Number(byId("hold").value);
  if (hold > 0) liftTimer = setTimeout(() => attempt(lift), hold * 1000);
}

async function lift() {
  clearTimeout(liftTimer);
  showState(await ask("/api/lift", {}));
}

function makeTile(name, caption) {
  const tile = document.createElement("button");
  const picture = document.createElement("img");
  const text = document.createElement("span");
  tile.type = "button";
  tile.className = "tile";
  picture.loading = "lazy";
  picture.alt = "";
  picture.src = `/api/prints/picture?name=${encodeURIComponent(name)}`;
  text.textContent = caption;
  tile.append(picture, text);
  tile.addEventListener("click", () => attempt(() => press(name)));
  tiles.set(name, tile);
  return tile;
}

// "person/finger": the fingers of one person stand together under the person's name.
function makeGroups(names) {
  const groups = new Map();
  for (const name of names) {
    const cut = name.indexOf("/");
    const person = cut < 0 ? "" : name.slice(0, cut);
    if (!groups.has(person)) groups.set(person, []);
    groups.get(person).push(makeTile(name, name.slice(cut + 1)));
  }
  return [...groups].map(([person, members]) => {
    const group = document.createElement("section");
    const heading = document.createElement("h3");
    const grid = document.createElement("div");
    group.className = "group";
    heading.textContent = person;
    heading.hidden = person === "";
    grid.className = "tiles";
    grid.append(...members);
    group.append(heading, grid);
    return group;
  });
}

function filter(words) {
  const wanted = words.trim().toLowerCase();
  for (const [name, tile] of tiles) tile.hidden = !name.toLowerCase().includes(wanted);
  for (const group of document.querySelectorAll(".group")) {
    group.hidden = !group.querySelector(".tile:not([hidden])");
  }
}

// Looking leaves the message of an action alone; it replaces and clears its own.
async function watch() {
  try {
    showState(await ask("/api/state"));
    if (unreachable) showMessage("");
    unreachable = false;
  } catch (error) {
    unreachable = true;
    showMessage(error.message);
  }
  setTimeout(watch, POLL_MS);
}

byId("lift").addEventListener("click", () => attempt(lift));
byId("filter").addEventListener("input", (event) => filter(event.target.value));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !byId("lift").disabled) attempt(lift);
});

await attempt(async () => {
  const { prints } = await ask("/api/prints");
  byId("prints").replaceChildren(...makeGroups(prints));
  if (prints.length === 0) throw new Error("There are no prints to press.");
});
await watch();
