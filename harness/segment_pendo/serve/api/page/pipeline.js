// Counts of what became of the calls; each is a filter.

import { button, make, one, refill } from "./dom.js";

// Name, words, tone, and what the filter box then holds.
const STEPS = [
  ["calls", "received", "", {}],
  ["refused", "refused", "bad", { outcome: "refused" }],
  ["dropped", "dropped by Segment", "bad", { outcome: "dropped" }],
  ["unselected", "not selected", "", { outcome: "unselected" }],
  ["waiting", "waiting", "", { delivery: "waiting" }],
  ["held", "held back", "warn", { delivery: "held" }],
  ["delivered", "delivered", "", { delivery: "delivered" }],
  ["failed", "failed", "bad", { delivery: "dead" }],
  ["lossy", "lose something", "warn", { outcome: "webhook", level: "warning" }],
];
// These stand there even with nothing in them.
const ALWAYS = new Set(["calls", "delivered"]);

// Return the counts of an answer of /_/summary, or of /_/health where that is all there is.
export function counts(summary, health) {
  const steps = (summary && summary.pipeline) || {};
  const { totals = {}, deliveries = {} } = health || {};
  return {
    calls: steps.received ?? totals.calls ?? 0,
    refused: steps.refused ?? totals.refused ?? 0,
    dropped: steps.dropped ?? 0,
    unselected: steps.unselected ?? 0,
    waiting: steps.waiting ?? deliveries.waiting ?? 0,
    held: steps.held ?? deliveries.held ?? 0,
    delivered: steps.delivered ?? deliveries.delivered ?? 0,
    failed: steps.dead ?? deliveries.dead ?? 0,
    lossy: steps.lossy ?? 0,
    error: steps.errors ?? 0,
    warning: steps.warnings ?? 0,
  };
}

export function draw(all, { isOn, choose }) {
  const nodes = [];
  for (const [name, words, tone, filters] of STEPS) {
    if (!all[name] && !ALWAYS.has(name)) continue;
    if (nodes.length) nodes.push(make("i", { "aria-hidden": "true" }, "›"));
    const on = name === "calls" ? null : String(isOn(filters));
    nodes.push(button("", () => choose(filters), all[name] ? tone : "", { "aria-pressed": on }));
    nodes.at(-1).append(make("b", {}, all[name].toLocaleString("en")), ` ${words}`);
  }
  keepFocus(one("pipeline"), nodes);
  const chips = [["error", "bad"], ["warning", "warn"]].map(([level, tone]) =>
    button(all[level] ? `${level} ${all[level].toLocaleString("en")}` : level, () => choose({ level }), all[level] ? tone : "", { "aria-pressed": String(isOn({ level })), title: level === "error" ? "Only calls with an error, or dropped" : "Only calls with a warning or worse" }));
  keepFocus(one("chips"), chips);
}

function keepFocus(place, nodes) {
  const at = [...place.children].indexOf(document.activeElement);
  refill(place, ...nodes);
  if (at >= 0) place.children[Math.min(at, place.children.length - 1)]?.focus();
}
