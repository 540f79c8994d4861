// The filter box: `user: group: type: event: trait: code: level: outcome:` and free text, as in the terminal.

export const NAMES = ["user", "group", "type", "event", "trait", "code", "level", "outcome", "delivery", "since", "until", "session", "source", "door"];

const TOKEN = /([a-z]+):("(?:[^"\\]|\\.)*"?|[^\s"]\S*|)|("(?:[^"\\]|\\.)*"?)|(\S+)/giu;

const bare = (text) => (text.startsWith('"') ? text.slice(1).replace(/"$/, "").replace(/\\(.)/g, "$1") : text);

// Return {filters, unknown}: what the server is asked, and words before a colon that are no filter.
export function read(text) {
  const filters = {};
  const unknown = [];
  const free = [];
  for (const [whole, name, value, quoted, word] of text.matchAll(TOKEN)) {
    const known = name && NAMES.includes(name.toLowerCase());
    if (known) {
      if (bare(value)) filters[name.toLowerCase()] = bare(value);
    } else if (name && !/^[a-z]+:\/\//i.test(whole)) unknown.push(name);
    else free.push(bare(quoted || word || whole));
  }
  if (free.length) filters.q = free.join(" ");
  return { filters, unknown };
}

const OF_TODAY = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

// Return a time as the server takes it: 10:15 or 10:15:03 is a time of today, anything else stays as it is.
export function instant(text) {
  const given = OF_TODAY.exec(text);
  if (!given) return text;
  const at = new Date();
  at.setHours(Number(given[1]), Number(given[2]), Number(given[3] ?? 0), 0);
  return at.toISOString();
}

// Return filters as the server takes them.
export function asked(filters) {
  const times = ["since", "until"].filter((name) => filters[name]).map((name) => [name, instant(filters[name])]);
  return { ...filters, ...Object.fromEntries(times) };
}

export const quoted = (value) => (/[\s"\\]/.test(value) ? `"${value.replace(/(["\\])/g, "\\$1")}"` : value);

// Return the text with this filter set, or without it where the value is empty or already there.
export function toggled(text, name, value) {
  const had = read(text).filters[name] === value;
  const rest = [...text.matchAll(TOKEN)].filter((one) => (one[1] || "").toLowerCase() !== name).map((one) => one[0]);
  return (had || !value ? rest : [...rest, `${name}:${quoted(value)}`]).join(" ");
}

export const has = (text, name, value) => read(text).filters[name] === value;

// Return what stands in the address: the filter, the view and the call.
export function address() {
  const query = new URLSearchParams(location.search);
  const hash = new URLSearchParams(location.hash.slice(1));
  return { q: query.get("q") || "", view: query.get("view") || "calls", whatIf: query.get("if") || "", call: hash.get("call") || "", record: hash.get("record") || "" };
}

// Return the address of a filter, a view and a call.
export function link({ q = "", view = "calls", whatIf = "", call = "", record = "" }) {
  const query = new URLSearchParams();
  if (q) query.set("q", q);
  if (view !== "calls") query.set("view", view);
  if (whatIf) query.set("if", whatIf);
  const search = query.size ? `?${query}` : "";
  const hash = call ? `#call=${encodeURIComponent(call)}` : record ? `#record=${encodeURIComponent(record)}` : "";
  return `${location.pathname}${search}${hash}`;
}
