// A call as something to run elsewhere. The write key is left out: who runs it puts in their own.

import { eventOf, isObject, parsed, shown } from "./words.js";

const TYPES = ["identify", "group", "track", "page", "screen", "alias"];

function bare(explained) {
  const sent = parsed(explained.sent ?? "");
  if (!isObject(sent)) return sent;
  return Object.fromEntries(Object.entries(sent).filter(([name]) => name !== "writeKey"));
}

export const asJson = (_row, explained) => JSON.stringify(bare(explained), null, 2);

const shell = (text) => `'${text.replace(/'/g, "'\\''")}'`;

export function asCurl(row, explained, origin) {
  const path = TYPES.includes(row.type) ? row.type : "batch";
  const body = path === "batch" ? { batch: [bare(explained)] } : bare(explained);
  return `curl -u WRITE_KEY: ${shell(`${origin}/v1/${path}`)} -H 'Content-Type: application/json' \\\n  -d ${shell(JSON.stringify(body))}`;
}

// Return a JSON value as Python writes it.
export function python(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, one]) => `${python(name)}: ${python(one)}`).join(", ")}}`;
  return JSON.stringify(value);
}

const word = (text) => text.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "").toLowerCase().slice(0, 40);

export function asPytest(row, explained) {
  const call = bare(explained);
  const type = TYPES.includes(row.type) ? row.type : "identify";
  const id = type === "group" ? row.group : ["track", "page", "screen"].includes(type) ? eventOf(row) || null : row.user;
  const name = ["test", type, word(shown(id ?? "")), "arrives"].filter(Boolean).join("_");
  const { visitor, account } = explained.effect || {};
  const record = type === "group" ? account && ["account", account] : visitor && ["visitor", visitor];
  const expected = record && Object.keys(record[1].metadata || {}).length
    ? `    metadata = segment_pendo.${record[0]}(${python(String(record[1].id))})["metadata"]\n    assert metadata.items() >= ${python(record[1].metadata)}.items()\n`
    : "";
  return `import json
import urllib.request

from segment_pendo.testing import ${type}


def ${name}(segment_pendo):
    call = ${python(call)}
    body = json.dumps({"writeKey": "WRITE_KEY", "batch": [call]}).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(segment_pendo.host + "/v1/batch", body, headers))
    segment_pendo.wait(${type}(${id === null || id === undefined ? "" : python(id)}))
${expected}`;
}
