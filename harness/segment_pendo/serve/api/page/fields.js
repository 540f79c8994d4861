// What the app sent, where it shows in Pendo, and why: the path, the fix and the table.

import { button, copied, cut, make, mono } from "./dom.js";
import { human, isObject, lastName, levels, lostBy, maskedAt, newName, shown } from "./words.js";

const IN_CALL = /^\$\.(traits|properties)/;
const SIMPLE = ["string", "number", "boolean"];

// Return the stages as a path that ends where the call ended.
export function stagePath(row, explained) {
  const { state, status } = row.delivery || {};
  const steps = (explained.stages || []).map((stage) => [stage.stage, stage.ended ? "ended" : stage.changes.length && stage.stage !== "ingest" ? "changed" : "", stage.says]);
  if (state) steps.push([`Pendo ${status ?? state}`, state === "dead" ? "ended" : state === "waiting" ? "open" : "", state]);
  return make("ol", { class: "path", "aria-label": "Stages" }, ...steps.map(([name, how, says]) =>
    make("li", { class: how, title: says }, how === "ended" ? `${name} ✕` : name)));
}

// Return the box with what to send instead, or null where there is nothing to mend.
export function fixBox(row, explained) {
  const lines = [];
  for (const field of (explained.fields || []).filter((one) => one.to === null && IN_CALL.test(one.from || ""))) {
    if (!isObject(field.value) || /\[\d+\]$/.test(field.from)) continue; // a part of a list has no name to be sent by
    const parts = Object.entries(field.value).filter(([, value]) => SIMPLE.includes(typeof value));
    if (!parts.length) continue;
    const flat = parts.map(([name, value]) => `${key(`${lastName(field.from)}_${name}`)}: ${JSON.stringify(value)}`).join(", ");
    lines.push([`$.${human(field.from)}`, ["Send ", mono(cut(flat, 300), "strong"), " instead of ", mono(human(field.from))], flat]);
  }
  const { error, warning } = levels(row);
  for (const finding of [...error, ...warning]) {
    const told = lines.find(([path]) => path === finding.path && finding.code === "NESTED_IGNORED");
    if (told) told[3] = finding.code;
    else lines.push([finding.path, [finding.path === "$" ? "" : mono(human(finding.path)), finding.path === "$" ? "" : ": ", finding.message], null, finding.code]);
  }
  const last = (explained.attempts || []).at(-1);
  if (last && last.state !== "delivered" && last.detail) lines.unshift(["", [last.detail[0].toUpperCase() + last.detail.slice(1)], null, null]);
  const [, todo] = row.outcome === "skipped" ? lostBy(row) : [];
  if (todo) lines.unshift(["", [todo], null, row.code]);
  if (!lines.length) return null;
  return make("div", { class: "fix" }, make("b", {}, "Fix"), make("ul", {}, ...lines.slice(0, 6).map(([, says, text, code]) =>
    make("li", {}, ...says, text ? button("copy", () => copied(text, "the replacement"), "plain") : null, code ? mono(code, "code") : null))));
}

const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

// Return the table of fields; what only Segment adds is folded away.
export function fieldsTable(row, explained) {
  const all = explained.fields || [];
  if (!all.length) return [make("p", { class: "quiet" }, "Pendo gets nothing of this call.")];
  const isShown = (field) => field.to !== null || IN_CALL.test(field.from || field.webhook || "");
  const rest = all.filter((field) => !isShown(field));
  const nodes = [table(all.filter(isShown))];
  if (rest.length) nodes.push(make("details", {}, make("summary", {}, `${rest.length} more that Pendo does not show`), table(rest)));
  return nodes;
}

function table(fields) {
  const heads = ["Your app sent", "Pendo shows", "Value", "Why", "Sure?"];
  return make("table", { class: "fields" },
    make("thead", {}, make("tr", {}, ...heads.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...fields.map((field) => line(field, heads))));
}

function line(field, heads) {
  const lost = field.to === null && IN_CALL.test(field.from || field.webhook || "");
  const to = newName(field);
  const path = human(field.from || field.webhook || "");
  const name = lastName(`$.${path}`);
  const start = path.endsWith(name) ? path.slice(0, path.length - name.length) : "";
  const sent = field.from ? [start, make(lost ? "span" : to === null ? "span" : "b", {}, start ? name : path)] : [`${path} `, make("span", { class: "quiet" }, `made by ${field.by || "Segment"}`)];
  const why = field.rule.startsWith("--") ? field.rule : field.rule.replace(/^[^:]*: /, "");
  const said = lost && field.from ? [make("b", { class: "bad-word" }, field.webhook ? "lost: " : "lost before Pendo: "), why] : to !== null ? [make("b", { class: "warn-word" }, "renamed: "), why] : [why];
  const cells = [
    make("td", { class: "mono" }, lost && field.from ? make("del", {}, ...sent) : make("span", {}, ...sent)),
    make("td", { class: `mono to${lost ? " nothing" : field.to === null ? " unused" : ""}` }, make("span", {}, ...place(field, to))),
    make("td", { class: "mono value" }, make("span", {}, cut(JSON.stringify(maskedAt(field.webhook ?? field.from, field.value)) ?? "", 400))),
    make("td", { title: field.rule }, make("span", {}, ...said)),
    make("td", { class: "quiet" }, make("span", {}, field.grade)),
  ];
  cells.forEach((cell, index) => (cell.dataset.head = heads[index]));
  return make("tr", { class: lost ? "lost" : to !== null ? "renamed" : "" }, ...cells);
}

function place(field, to) {
  if (field.to === null) return ["nothing"];
  const match = /^(visitor|account) segmentio\.(.*)$/s.exec(field.to);
  if (!match) return [shown(field.to).replace(/ id$/, " ID")];
  const group = match[1] === "account" ? "account ▸ " : "segment.io ▸ ";
  return [group, make(to === null ? "span" : "b", {}, match[2])];
}
