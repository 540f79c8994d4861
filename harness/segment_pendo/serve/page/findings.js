// Findings by code: how often, an example, and what to do.

import { button, make, refill } from "./dom.js";
import { findings } from "./wire.js";
import { clock, isObject, shown } from "./words.js";

const TONES = { error: "bad", warning: "warn", info: "idle" };
const ORDER = ["error", "warning", "info"];

// Return the codes of /_/findings, errors first; null where this server does not count them.
export async function counted() {
  const answer = await findings().catch(() => null);
  const all = answer && (answer.findings || answer.codes);
  if (!all) return null;
  const list = Array.isArray(all) ? all : Object.entries(all).map(([code, one]) => ({ code, ...(isObject(one) ? one : { count: one }) }));
  return [...list].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level) || (b.count ?? 0) - (a.count ?? 0));
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

function card(one, go) {
  const example = isObject(one.example) ? one.example : {};
  const call = one.call || example.call || example.id || (isObject(one.last) ? one.last.call : null);
  const message = one.message || example.message || one.means;
  const dates = [one.first, one.last].map((at) => (isObject(at) ? at.time : at)).filter((at) => typeof at === "string").map((at) => clock(at));
  return make("article", { class: "card" },
    make("h3", {}, make("span", { class: `pill ${TONES[one.level] || "idle"}` }, one.level || "finding"),
      button(shown(one.code), () => go({ view: "calls", name: "code", value: shown(one.code) }), "mono plain"),
      make("span", { class: "quiet" }, [one.count === undefined ? "" : `${one.count} ×`, dates.length === 2 ? `${dates[0]} to ${dates[1]}` : ""].filter(Boolean).join(" · "))),
    message ? make("p", {}, shown(message)) : null,
    one.do ? make("p", { class: "quiet" }, shown(one.do)) : null,
    call ? make("p", {}, button("an example", () => go({ view: "calls", call: shown(call) }), "plain"), example.path ? make("span", { class: "mono" }, ` ${shown(example.path)}`) : null) : null);
}
