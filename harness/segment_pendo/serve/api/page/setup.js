// How to point an SDK here, with this instance's own address; it stands where no call has come yet.

import { button, copied, make, refill, say } from "./dom.js";
import { snippets } from "./snippets.js";
import { tabbed } from "./tabs.js";
import * as whatif from "./whatif.js";

const TEST = { type: "identify", userId: "test-user", traits: { firstName: "Ann", plan: "pro", address: { city: "Oslo" } } };
let opened = "Python";

// Send a call as an SDK does.
export async function sendTest() {
  const answer = await fetch("/v1/identify", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ writeKey: "test", ...TEST }),
  }).catch(() => null);
  say(answer && answer.ok ? "Sent a test call: identify test-user." : "The test call was not taken; the terminal says why.");
}

export function draw(place, addresses, isEmpty = false) {
  const { origin } = location;
  const all = snippets(origin, addresses ?? {}).map(([name, note, text]) => [name, () => [
    make("div", { class: "noted" }, make("p", { class: "quiet" }, note), button("Copy", () => copied(text, `the snippet for ${name}`))),
    make("pre", { tabindex: "0" }, text),
  ]]);
  const { proxy, tls, ca } = addresses || {};
  const doors = [proxy ? `proxy ${proxy}` : "", tls ? `TLS ${tls}` : "", ca ? `CA ${ca}` : ""].filter(Boolean).join(" · ");
  refill(place,
    make("h2", { class: isEmpty ? "verdict" : "" }, isEmpty ? "No calls yet. Point an SDK here." : "Set-up"),
    make("p", { class: "line" }, "This instance listens at ", make("b", { class: "mono" }, origin), ". Calls show here as soon as they come."),
    doors ? make("p", { class: "line mono" }, doors) : null,
    make("div", { class: "actions" }, button("Send a test call", sendTest, isEmpty ? "first" : ""), button("Copy address", () => copied(origin, "the address"))),
    tabbed(all, opened, (name) => (opened = name), "SDKs"));
}

// Draw the view with "what if" below; return what draws that again.
export function view(place, addresses, text, go) {
  const [upper, lower] = [make("section", { "aria-label": "Set-up" }), make("section", { class: "what-if", "aria-label": "What if" })];
  draw(upper, addresses);
  refill(place, upper, lower);
  return whatif.draw(lower, text, go);
}
