// Names the elements that a person would call red: vivid, and redder than anything else.
() => {
  const red = (text) => {
    const rgba = (text.match(/[\d.]+/g) ?? []).map(Number);
    const [r, g, b, alpha = 1] = rgba;
    return rgba.length > 2 && alpha > 0 && r > 90 && r - Math.max(g, b) > 60 && Math.abs(g - b) < 35;
  };
  const found = [];
  for (const node of document.querySelectorAll("body, body *")) {
    const style = getComputedStyle(node);
    const shown = [style.color, style.backgroundColor, style.fill, style.stroke];
    for (const side of ["Top", "Left"])
      if (style[`border${side}Width`] !== "0px") shown.push(style[`border${side}Color`]);
    if (shown.some(red)) found.push(node.id || node.getAttribute("class") || node.tagName);
  }
  return found;
}
