import { el } from "./dom.js";
import { replyClass } from "./format.js";

const MOST_REPLIES_SHOWN = 7;

const highest = (byMailbox) => Math.max(0, ...Object.values(byMailbox ?? {}));

// What accepted a mail, and every refusal; the other 2xx and 3xx only say that a dialogue went its way.
const isNews = ([code]) => code === "250 2.0.0" || /^[45]/.test(code);

// A throttle is any 432 and any 421 4.x; the simulator also counts a 250 that it delayed, where it says so itself.
function throttles(stats) {
  if (typeof stats.throttles === "number") return stats.throttles;
  const codes = Object.entries(stats.replies ?? {}).filter(([code]) => /^(432|421 4\.)/.test(code));
  return codes.reduce((sum, [, count]) => sum + count, 0);
}

function counter(label, value, title, alarm = false) {
  return el("div", { class: alarm ? "counter alarm" : "counter", title }, el("b", {}, String(value)), el("span", {}, label));
}

function reply([code, count]) {
  return el("span", { class: `reply ${replyClass(code)}` }, `${code} × ${count}`);
}

export function draw(place, stats) {
  const throttled = throttles(stats);
  const replies = Object.entries(stats.replies ?? {}).filter(isNews).sort((a, b) => b[1] - a[1]);
  place.replaceChildren(
    counter("accepted", stats.accepted ?? 0, "Mails that the simulator took over with a 250"),
    counter("throttles", throttled, "432, 421 4.x, and 250 delayed for rate", throttled > 0),
    counter("peak per minute", highest(stats.peak_per_minute), "Most final dots of one mailbox within any 60 seconds"),
    counter("peak connections", highest(stats.peak_connections), "Most connections of one mailbox at the same time"),
    counter("connections", stats.connections_opened ?? 0, "Connections opened in all"),
    counter("auth failures", stats.auth_failures ?? 0, "Answers 535 to AUTH", (stats.auth_failures ?? 0) > 0),
    el("div", { class: "replies", title: "Acceptances and refusals by code" }, replies.slice(0, MOST_REPLIES_SHOWN).map(reply)),
  );
}
