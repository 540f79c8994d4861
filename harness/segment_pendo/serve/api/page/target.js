// Where webhooks go, and how the newest attempt went: the line beside the name.

import { button, make, one, refill } from "./dom.js";
import { shown } from "./words.js";

const LOOPBACK = "loopback";

// Return what a destination is called: a real one with its region.
export function called(summary) {
  const name = shown(summary.destination ?? "");
  if (name === LOOPBACK) return "Pendo on loopback";
  return summary.region ? `${name} (${shown(summary.region)})` : name;
}

// Return how webhooks are made, in a few words.
function how({ setup = {}, delivers }) {
  const words = [];
  if (delivers === false) words.push("not sent in this run");
  if (setup.destination) words.push(several(setup.destination.mappings?.length ?? 1, "mapping"));
  else if (typeof setup.track === "boolean") words.push(`track ${setup.track ? "on" : "off"}`, shown(setup.webhook ?? ""));
  const assumed = Object.keys(setup.assume || {}).length;
  if (assumed) words.push(several(assumed, "assumption"));
  return words.filter(Boolean).join(" · ");
}

const several = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// Draw it; `open` shows the call of the newest attempt.
export function draw(summary, open) {
  const place = one("target");
  if (!summary || !summary.destination) return refill(place);
  const last = summary.newestAttempt;
  const failed = last && ["dead", "waiting"].includes(last.state);
  const name = called(summary);
  const to = failed
    ? button(`${last.status ?? "no answer"} from ${name}`, () => open(shown(last.call)), "plain bad-word", { title: `${last.detail ?? ""} Show the newest attempt.`.trim() })
    : make("span", {}, name);
  const more = how(summary);
  const focused = place.contains(document.activeElement);
  refill(place, "→ ", to, more ? make("span", { class: "how" }, ` · ${more}`) : null);
  if (focused) place.querySelector("button")?.focus();
  place.title = place.textContent;
  return undefined;
}
