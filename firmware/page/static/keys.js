// Everything can be done with three keys: left and right go to the next thing that can be pressed,
// Enter presses it. Escape presses what stops or goes back.
import { el, isSeen } from "/dom.js";

const PRESSED = "button:not(:disabled), input:not(:disabled), select, [data-scrolls]";

function targets() {
  const place = el("login").hidden ? el("work") : el("login");
  return [...place.querySelectorAll(PRESSED)].filter(isSeen);
}

// In a field the arrows move within the text, until its end is reached.
function stays(event, step) {
  const field = event.target;
  if (field.tagName !== "INPUT" || !field.value) return false;
  return field.selectionStart !== field.selectionEnd || field.selectionStart !== (step < 0 ? 0 : field.value.length);
}

function go(event) {
  const rightward = event.key === "ArrowRight" ? 1 : -1;
  const step = document.documentElement.dir === "rtl" ? -rightward : rightward;
  if (stays(event, step)) return;
  const all = targets();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  all[at < 0 ? 0 : (at + step + all.length) % all.length].focus();
  event.preventDefault();
}

function scroll(event) {
  const place = document.activeElement?.closest("[data-scrolls]");
  if (!place || place.scrollHeight <= place.clientHeight) return;
  // Enter turns the page of what is longer than the screen.
  const end = place.scrollTop + place.clientHeight >= place.scrollHeight - 2;
  place.scrollTo({ top: end ? 0 : place.scrollTop + place.clientHeight * 0.8 });
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") go(event);
    else if (event.key === "Escape") targets().find((each) => "escape" in each.dataset)?.click();
    else if (event.key === "Enter") {
      if (document.activeElement === document.body) primary()?.click();
      else if (document.activeElement.matches("[data-scrolls]")) scroll(event);
    }
  });
}

const primary = () => targets().find((each) => "primary" in each.dataset);

// The OK key does the one obvious thing, unless the officer is somewhere else.
export function focusPrimary() {
  if (document.activeElement === document.body || document.activeElement === null) primary()?.focus();
}
