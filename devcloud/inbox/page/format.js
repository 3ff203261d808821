const BYTE_UNITS = ["bytes", "KB", "MB", "GB"];

export function bytes(count) {
  let unit = 0;
  let value = Number(count) || 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

export function milliseconds(count) {
  if (count < 1) return `${Math.round(count * 1000)} µs`;
  if (count < 100) return `${count.toFixed(1)} ms`;
  if (count < 1000) return `${Math.round(count)} ms`;
  return count < 100_000 ? `${(count / 1000).toFixed(2)} s` : `${(count / 60_000).toFixed(1)} min`;
}

// The simulator's times are RFC 3339 texts; seconds since 1970 are understood as well.
export function moment(value) {
  const date = typeof value === "number" ? new Date(value * 1000) : new Date(String(value));
  return Number.isNaN(date.getTime()) ? null : date;
}

export function clock(value) {
  const date = moment(value);
  if (date === null) return "";
  const today = new Date().toDateString() === date.toDateString();
  const time = date.toLocaleTimeString([], { hour12: false });
  return today ? time : `${date.toLocaleDateString([], { day: "numeric", month: "short" })} ${time.slice(0, 5)}`;
}

export function fullTime(value) {
  const date = moment(value);
  return date === null ? String(value ?? "") : date.toISOString().replace("T", " ").replace("Z", " UTC");
}

export function replyClass(code) {
  const first = String(code).charAt(0);
  return first === "5" ? "bad" : first === "4" ? "wait" : "good";
}
