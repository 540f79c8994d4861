// Visitors and accounts: a list with search at the left, a record at the right.

import { Choice } from "./choice.js";
import { cut, make, refill } from "./dom.js";
import { Record } from "./record.js";
import { records } from "./wire.js";
import { clock, isObject, shown } from "./words.js";

const MOST = 200;
const NAMES = { visitor: ["Visitors", "An identify call with a userId makes one."], account: ["Accounts", "A group call with userId and groupId makes one."] };

// Draw the view into a place; return what draws it again. `chosen` returns the id of the record in the address.
export async function draw(place, kind, go, chosen) {
  const [name, made] = NAMES[kind];
  const list = new Choice(name, (id) => go({ record: id }, true));
  const search = make("input", { type: "search", class: "narrow", "aria-label": `Search ${kind}s`, placeholder: "Search ids, fields, values" });
  const right = make("section", { class: "record", "aria-label": `The ${kind}` });
  const record = new Record(right, kind, go);
  const none = make("p", { class: "quiet" });
  const left = make("section", { class: "people", "aria-label": name }, make("h2", {}, name), search, none, list.element);
  refill(place, make("div", { class: "halves" }, left, right));
  let all = [];
  const mark = () => {
    left.parentElement.classList.toggle("open", chosen() !== "");
    const more = all.total - all.length;
    list.fill(all.map((one) => [one.id, lineOf(one)]), chosen(), more > 0 ? make("p", { class: "quiet" }, `${more.toLocaleString("en")} more; search to see them.`) : null);
    list.element.hidden = !all.length;
    none.hidden = all.length > 0;
    none.textContent = search.value ? `No ${kind} matches.` : `No ${kind} yet. ${made}`;
  };
  const show = async () => {
    const [found] = await Promise.all([listed(kind, search.value.trim()), record.show(chosen())]);
    all = found;
    mark();
  };
  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 150);
  });
  await show();
  return show;
}

// Return the records that match, the one changed last first.
async function listed(kind, q) {
  const answer = (await records(kind, q, MOST).catch(() => null)) || { records: [], total: 0 };
  const updated = (record) => Number(record.metadata?.auto?.lastupdated) || 0;
  const found = answer.records.filter(isObject).map((record) => ({ ...record, id: shown(record.id ?? "") }));
  return Object.assign(found.sort((one, other) => updated(other) - updated(one)), { total: answer.total });
}

function lineOf({ id, metadata }) {
  const { segmentio = {}, auto = {} } = isObject(metadata) ? metadata : {};
  const fields = Object.keys(segmentio);
  const says = fields.length ? `${fields.length} in segment.io: ${fields.join(", ")}` : "no metadata";
  return [make("span", { class: "mono strong" }, cut(id || "(empty)", 200)), make("span", { class: "time mono" }, clock(auto.lastupdated)), make("span", { class: "says" }, cut(says, 200))];
}
