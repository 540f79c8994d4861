// The page under test. In production, where its settings come from is Segment's CDN.
import { AnalyticsBrowser } from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load({ writeKey: "WRITE_KEY", cdnURL: window.SEGMENT_CDN });

document.querySelector("#sign-up").addEventListener("click", () => {
  const firstName = document.querySelector("#name").value;
  analytics.identify("userId1", { firstName, plan: "pro" });
});
