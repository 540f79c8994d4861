// The page: calls at the left, one of them at the right, and what is in the address.

import * as findings from "./findings.js";
import * as keys from "./keys.js";
import * as mute from "./mute.js";
import * as people from "./people.js";
import * as pipeline from "./pipeline.js";
import * as setup from "./setup.js";
import * as target from "./target.js";
import { Detail } from "./detail.js";
import { button, one, refill, say, visible } from "./dom.js";
import { NAMES, address, has, link, read, toggled } from "./filter.js";
import { List } from "./list.js";
import { listen } from "./stream.js";
import { Timeline } from "./timeline.js";
import { Explained } from "./explained.js";
import { Calls } from "./calls.js";
import { change, health, isMissing, summary } from "./wire.js";
import { isBad } from "./words.js";

const VIEWS = [["calls", "Calls"], ["visitors", "Visitors"], ["accounts", "Accounts"], ["findings", "Findings"], ["setup", "Set-up"]];

let at = address();
let paused = false;
let unseen = 0;
let shown = "";
let total = null;
let numbers = {};
let redraw = null;

const cache = new Explained(() => list.draw());
const list = new List({ open: (id, keep) => open(id, keep), older: () => calls.older(), explained: (row) => cache.of(row) });
const calls = new Calls(list, { failed: (text) => (one("filter-help").textContent = visible(text)), came, loaded });
const detail = new Detail({ go, close: () => go({ call: "" }), opened: () => null });

const strip = new Timeline((since, until) => go({ q: toggled(toggled(toggled(toggled(at.q, "since", ""), "until", ""), "since", since), "until", until) }));

// Go to a view, a call or a filter, and have it in the address.
function go({ view = at.view, call, record, name, value, q, whatIf = at.whatIf }, replace = false) {
  const text = name ? (has(at.q, name, value) ? at.q : toggled(at.q, name, value)) : q ?? at.q;
  const stays = view === at.view;
  const next = { view, q: text, whatIf, call: call ?? (stays ? at.call : ""), record: record ?? (stays ? at.record : "") };
  if (link(next) !== link(at)) history[replace ? "replaceState" : "pushState"](null, "", link(next));
  arrive(next);
}

function arrive(next) {
  const before = at;
  at = next;
  if (one("filter").value !== at.q) one("filter").value = at.q;
  if (at.q !== before.q) search();
  drawViews();
  drawPipeline();
  if (at.view !== shown) showView();
  else if ((at.record !== before.record || at.whatIf !== before.whatIf) && redraw) redraw().catch(() => null);
  if (at.view === "calls" && (at.call !== before.call || at.whatIf !== before.whatIf || !detail.row)) showCall();
}

function showView() {
  shown = at.view;
  redraw = null;
  const isCalls = at.view === "calls";
  one("calls-view").hidden = !isCalls;
  one("bar").hidden = !isCalls;
  strip.show(isCalls);
  const other = one("other-view");
  other.hidden = isCalls;
  if (isCalls) return seen();
  refill(other);
  const drawn = {
    visitors: () => people.draw(other, "visitor", go, () => at.record), accounts: () => people.draw(other, "account", go, () => at.record),
    findings: () => findings.draw(other, go, () => (list.changed(), count(0))), setup: () => setup.view(other, numbers.summary && numbers.summary.addresses, () => at.whatIf, go),
  }[at.view];
  const view = at.view;
  if (drawn) Promise.resolve(drawn()).then((again) => view === shown && (redraw = again || null)).catch(() => say("segment-pendo does not answer."));
  return undefined;
}

async function showCall() {
  list.select(at.call);
  document.body.classList.toggle("open", at.call !== "");
  if (!at.call) return nothing();
  const row = list.get(at.call);
  if (row && detail.row !== row) one("detail").scrollTop = 0;
  if (matchMedia("(max-width: 699px)").matches) one("detail").focus({ preventScroll: true });
  detail.whatIf = at.whatIf;
  if (row) return detail.show(row);
  const found = await cache.ask(at.call);
  if (found && found.id === at.call) return detail.show(found, found);
  return detail.nothing("There is no call with this id; it may have been cleared.");
}

function nothing() {
  const first = list.rows.length ? findings.first(numbers.codes, go) : null;
  if (list.rows.length || !calls.done || total !== 0) {
    const hint = "Select a call to see what Pendo makes of it. j and k go through the list, ? shows all keys.";
    return detail.nothing(list.rows.length ? hint : "", first, JSON.stringify(first && numbers.codes));
  }
  detail.row = null;
  detail.mark = "set-up";
  return setup.draw(one("detail"), numbers.summary && numbers.summary.addresses, true);
}

function open(id, keep = false) {
  go({ view: "calls", call: id }, keep && at.call !== "");
}

function search() {
  const { filters, unknown } = read(at.q);
  one("filter-help").textContent = unknown.length ? visible(`There is no filter ${unknown[0]}: there are ${NAMES.map((name) => `${name}:`).join(" ")}`) : "";
  if (unknown.length) return;
  calls.search(filters);
  strip.refresh(filters);
}

function loaded() {
  const isEmpty = calls.done && !list.rows.length;
  const none = one("none");
  none.hidden = !isEmpty;
  if (isEmpty && at.q) refill(none, "No call matches this filter.", button("Remove the filter", () => go({ q: "" })));
  else if (isEmpty) refill(none, "Waiting for the first call.", button("Point an SDK here", () => go({ view: "setup" }), "first on-phone"));
  if (at.call) {
    list.select(at.call);
    if (!detail.row) showCall();
  } else if (!detail.row) nothing();
}

// Rows came: errors that nobody sees are counted in the title.
function came(rows) {
  const isSeen = shown === "calls" && !document.hidden && one("list").scrollTop < 40 && !paused;
  if (!isSeen) unseen += rows.filter(isBad).length;
  if (one("list").scrollTop > 0 && rows.length) newer(rows.length);
  drawTitle();
}

function newer(count) {
  const had = Number(one("newer").dataset.count || 0) + count;
  one("newer").dataset.count = String(had);
  one("newer").textContent = paused ? `${had} new, show ↑` : `${had} new ↑`;
  one("newer").hidden = false;
}

function seen() {
  if (shown !== "calls" || document.hidden || one("list").scrollTop >= 40 || paused) return;
  unseen = 0;
  one("newer").hidden = true;
  one("newer").dataset.count = "0";
  drawTitle();
}

const drawTitle = () => (document.title = unseen ? `(${unseen}) segment-pendo` : "segment-pendo");

function drawViews() {
  const { visitors, accounts } = (numbers.summary && numbers.summary.records) || {};
  const counts = { visitors, accounts, findings: numbers.codes ? numbers.codes.filter((one) => one.level !== "info").length : undefined };
  const nav = one("views");
  const focused = [...nav.children].indexOf(document.activeElement);
  refill(nav, ...VIEWS.filter(([view]) => view !== "findings" || !isMissing("/_/findings")).map(([view, name]) => button(typeof counts[view] === "number" ? `${name} ${counts[view]}` : name, () => go({ view, call: "" }), "", { "aria-current": view === at.view ? "page" : null })));
  if (focused >= 0) nav.children[focused].focus();
}

function drawPipeline() {
  pipeline.draw(pipeline.counts(numbers.summary, numbers.health), {
    isOn: (filters) => isStep(at.q, filters),
    choose: (filters) => go({ q: stepped(at.q, filters) }),
  });
}

const STEP = ["outcome", "delivery", "level"];
const isStep = (q, filters) => STEP.every((name) => (read(q).filters[name] ?? "") === (filters[name] ?? ""));

// Return the filter with this step and no other, or without it where it is there; no step means all calls.
function stepped(q, filters) {
  if (!Object.keys(filters).length) return "";
  const bare = STEP.reduce((text, name) => toggled(text, name, ""), q);
  return isStep(q, filters) ? bare : Object.entries(filters).reduce((text, [name, value]) => toggled(text, name, value), bare);
}

let counting = null;

// Count again, at most twice a second.
function count(soon = 500) {
  if (counting) return;
  counting = setTimeout(async () => {
    const [told, state, codes] = await Promise.all([summary().catch(() => null), health().catch(() => null), findings.counted()]);
    counting = null;
    mute.ofProject(told && told.mute);
    numbers = { summary: told, health: state, codes };
    total = state ? state.totals.requests : total;
    target.draw(told, (call) => go({ view: "calls", call }));
    if (at.view === "calls") strip.refresh();
    drawPipeline();
    drawViews();
    const isSetUp = detail.mark === "set-up";
    if (at.view === "calls" && !at.call && calls.done && !(isSetUp && total === 0)) nothing();
    if (redraw && !document.activeElement.matches("input")) redraw().catch(() => null);
  }, (numbers.health && numbers.health.totals.calls > 5000 ? 4 : 1) * soon);
}

function heard(event) {
  if (event.event === "delivery") {
    const { id, state, status, attempts, detail: words } = event.delivery ? { ...event.delivery, id: event.id } : event;
    if (state) list.delivered(id, { state, status: status ?? null, attempts, detail: words });
    if (id === at.call && detail.row) detail.show(detail.row);
  } else if (event.event === "cleared") {
    forgotten();
  } else if (event.event === "missed") {
    if (!paused) search();
  } else if (paused) {
    if (event.event === "call") newer(1);
  } else calls.soon(event.event === "refused" || event.event === "open");
  count();
}

// Calls were cleared, here or by somebody else.
function forgotten() {
  list.clear(); // or its rows would be explained again, which nobody can any more
  cache.clear();
  go({ call: "" });
  search();
  count(0);
}

function pause() {
  paused = !paused;
  one("pause").setAttribute("aria-pressed", String(paused));
  one("pause").textContent = paused ? "Resume" : "Pause";
  drawLive();
  if (paused) calls.hold();
  else {
    one("list").scrollTop = 0;
    calls.soon(true);
    seen();
  }
}

let isThere = false;

function drawLive() {
  document.body.classList.toggle("live", isThere && !paused);
  document.body.classList.toggle("away", !isThere);
  const text = !isThere ? "not connected" : paused ? "paused" : "live";
  if (one("live").textContent !== text) one("live").textContent = text;
}

function back() {
  if (document.body.classList.contains("open") && one("list").offsetParent !== null) go({ call: "" });
  one("list").focus({ preventScroll: true });
}

one("filter").addEventListener("input", () => {
  clearTimeout(one("filter").timer);
  one("filter").timer = setTimeout(() => go({ q: one("filter").value.trim() }, true), 100);
});
one("search").addEventListener("submit", (event) => {
  event.preventDefault();
  go({ q: one("filter").value.trim() }, true);
  one("list").focus();
});
one("pause").addEventListener("click", pause);
one("newer").addEventListener("click", () => {
  if (paused) pause();
  one("list").scrollTop = 0;
  calls.soon(true);
  seen();
});
one("clear").addEventListener("click", async () => {
  if (!confirm("Forget all calls of this instance?")) return;
  const { status } = await change("/_/calls", undefined, "DELETE");
  if (status !== 200) return say("The calls could not be cleared.");
  go({ q: "" });
  forgotten();
});
one("list").addEventListener("scroll", seen);
document.addEventListener("visibilitychange", seen);
addEventListener("popstate", () => arrive(address()));
addEventListener("hashchange", () => link(address()) !== link(at) && arrive(address()));
keys.listen({
  "/": () => (go({ view: "calls" }), one("filter").focus(), one("filter").select()),
  j: () => inCalls() && list.move(1), k: () => inCalls() && list.move(-1), Enter: () => inCalls() && list.move(0),
  r: () => inCalls() && detail.again(), c: () => inCalls() && detail.copy("curl"), p: pause, "?": keys.help, back,
});

const inCalls = () => at.view === "calls";

one("filter").value = at.q;
drawViews();
drawPipeline();
showView();
search();
if (at.call) showCall();
count(0);
listen({
  heard,
  changed: (now) => {
    isThere = now;
    drawLive();
  },
  ask: async () => {
    const answer = await health();
    if (!answer) throw new Error("no answer");
    if (!paused) await calls.fresh(true);
    if (detail.row && detail.row.delivery && detail.row.delivery.state === "waiting") {
      cache.forget(detail.row.id);
      detail.show(detail.row);
    }
    count();
  },
});
