// Puts one view on the screen: what is told in the middle, what can be pressed along the bottom.
// A view: name; key: what it is drawn from; body, actions: make it; update: what changes without
// drawing it anew, such as a bar that grows while the officer's finger is on a button.
import { el, isSeen } from "/dom.js";
import { focusPrimary } from "/keys.js";
import { words } from "/words.js";

let shown = "";
let name = "";

function stage(...nodes) {
  const before = [...el("stage").querySelectorAll("img")];
  el("stage").replaceChildren(...nodes);
  // A picture that is out of sight may go on being fetched: a camera would go on running.
  for (const picture of before) if (!picture.isConnected) picture.removeAttribute("src");
}

const focusedId = () => (document.activeElement?.closest("#stage, #actions") ? document.activeElement.id : "");

export function show(view) {
  const key = JSON.stringify([view.name, view.key, words().language]);
  if (key !== shown) {
    const focused = view.name === name ? focusedId() : "";
    shown = key;
    name = view.name;
    el("work").dataset.view = view.name;
    stage(...view.body().filter(Boolean));
    el("actions").replaceChildren(...view.actions().filter(Boolean));
    // The same thing stays under the officer's finger as long as it is there.
    if (focused) el(focused)?.focus();
    if (document.activeElement && !isSeen(document.activeElement)) document.activeElement.blur();
  }
  view.update?.();
  focusPrimary();
}

// Forgets what is drawn: nothing of it stays behind a lock.
export function clearStage() {
  shown = name = "";
  stage();
  el("actions").replaceChildren();
}
