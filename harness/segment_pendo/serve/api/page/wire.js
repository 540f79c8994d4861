// What the page asks of /_/. A path that this server does not have answers null.

const JSON_TYPE = /^application\/json/;

async function asked(path, given = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) if (value !== "" && value !== null) query.set(name, value);
  const answer = await fetch(query.size ? `${path}?${query}` : path, { cache: "no-store" });
  if (!JSON_TYPE.test(answer.headers.get("content-type") || "")) return { status: answer.status, body: null };
  return { status: answer.status, body: await answer.json() };
}

// Paths that this server does not have; they are not asked for again.
const missing = new Set();

export const isMissing = (path) => missing.has(path);

async function found(path, given) {
  if (missing.has(path)) return null;
  const { status, body } = await asked(path, given);
  if (status === 404 && path !== "/_/explain") missing.add(path);
  return status === 200 ? body : null;
}

// Return {calls, next}, newest first: the rows before a cursor that match the filters. Throws with the server's words.
export async function calls(filters, { before = "", limit = 100 } = {}) {
  const { status, body } = await asked("/_/calls", { ...filters, newest: "1", before, limit });
  if (status !== 200) throw new Refusal(body && body.error ? String(body.error) : `the server answered ${status}`);
  return body;
}

export class Refusal extends Error {}

export const explained = (id, whatIf = {}) => found("/_/explain", { call: id, ...whatIf });
export const inBrowser = (id) => found("/_/explain", { call: id, device: "1" });
export const summary = () => found("/_/summary");
export const findings = () => found("/_/findings");
export const refused = (span) => found("/_/refused", { ...span, newest: "1", limit: 200 });
export const timeline = (span) => found("/_/timeline", span);
export const records = (kind, q, limit) => found("/_/records", { kind, q, limit });
export const why = (given) => found("/_/why", given);
// Return which calls would end otherwise, or {error} with the server's words.
export async function whatIf(given) {
  const { body } = await asked("/_/what-if", given);
  return body;
}

export const health = () => found("/_/health");

// Change something: no other page can send this header without a preflight, which is refused.
export async function change(path, body, method = "POST") {
  const answer = await fetch(path, {
    method,
    headers: { "X-Segment-Pendo": "1", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let read = null;
  try {
    read = JSON.parse(text);
  } catch {
    // not JSON: the status says enough
  }
  return { status: answer.status, body: read };
}
