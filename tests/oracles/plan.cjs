// ajv as an oracle of JSON Schema draft-07. One JSON line in, one out, in order.
//   [{"schema": "<JSON>", "values": ["<JSON>", ...]}, ...]  ->  [{"verdicts": [{"valid": true, "errors": [["/path", "keyword"], ...]}, ...]} | {"error": "..."}, ...]
// ownProperties: that every object "has" a constructor is a trap of JavaScript, not of JSON Schema.
const readline = require("node:readline");
const Ajv = require("ajv");
const formats = require("ajv-formats");

const ajv = formats(new Ajv({ strict: false, allErrors: true, ownProperties: true, logger: false }));

function judged({ schema, values }) {
  const read = JSON.parse(schema);
  let judge;
  try {
    judge = ajv.compile(read);
  } catch (error) {
    return { error: String(error.message) };
  }
  const verdicts = values.map((text) => {
    try {
      const valid = judge(JSON.parse(text));
      return { valid, errors: valid ? [] : judge.errors.map((one) => [one.instancePath, one.keyword, one.schemaPath]) };
    } catch (error) {
      return { error: String(error.message) };
    }
  });
  if (typeof read === "object") ajv.removeSchema(read); // it would keep them all
  return { verdicts };
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin }))
    process.stdout.write(JSON.stringify(JSON.parse(line).map(judged)) + "\n");
})();
