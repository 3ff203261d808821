// Elements are only ever made with createElement and textContent: whatever a mail or a span says stays text.

export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (key === "vars") for (const [variable, text] of Object.entries(value)) element.style.setProperty(variable, text);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function pairs(entries) {
  const rows = entries.map(([name, value]) =>
    el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value instanceof Node ? value : shown(value))));
  return el("table", { class: "pairs" }, el("tbody", {}, rows));
}

export function shown(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
