// A session of segment-pendo for each test: an address for the SDK, and what came to it.
const home = process.env.SEGMENT_PENDO_URL ?? "http://127.0.0.1:4170";

async function ask(path, query = {}, init = {}) {
  const url = `${home}${path}?${new URLSearchParams(query)}`;
  const answer = await fetch(url, { ...init, headers: { "X-Segment-Pendo": "1" } });
  const body = await answer.json();
  if (!answer.ok && answer.status !== 408) throw new Error(body.error);
  return { isThere: answer.status !== 408, ...body };
}

// What came instead, and, for a user's trait, why Pendo does not have it.
async function missed(session, filters) {
  const { calls } = await ask("/_/calls", { session });
  const came = calls.map(({ type, user, outcome, code }) => `  came: ${type} of ${user}, ${code ?? outcome}`);
  const { user, trait } = filters;
  const why = user && trait ? await ask("/_/why", { session, user, trait }) : { lines: [] };
  const lines = why.lines.map(({ label, text }) => `  ${label}: ${text}`);
  return [why.verdict, ...came, ...lines].filter(Boolean).join("\n");
}

exports.openSession = async (name) => {
  const { id, prefix, url } = await ask("/_/sessions", {}, { method: "POST", body: JSON.stringify({ name }) });
  return {
    id, home, prefix, url,
    // The rows of calls that match; they have come, and their deliveries have ended.
    async wait(filters, { count = 1, seconds = 3 } = {}) {
      const { isThere, calls } = await ask("/_/wait", { ...filters, session: id, count, timeout: seconds });
      if (isThere) return calls;
      throw new Error(`no ${JSON.stringify(filters)} within ${seconds} s.\n${await missed(id, filters)}`);
    },
    // What Pendo would hold of a visitor, in lower case as Pendo has it; undefined where it holds nothing.
    async visitor(user) {
      const { records } = await ask("/_/records", { session: id, kind: "visitor", q: user });
      return records.find((record) => record.id === user)?.metadata.segmentio;
    },
  };
};
