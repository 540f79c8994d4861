// A list with one tab stop of which one line is chosen: arrows move, the focus stays while lines change.

import { make, refill } from "./dom.js";

export class Choice {
  // `choose` is told the name of a line.
  constructor(label, choose) {
    this.names = [];
    this.chosen = "";
    this.choose = choose;
    this.element = make("div", {
      role: "listbox", tabindex: "0", class: "choice", "aria-label": label,
      on: { keydown: (event) => this.key(event), click: (event) => this.take(event.target.closest("[data-at]")) },
    });
  }

  // Show lines, [name, nodes][], of which one is chosen; `last` stands below them and is none.
  fill(lines, chosen, last = null) {
    this.names = lines.map(([name]) => name);
    refill(this.element, ...lines.map(([name, nodes], at) => make("div", {
      role: "option", id: `line-${at}`, "data-at": at, "aria-selected": "false",
    }, ...nodes)), last);
    this.mark(chosen);
  }

  mark(name) {
    this.chosen = name;
    const at = this.names.indexOf(name);
    for (const line of this.element.querySelectorAll("[data-at]")) line.setAttribute("aria-selected", String(Number(line.dataset.at) === at));
    if (at >= 0) this.element.setAttribute("aria-activedescendant", `line-${at}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  take(line) {
    if (line) this.to(Number(line.dataset.at));
  }

  to(at) {
    this.mark(this.names[at]);
    this.choose(this.names[at]);
  }

  key(event) {
    const at = this.names.indexOf(this.chosen);
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: this.names.length - 1 }[event.key];
    if (to === undefined || !this.names.length) return;
    event.preventDefault();
    const line = Math.min(this.names.length - 1, Math.max(0, to));
    this.to(line);
    this.element.querySelector(`#line-${line}`)?.scrollIntoView({ block: "nearest" });
  }
}
