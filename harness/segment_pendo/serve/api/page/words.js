// What happened to a call, in words and in one of five tones: good, warn, bad, idle, wait.

import { cut } from "./dom.js";
import { isMuted, levelOf } from "./mute.js";

// Somebody chose that these do not go to Pendo; each other reason to skip a call is a loss. As their level says.
export const CHOSEN = new Set([
  "NO_MATCHING_MAPPING", "FILTERED_BY_INTEGRATIONS_OBJECT", "FILTERED_BY_CONSENT", "DESTINATION_DISABLED",
  "FILTERED_BY_DESTINATION_FILTER", "FUNCTION_DROPPED", "FUNCTION_EVENT_NOT_SUPPORTED",
]);

export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const shown = (value) => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));

export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

export const clock = (time, more = false) => {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return "";
  const two = (number, width = 2) => String(number).padStart(width, "0");
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return more ? `${text}.${two(at.getMilliseconds(), 3)}` : text;
};

const events = new WeakMap();

// Return the name of a track, page or screen call.
export function eventOf(row) {
  if (row.event !== undefined) return row.event === null ? "" : shown(row.event);
  if (!events.has(row)) {
    const body = ["track", "page", "screen"].includes(row.type) ? parsed(row.body ?? row.message ?? "") : undefined;
    const name = isObject(body) ? body.event ?? body.name : undefined;
    events.set(row, name === undefined || name === null ? "" : shown(name));
  }
  return events.get(row);
}

// Return a number from 0 to 5 for the name of an app: its colour.
export const colourOf = (source) => [...source].reduce((sum, letter) => (sum * 107 + letter.codePointAt(0)) % 6007, 3) % 6;

// Return [text, is strong][]: the first line of a row.
export function titled(row) {
  if (row.refused) return [["request ", false], [row.path || "", true]];
  const user = row.user === null || row.user === undefined || row.user === "" ? "" : cut(shown(row.user), 60);
  const group = row.group === null || row.group === undefined || row.group === "" ? "" : cut(shown(row.group), 60);
  const event = cut(eventOf(row), 80);
  const parts = [[`${shown(row.type ?? "no type")} `, false]];
  if (event) parts.push([event, true], [user ? ` · ${user}` : "", false], [group ? ` · ${group}` : "", false]);
  else if (row.type === "group") parts.push([group || "(no group id)", true], [user ? ` · ${user}` : "", false]);
  else parts.push([user || "(no user id)", true], [group ? ` · ${group}` : "", false]);
  if (row.mapping) parts.push([` → ${cut(shown(row.mapping), 40)}`, false]);
  return parts.filter(([text]) => text);
}

export const levels = (row) => {
  const of = (level) => (row.findings || []).filter((finding) => levelOf(finding) === level);
  return { error: of("error"), warning: of("warning"), info: of("info") };
};

const KEY = /(?:\.([^.[\]]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\])$/;

// Return the last name of a JSON path, and what a person calls the path.
export const lastName = (path) => {
  const match = KEY.exec(path);
  return match ? match[1] ?? match[2] ?? match[3] : path;
};
export const human = (path) => path.replace(/^\$\.?/, "");

const TRAIT = /^\$\.(?:traits|properties)(?=\.|\[)/;
const FIRST = /^(?:\.[^.[\]]+|\["(?:[^"\\]|\\.)*"\])/;

// Return a call's traits and properties as Pendo takes them: {kept, renamed, lost} of explained fields, of which
// several may be parts of one trait; how many traits were `sent`, and of how many something is `taken`.
export function traits(explained) {
  const all = (explained.fields || []).filter((field) => TRAIT.test(field.from || ""));
  const kept = all.filter((field) => field.to !== null);
  const lost = all.filter((field) => field.to === null);
  const names = (fields) => new Set(fields.map((field) => FIRST.exec(within(field))?.[0])).size;
  return { all, kept, lost, renamed: kept.filter((field) => newName(field) !== null), sent: names(all), taken: names(kept) };
}

const within = (field) => field.from.replace(TRAIT, "");

// Return what a person calls a trait, or the part of one that a field is of: `plan`, `address.city`, `list[0]`.
export function traitName(field) {
  const path = within(field);
  return FIRST.exec(path)?.[0] === path ? lastName(field.from) : path.replace(/^\./, "");
}

// Return the name that a field has in Pendo where it is another one, else null.
export function newName(field) {
  const name = /^(?:visitor|account) segmentio\.(.*)$/s.exec(field.to || "");
  return name && field.from && name[1] !== lastName(field.from) ? name[1] : null;
}

const named = (fields, what) => {
  if (!fields.length) return "";
  const names = fields.slice(0, 2).map((field) => cut(traitName(field), 30)).join(", ");
  return `${names}${fields.length > 2 ? ` and ${fields.length - 2} more` : ""} ${what}`;
};

// Return the second line of a row; `explained` is null until it has been asked for.
export function says(row, explained) {
  if (row.refused) return row.reason || row.message || "refused";
  if (row.outcome === "skipped") return skipped(row);
  const ill = delivered(row);
  if (row.delivery && row.delivery.state === "dead") return ill;
  const words = explained ? summed(explained) : foundWords(row);
  return [ill, words].filter(Boolean).join(" · ");
}

const NO_TRIGGER = "No trigger selects this call";

// The first clause says why, as in the terminal; where a setting is off, that stands behind it.
function skipped(row) {
  const reason = row.reason || row.code || "";
  if (reason.startsWith(NO_TRIGGER)) {
    const conditions = reason.slice(NO_TRIGGER.length + 2).split("; "); // of several, none says it all
    return `not selected: ${lower(NO_TRIGGER)}${conditions.length === 1 ? `: ${conditions[0].replace(/^The trigger: |\.$/g, "")}` : ""}`;
  }
  const clauses = reason.split(/; |, so | \(/);
  const chosen = row.code === "NO_MATCHING_MAPPING" && reason.includes("; ") ? clauses.at(-1) : clauses[0];
  return `${CHOSEN.has(row.code) ? "not selected" : "Segment"}: ${lower(chosen.replace(/\.$/, "").replace(/^The call has (?=neither)/, ""))}`;
}

// Return [why, what to do] of a skipped call; a choice of somebody's needs nothing.
export function lostBy(row) {
  const reason = row.reason || row.code || "";
  const at = CHOSEN.has(row.code) ? -1 : reason.lastIndexOf("; ");
  if (at < 0) return [reason, ""];
  const todo = reason.slice(at + 2);
  return [`${reason.slice(0, at)}.`, todo[0].toUpperCase() + todo.slice(1)];
}

const lower = (text) => (/^(?!Pendo|Segment|Analytics)[A-Z][a-z]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text);

function delivered(row) {
  const { state, status, detail, attempts } = row.delivery || {};
  if (state === "dead") return status === null ? `no answer: ${detail || "not delivered"}` : `Pendo answered ${status}, not delivered`;
  if (state === "held") return "held back";
  if (state === "waiting" && attempts) return `attempt ${attempts} ${status === null ? "had no answer" : `answered ${status}`}, tried again`;
  return "";
}

function summed(explained) {
  const { all, kept, lost, renamed, sent, taken } = traits(explained);
  const { visitor, account, event } = explained.effect || {};
  if (!visitor && !account && all.length && !kept.length) return "Pendo keeps nothing of it";
  if (!all.length) return event ? "the event, without properties" : visitor ? "only the visitor's id" : account ? "only the account's id" : cut(fateOf(explained).verdict, 160);
  if (!lost.length && !renamed.length) {
    const names = kept.slice(0, 3).map((field) => cut(traitName(field), 30)).join(", ");
    const more = kept.length > 3 ? ` and ${kept.length - 3} more` : "";
    const where = kept[0].to.startsWith("account") && account ? `account ${shown(account.id)}` : visitor ? `visitor ${shown(visitor.id)}` : "Pendo";
    return `${names}${more} → ${where}`;
  }
  return [named(renamed, "renamed"), named(lost, "lost"), `${taken} of ${sent} kept`].filter(Boolean).join(" · ");
}

function foundWords(row) {
  const { error, warning } = levels(row);
  const worst = [...error, ...warning];
  return worst.length ? `${lastName(worst[0].path)}: ${lower(worst[0].message)}` : "";
}

// Return {verdict, where}: the fate's sentence without its "identify ann:", and where to look in Pendo.
export function fateOf(explained) {
  const text = explained.fate || "";
  const at = text.search(/\bIn Pendo, look /);
  const verdict = (at < 0 ? text : text.slice(0, at)).trim().replace(/^[^:]{0,200}?: (?=\S)/, "");
  return { verdict: verdict ? verdict[0].toUpperCase() + verdict.slice(1) : "", where: at < 0 ? "" : text.slice(at) };
}

// Return {tone, pill}: the worst of delivery, Segment's verdict and Pendo's effect.
export function judged(row, explained) {
  if (row.refused) return { tone: "bad", pill: "refused" };
  if (row.outcome === "skipped") {
    return CHOSEN.has(row.code) ? { tone: "idle", pill: "skipped" } : { tone: "bad", pill: "dropped" };
  }
  const { state, status, attempts } = row.delivery || {};
  if (state === "dead") return { tone: "bad", pill: status === null ? "failed" : String(status) };
  if (state === "waiting") return { tone: "wait", pill: attempts ? `retry ${attempts}` : "waiting" };
  const { error, warning } = levels(row);
  if (error.length) return { tone: "bad", pill: plural(error.length, "error") };
  if (state === "held") return { tone: "warn", pill: "held" };
  const lost = explained ? traits(explained).lost.filter((field) => !isEmpty(field) && !isPlayedDown(row, field)).length : 0;
  if (explained && explained.effect && !explained.effect.visitor && !explained.effect.account && row.type !== "track") {
    return { tone: "warn", pill: "no effect" };
  }
  if (lost) return { tone: "warn", pill: `${lost} lost` };
  if (warning.length) return { tone: "warn", pill: plural(warning.length, "warning") };
  return { tone: "good", pill: status === null || status === undefined ? "sent" : String(status) };
}

// Where a switch says that Pendo takes no null or empty text, nothing of the call is lost by it.
const isEmpty = (field) => field.value === null || field.value === "";

// Whether a muted code says that a field is lost.
const isPlayedDown = (row, field) => (row.findings || []).some((finding) => isMuted(finding.code) && finding.path.startsWith(field.from));

export const isBad = (row) => judged(row, null).tone === "bad";

const maskedKey = (key) => (typeof key === "string" ? `****${key.length > 8 ? key.slice(-4) : ""}` : key);
const isKeyPath = (path) => /(^|[.["])writeKey"?\]?$/.test(path ?? "");

// Return a JSON value with write keys cut to their last four.
function masked(value, depth = 0) {
  if (depth > 200 || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((one) => masked(one, depth + 1));
  const entries = Object.entries(value).map(([name, one]) => [name, name === "writeKey" ? maskedKey(one) : masked(one, depth + 1)]);
  return Object.fromEntries(entries);
}

// Return the value at a JSON path, or its JSON text, with write keys cut to their last four.
export const maskedAt = (path, value) => (isKeyPath(path) ? maskedKey(value) : masked(value));
export function maskedText(path, text) {
  if (text === null || !(isKeyPath(path) || text.includes('"writeKey"'))) return text;
  return JSON.stringify(maskedAt(path, JSON.parse(text)));
}
