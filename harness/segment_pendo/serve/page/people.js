// Visitors and accounts: what Pendo would hold, and which call put it there.

import { button, cut, make, refill } from "./dom.js";
import { records, state, why } from "./wire.js";
import { clock, isObject, shown } from "./words.js";

const MOST = 200;

// Return [id, record][] of a kind, from /_/records or, where that is not there, from /_/state.
export async function recordsOf(kind, q = "") {
  const answer = await records(kind, q).catch(() => null);
  if (answer && Array.isArray(answer.records)) {
    const found = answer.records.filter(isObject).map((record) => [shown(record.id ?? ""), record]);
    return Object.assign(found, { total: answer.total });
  }
  const all = await state().catch(() => null);
  const held = Object.entries((all && all[`${kind}s`]) || {});
  return q ? held.filter(([id, record]) => `${id} ${JSON.stringify(record)}`.toLowerCase().includes(q.toLowerCase())) : held;
}

export async function draw(place, kind, go) {
  const list = make("div", { class: "cards" });
  const search = make("input", { type: "search", class: "narrow", "aria-label": `Search ${kind}s`, placeholder: `Search ${kind}s` });
  const name = kind === "visitor" ? "Visitors" : "Accounts";
  refill(place, make("h2", {}, name),
    make("p", { class: "quiet" }, `What Pendo would hold of each ${kind}, and which call set it.`),
    search, whyNot(kind), list);
  const show = async () => {
    const all = await recordsOf(kind, search.value.trim());
    const updated = ([, record]) => Number(record.metadata?.auto?.lastupdated) || 0;
    all.sort((one, other) => updated(other) - updated(one));
    const cards = all.slice(0, MOST).map(([id, record]) => card(id, record, kind, go));
    if (!cards.length) cards.push(make("p", { class: "quiet" }, search.value ? `No ${kind} matches.` : `No ${kind} yet. ${kind === "visitor" ? "An identify call makes one." : "A group call with userId and groupId makes one."}`));
    const more = (all.total ?? all.length) - Math.min(all.length, MOST);
    if (more > 0) cards.push(make("p", { class: "quiet" }, `${more.toLocaleString("en")} more; search to see them.`));
    refill(list, ...cards);
  };
  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 150);
  });
  await show();
  return show;
}

function whyNot(kind) {
  const answer = make("div", { "aria-live": "polite" });
  const id = make("input", { class: "narrow", "aria-label": kind === "visitor" ? "User ID" : "Group ID", placeholder: kind === "visitor" ? "user ID" : "group ID", required: true });
  const trait = make("input", { class: "narrow", "aria-label": "Trait", placeholder: "trait (or none for all)" });
  const ask = async (event) => {
    event.preventDefault();
    const given = { [kind === "visitor" ? "user" : "group"]: id.value.trim(), trait: trait.value.trim() };
    const told = await why(given).catch(() => null);
    refill(answer, whyWords(told));
  };
  const form = make("form", { class: "inline", on: { submit: ask } }, id, trait, make("button", { type: "submit" }, "Why not in Pendo?"));
  return make("div", {}, form, answer);
}

function whyWords(told) {
  if (!told) return [make("p", { class: "quiet" }, "This server cannot say why.")];
  const lines = Array.isArray(told.lines) ? told.lines : [];
  return [make("article", { class: "card why" }, make("h3", {}, shown(told.verdict ?? "")),
    make("dl", {}, ...lines.flatMap((line) => [make("dt", { class: "quiet" }, shown(line.label ?? "")), make("dd", {}, shown(line.text ?? ""))])))];
}

function card(id, record, kind, go) {
  const metadata = isObject(record.metadata) ? record.metadata : {};
  const grouped = isObject(metadata.segmentio) || isObject(metadata.auto);
  const fields = Object.entries(grouped ? metadata.segmentio || {} : metadata);
  const auto = (grouped && metadata.auto) || {};
  const also = Object.entries(auto).filter(([name]) => !["id", "lastupdated", "accountid"].includes(name)).map(([name, value]) => `${name} ${shown(value)}`);
  const open = button("calls", () => go({ view: "calls", name: kind === "visitor" ? "user" : "group", value: id }), "plain");
  const history = (isObject(record.history) && record.history.fields) || {};
  const rows = fields.map(([name, value]) => {
    const sets = Array.isArray(history[name]) ? history[name] : [];
    const call = sets.at(-1)?.call;
    const earlier = sets.slice(0, -1).reverse().map((one) => shown(one.value));
    return make("tr", {}, make("td", { class: "mono" }, name),
      make("td", { class: "mono" }, make("span", { class: "to" }, cut(shown(value), 300)),
        earlier.length ? make("div", { class: "quiet" }, cut(`before: ${earlier.join(", ")}`, 200)) : null),
      make("td", {}, call ? button(`set ${clock(sets.at(-1).at)}`, () => go({ view: "calls", call: shown(call) }), "plain", { title: "Show the call that set it" }) : null));
  });
  return make("article", { class: "card" },
    make("h3", {}, make("span", { class: "mono" }, id || "(empty)"), make("span", { class: "quiet" }, fields.length ? `${fields.length} in segment.io` : "no metadata"), open),
    also.length ? make("p", { class: "quiet mono" }, cut(also.join(" · "), 200)) : null,
    rows.length ? make("table", {}, make("tbody", {}, ...rows)) : null);
}
