// Keys for those who do not reach for the mouse.

import { button, make, one, refill } from "./dom.js";

const KEYS = [
  ["/", "filter"], ["j  k", "next, previous call"], ["Enter", "open the call"], ["r", "send again"],
  ["c", "copy as curl"], ["p", "pause"], ["←  →", "on the strip: earlier, later; with Shift more; Enter filters"], ["Esc", "back to the list"], ["?", "this help"],
];
const LANGUAGE = [
  ["user:ann", "group:acme  type:track  event:\"Signed Up\""], ["trait:plan", "calls that have this trait"],
  ["code:NESTED_IGNORED", "calls with this finding"], ["level:error", "level:warning means warnings and errors"],
  ["outcome:dropped", "webhook, skipped, dropped, unselected, refused"], ["delivery:dead", "waiting, delivered, held, dead"],
  ["since:10:15", "until:10:15:30, or an ISO time; a drag over the strip sets both"],
  ["session:ID", "source:web", "door:proxy: where the call came in"],
  ["anything else", "text in ids, events, codes, names of traits"],
];

export function listen(acts) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || one("help").open) return;
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Escape") {
      if (typing) event.target.blur();
      acts.back();
    } else if (event.key === "Enter" && event.target !== document.body) {
      return; // it presses the button, or opens what is chosen
    } else if (!typing && acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    }
  });
}

export function help() {
  const dialog = one("help");
  const list = (all) => make("dl", {}, ...all.flatMap(([key, words]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, words)]));
  refill(dialog, make("h2", {}, "Keys"), list(KEYS), make("h2", {}, "Filter"), list(LANGUAGE), button("Close", () => dialog.close(), "first"));
  dialog.showModal();
}
