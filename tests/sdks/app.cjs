// An app as it is: identify, group, a batch of 100 and a flush, with Segment's own Node SDK and nothing of ours.
// With OAUTH_KEY (PEM) it signs in by OAuth, at OAUTH_SERVER if that is given.
const { Analytics } = require("@segment/analytics-node");

const { OAUTH_KEY: clientKey, OAUTH_SERVER: authServer } = process.env;
const oauth = clientKey ? { oauthSettings: { clientId: "an-app", clientKey, keyId: "a-key", ...(authServer ? { authServer } : {}) } } : {};

async function main() {
  const analytics = new Analytics({ writeKey: "WRITE_KEY_of_an_app", ...oauth, ...(process.argv[2] ? { host: process.argv[2] } : {}), ...(process.argv[3] ? { path: process.argv[3] } : {}) });
  let failed = 0;
  analytics.on("error", () => { failed += 1; });
  analytics.identify({ userId: "u-1", traits: { name: "Ann", plan: "pro" } });
  analytics.group({ userId: "u-1", groupId: "acme", traits: { name: "Acme", employees: 5 } });
  for (let i = 0; i < 100; i += 1) analytics.identify({ userId: `many-${i}`, traits: { i } });
  await analytics.closeAndFlush();
  process.exitCode = failed ? 9 : 0;
}

module.exports = main();
