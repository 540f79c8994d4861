// One call: the verdict, what to do, the fields, and what went over the wire.

import { append, button, copied, cut, make, mono, one, refill, say } from "./dom.js";
import { asCurl, asJson, asPytest } from "./copy.js";
import { devicePane } from "./device.js";
import { fieldsTable, fixBox, stagePath } from "./fields.js";
import { block } from "./json.js";
import { tabbed } from "./tabs.js";
import * as whatif from "./whatif.js";
import { calls, change, explained as ask } from "./wire.js";
import { CHOSEN, clock, fateOf, human, isObject, judged, levels, lostBy, maskedText, newName, parsed, plural, says, shown, titled, traitName, traits } from "./words.js";

// Return the verdict: the sentence that stands largest.
export function verdict(row, explained) {
  const { all, lost, renamed, sent, taken } = explained ? traits(explained) : { all: [] };
  const { state, status, detail } = row.delivery || {};
  const parts = [];
  if (state === "dead") parts.push(status === null ? `Not delivered: ${detail || "no answer"}. ` : `Pendo answered ${status}: not delivered. `);
  if (state === "waiting") parts.push("Not delivered yet. ");
  if (state === "held") parts.push("Held back. ");
  if (row.outcome === "skipped") return [CHOSEN.has(row.code) ? "Not sent to Pendo. " : "", lostBy(row)[0]];
  if (!all.length) return [...parts, explained ? fateOf(explained).verdict : says(row, null)];
  const [single, several] = row.type === "track" ? ["property", "properties"] : ["trait", "traits"];
  const reach = state === "delivered" ? (sent === 1 ? "reaches" : "reach") : "would reach";
  const count = lost.length ? `${taken} of ${sent} ${sent === 1 ? single : several}` : { 1: `The only ${single}`, 2: `Both ${several}` }[sent] ?? `All ${sent} ${several}`;
  parts.push(`${count} ${reach} Pendo.`);
  const more = parts.length;
  for (const field of renamed.slice(0, 3)) parts.push(parts.length > more ? "; " : " ", mono(cut(traitName(field), 40)), " arrives as ", mono(cut(newName(field), 40)));
  if (lost.length) {
    parts.push(parts.length > more ? "; " : " ");
    lost.slice(0, 3).forEach((field, index) => parts.push(index ? ", " : "", mono(cut(traitName(field), 40))));
    parts.push(`${lost.length > 3 ? ` and ${lost.length - 3} more` : ""} ${lost.length === 1 ? "does" : "do"} not arrive`);
  }
  if (parts.length > more) parts.push(".");
  return parts;
}

export class Detail {
  // `go` opens another view; `close` goes back to the list.
  constructor({ go, close, opened }) {
    this.place = one("detail");
    this.row = null;
    this.explained = null;
    this.tab = "Fields";
    this.mark = "";
    this.whatIf = ""; // what another set-up is asked for, as in the address
    this.act = { go, close, opened };
  }

  // Show that no call is chosen; `more` is what stands there instead, `mark` what it is made from.
  nothing(text, more = null, mark = "") {
    const told = `nothing ${text} ${mark}`;
    if (this.mark === told) return;
    this.row = null;
    this.mark = told;
    refill(this.place, more, make("p", { class: "none" }, text));
  }

  // Show a call; what it is explained as is asked for, unless it is given.
  async show(row, known = null) {
    this.row = row;
    if (row.refused) return this.draw(row, null);
    const { whatIf } = this;
    if (whatIf) {
      const otherwise = await ask(row.id, whatif.asked(whatIf)).catch(() => null);
      return this.row === row && this.whatIf === whatIf ? this.draw(otherwise ?? row, otherwise) : undefined;
    }
    const explained = known || (await ask(row.id).catch(() => null));
    if (this.row !== row || this.whatIf) return undefined;
    if (explained) row.delivery = explained.delivery;
    return this.draw(row, explained);
  }

  draw(row, explained) {
    const mark = JSON.stringify([this.whatIf, row.id, row.delivery, explained && explained.attempts, explained && explained.fate]);
    if (mark === this.mark) return;
    this.mark = mark;
    this.explained = explained;
    const { tone, pill } = judged(row, explained);
    refill(this.place,
      button("‹ Calls", () => this.act.close(), "back"),
      this.whatIf ? whatif.banner(this.whatIf, () => this.act.go({ whatIf: "" })) : null,
      make("h2", { class: `verdict ${tone}`, tabindex: "-1" }, ...verdict(row, explained)),
      this.line(row, explained, pill, tone),
      ...(row.refused ? refusal(row) : [this.actions(row, explained)]));
    if (explained) {
      append(this.place, [stagePath(row, explained)]);
      append(this.place, [fixBox(row, explained)]);
      const { where } = fateOf(explained);
      if (where) this.place.append(make("p", { class: "where" }, where));
      this.place.append(this.tabs(row, explained));
    }
    this.act.opened(row);
  }

  line(row, explained, pill, tone) {
    const sent = explained && parsed(explained.body ?? explained.message ?? explained.sent);
    const body = isObject(sent) ? sent : {};
    const library = body.context && body.context.library;
    const { state, status, attempts } = row.delivery || {};
    const last = ((explained && explained.attempts) || []).at(-1);
    const took = last ? ` in ${Math.round(last.seconds * 1000)} ms` : "";
    const answer = state ? `webhook ${{ dead: "not delivered" }[state] || state}${status === null ? "" : ` ${status}`}${took}${attempts > 1 ? `, ${attempts} attempts` : ""}` : "";
    const bits = [
      titled(row).map(([text]) => text).join(""),
      clock(row.time, true),
      body.messageId ? `messageId ${cut(shown(body.messageId), 24)}` : "",
      isObject(library) && library.name && library.name !== "unknown" ? `${shown(library.name)} ${shown(library.version ?? "")}` : "",
      answer,
    ];
    return make("p", { class: "line" }, make("span", { class: `pill ${tone}` }, pill), " ", bits.filter(Boolean).join(" · "));
  }

  actions(row, explained) {
    const person = row.user !== null && row.user !== undefined && row.user !== "";
    return make("div", { class: "actions" },
      row.outcome === "webhook" && !this.whatIf ? button("Send again", () => this.again(), "first", { id: "again", "aria-keyshortcuts": "r" }) : null,
      button("Copy as curl", () => this.copy("curl"), "", { "aria-keyshortcuts": "c" }),
      button("JSON", () => this.copy("JSON")),
      button("pytest", () => this.copy("pytest")),
      button("Copy link", () => copied(location.href, "the link to this call")),
      person && explained ? button(`Only ${cut(shown(row.user), 24)}`, () => this.act.go({ view: "calls", name: "user", value: shown(row.user) })) : null,
      ...Object.entries((explained && explained.effect) || {}).filter(([kind, record]) => record && ["visitor", "account"].includes(kind)).map(([kind, { id }]) =>
        button(`Open ${kind} ${cut(shown(id), 24)} →`, () => this.act.go({ view: `${kind}s`, record: shown(id) }))));
  }

  copy(what) {
    if (!this.explained) return;
    const made = { curl: asCurl, JSON: asJson, pytest: asPytest }[what](this.row, this.explained, location.origin);
    copied(made, `the call as ${what}`);
  }

  async again() {
    if (!this.row || this.row.refused || this.whatIf) return;
    const { status, body } = await change("/_/send-again", { call: this.row.id }).catch(() => ({ status: 0, body: null }));
    if (status >= 200 && status < 300) say("Sent again: the same webhook, one more attempt.");
    else say(status === 404 && !body ? "This server cannot send again." : `Not sent: ${(body && body.error) || `the server answered ${status}`}`);
  }

  tabs(row, explained) {
    const webhook = explained.body !== null && explained.body !== undefined;
    const shownTabs = [["Fields", () => fieldsTable(row, explained)]];
    if (explained.sent !== undefined) shownTabs.push(["Call as sent", () => [block(explained.sent)]]);
    if (webhook) shownTabs.push(["Webhook", () => webhookOf(explained)]);
    else if (explained.message) shownTabs.push(["To other destinations", () => [block(explained.message)]]);
    const attempts = explained.attempts || [];
    if (attempts.length) shownTabs.push([`Answer ${attempts.at(-1).status ?? "none"}`, () => attempts.map(attemptOf)]);
    if (["identify", "group", "track"].includes(row.type)) shownTabs.push(["Browser destination", () => devicePane(row)]);
    if ((explained.stages || []).length) shownTabs.push(["Stages", () => stagesOf(explained)]);
    // As in the navigation, notes (info) are not counted.
    const told = row.findings.filter((one) => one.level !== "info").length;
    if (row.findings.length) shownTabs.push([`Findings ${told}`, () => findingsOf(row, this.act.go)]);
    const user = row.user !== null && row.user !== undefined && row.user !== "" && typeof row.user !== "object" ? shown(row.user) : "";
    if (user) shownTabs.push([`History of ${cut(user, 16)}`, () => this.history(user)]);
    return tabbed(shownTabs, this.tab, (name) => (this.tab = name));
  }

  history(user) {
    const list = make("ol", { class: "history" }, make("li", {}, "…"));
    calls({ user }, { limit: 50 }).then((page) => {
      refill(list, ...page.calls.map((call) => {
        const { tone, pill } = judged(call, null);
        const text = `${clock(call.time)}  ${titled(call).map(([part]) => part).join("")}`;
        return make("li", {}, button(text, () => this.act.go({ call: call.id }), "mono plain"), make("span", { class: `pill ${tone}` }, pill));
      }));
    }).catch((error) => refill(list, make("li", {}, String(error.message))));
    return [list];
  }
}

function refusal(row) {
  return [
    make("div", { class: "actions" }, button("Copy link", () => copied(location.href, "the link to this request"))),
    make("p", { class: "line" }, `It was answered ${shown(row.status)}, as Segment would: it brought no call, and the SDK may drop or repeat it.`),
    make("dl", { class: "facts" }, ...[["Path", row.path], ["Code", row.code], ["Id", row.id.replace(/^refused-/, "")]].flatMap(([name, value]) => [make("dt", {}, name), make("dd", { class: "mono" }, shown(value ?? ""))])),
  ];
}

function webhookOf(explained) {
  const bytes = new TextEncoder().encode(explained.body).length;
  const headers = Object.entries(explained.headers || {}).map(([name, value]) => `${name}: ${value}`).join("\n");
  return [make("h3", {}, "Headers"), make("pre", { tabindex: "0" }, headers), make("h3", {}, `Body, ${bytes.toLocaleString("en")} bytes`), block(explained.body)];
}

function attemptOf(attempt) {
  const headers = (attempt.headers || []).map(([name, value]) => `${name}: ${value}`).join("\n");
  const head = `Attempt ${attempt.number} at ${clock(attempt.time, true)}: ${attempt.status === null ? "no answer" : attempt.status} after ${Math.round(attempt.seconds * 1000)} ms, ${attempt.state}`;
  return make("section", {}, make("h3", {}, head), attempt.detail ? make("p", {}, attempt.detail) : null,
    headers ? make("pre", { tabindex: "0" }, headers) : null,
    attempt.answer ? make("pre", { tabindex: "0" }, cut(attempt.answer, 20000)) : make("p", { class: "quiet" }, "The answer had no body."));
}

function stagesOf(explained) {
  return explained.stages.map((stage) => make("section", { class: stage.ended ? "ended" : "" },
    make("h3", {}, stage.stage, make("span", { class: "quiet" }, ` ${stage.says}`)),
    stage.changes.length ? make("ul", { class: "changes" }, ...stage.changes.map((change) => make("li", { class: "mono" },
      make("b", {}, human(change.path) || "$"), " ",
      change.before === null ? null : make("del", {}, cut(shown(maskedText(change.path, change.before)), 300)), change.before === null ? null : " → ",
      change.after === null ? "removed" : cut(shown(maskedText(change.path, change.after)), 300)))) : null));
}

function findingsOf(row, go) {
  const { error, warning, info } = levels(row);
  const told = [...error, ...warning];
  const nodes = told.length ? [listOf(told, go)] : [];
  if (info.length) nodes.push(make("details", told.length ? {} : { open: true }, make("summary", {}, plural(info.length, "note")), listOf(info, go)));
  return nodes;
}

function listOf(findings, go) {
  return make("ul", { class: "findings" }, ...findings.map((finding) => make("li", { class: finding.level },
    make("span", { class: `pill ${{ error: "bad", warning: "warn", info: "idle" }[finding.level]}` }, finding.level), " ",
    button(finding.code, () => go({ view: "calls", name: "code", value: finding.code }), "mono plain", { title: "Only calls with this code" }),
    " at ", mono(human(finding.path) || "$"), make("div", {}, finding.message), make("div", { class: "quiet" }, `Known from: ${finding.source}`))));
}
