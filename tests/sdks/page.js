// Bundled into the page of another origin: Analytics.js with nothing of ours but the address of the settings.
import { AnalyticsBrowser } from "@segment/analytics-next";

window.go = async (cdnURL, segment) => {
  const [analytics] = await AnalyticsBrowser.load({ writeKey: "WRITE_KEY_browser", cdnURL }, { integrations: { "Segment.io": segment } });
  await analytics.identify("u-1", { name: "Ann", plan: "pro" });
  await analytics.group("acme", { name: "Acme", employees: 5 });
  for (let i = 0; i < 100; i += 1) analytics.identify(`many-${i}`, { i });
};

window.tracked = async (cdnURL, events) => {
  const [analytics] = await AnalyticsBrowser.load({ writeKey: "WRITE_KEY_browser", cdnURL });
  for (const event of events) await analytics.track(event);
};
