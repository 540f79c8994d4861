// The calls that the list shows: the newest, those that come, and older ones by cursor.

import { asked } from "./filter.js";
import { Refusal, calls as ask, refused as askRefused } from "./wire.js";
import { shown } from "./words.js";

const FIRST = 60;
const MORE = 200;
const HEAD = 60;
const SOON = 150;
// More rows than this are let go of at the top; scrolling brings them again.
const MOST = 4000;

export class Calls {
  constructor(list, { failed, came, loaded }) {
    this.list = list;
    this.act = { failed, came, loaded };
    this.filters = {};
    this.cursor = "";
    this.done = false; // the first page is there
    this.turn = 0; // answers of an earlier search are left out
    this.busy = false;
    this.timer = 0;
    this.refused = [];
  }

  async search(filters) {
    this.turn += 1;
    const { turn } = this;
    this.filters = asked(filters);
    this.done = false;
    this.busy = false;
    this.act.failed("");
    try {
      const [page] = await Promise.all([this.page({ limit: FIRST }), this.askRefused()]);
      if (turn !== this.turn) return;
      this.list.clear();
      this.cursor = page.next;
      this.list.ended = page.calls.length < FIRST && !page.more;
      this.done = true;
      this.list.tail(page.calls);
      this.addRefused();
    } catch (error) {
      if (turn !== this.turn) return;
      this.list.clear();
      this.list.ended = true;
      if (error instanceof Refusal) this.act.failed(error.message);
    }
    this.act.loaded();
  }

  // Only this page knows outcome:refused; those are no calls.
  get onlyRefused() {
    return this.filters.outcome === "refused";
  }

  page(how) {
    return this.onlyRefused ? Promise.resolve({ calls: [], next: "" }) : ask(this.filters, how);
  }

  async older() {
    if (this.busy || !this.done || this.list.ended) return;
    this.busy = true;
    const { turn } = this;
    const page = await this.page({ before: this.cursor, limit: MORE }).catch(() => null);
    if (turn !== this.turn) return;
    this.busy = false;
    if (!page) return;
    this.cursor = page.next;
    if (!page.calls.length) this.list.ended = true;
    this.list.tail(page.calls);
    this.addRefused();
  }

  // Ask for the newest in a moment, once for all that happens until then.
  soon(withRefused = false) {
    this.wantsRefused ||= withRefused;
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.fresh(this.wantsRefused).catch(() => null).finally(() => (this.timer = 0));
      this.wantsRefused = false;
    }, SOON);
  }

  // Take in nothing that was asked for until now: the list stands still.
  hold() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (!this.done) return; // the first page still comes
    this.turn += 1;
    this.busy = false;
  }

  async fresh(withRefused) {
    if (!this.done) return undefined;
    const { turn } = this;
    const [page] = await Promise.all([this.page({ limit: HEAD }), withRefused ? this.askRefused() : null]);
    if (turn !== this.turn || !this.done) return undefined;
    const isGap = this.list.rows.length > 0 && page.calls.length === HEAD && !page.calls.some((row) => this.list.get(row.id));
    if (isGap || (this.list.rows.length > MOST && this.list.view.scrollTop < 40)) {
      this.act.came(isGap ? page.calls : []);
      if (this.list.view.scrollTop < 40) return this.search(this.filters);
      return undefined; // who reads further down is not moved
    }
    const fresh = this.list.head(page.calls);
    this.act.came([...fresh, ...this.addRefused()]);
    if (fresh.length || !this.list.rows.length) this.act.loaded();
    return undefined;
  }

  async askRefused() {
    const { outcome, since = "", until = "", ...others } = this.filters;
    const wanted = this.onlyRefused || (outcome === undefined && !Object.keys(others).length);
    const answer = wanted ? await askRefused({ since, until }).catch(() => null) : null;
    this.refused = ((answer && (answer.refused || answer.requests)) || []).map(asRow);
  }

  // Put in those that are not older than the oldest call that is there. Return those that are new.
  addRefused() {
    const oldest = this.list.ended || this.onlyRefused ? "" : this.list.rows.at(-1)?.time ?? "";
    const here = this.refused.filter((row) => row.time >= oldest && !this.list.get(row.id));
    if (here.length) {
      this.list.head(here);
      this.act.loaded();
    }
    return here;
  }
}

function asRow(one, index) {
  const message = shown(one.reason ?? one.code ?? "");
  return {
    ...one, refused: true, id: `refused-${shown(one.id ?? `${one.time}-${index}`)}`, time: shown(one.time ?? ""), path: shown(one.path ?? ""),
    type: null, user: null, group: null, outcome: "refused", message, reason: `${shown(one.status ?? "")} ${message}`.trim(), findings: [], delivery: null,
  };
}
