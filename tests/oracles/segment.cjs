// Segment's published code as an oracle. One JSON line in, one out, in order.
//   [{"kind": "event", "texts": ["<JSON of one event>"], "secret": "..."}, ...]  ->  [{"headers": [...], "body": "..."} | {"error": "..."}, ...]
// kind: event and batch = Webhooks (Actions), seen from the loopback port it POSTs to; facade = what classic Webhooks made its body of.
const http = require("node:http");
const readline = require("node:readline");
const { Destination } = require("@segment/actions-core");
const webhook = require("@segment/action-destinations/dist/destinations/webhook").default;
const Facade = require("segmentio-facade");

const SUBSCRIBE = 'type = "identify" or type = "group" or type = "track"';
let seen = [];

const pendo = http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    seen.push({ headers: request.rawHeaders, body: Buffer.concat(chunks).toString() });
    response.end("{}");
  });
});

async function posted(destination, url, { kind, texts, secret }) {
  const data = { "@path": "$." };
  const batching = kind === "batch" ? { enable_batching: true, batch_size: 1000 } : {};
  const subscription = {
    name: "pendo",
    enabled: true,
    partnerAction: "send",
    subscribe: SUBSCRIBE,
    mapping: { url, method: "POST", data, ...batching },
  };
  const settings = { sharedSecret: secret, subscriptions: [subscription] };
  seen = [];
  if (kind === "batch") await destination.onBatch(texts.map((text) => JSON.parse(text)), settings);
  else await destination.onEvent(JSON.parse(texts[0]), settings);
  return seen.length === 1 ? seen[0] : { error: `${seen.length} requests` };
}

function facade({ texts }) {
  const event = new Facade(JSON.parse(texts[0]));
  return { body: JSON.stringify(event.json()), enabled: event.enabled("Webhooks") };
}

pendo.listen(0, "127.0.0.1", async () => {
  const url = `http://127.0.0.1:${pendo.address().port}/data/segmentio/KEY`;
  const destination = new Destination(webhook);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answers = [];
    for (const asked of JSON.parse(line)) {
      try {
        answers.push(asked.kind === "facade" ? facade(asked) : await posted(destination, url, asked));
      } catch (error) {
        answers.push({ error: String(error) });
      }
    }
    process.stdout.write(JSON.stringify(answers) + "\n");
  }
  pendo.close();
  pendo.closeAllConnections();
});
