// An app as it is: identify, group, a batch of 100 and a flush, with Segment's own Node SDK and nothing of ours.
const { Analytics } = require("@segment/analytics-node");

async function main() {
  const analytics = new Analytics({ writeKey: "WRITE_KEY_of_an_app", ...(process.argv[2] ? { host: process.argv[2] } : {}), ...(process.argv[3] ? { path: process.argv[3] } : {}) });
  let failed = 0;
  analytics.on("error", () => { failed += 1; });
  analytics.identify({ userId: "u-1", traits: { name: "Ann", plan: "pro" } });
  analytics.group({ userId: "u-1", groupId: "acme", traits: { name: "Acme", employees: 5 } });
  for (let i = 0; i < 100; i += 1) analytics.identify({ userId: `many-${i}`, traits: { i } });
  await analytics.closeAndFlush();
  process.exitCode = failed ? 9 : 0;
}

module.exports = main();
