import { expect, test } from "@playwright/test";
import { openSession } from "../segment-pendo.cjs";

test("who signs up on the page is a visitor with a first name", async ({ page }, { title }) => {
  const session = await openSession(title);
  // Analytics.js asks there for its settings, which keep it at the session's address.
  await page.addInitScript((url) => { window.SEGMENT_CDN = url; }, session.url);
  await page.goto("/");
  await page.getByLabel("First name").fill("Ann");
  await page.getByRole("button").click();
  const [row] = await session.wait({ type: "identify", user: "userId1", trait: "firstName" });
  expect(row.delivery.state).toBe("delivered");
  expect(await session.visitor("userId1")).toEqual({ firstname: "Ann", plan: "pro" });
});
