import { el } from "./dom.js";
import { milliseconds, moment, replyClass } from "./format.js";

// Data lines of a large mail say nothing that the source does not say better.
const MOST_LINES = 2000;

function line(entry, started) {
  const fromServer = entry.from === "server";
  const at = moment(entry.at);
  const since = at && started ? `+${milliseconds(Math.max(0, at - started))}` : "";
  const classes = fromServer ? `server ${replyClass(entry.line)}` : "client";
  return el(
    "li",
    { class: classes },
    el("time", {}, since),
    el("span", { class: "who", title: entry.from }, fromServer ? "S" : "C"),
    el("span", { class: "said" }, entry.line),
  );
}

export function draw(place, entries) {
  if (entries.length === 0) {
    place.replaceChildren(el("p", { class: "empty" }, "No dialogue was kept for this mail."));
    return;
  }
  const started = moment(entries[0].at);
  const lines = entries.slice(0, MOST_LINES).map((entry) => line(entry, started));
  place.replaceChildren(el("ol", { class: "card talk" }, lines));
}
