// What calls are explained as: asked for once, a few at a time, those in sight first.

import { explained as ask } from "./wire.js";

const AT_ONCE = 3;
const MOST = 2000;

export class Explained {
  constructor(changed) {
    this.known = new Map();
    this.waiting = [];
    this.asked = 0;
    this.changed = changed;
  }

  // Return what is known of a row, or null and ask; a newer delivery makes it old.
  of(row) {
    if (row.refused || row.outcome !== "webhook") return null;
    const state = (row.delivery && row.delivery.state) || "";
    const known = this.known.get(row.id);
    if (known === undefined || known.state !== state) {
      this.known.set(row.id, { ...known, state });
      this.waiting.push(row.id);
      this.next();
    }
    return known && known.fields ? known : null;
  }

  ask(id) {
    return ask(id).catch(() => null);
  }

  keep(id, found) {
    const { state = "" } = this.known.get(id) || {};
    this.known.delete(id);
    // Of a row only these are looked at; the whole answer would fill the memory.
    this.known.set(id, { state, fate: found.fate, fields: found.fields, effect: found.effect });
    for (const old of this.known.keys()) {
      if (this.known.size <= MOST) break;
      this.known.delete(old);
    }
  }

  next() {
    while (this.asked < AT_ONCE && this.waiting.length) {
      const id = this.waiting.pop(); // the last that came into sight
      if (this.waiting.length > 60) this.waiting.splice(0, this.waiting.length - 60).forEach((old) => this.known.delete(old));
      this.asked += 1;
      this.ask(id).then((found) => {
        if (found) this.keep(id, found);
        this.asked -= 1;
        this.next();
        this.changed();
      });
    }
  }

  forget(id) {
    this.known.delete(id);
  }

  clear() {
    this.known.clear();
    this.waiting = [];
  }
}
