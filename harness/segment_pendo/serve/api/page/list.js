// The calls, newest first: two lines each, only those in sight are elements, older ones come by cursor.

import { make, one, refill, visible } from "./dom.js";
import { clock, colourOf, eventOf, isObject, judged, parsed, says, titled } from "./words.js";

export const HEIGHT = 50;
const AHEAD = 8;

export class List {
  // `older` is called near the end, `explained` with a row in sight gives its explanation or null.
  constructor({ open, older, explained }) {
    this.rows = [];
    this.byId = new Map();
    this.lines = []; // rows as they are shown: equal ones in a row are one line
    this.unfolded = new Set();
    this.stale = false;
    this.early = new Map();
    this.selected = "";
    this.ended = false;
    this.act = { open, older, explained };
    this.view = one("list");
    this.space = one("rows");
    this.due = false;
    this.elements = new Map();
    this.view.addEventListener("scroll", () => this.draw());
    this.view.addEventListener("click", (event) => {
      const row = event.target.closest("[data-id]");
      const fold = event.target.closest("[data-unfold]");
      if (fold) this.unfolded.add(fold.dataset.unfold) && this.changed();
      if (row) open(row.dataset.id);
    });
    this.view.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.view);
  }

  clear() {
    this.rows = [];
    this.lines = [];
    this.byId.clear();
    this.ended = false;
    this.view.scrollTop = 0;
    this.draw();
  }

  // Take in the newest rows; what was there is brought up to date. Return the rows that are new.
  head(rows) {
    const fresh = rows.filter((row) => !this.byId.has(row.id));
    for (const row of rows) this.put(row);
    if (!fresh.length) {
      this.changed();
      return fresh;
    }
    const { scrollTop } = this.view;
    const before = this.fold().length;
    this.rows = [...fresh, ...this.rows];
    this.sort();
    this.changed();
    // Who reads further down goes on reading the same.
    if (scrollTop > 0) {
      this.space.style.height = `${this.fold().length * HEIGHT}px`;
      this.view.scrollTop = scrollTop + (this.lines.length - before) * HEIGHT;
    }
    return fresh;
  }

  tail(rows) {
    const fresh = rows.filter((row) => !this.byId.has(row.id));
    for (const row of rows) this.put(row);
    this.rows.push(...fresh);
    this.sort();
    this.changed();
  }

  changed() {
    this.stale = true;
    this.draw();
  }

  // Fold what is equal, once for all that has changed.
  fold() {
    if (this.stale) this.lines = folded(this.rows, this.unfolded);
    this.stale = false;
    return this.lines;
  }

  // Return the place of the line with this call.
  lineOf(id) {
    return this.fold().findIndex((line) => line.some((row) => row.id === id));
  }

  // Requests that were refused have no cursor: they stand where their time is.
  sort() {
    if (this.rows.some((row) => row.refused)) {
      this.rows.sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
    }
  }

  put(row) {
    const had = this.byId.get(row.id);
    const known = had ? had.delivery : this.early.get(row.id);
    // An answer may have been on its way when an attempt was told.
    if (known && row.delivery && known.attempts > row.delivery.attempts) row.delivery = { ...row.delivery, ...known };
    if (had) Object.assign(had, row);
    else this.byId.set(row.id, row);
  }

  get(id) {
    return this.byId.get(id);
  }

  // Take a delivery in; return whether its row is here.
  delivered(id, delivery) {
    const row = this.byId.get(id);
    if (row) {
      row.delivery = { ...row.delivery, ...delivery };
      this.changed();
    } else {
      // Its row may be on the way, as it was before this.
      this.early.set(id, delivery);
      if (this.early.size > 1000) this.early.delete(this.early.keys().next().value);
    }
    return row !== undefined;
  }

  select(id) {
    this.selected = id;
    let at = this.lineOf(id);
    if (at >= 0 && this.lines[at][0].id !== id) {
      this.unfolded.add(this.lines[at].at(-1).id);
      this.changed();
      at = this.lineOf(id);
    }
    if (at >= 0) this.show(at);
    this.draw();
  }

  show(at) {
    const top = at * HEIGHT;
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    else if (top + HEIGHT > this.view.scrollTop + this.view.clientHeight) {
      this.view.scrollTop = top + HEIGHT - this.view.clientHeight;
    }
  }

  // Go some rows on and open what is there.
  move(steps) {
    if (!this.fold().length) return;
    const at = this.lineOf(this.selected);
    const last = this.lines.length - 1;
    const from = at >= 0 ? at : steps === -1 ? last + 1 : steps === 1 ? -1 : 0;
    const to = Math.min(last, Math.max(0, from + steps));
    this.act.open(this.lines[to][0].id, true);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.view.clientHeight / HEIGHT) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (steps !== undefined && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.move(steps === Infinity ? this.rows.length : steps === -Infinity ? -this.rows.length : steps);
    } else if (event.key === "Enter") this.move(0);
  }

  draw() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.drawn();
    });
  }

  drawn() {
    this.fold();
    const { scrollTop, clientHeight } = this.view;
    const first = Math.max(0, Math.floor(scrollTop / HEIGHT) - AHEAD);
    const last = Math.min(this.lines.length, Math.ceil((scrollTop + clientHeight) / HEIGHT) + AHEAD);
    this.space.style.height = `${this.lines.length * HEIGHT}px`;
    this.view.setAttribute("aria-rowcount", this.ended ? String(this.lines.length) : "-1");
    this.place(first, last);
    const here = this.lines.slice(first, last).some(([row]) => row.id === this.selected);
    if (here) this.view.setAttribute("aria-activedescendant", rowId(this.selected));
    else this.view.removeAttribute("aria-activedescendant");
    if (!this.ended && last >= this.lines.length - 20) this.act.older();
  }

  // An element stays the same while its row is in sight, so that a click is not lost to a call that comes.
  place(first, last) {
    const left = new Set(this.elements.keys());
    let before = null;
    for (let at = last - 1; at >= first; at -= 1) {
      const [row] = this.lines[at];
      left.delete(row.id);
      let kept = this.elements.get(row.id);
      if (!kept) {
        kept = { element: make("div", { role: "row", id: rowId(row.id), "data-id": row.id }), mark: "" };
        this.elements.set(row.id, kept);
      }
      this.fill(kept, row, at);
      if (kept.element.parentNode !== this.space || kept.element.nextSibling !== before) this.space.insertBefore(kept.element, before);
      before = kept.element;
    }
    for (const id of left) {
      this.elements.get(id).element.remove();
      this.elements.delete(id);
    }
  }

  fill(kept, row, at) {
    const { element } = kept;
    element.style.top = `${at * HEIGHT}px`;
    element.setAttribute("aria-rowindex", String(at + 1));
    element.setAttribute("aria-selected", String(row.id === this.selected));
    const explained = this.act.explained(row);
    const { tone, pill } = judged(row, explained);
    const line = says(row, explained);
    const title = titled(row);
    const same = this.lines[at].length;
    const mark = JSON.stringify([tone, pill, line, title, same, row.source]);
    if (mark === kept.mark) return;
    kept.mark = mark;
    element.className = `row ${tone}`;
    refill(element,
      make("span", { role: "gridcell", class: "time mono", title: row.time }, clock(row.time)),
      make("span", { role: "gridcell", class: "what" },
        make("span", { class: "title mono" }, row.source ? make("span", { class: `source of-${colourOf(row.source)}` }, row.source) : null, ...title.map(([text, strong]) => make(strong ? "b" : "span", {}, text))),
        make("span", { class: "says", title: visible(line) }, line)),
      make("span", { role: "gridcell", class: "end" },
        same > 1 ? make("span", { class: "pill times", "data-unfold": row.id, title: `${same} equal calls in a row; a click shows each` }, `× ${same}`) : null,
        make("span", { class: "pill" }, pill)));
  }
}

const MOST_IN_ONE = 100;
const keys = new WeakMap();

// Return what must be equal for two calls to be one line.
function key(row) {
  if (row.refused) return `${row.path} ${row.status} ${row.code}`;
  if (!keys.has(row)) {
    const body = parsed(row.body ?? row.message ?? "");
    const { traits, properties } = isObject(body) ? body : {};
    keys.set(row, JSON.stringify([row.type, row.user, row.group, eventOf(row), row.mapping, row.source, traits, properties]));
  }
  const { state, status } = row.delivery || {};
  return `${keys.get(row)} ${row.outcome} ${row.code} ${state} ${status} ${row.findings.filter((one) => one.level !== "info").map((one) => one.code).join()}`;
}

// Return the rows as lines: an array of equal calls, newest first, for each.
function folded(rows, unfolded) {
  const lines = [];
  let last = null;
  for (const row of rows) {
    const own = key(row);
    const line = lines.at(-1);
    if (line && own === last && line.length < MOST_IN_ONE) line.push(row);
    else lines.push([row]);
    last = own;
  }
  return lines.flatMap((line) => (line.length > 1 && line.some((row) => unfolded.has(row.id)) ? line.map((row) => [row]) : [line]));
}

const rowId = (id) => `row-${id.replace(/[^\w-]/g, "_")}`;
