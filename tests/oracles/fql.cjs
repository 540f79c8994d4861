// Segment's published trigger language as an oracle. One JSON line in, one out, in order.
//   [["<trigger>", "<JSON of one event>"], ...]  ->  [{"outcome": "true" | "false" | "error"}, ...]
// error: the trigger cannot be read, or its evaluation throws; either way the mapping sends nothing.
const readline = require("node:readline");
const { parseFql, validate } = require("@segment/destination-subscriptions");

function outcome([trigger, event]) {
  const parsed = parseFql(trigger);
  if (parsed.error) return "error";
  try {
    return String(validate(parsed, JSON.parse(event)));
  } catch {
    return "error";
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(JSON.parse(line).map((asked) => ({ outcome: outcome(asked) }))) + "\n");
  }
})();
