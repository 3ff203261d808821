import * as api from "./api.js";
import * as dialogue from "./dialogue.js";
import { el, pairs } from "./dom.js";
import { bytes, fullTime } from "./format.js";
import { TraceView } from "./trace.js";

const MOST_SOURCE_BYTES = 2_000_000;

const TABS = [["body", "Message"], ["trace", "Trace"], ["dialogue", "SMTP dialogue"], ["headers", "Headers"], ["source", "Source"]];

function files(attachments) {
  return attachments.map((part) =>
    el("a", { class: "file", href: part.url, download: part.name }, part.name, el("small", {}, `${part.content_type} · ${bytes(part.size)}`)));
}

function body(place, view, prefer, choose) {
  const forms = [view.html_url && ["html", "HTML"], view.text !== null && ["text", "Text"]].filter(Boolean);
  const shown = forms.some(([form]) => form === prefer) ? prefer : forms[0]?.[0];
  const switcher = forms.map(([form, label]) =>
    el("button", { type: "button", "aria-pressed": form === shown ? "true" : "false", on: { click: () => choose(form) } }, label));
  const content = {
    html: () => el("iframe", { class: "frame", sandbox: "", referrerpolicy: "no-referrer", title: "The mail's HTML body", src: view.html_url }),
    text: () => el("pre", { class: "card plain" }, view.text),
  }[shown];
  place.replaceChildren(
    ...(view.defects.length ? [el("p", { class: "note" }, `This mail is malformed: ${view.defects.join("; ")}`)] : []),
    ...(forms.length > 1 ? [el("div", { class: "switch", role: "group", "aria-label": "Which form of the body" }, switcher)] : []),
    ...(view.attachments.length ? [el("div", { class: "files" }, files(view.attachments))] : []),
    content ? content() : el("p", { class: "empty" }, "This mail has no body to show."),
  );
}

async function source(place, number) {
  const raw = await api.source(number);
  const cut = raw.byteLength > MOST_SOURCE_BYTES;
  const text = new TextDecoder("utf-8").decode(raw.slice(0, MOST_SOURCE_BYTES));
  place.replaceChildren(
    ...(cut ? [el("p", { class: "note" }, `The first ${bytes(MOST_SOURCE_BYTES)} of ${bytes(raw.byteLength)}.`)] : []),
    el("pre", { class: "card plain" }, text),
  );
}

// One chosen mail: its head, its tabs, and the panel that the chosen tab draws.
export class MailView {
  constructor(place, row, { back, tab }) {
    this.row = row;
    this.tab = tab;
    this.form = "html";
    this.panel = el("div", { class: "panel", role: "tabpanel" });
    this.tabs = el("div", { class: "tabs", role: "tablist" }, TABS.map(([name, label]) =>
      el("button", { class: "tab", type: "button", role: "tab", "data-tab": name, on: { click: () => this.choose(name) } }, label)));
    place.replaceChildren(this.head(back), this.tabs, this.panel);
    place.scrollTop = 0;
  }

  head(back) {
    const facts = [["From", this.row.from], ["To", this.row.to.join(", ")], ["Mailbox", this.row.mailbox],
      ["Received", `${fullTime(this.row.received_at)} · ${bytes(this.row.size)}`], ["Message-ID", this.row.message_id]];
    return el(
      "div", { class: "mail-head" },
      el("button", { class: "button back", type: "button", on: { click: back } }, "← All mails"),
      el("h2", {}, this.row.subject || "(no subject)"),
      el("dl", { class: "facts" }, facts.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    );
  }

  async choose(tab) {
    this.tab = tab;
    for (const button of this.tabs.children) button.setAttribute("aria-selected", button.dataset.tab === tab ? "true" : "false");
    const panel = el("div", { class: "panel", role: "tabpanel" }, el("p", { class: "empty" }, "…"));
    this.panel.replaceWith(panel);
    this.panel = panel;
    this.traces = null;
    try {
      await this.fill(tab, panel);
    } catch (error) {
      panel.replaceChildren(el("p", { class: "note" }, `This could not be loaded: ${error.message}`));
    }
  }

  async fill(tab, panel) {
    const { number } = this.row;
    if (tab === "source") return source(panel, number);
    if (tab === "dialogue") return dialogue.draw(panel, await api.dialogue(number));
    if (tab === "trace") {
      this.traces = new TraceView(panel, this.row.message_id ?? "");
      return this.traces.refresh();
    }
    this.view ??= await api.view(number);
    if (tab === "headers") return panel.replaceChildren(el("div", { class: "card" }, pairs(this.view.headers)));
    return this.drawBody(panel);
  }

  drawBody(panel) {
    body(panel, this.view, this.form, (form) => {
      this.form = form;
      this.drawBody(panel);
    });
  }

  // Spans arrive later than the mail: hosts export them in batches.
  async tick() {
    if (this.traces?.drawn !== undefined) await this.traces?.refresh();
  }
}
