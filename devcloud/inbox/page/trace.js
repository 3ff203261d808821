import * as api from "./api.js";
import { el, pairs, shown } from "./dom.js";
import { fullTime, milliseconds } from "./format.js";

const KINDS = ["server", "client", "producer", "consumer", "internal"];

// Rows in tree order. A span whose parent has not arrived, or stands in a circle of parents, is a root of its own.
export function inTreeOrder(spans) {
  const known = new Map(spans.map((span) => [span.span_id, span]));
  const children = new Map();
  const roots = [];
  for (const span of spans) {
    if (!known.has(span.parent_span_id)) roots.push(span);
    else children.set(span.parent_span_id, [...(children.get(span.parent_span_id) ?? []), span]);
  }
  const rows = [];
  const seen = new Set();
  const visit = (first) => {
    const waiting = [{ span: first, depth: 0 }];
    while (waiting.length > 0) {
      const row = waiting.pop();
      if (seen.has(row.span.span_id)) continue;
      seen.add(row.span.span_id);
      rows.push(row);
      const below = children.get(row.span.span_id) ?? [];
      waiting.push(...below.toReversed().map((span) => ({ span, depth: row.depth + 1 })));
    }
  };
  [...roots, ...spans].forEach(visit);
  return rows;
}

function spanDetail(span, jump) {
  const facts = [
    ["service", span.instance ? `${span.service} (${span.instance})` : span.service],
    ["kind", span.kind],
    ["start", fullTime(span.start)],
    ["status", span.status_message ? `${span.status}: ${span.status_message}` : span.status],
    ["span id", span.span_id],
  ];
  const attributes = Object.entries(span.attributes).map(([name, value]) => [name, shown(value)]);
  const events = span.events.map((event) => [event.name, `${fullTime(event.at)} ${shown(event.attributes)}`]);
  const links = span.links.map((link) => {
    const target = el("button", { class: "jump", type: "button", on: { click: () => jump(link) } }, `${link.trace_id} / ${link.span_id}`);
    return ["linked span", el("span", {}, target, Object.keys(link.attributes).length ? ` ${shown(link.attributes)}` : "")];
  });
  const section = (title, entries) => (entries.length ? [el("h3", {}, title), pairs(entries)] : []);
  return el(
    "div",
    { class: "span-detail" },
    section("Attributes", attributes), section("Links", links), section("Events", events), section("Span", facts),
  );
}

function spanRow({ span, depth }, length, context) {
  const left = length > 0 ? (span.offset_ms / length) * 100 : 0;
  const width = length > 0 ? (span.duration_ms / length) * 100 : 100;
  const open = context.open.has(span.span_id);
  const row = el(
    "button",
    {
      class: `span kind-${KINDS.includes(span.kind) ? span.kind : "unspecified"}${span.status === "error" ? " error" : ""}`,
      type: "button",
      "data-span": span.span_id,
      "aria-expanded": open ? "true" : "false",
      vars: { "--depth": depth, "--left": `${Math.min(left, 99.5)}%`, "--width": `${width}%` },
      on: { click: () => context.toggle(span.span_id) },
    },
    el(
      "span", { class: "name", title: span.name },
      el("span", { class: "dot" }), el("b", {}, span.name),
      span.links.length > 0 && el("i", { class: "flag", title: "has links to other spans" }, `⇢ ${span.links.length}`),
      context.services > 1 && el("i", {}, span.service),
    ),
    el("span", { class: "track" }, el("span", { class: "bar" })),
    el("span", { class: "took" }, milliseconds(span.duration_ms)),
  );
  return open ? [row, spanDetail(span, context.jump)] : [row];
}

function traceCard(trace, outer) {
  const context = { ...outer, services: new Set(trace.spans.map((span) => span.service)).size };
  const length = Math.max(0, ...trace.spans.map((span) => span.offset_ms + span.duration_ms));
  const head = el(
    "div", { class: "trace-head" },
    el("strong", {}, milliseconds(length)),
    el("span", {}, `${trace.spans.length} spans`),
    el("span", { class: "muted" }, fullTime(trace.spans[0]?.start)),
    el("span", { class: "muted mono" }, trace.trace_id),
    trace.lost_spans > 0 && el("span", { class: "note" }, `${trace.lost_spans} spans found no room`),
  );
  return el("div", { class: "card" }, head, inTreeOrder(trace.spans).flatMap((row) => spanRow(row, length, context)));
}

// Shows the traces of one mail and, beside them, those that a person followed a link to.
export class TraceView {
  constructor(place, messageId) {
    this.place = place;
    this.messageId = messageId;
    this.open = new Set();
    this.followed = [];
    this.drawn = "";
  }

  async refresh() {
    const own = await api.tracesOf(this.messageId);
    const ids = new Set(own.map((trace) => trace.trace_id));
    this.traces = [...own, ...this.followed.filter((trace) => !ids.has(trace.trace_id))];
    const state = JSON.stringify(this.traces);
    if (state !== this.drawn) this.draw();
    this.drawn = state;
  }

  draw() {
    if (this.traces.length === 0) {
      this.place.replaceChildren(el("p", { class: "empty" }, "No trace has arrived for this mail yet. Hosts export their spans every few seconds."));
      return;
    }
    const context = { open: this.open, toggle: (id) => this.toggle(id), jump: (link) => this.jump(link) };
    const legend = el("div", { class: "legend" }, KINDS.map((kind) => el("span", { class: `kind-${kind}` }, kind)));
    this.place.replaceChildren(...this.traces.map((trace) => traceCard(trace, context)), legend);
  }

  toggle(spanId) {
    if (!this.open.delete(spanId)) this.open.add(spanId);
    this.draw();
    this.rowOf(spanId)?.focus();
  }

  rowOf(spanId) {
    return [...this.place.querySelectorAll("[data-span]")].find((row) => row.dataset.span === spanId);
  }

  async jump(link) {
    if (!this.traces.some((trace) => trace.trace_id === link.trace_id)) {
      try {
        this.followed.push(await api.traceById(link.trace_id));
      } catch {
        window.alert("That trace is not here: it was not sampled, not exported, or dropped for newer ones.");
        return;
      }
      await this.refresh();
    }
    const row = this.rowOf(link.span_id);
    row?.scrollIntoView({ block: "center" });
    row?.classList.add("aimed");
  }
}
