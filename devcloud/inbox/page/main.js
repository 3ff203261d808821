import * as api from "./api.js";
import * as list from "./list.js";
import { MailView } from "./mail.js";
import * as strip from "./strip.js";

const POLL_MS = 1200;
// Somebody else may clear the inbox, which no counter shows.
const POLLS_UNTIL_RELOAD = 8;

const at = (id) => document.getElementById(id);
const state = { rows: [], total: 0, chosen: null, mail: null, tab: "body", seen: "", polls: 0 };

function drawList() {
  const rows = state.rows.filter((row) => list.matches(row, at("filter").value.trim()));
  list.draw(at("list"), { rows, total: state.total, chosen: state.chosen, choose });
  at("empty").hidden = state.total > 0;
  at("count").textContent = state.total === 1 ? "1 mail" : `${state.total} mails`;
}

function choose(number) {
  const row = state.rows.find((candidate) => candidate.number === number);
  if (!row) return;
  state.tab = state.mail?.tab ?? state.tab;
  state.chosen = number;
  state.mail = new MailView(at("detail"), row, { back: leave, tab: state.tab });
  state.mail.choose(state.tab);
  at("panes").classList.add("reading");
  if (location.hash !== `#${number}`) location.hash = String(number);
  drawList();
}

function leave() {
  at("panes").classList.remove("reading");
}

function followAddress() {
  const number = Number(location.hash.slice(1));
  if (location.hash && number !== state.chosen) choose(number);
}

async function load(stats) {
  const inbox = await api.rows();
  state.rows = inbox.rows;
  state.total = inbox.total;
  strip.draw(at("strip"), stats);
  drawList();
  followAddress();
}

// The counters are small and change with every mail, so they say whether the list is worth asking for.
async function poll() {
  const stats = await api.stats();
  const seen = JSON.stringify(stats);
  state.polls += 1;
  if (seen !== state.seen || state.polls % POLLS_UNTIL_RELOAD === 0) await load(stats);
  state.seen = seen;
  await state.mail?.tick();
}

function say(word) {
  at("live").textContent = word;
  at("live").className = word === "live" ? "live on" : "live off";
}

async function watch() {
  if (!document.hidden) await poll().then(() => say("live"), () => say("offline"));
  setTimeout(watch, POLL_MS);
}

async function clear() {
  await api.clear();
  state.chosen = null;
  state.mail = null;
  state.seen = "";
  history.replaceState(null, "", location.pathname);
  location.reload();
}

at("filter").addEventListener("input", drawList);
at("clear").addEventListener("click", clear);
window.addEventListener("hashchange", followAddress);
watch();
