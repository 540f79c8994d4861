// One visitor or account: fields and which call set them, what was sent and is not there, and why.

import { button, cut, make, refill } from "./dom.js";
import { why } from "./wire.js";
import { clock, lastName, shown } from "./words.js";

const ID = { visitor: "user", account: "group" };

export class Record {
  constructor(place, kind, go) {
    this.kind = kind;
    this.go = go;
    this.mark = null;
    this.id = make("input", { class: "mono", "aria-label": kind === "visitor" ? "User ID" : "Group ID", placeholder: `${ID[kind]} ID`, required: true, autocomplete: "off", spellcheck: "false" });
    this.trait = make("input", { class: "mono", "aria-label": "Trait", placeholder: "trait, or none for all", autocomplete: "off", spellcheck: "false" });
    this.answer = make("div", { "aria-live": "polite" });
    this.body = make("div", { tabindex: "-1" });
    const ask = (event) => {
      event.preventDefault();
      this.whyNot();
    };
    refill(place, button("‹ List", () => go({ record: "" }), "back"),
      make("form", { class: "inline", on: { submit: ask } }, make("b", {}, "Why not in Pendo?"), this.id, this.trait, make("button", { type: "submit" }, "Ask")), this.answer, this.body);
  }

  // Show the record of an id, or a hint for an empty one.
  async show(id) {
    if (!id) {
      this.mark = null;
      refill(this.body, make("p", { class: "none" }, `Choose ${this.kind === "visitor" ? "a visitor" : "an account"} to see what Pendo would hold and which call set it, or ask above why something is not there.`));
      return;
    }
    if (this.shown !== id) { // before the answer: what is typed meanwhile stays
      refill(this.answer);
      this.id.value = id;
      this.trait.value = "";
    }
    this.shown = id;
    const told = await why({ [ID[this.kind]]: id }).catch(() => null);
    const mark = JSON.stringify(told);
    if (this.mark === mark || this.shown !== id) return;
    this.mark = mark;
    refill(this.body, ...(told ? this.parts(id, told) : [make("p", {}, "segment-pendo does not answer.")]));
  }

  parts(id, told) {
    const fields = told.fields || [];
    const lost = Object.entries(told.lost || {});
    const only = button(`Only calls of ${cut(id, 24)}`, () => this.go({ view: "calls", name: ID[this.kind], value: id }));
    return [
      make("h2", { class: "verdict" }, shown(told.verdict)),
      make("div", { class: "actions" }, only, ...this.accounts(told.accounts || [])),
      fields.length ? table("In Pendo, group segment.io (segmentio in its API)", ["Field", "Value", "Set by", "Earlier values"], fields.map((field) => this.field(field))) : null,
      lost.length ? table("Sent, but not there", ["Trait", "Value", "Why", "Last sent by"], lost.map(([name, some]) => this.gone(name, some)), "gone") : null,
      fields.length || lost.length ? null : lines(told),
    ];
  }

  accounts(joined) {
    return joined.map(({ value }) => button(`Open account ${cut(shown(value), 24)} →`, () => this.go({ view: "accounts", record: shown(value) })));
  }

  call({ call, at, time, type }) {
    return call ? button(`${type ?? "call"} ${clock(at ?? time)}`, () => this.go({ view: "calls", call: shown(call) }), "plain mono", { title: "Show the call" }) : "";
  }

  field({ field, value, from, changes = [] }) {
    const sent = from && lastName(from) !== field ? make("div", { class: "warn-word" }, "sent as ", make("span", { class: "mono" }, cut(lastName(from), 60))) : null;
    const last = changes.at(-1);
    const differs = (change, at) => JSON.stringify(change.value) !== JSON.stringify(changes[at + 1]?.value);
    const before = changes.filter((change, at) => at < changes.length - 1 && differs(change, at)).reverse();
    const shownBefore = before.slice(0, 3).map((change) => make("div", {}, make("span", { class: "mono" }, change.removed ? "removed" : cut(shown(change.value), 60)), " ", this.call(change)));
    return [
      [make("span", { class: "mono" }, cut(field, 200)), sent], make("span", { class: "mono to" }, cut(shown(value), 300)), last ? this.call(last) : "",
      [...shownBefore, before.length > 3 ? make("div", { class: "quiet" }, `${before.length - 3} more`) : null],
    ];
  }

  gone(name, some) {
    const last = some.last.at(-1) ?? some.first ?? {};
    const reason = last.state === "dead" ? `Pendo answered ${last.status ?? "nothing"}: not delivered` : shown(last.rule ?? "").replace(/^[^:]*: /, "");
    const ask = button("why?", () => {
      this.trait.value = name;
      this.whyNot();
    }, "plain");
    return [
      [make("del", { class: "mono" }, cut(name, 200)), some.count > 1 ? make("div", { class: "quiet" }, `${some.count} times`) : null],
      make("span", { class: "mono" }, cut(shown(last.value), 300)), [`${reason} `, ask], this.call(last),
    ];
  }

  async whyNot() {
    const id = this.id.value.trim();
    if (!id) return this.id.focus();
    const told = await why({ [ID[this.kind]]: id, trait: this.trait.value.trim() }).catch(() => null);
    const call = told && told.sent && ["same", "alike", "misplaced", "event", "anonymous", "foreign"].map((name) => told.sent[name]?.last.at(-1)).find(Boolean);
    refill(this.answer, make("article", { class: "card why" },
      ...(told ? [make("h3", {}, shown(told.verdict)), lines(told), call ? make("p", {}, "Show ", this.call(call)) : null] : [make("p", {}, "segment-pendo does not answer.")])));
    return this.answer.scrollIntoView({ block: "nearest" });
  }
}

function lines(told) {
  const all = Array.isArray(told.lines) ? told.lines : [];
  return make("dl", { class: "facts" }, ...all.flatMap((line) => [make("dt", {}, shown(line.label)), make("dd", {}, shown(line.text))]));
}

// Return a table under a heading; each row is its cells' nodes.
function table(title, heads, rows, name = "") {
  return make("section", { class: `part ${name}` }, make("h3", {}, title, make("span", { class: "quiet" }, ` ${rows.length}`)),
    make("table", { class: "fields" }, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell, at) => make("td", { "data-head": heads[at] }, make("div", {}, cell))))))));
}
