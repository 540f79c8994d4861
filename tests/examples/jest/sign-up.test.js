const { Analytics } = require("@segment/analytics-node");
const { signUp } = require("../app.cjs");
const { openSession } = require("../segment-pendo.cjs");

let session, analytics;

beforeEach(async () => {
  session = await openSession(expect.getState().currentTestName);
  // This SDK drops a path in `host`, so the prefix stands in `path`.
  const { home: host, prefix } = session;
  analytics = new Analytics({ writeKey: "WRITE_KEY", host, path: `${prefix}/v1/batch`, flushAt: 1 });
});
afterEach(() => analytics.closeAndFlush());

test("who signs up is a visitor with a first name", async () => {
  signUp(analytics, { id: "userId1", firstName: "Ann", plan: "pro", company: "Acme" });
  const [row] = await session.wait({ type: "identify", user: "userId1", trait: "firstName" });
  expect(row.delivery.state).toBe("delivered");
  expect(await session.visitor("userId1")).toEqual({ firstname: "Ann", plan: "pro" });
});

test("signing up sends nothing that Segment or Pendo loses", async () => {
  signUp(analytics, { id: "userId1", firstName: "Ann", plan: "pro", company: "Acme" });
  const rows = await session.wait({ user: "userId1" }, { count: 2 });
  expect(rows.map(({ outcome }) => outcome)).toEqual(["webhook", "webhook"]);
  expect(rows.flatMap(({ findings }) => findings).filter(({ level }) => level !== "info")).toEqual([]);
});
