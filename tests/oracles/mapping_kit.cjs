// Segment's Webhook action as an oracle for mappings. One JSON line in, one out, in order.
//   [{"event": "<JSON>", "mapping": "<JSON>", "secret": "..."}, ...]
//     ->  [{"method": "...", "headers": [[name, value], ...], "body": "..." | null} | {"error": "...", "said": "..."}, ...]
// The whole action runs, down to node-fetch; only what would open a socket is ours. `body` is null where no body goes out.
const { EventEmitter } = require("node:events");
const { PassThrough } = require("node:stream");
const https = require("node:https");
const readline = require("node:readline");
const { Destination } = require("@segment/actions-core");
const webhook = require("@segment/action-destinations/dist/destinations/webhook").default;

let seen = [];

https.request = (options) => {
  const request = new EventEmitter();
  const chunks = [];
  request.write = (chunk) => chunks.push(Buffer.from(chunk)) > 0;
  request.abort = request.destroy = () => {};
  request.end = (chunk) => {
    if (chunk !== undefined) chunks.push(Buffer.from(chunk));
    const headers = Object.entries(options.headers).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
    seen.push({ method: options.method, headers, body: chunks.length ? Buffer.concat(chunks).toString("latin1") : null });
    const response = new PassThrough();
    Object.assign(response, { statusCode: 200, statusMessage: "OK", headers: {}, rawHeaders: [] });
    setImmediate(() => {
      request.emit("response", response);
      response.end("{}");
    });
  };
  return request;
};

async function posted(destination, { event, mapping, secret }) {
  const subscription = { name: "pendo", enabled: true, partnerAction: "send", subscribe: 'type != "never"', mapping: JSON.parse(mapping) };
  seen = [];
  await destination.onEvent(JSON.parse(event), { sharedSecret: secret, subscriptions: [subscription] });
  return seen.length === 1 ? seen[0] : { error: `${seen.length} requests`, said: "" };
}

async function main() {
  const destination = new Destination(webhook);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answers = [];
    for (const asked of JSON.parse(line)) {
      try {
        answers.push(await posted(destination, asked));
      } catch (error) {
        answers.push({ error: error.constructor.name, said: String(error.message).slice(0, 300) });
      }
      destination.responses.length = 0;
    }
    process.stdout.write(JSON.stringify(answers) + "\n");
  }
}

main();
