// Segment's published filter engine as an oracle. One JSON line in, one out, in order.
//   {"event": "<JSON of one event>", "filters": [{"ir": ..., "transformers": [...]}]}
//       ->  {"body": "..."} | {"dropped": "<type of transformer>"} | {"error": "..."}
//   {"condition": "<FQL>"}  ->  {"tokens": [[kind, value], ...]} | {"error": "..."}
// The filters run in the order that Segment documents: of kinds first, then as they come.
const readline = require("node:readline");
// What npm installs today in the place of @stdlib/math-base-special-ldexp 0.0.5 calls its helpers as they were once: it
// gives 0 for everything. This is what it computes when its own tests pass.
const ldexp = require.resolve("@stdlib/math-base-special-ldexp");
require(ldexp);
require.cache[ldexp].exports = (fraction, exponent) => fraction * 2 ** exponent;
const { matches, transform } = require("@segment/tsub");
const { lex } = require("@segment/fql-ts");

const ORDER = ["sample_event", "drop", "drop_properties", "allow_properties"];
const rank = (transformer) => (ORDER.indexOf(transformer.type) + ORDER.length + 1) % (ORDER.length + 1);
const first = (filter) => Math.min(...filter.transformers.map(rank), ORDER.length);
Math.random = () => 0; // by lot, every event is kept

function filtered({ event, filters }) {
  const payload = JSON.parse(event);
  for (const { ir, transformers } of filters.map((filter) => ({ ...filter })).sort((a, b) => first(a) - first(b))) {
    if (!matches(payload, { type: "fql", ir: JSON.stringify(ir) })) continue;
    for (const transformer of [...transformers].sort((a, b) => rank(a) - rank(b)))
      if (transform(payload, [transformer]) === null) return { dropped: transformer.type };
  }
  // Another part of Segment's code loses these keys (W-28).
  return { body: JSON.stringify(payload, (key, value) => (key === "__proto__" ? undefined : value)) };
}

function lexed({ condition }) {
  const { tokens, error } = lex(condition);
  if (error) return { error: String(error) };
  return { tokens: tokens.map(({ type, value }) => [type, value]).filter(([type]) => type !== "eos") };
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answers = [];
    for (const asked of JSON.parse(line)) {
      try {
        answers.push("condition" in asked ? lexed(asked) : filtered(asked));
      } catch (error) {
        answers.push({ error: String(error) });
      }
    }
    process.stdout.write(JSON.stringify(answers) + "\n");
  }
})();
