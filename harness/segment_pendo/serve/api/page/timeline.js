// The strip under the bar: calls and deliveries by steps of time; a drag, or arrow keys and Enter, is a filter by time.

import { button, make, one, refill } from "./dom.js";
import { instant } from "./filter.js";
import { timeline } from "./wire.js";
import { clock, plural } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const BASE = 24; // px: calls stand above, deliveries hang below
const HEIGHT = 40;
const LEAST = 100; // steps: a run of a second is not one bar over the whole width
const MOVED = 4; // px from which on a press is a drag
const COUNTS = [["calls", "call"], ["lost", "lost"], ["refused", "refused"], ["delivered", "delivered"], ["failed", "failed"], ["retries", "tried again"]];

function drawn(tag, given) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(given)) element.setAttribute(name, String(value));
  return element;
}

const iso = (time) => `${new Date(time).toISOString().slice(0, 19)}Z`;
const day = (time) => new Date(time).toDateString();

// Return a time of the day, with the date where the others are of another day.
const named = (time, beside) => (day(time) === day(beside) && day(time) === day(Date.now()) ? clock(time) : `${new Date(time).toLocaleDateString("sv")} ${clock(time)}`);

export class Timeline {
  // `choose` is told a span of ISO times, or two empty texts for all time.
  constructor(choose) {
    this.act = { choose };
    this.bars = [];
    this.step = 1;
    this.filters = {};
    this.isOn = false; // whether the calls are in sight
    this.from = NaN; // where a press began, px
    this.keys = null; // the first and the last time that arrow keys have chosen
    this.svg = drawn("svg", { id: "strip", role: "slider", tabindex: 0, "aria-valuemin": 0, width: "100%", height: HEIGHT });
    this.marked = drawn("rect", { class: "marked", y: 0, height: HEIGHT, width: 0 });
    this.words = make("p", { id: "strip-words" });
    this.all = button("All time ✕", () => this.act.choose("", ""), "plain");
    refill(one("timeline"), this.svg, this.words, this.all);
    this.svg.addEventListener("pointerdown", (event) => this.press(event));
    this.svg.addEventListener("pointermove", (event) => this.move(event));
    this.svg.addEventListener("pointerup", (event) => this.release(event));
    this.svg.addEventListener("pointercancel", () => this.let());
    this.svg.addEventListener("pointerleave", () => this.say(this.held()));
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.svg.addEventListener("blur", () => (this.let(), this.say(null)));
    new ResizeObserver(() => this.draw()).observe(one("timeline"));
  }

  // Show it beside the calls only.
  show(isOn) {
    this.isOn = isOn;
    this.draw();
  }

  // Ask for the counts in the time that the filters leave.
  async refresh(filters = this.filters) {
    this.filters = filters;
    const span = { since: instant(filters.since ?? ""), until: instant(filters.until ?? "") };
    const answer = await timeline(span).catch(() => null);
    if (filters !== this.filters) return;
    this.bars = (answer && answer.bars) || [];
    this.step = (answer && answer.step) || 1;
    this.draw();
  }

  get isChosen() {
    return Boolean(this.filters.since || this.filters.until);
  }

  draw() {
    const place = one("timeline");
    place.hidden = !this.isOn || (!this.bars.length && !this.isChosen);
    this.all.hidden = !this.isChosen;
    if (place.hidden) return;
    const ms = this.step * 1000;
    this.start = this.bars.length ? Date.parse(this.bars[0].time) : 0;
    const last = this.bars.length ? Date.parse(this.bars.at(-1).time) : 0;
    this.count = Math.max(LEAST, (last - this.start) / ms + 1);
    this.start = last - (this.count - 1) * ms; // the newest stand at the right
    this.width = this.svg.clientWidth || 600;
    const wide = this.width / this.count;
    const most = Math.max(1, ...this.bars.map((bar) => bar.calls + bar.refused));
    const tried = Math.max(1, ...this.bars.map((bar) => bar.delivered + bar.failed));
    const nodes = [drawn("line", { class: "base", x1: 0, x2: this.width, y1: BASE + 0.5, y2: BASE + 0.5 })];
    for (const bar of this.bars) {
      const x = ((Date.parse(bar.time) - this.start) / ms) * wide;
      const rect = (name, y, height) => height && nodes.push(drawn("rect", { class: name, x, y, width: Math.max(1, wide - (wide > 3 ? 1 : 0)), height }));
      const lost = bar.lost + bar.refused;
      const bad = tall(lost, most, BASE - 2);
      const all = Math.max(bad, tall(bar.calls + bar.refused, most, BASE - 2));
      rect("calls", BASE - all, all - bad);
      rect("lost", BASE - bad, bad);
      const good = tall(bar.delivered, tried, 8);
      rect("delivered", BASE + 1, good);
      rect("failed", BASE + 1 + good, tall(bar.failed, tried, 9 - good));
      if (bar.retries) nodes.push(drawn("circle", { class: "retried", cx: x + wide / 2, cy: HEIGHT - 2.5, r: 2 }));
    }
    this.svg.replaceChildren(...nodes, this.marked);
    this.svg.setAttribute("aria-label", this.summed());
    if (this.keys) this.mark();
    else if (!this.over) this.say(null);
    this.tell();
  }

  // Return the whole strip in a sentence.
  summed() {
    const sum = (name) => this.bars.reduce((total, bar) => total + bar[name], 0);
    if (!this.bars.length) return "No calls in this time.";
    const first = Date.parse(this.bars[0].time);
    const to = Date.parse(this.bars.at(-1).time) + this.step * 1000;
    return `${plural(sum("calls"), "call")} from ${named(first, to)} to ${named(to, first)}: ${sum("lost")} lost, ${sum("delivered")} delivered, `
      + `${sum("failed")} failed, ${sum("retries")} tried again. The filter takes since: and until:.`;
  }

  // Say what a bar holds, or else of what time the strip is.
  say(bar) {
    this.over = bar !== null;
    if (bar) {
      const told = COUNTS.filter(([name]) => bar[name]).map(([name, word]) => (name === "calls" ? plural(bar.calls, word) : `${bar[name]} ${word}`));
      refill(this.words, make("b", {}, clock(bar.time)), make("span", {}, told.join(" · ")));
      return;
    }
    const to = this.bars.length ? Date.parse(this.bars.at(-1).time) + this.step * 1000 : NaN;
    const range = this.bars.length ? `${named(Date.parse(this.bars[0].time), to)} – ${clock(to)}` : "nothing in this time";
    refill(this.words, make("b", {}, range),
      make("span", {}, `a bar is ${spoken(this.step)}; drag to filter`));
  }

  // Left and right go to the bar before or after, with shift they take it in as well; Enter filters by them.
  key(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !this.bars.length) return;
    if (way) this.slide(way, event.shiftKey);
    else if (event.key === "Enter" && this.keys) {
      const [first, last] = this.keys;
      this.let();
      this.act.choose(iso(first), iso(last + this.step * 1000));
    } else return;
    event.preventDefault();
  }

  slide(way, takes) {
    const times = this.bars.map((bar) => Date.parse(bar.time));
    const beside = (time) => times.at(way < 0 ? Math.max(0, times.findIndex((other) => other >= time) - 1) : times.findIndex((other) => other > time));
    const [first, last] = this.keys ?? [NaN, NaN];
    if (!this.keys) this.keys = [times.at(-1), times.at(-1)];
    else if (takes) this.keys = way < 0 ? [beside(first), last] : [first, beside(last)];
    else this.keys = Array(2).fill(beside(way < 0 ? first : last));
    this.mark();
    this.tell();
  }

  // Mark what the keys have chosen, and say what it holds.
  mark() {
    const [first, last] = this.keys.map((time) => ((time - this.start) / this.step / 1000 / this.count) * this.width);
    this.marked.setAttribute("x", first);
    this.marked.setAttribute("width", Math.max(0, last - first) + this.width / this.count);
    this.say(this.held());
  }

  // Return all bars that the keys have chosen as one, or null.
  held() {
    const chosen = this.keys && this.bars.filter((bar) => Date.parse(bar.time) >= this.keys[0] && Date.parse(bar.time) <= this.keys[1]);
    if (!chosen || !chosen.length) return null;
    const sum = (name) => chosen.reduce((total, bar) => total + bar[name], 0);
    return { time: chosen[0].time, ...Object.fromEntries(COUNTS.map(([name]) => [name, sum(name)])) };
  }

  // Tell who does not see it which bar is chosen.
  tell() {
    const newest = Math.max(0, this.bars.length - 1);
    const now = this.keys ? this.bars.findIndex((bar) => Date.parse(bar.time) >= this.keys[1]) : newest;
    this.svg.setAttribute("aria-valuemax", newest);
    this.svg.setAttribute("aria-valuenow", now < 0 ? newest : now);
    this.svg.setAttribute("aria-valuetext", this.words.textContent);
  }

  at(event) {
    return Math.min(this.width, Math.max(0, event.clientX - this.svg.getBoundingClientRect().left));
  }

  press(event) {
    if (event.button !== 0 || !this.bars.length) return;
    this.keys = null;
    this.from = this.at(event);
    this.svg.setPointerCapture(event.pointerId);
  }

  move(event) {
    const x = this.at(event);
    if (!Number.isNaN(this.from)) {
      this.marked.setAttribute("x", Math.min(x, this.from));
      this.marked.setAttribute("width", Math.abs(x - this.from));
    }
    const time = this.start + this.stepOf(x) * this.step * 1000;
    this.say(this.bars.find((bar) => Date.parse(bar.time) === time) ?? this.held());
  }

  stepOf(x) {
    return Math.min(this.count - 1, Math.floor((x / this.width) * this.count));
  }

  // A drag chooses the steps that it touches; a click chooses one.
  release(event) {
    if (Number.isNaN(this.from)) return;
    const x = this.at(event);
    const [first, last] = (Math.abs(x - this.from) < MOVED ? [x, x] : [Math.min(x, this.from), Math.max(x, this.from)]).map((px) => this.stepOf(px));
    const ms = this.step * 1000;
    this.let();
    this.act.choose(iso(this.start + first * ms), iso(this.start + (last + 1) * ms));
  }

  let() {
    this.from = NaN;
    this.keys = null;
    this.marked.setAttribute("width", 0);
  }
}

const tall = (count, most, px) => (count ? Math.max(2, Math.round((count / most) * px)) : 0);

function spoken(seconds) {
  const [size, word] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(([least]) => seconds % least === 0);
  return seconds === size ? `a ${word}`.replace("a hour", "an hour") : `${seconds / size} ${word}s`;
}
