// How old something is, by the kiosk's clock: the browser's may be another, or be set at any time.
let told = { kiosk: 0, page: 0 };

export function kioskSays(nowMs) {
  told = { kiosk: nowMs, page: performance.now() };
}

const kioskNow = () => told.kiosk + performance.now() - told.page;

export function ageOf(madeMs) {
  const seconds = Math.max(0, Math.round((kioskNow() - madeMs) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

// Each element with data-made shows the age of what was made then.
export function drawAges() {
  for (const node of document.querySelectorAll("[data-made]")) {
    const age = ageOf(Number(node.dataset.made));
    if (node.textContent !== age) node.textContent = age;
  }
}
