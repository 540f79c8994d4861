// Counts of what became of the calls; each is a filter.

import { button, make, one, refill } from "./dom.js";

const STEPS = [
  ["calls", "received", "", "", ""],
  ["refused", "refused", "bad", "outcome", "refused"],
  ["dropped", "dropped by Segment", "bad", "outcome", "dropped"],
  ["unselected", "not selected", "", "outcome", "unselected"],
  ["waiting", "waiting", "", "delivery", "waiting"],
  ["delivered", "delivered", "", "delivery", "delivered"],
  ["failed", "failed", "bad", "delivery", "dead"],
  ["lossy", "lose something", "warn", "level", "warning"],
];
// These stand there even with nothing in them.
const ALWAYS = new Set(["calls", "delivered"]);

// Return the counts of an answer of /_/summary, or of /_/health where that is all there is.
export function counts(summary, health) {
  const from = summary || {};
  const totals = (health && health.totals) || {};
  const states = from.deliveries || (health && health.deliveries) || {};
  const levels = from.levels || {};
  const first = (...all) => all.find((value) => typeof value === "number") ?? 0;
  return {
    calls: first(from.calls, from.received, totals.calls),
    refused: first(from.refused, totals.refused),
    dropped: first(from.dropped),
    unselected: first(from.unselected, from.not_selected),
    waiting: first(from.waiting, states.waiting),
    delivered: first(from.delivered, states.delivered),
    failed: first(from.failed, from.dead, states.dead),
    lossy: first(from.lossy, from.lose_something, from.loses),
    error: first(levels.error, from.errors),
    warning: first(levels.warning, from.warnings),
  };
}

export function draw(all, { isOn, choose }) {
  const nodes = [];
  for (const [name, words, tone, filter, value] of STEPS) {
    if (!all[name] && !ALWAYS.has(name)) continue;
    if (nodes.length) nodes.push(make("i", { "aria-hidden": "true" }, "›"));
    const on = filter ? isOn(filter, value) : false;
    nodes.push(button("", () => choose(filter, value), all[name] ? tone : "", { "aria-pressed": filter ? String(on) : null }));
    nodes.at(-1).append(make("b", {}, all[name].toLocaleString("en")), ` ${words}`);
  }
  keepFocus(one("pipeline"), nodes);
  const chips = [["error", "bad"], ["warning", "warn"]].map(([level, tone]) =>
    button(all[level] ? `${level} ${all[level].toLocaleString("en")}` : level, () => choose("level", level), all[level] ? tone : "", { "aria-pressed": String(isOn("level", level)), title: `Only calls with a finding that is ${level === "error" ? "an error" : "a warning or worse"}` }));
  keepFocus(one("chips"), chips);
}

function keepFocus(place, nodes) {
  const at = [...place.children].indexOf(document.activeElement);
  refill(place, ...nodes);
  if (at >= 0) place.children[Math.min(at, place.children.length - 1)]?.focus();
}
