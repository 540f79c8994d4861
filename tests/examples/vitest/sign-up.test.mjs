import { Analytics } from "@segment/analytics-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { signUp } from "../app.cjs";
import { openSession } from "../segment-pendo.cjs";

let session, analytics;

beforeEach(async ({ task }) => {
  session = await openSession(task.name);
  const { home: host, prefix } = session;
  // This SDK drops a path in `host`, so the prefix stands in `path`.
  analytics = new Analytics({ writeKey: "WRITE_KEY", host, path: `${prefix}/v1/batch`, flushAt: 1 });
});
afterEach(() => analytics.closeAndFlush());

test("who signs up is a visitor with a first name", async () => {
  signUp(analytics, { id: "userId1", firstName: "Ann", plan: "pro", company: "Acme" });
  const [row] = await session.wait({ type: "identify", user: "userId1", trait: "firstName" });
  expect(row.delivery.state).toBe("delivered");
  expect(JSON.parse(row.body).traits).toEqual({ firstName: "Ann", plan: "pro" });
  expect(await session.visitor("userId1")).toEqual({ firstname: "Ann", plan: "pro" });
});

test("a company is an account, and other tests do not see it", async () => {
  expect(await session.visitor("userId1")).toBeUndefined();
  signUp(analytics, { id: "userId2", firstName: "Bob", plan: "free", company: "Initech" });
  const [row] = await session.wait({ type: "group", group: "initech" });
  expect([row.user, row.outcome, row.findings]).toEqual(["userId2", "webhook", []]);
});
