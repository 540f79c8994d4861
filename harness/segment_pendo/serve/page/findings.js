// Findings by code: how often, an example, and what to do.

import { button, make, refill } from "./dom.js";
import { findings } from "./wire.js";
import { shown } from "./words.js";

const TONES = { error: "bad", warning: "warn", info: "idle" };

// Return the codes of /_/findings, errors first; null where this server does not count them.
export async function counted() {
  const answer = await findings().catch(() => null);
  if (!answer || !Array.isArray(answer.findings)) return null;
  return answer.findings;
}

export async function draw(place, go) {
  const show = async () => {
    const all = (await counted()) || [];
    const told = all.filter((one) => one.level !== "info");
    const notes = all.filter((one) => one.level === "info");
    refill(place, make("h2", {}, "Findings"),
      make("p", { class: "quiet" }, "What Pendo makes of the calls, by code. A click shows the calls."),
      make("div", { class: "cards" }, ...told.map((one) => card(one, go)), told.length ? null : make("p", {}, "No errors and no warnings.")),
      notes.length ? make("details", {}, make("summary", {}, `${notes.length} notes (info)`), make("div", { class: "cards" }, ...notes.map((one) => card(one, go)))) : null);
  };
  await show();
  return show;
}

// Return what to mend first: the codes that most calls have, errors before warnings; null where there are none.
export function first(codes, go) {
  const told = (codes || []).filter((one) => one.level !== "info").slice(0, 5);
  return told.length ? make("div", {}, make("h2", { class: "verdict" }, "Fix first"), make("div", { class: "cards" }, ...told.map((one) => card(one, go)))) : null;
}

function card(one, go) {
  const open = (call, words) => (call ? button(words, () => go({ view: "calls", call: shown(call) }), "plain") : null);
  return make("article", { class: "card" },
    make("h3", {}, make("span", { class: `pill ${TONES[one.level] || "idle"}` }, one.level || "finding"),
      button(shown(one.code), () => go({ view: "calls", name: "code", value: shown(one.code) }), "mono plain", { title: "Only calls with this code" }),
      make("span", { class: "quiet" }, one.count === 1 ? "1 call" : `${Number(one.count).toLocaleString("en")} calls`),
      one.first === one.last ? open(one.last, "show it") : [open(one.first, "first"), open(one.last, "last")]),
    one.means ? make("p", {}, shown(one.means)) : null,
    one.do ? make("p", { class: "quiet" }, shown(one.do)) : null);
}
