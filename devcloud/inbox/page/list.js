import { el } from "./dom.js";
import { bytes, clock, fullTime } from "./format.js";

export function matches(row, wanted) {
  if (!wanted) return true;
  const text = [row.subject, row.from, ...row.to].join(" ").toLowerCase();
  return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function item(row, chosen, choose) {
  const button = el(
    "button",
    { class: "row", type: "button", "data-number": row.number, "aria-current": row.number === chosen ? "true" : "false", on: { click: () => choose(row.number) } },
    el("span", { class: "subject" }, row.subject || "(no subject)"),
    el("time", { class: "when", title: fullTime(row.received_at) }, clock(row.received_at)),
    el("span", { class: "route" }, `${row.from} → ${row.to.join(", ")} · ${bytes(row.size)}`),
  );
  return el("li", {}, button);
}

export function draw(place, { rows, total, chosen, choose }) {
  const scrolled = place.scrollTop;
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.number : undefined;
  const items = rows.map((row) => item(row, chosen, choose));
  if (total > rows.length) items.push(el("li", { class: "more" }, `${total - rows.length} more, older or filtered out`));
  place.replaceChildren(...items);
  if (focused) place.querySelector(`[data-number="${Number(focused)}"]`)?.focus({ preventScroll: true });
  place.scrollTop = scrolled;
}
