// Findings by code: how often, an example, and what to do.

import { button, make, refill } from "./dom.js";
import { levelOf, mutedBy, toggle } from "./mute.js";
import { findings } from "./wire.js";
import { plural, shown } from "./words.js";

const TONES = { error: "bad", warning: "warn", info: "idle" };

// Return the codes of /_/findings, errors first; null where this server does not count them.
export async function counted() {
  const answer = await findings().catch(() => null);
  if (!answer || !Array.isArray(answer.findings)) return null;
  return answer.findings.map((one) => ({ ...one, level: levelOf(one) }));
}

// Draw the view; `muted` is called when a code is muted or no longer. Return what draws it again.
export async function draw(place, go, muted) {
  const change = (code) => {
    toggle(code);
    muted();
    show();
  };
  const cards = (all) => make("div", { class: "cards" }, ...all.map((one) => card(one, go, change)));
  const show = async () => {
    const all = (await counted()) || [];
    const told = all.filter((one) => one.level !== "info");
    const quiet = all.filter((one) => mutedBy(one.code));
    const notes = all.filter((one) => one.level === "info" && !mutedBy(one.code));
    const wasOpen = place.querySelector("details")?.open;
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.mute : undefined;
    refill(place, make("h2", {}, "Findings"),
      make("p", { class: "quiet" }, "What Pendo makes of the calls, by code. A click shows the calls. A muted code colours nothing and counts nowhere; filters still find it."),
      cards(told), told.length ? null : make("p", {}, "No errors and no warnings."),
      quiet.length ? make("h3", { class: "under" }, "Muted") : null, quiet.length ? cards(quiet) : null,
      notes.length ? make("details", { open: wasOpen }, make("summary", {}, `${plural(notes.length, "note")} (info)`), cards(notes)) : null);
    if (focused) place.querySelector(`[data-mute="${CSS.escape(focused)}"]`)?.focus();
  };
  await show();
  return show;
}

// Return what to mend first: the codes that most calls have, errors before warnings; null where there are none.
export function first(codes, go) {
  const told = (codes || []).filter((one) => one.level !== "info").slice(0, 5);
  return told.length ? make("div", {}, make("h2", { class: "verdict" }, "Fix first"), make("div", { class: "cards" }, ...told.map((one) => card(one, go)))) : null;
}

function card(one, go, change = null) {
  const open = (call, words) => (call ? button(words, () => go({ view: "calls", call: shown(call) }), "plain") : null);
  return make("article", { class: "card" },
    make("h3", {}, make("span", { class: `pill ${TONES[one.level] || "idle"}` }, one.level || "finding"),
      button(shown(one.code), () => go({ view: "calls", name: "code", value: shown(one.code) }), "mono plain", { title: "Only calls with this code" }),
      make("span", { class: "quiet" }, `${one.once ? "first seen in " : ""}${one.count === 1 ? "1 call" : `${Number(one.count).toLocaleString("en")} calls`}`),
      one.first === one.last ? open(one.last, "show it") : [open(one.first, "first"), open(one.last, "last")],
      change && one.level !== "info" || change && mutedBy(one.code) ? muting(one.code, change) : null),
    one.means ? make("p", {}, shown(one.means)) : null,
    one.do ? make("p", { class: "quiet" }, shown(one.do)) : null);
}

function muting(code, change) {
  const by = mutedBy(code);
  if (by === "the project's settings") return make("span", { class: "quiet end" }, "muted in the project's settings");
  return button(by ? "unmute" : "mute", () => change(code), "plain end", { "data-mute": code, title: by ? "Muted in this browser" : "Play it down in this browser; mute = [...] in segment-pendo.toml does it for everybody" });
}
