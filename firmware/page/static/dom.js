// Makes elements. A child that is text becomes text: nothing that is received is ever markup.
const SVG = "http://www.w3.org/2000/svg";

export const el = (id) => document.getElementById(id);

// Not checkVisibility(): the WebKit of Debian 12 has none.
export const isSeen = (node) => node.getClientRects().length > 0;

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child || child === 0));
  return node;
}

export const make = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);

export const draw = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

// A button is at least as large as a gloved finger. detail: a second, smaller line.
// primary: what the OK key presses; escape: what Escape presses.
export function button(label, { detail = "", primary, escape, ...attributes } = {}) {
  const words = [make("span", { class: "label-of" }, label)];
  if (detail) words.push(make("small", {}, detail));
  return make("button", { type: "button", "data-primary": primary, "data-escape": escape, ...attributes }, words);
}

// Puts text there only when it differs: what is read aloud is not read again.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
