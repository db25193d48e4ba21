// Lists what a person reads, or has read aloud, that stands outside of the pseudo-locale's brackets.
() => {
  const outside = (text) => {
    let before;
    do { before = text; text = text.replace(/⟦[^⟦⟧]*⟧/g, ""); } while (text !== before);
    return text;
  };
  // Names, and what is in a language of its own.
  const names = "bdi, time, .brand, #notice-text, button[lang]";
  const told = [];
  for (const node of document.querySelectorAll("body *")) {
    if (!node.checkVisibility() || node.closest(names)) continue;
    for (const child of node.childNodes) if (child.nodeType === 3) told.push(child.textContent);
    told.push(node.getAttribute("aria-label") ?? "", node.getAttribute("aria-valuetext") ?? "", node.getAttribute("alt") ?? "");
  }
  return told.map(outside).filter((text) => /\p{L}{2,}/u.test(text));
}
