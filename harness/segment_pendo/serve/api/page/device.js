// What Segment's browser destinations for Pendo would do with a call, beside the webhook.

import { make, refill } from "./dom.js";
import { inBrowser } from "./wire.js";
import { shown } from "./words.js";

const TITLES = [["actions", "Pendo Web (Actions)"], ["classic", "Pendo (classic)"]];

// Return the pane, which fills itself.
export function devicePane(row) {
  const place = make("div", { "aria-live": "polite" }, make("p", { class: "quiet" }, "…"));
  inBrowser(row.id).catch(() => null).then((told) => refill(place, told && told.device ? panes(told.device) : make("p", {}, "segment-pendo does not answer.")));
  return [place];
}

function panes(device) {
  const splits = device.splits || [];
  return [
    make("p", { class: "quiet" }, "If the same call went to Pendo from the browser as well. Those destinations write to the metadata group agent, the webhook to segment.io."),
    ...splits.map((text) => make("p", { class: "split" }, make("b", { class: "warn-word" }, "Both on: "), shown(text))),
    make("table", {}, make("thead", {}, make("tr", {}, ...["Destination", "Visitor", "Account", "Event", ""].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...TITLES.filter(([name]) => device[name]).map(([name, title]) => line(title, device[name])))),
  ];
}

function line(title, { sent, visitor, account, event, why }) {
  const cell = (value) => make("td", { class: value === null ? "quiet" : "mono" }, value === null ? "none" : shown(value));
  return make("tr", {}, make("th", { scope: "row" }, title), ...(sent ? [visitor, account, event].map(cell) : [make("td", { colspan: "3", class: "quiet" }, "sends nothing")]),
    make("td", { class: "quiet" }, shown(why ?? "")));
}
