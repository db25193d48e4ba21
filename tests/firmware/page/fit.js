// Measures what is on the screen: sizes of what can be pressed, gaps, and text that is cut off.
() => {
  const name = (node) => node.id || node.textContent.trim().slice(0, 30) || node.tagName;
  const seen = (node) => node.checkVisibility();
  const boxes = [...document.querySelectorAll("button, input, summary")].filter(seen).map((node) => [node, node.getBoundingClientRect()]);
  const inside = (node) => node.closest("#results, [data-scrolls]");
  const gaps = [];
  for (const [a, p] of boxes) for (const [b, q] of boxes) {
    if (a === b || inside(a) || inside(b)) continue;
    const gap = Math.max(Math.max(p.left, q.left) - Math.min(p.right, q.right), Math.max(p.top, q.top) - Math.min(p.bottom, q.bottom));
    gaps.push([`${name(a)} and ${name(b)}`, gap]);
  }
  const over = (node) => node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1;
  const places = ["html", "body", "header", "#work", "#login", "#actions", "#notices"].map((each) => document.querySelector(each)).filter((each) => each && seen(each));
  const boxed = [...document.querySelectorAll("button, .pill, .meter .value, .meter .label, #latest, .tiles, .two, .told, .side, .hand-row, h1, h2, p, li")].filter((each) => seen(each) && !each.matches(".unseen") && !each.closest("[data-scrolls] [data-scrolls]"));
  return {
    targets: boxes.map(([node, box]) => [name(node), box.width, box.height]),
    gaps,
    cut: [...places, ...boxed].filter((each) => getComputedStyle(each).display !== "inline").filter((each) => (each.clientWidth && each.scrollWidth > each.clientWidth + 1) || (places.includes(each) && over(each))).map(name),
    outside: boxes.filter(([node, box]) => !inside(node) && (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight)).map(([node]) => name(node)),
    // What has to be scrolled to be read must be reachable by key.
    scrolls: [...document.querySelectorAll("#stage, #stage *")].filter((each) => seen(each) && ["auto", "scroll"].includes(getComputedStyle(each).overflowY) && each.scrollHeight > each.clientHeight + 1 && !each.matches("[data-scrolls]")).map(name),
    untranslated: document.documentElement.dataset.untranslated,
  };
}
