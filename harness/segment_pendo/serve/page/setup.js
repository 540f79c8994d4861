// How to point an SDK here, with this instance's own address; it stands where no call has come yet.

import { button, copied, make, refill, say } from "./dom.js";
import { tabbed } from "./tabs.js";

const port = (origin) => new URL(origin).port || "80";
const host = (origin) => new URL(origin).hostname;

// Return [name, note, snippet][] for an address.
export function snippets(origin) {
  return [
    ["Python", "analytics-python 2", `import segment.analytics as analytics\n\nanalytics.write_key = "WRITE_KEY"\nanalytics.host = "${origin}"\nanalytics.identify("ann", {"firstName": "Ann", "plan": "pro"})\nanalytics.flush()`],
    ["Node", "@segment/analytics-node", `import { Analytics } from "@segment/analytics-node";\n\nconst analytics = new Analytics({ writeKey: "WRITE_KEY", host: "${origin}" });\nanalytics.identify({ userId: "ann", traits: { firstName: "Ann", plan: "pro" } });\nawait analytics.closeAndFlush();`],
    ["Browser", "@segment/analytics-next", `import { AnalyticsBrowser } from "@segment/analytics-next";\n\nconst analytics = AnalyticsBrowser.load(\n  { writeKey: "WRITE_KEY", cdnURL: "${origin}" },\n  { integrations: { "Segment.io": { apiHost: "${host(origin)}:${port(origin)}/v1", protocol: "http" } } },\n);\nanalytics.identify("ann", { firstName: "Ann", plan: "pro" });`],
    ["Ruby", "analytics-ruby; it may insist on TLS: then run with --tls-port, or through the proxy", `Analytics = Segment::Analytics.new(\n  write_key: "WRITE_KEY", host: "${host(origin)}", port: ${port(origin)}, ssl: false,\n)\nAnalytics.identify(user_id: "ann", traits: { firstName: "Ann", plan: "pro" })\nAnalytics.flush`],
    ["Go", "analytics-go 3", `client, _ := analytics.NewWithConfig("WRITE_KEY", analytics.Config{Endpoint: "${origin}"})\ndefer client.Close()\nclient.Enqueue(analytics.Identify{\n\tUserId: "ann",\n\tTraits: analytics.NewTraits().Set("firstName", "Ann").Set("plan", "pro"),\n})`],
    ["Any program", "proxy and CA variables are set for it, nothing else changes", "segment-pendo run -- npm start\nsegment-pendo run -- python app.py"],
    ["curl", "Segment's HTTP API", `curl -u WRITE_KEY: ${origin}/v1/identify -H 'Content-Type: application/json' \\\n  -d '{"userId": "ann", "traits": {"firstName": "Ann", "plan": "pro"}}'`],
  ];
}

const TEST = { type: "identify", userId: "test-user", traits: { firstName: "Ann", plan: "pro", address: { city: "Oslo" } } };

// Send a call as an SDK does.
export async function sendTest() {
  const answer = await fetch("/v1/identify", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ writeKey: "test", ...TEST }),
  }).catch(() => null);
  say(answer && answer.ok ? "Sent a test call: identify test-user." : "The test call was not taken; the terminal says why.");
}

export function draw(place, addresses, isEmpty = false) {
  const { origin } = location;
  const all = snippets(origin).map(([name, note, text]) => [name, () => [
    make("p", { class: "quiet" }, note),
    make("pre", { tabindex: "0" }, text),
    make("div", { class: "actions" }, button("Copy", () => copied(text, `the snippet for ${name}`), "first")),
  ]]);
  const { proxy, tls, ca } = addresses || {};
  const doors = [proxy ? `proxy ${proxy}` : "", tls ? `TLS ${tls}` : "", ca ? `CA ${ca}` : ""].filter(Boolean).join(" · ");
  refill(place,
    make("h2", { class: isEmpty ? "verdict" : "" }, isEmpty ? "No calls yet. Point an SDK here." : "Set-up"),
    make("p", { class: "line" }, "This instance listens at ", make("b", { class: "mono" }, origin), ". Calls show here as soon as they come."),
    make("div", { class: "actions" }, button("Send a test call", sendTest, isEmpty ? "first" : ""), button("Copy address", () => copied(origin, "the address"))),
    doors ? make("p", { class: "line mono" }, doors) : null,
    tabbed(all, "Python", () => null));
}
