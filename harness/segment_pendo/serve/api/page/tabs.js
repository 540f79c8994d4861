// Tabs with one tab stop: arrows move, the panel follows.

import { make, refill } from "./dom.js";

// Return tabs over a panel; `all` is [name, () => nodes][]; `chosen` is told the name that is opened.
export function tabbed(all, wanted, chosen, label = "About this call") {
  const panel = make("div", { role: "tabpanel", class: "panel" });
  // A name may end with a count.
  const base = (name) => name.replace(/ \S*\d\S*$/, "");
  const start = Math.max(0, all.findIndex(([name]) => base(name) === base(wanted)));
  const tabs = all.map(([name], index) => make("button", { type: "button", role: "tab", on: { click: () => open(index) } }, name));
  function open(index) {
    tabs.forEach((tab, at) => {
      tab.setAttribute("aria-selected", String(at === index));
      tab.tabIndex = at === index ? 0 : -1;
    });
    panel.setAttribute("aria-label", all[index][0]);
    refill(panel, ...all[index][1]());
    chosen(all[index][0]);
  }
  const list = make("div", {
    role: "tablist", class: "tabs", "aria-label": label,
    on: {
      keydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const to = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
        open(to);
        tabs[to].focus();
      },
    },
  }, ...tabs);
  open(start);
  return make("div", {}, list, panel);
}
