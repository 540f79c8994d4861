"use strict";

// How many calls the page keeps; older ones are still in /_/calls.
const MOST = 500;
const table = document.getElementById("calls");
const status = document.getElementById("status");
let after = "";
const waiting = new Map();

function cell(row, text, name) {
  const td = row.insertCell();
  td.textContent = text;
  if (name) td.className = name;
}

function named(value) {
  return value === null || value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);
}

function outcome(call) {
  const named = call.mapping === undefined ? "" : ` (${call.mapping})`;
  return call.outcome === "webhook" ? `webhook${named}` : `skipped: ${call.code}`;
}

function delivered(call) {
  if (!call.delivery) return "–";
  const { state, status } = call.delivery;
  const what = state === "dead" ? "not delivered" : state;
  return status === null ? what : `${what} ${status}`;
}

// The webhook; of a skipped call, the event as Segment passes it on to other destinations.
function maskedBody(call) {
  const text = call.body ?? call.message;
  if (text === null) return null;
  try {
    const body = JSON.parse(text);
    if (typeof body.writeKey === "string") body.writeKey = "****" + (body.writeKey.length > 8 ? body.writeKey.slice(-4) : "");
    return JSON.stringify(body, null, 2);
  } catch {
    return "(this body cannot be shown)";
  }
}

// The fate of a call: a sentence, then each value that Pendo is expected to read or to lose, and why.
async function explain(call, place) {
  const fate = place.appendChild(document.createElement("p"));
  fate.className = "fate";
  fate.textContent = call.reason || "";
  const answer = await fetch(`/_/explain?call=${encodeURIComponent(call.id)}`).catch(() => null);
  if (!answer || !answer.ok) return;
  const explained = await answer.json();
  fate.textContent = explained.fate;
  const attempts = explained.attempts || [];
  for (const attempt of attempts.some((attempt) => attempt.detail) ? attempts : []) {
    const line = `attempt ${attempt.number} at ${attempt.time.slice(11, 23)}: ${attempt.detail || `answered ${attempt.status}`}`;
    place.append(Object.assign(document.createElement("p"), { textContent: line, className: "attempt" }));
  }
  const way = explained.stages.slice(1).map((stage) => {
    const paths = stage.changes.map((change) => change.path.replace(/^\$\./, ""));
    const more = paths.length > 5 ? `, ${paths.length - 5} more` : "";
    return stage.stage + (paths.length ? ` (${stage.says}): ${paths.slice(0, 5).join(", ")}${more}` : "");
  });
  if (explained.mapping !== null || explained.stages.slice(1).some((stage) => stage.changes.length)) {
    place.append(Object.assign(document.createElement("p"), { textContent: way.join(" › "), className: "attempt" }));
  }
  const isShown = (field) => field.to !== null || /^\$\.(traits|properties)/.test(field.from || field.webhook || "");
  const fields = explained.fields.filter(isShown);
  if (!fields.length) return;
  const rows = place.appendChild(document.createElement("table"));
  rows.className = "fields";
  const head = rows.createTHead().insertRow();
  for (const name of ["in the call", "in Pendo", "value", "because", "known from"]) {
    head.append(Object.assign(document.createElement("th"), { textContent: name, scope: "col" }));
  }
  for (const field of fields) {
    const row = rows.insertRow();
    if (field.to === null) row.className = "lost";
    cell(row, field.from || `(made by ${field.by})`, "mono");
    cell(row, field.to || (field.webhook ? "nothing" : "lost before Pendo"), "mono");
    cell(row, JSON.stringify(field.value), "mono");
    cell(row, field.rule.startsWith("--") ? field.rule : field.rule.replace(/^[^:]*: /, ""));
    cell(row, field.grade);
  }
}

function details(call) {
  const row = document.createElement("tr");
  const td = row.insertCell();
  td.colSpan = 7;
  explain(call, td.appendChild(document.createElement("div")));
  if (call.findings.length) {
    const list = td.appendChild(document.createElement("ul"));
    for (const finding of call.findings) {
      const text = `${finding.level}: ${finding.code} at ${finding.path}. ${finding.message} (${finding.source})`;
      list.append(Object.assign(document.createElement("li"), { textContent: text, className: finding.level }));
    }
  }
  const body = maskedBody(call);
  if (body !== null && call.body === null) {
    td.append(Object.assign(document.createElement("p"), { textContent: "As Segment passes it on to other destinations:" }));
  }
  if (body !== null) td.append(Object.assign(document.createElement("pre"), { textContent: body }));
  return row;
}

function fill(row, call) {
  row.replaceChildren();
  row.className = `call ${call.outcome}`;
  row.tabIndex = 0;
  row.call = call;
  cell(row, `▸ ${call.time.slice(11, 23)}`);
  cell(row, named(call.type));
  cell(row, named(call.user), "mono");
  cell(row, named(call.group), "mono");
  cell(row, outcome(call));
  cell(row, delivered(call));
  cell(row, call.findings.map((finding) => (finding.level === "info" ? "" : `${finding.level} `) + finding.code).join(", "));
  if (call.delivery && call.delivery.state === "waiting") waiting.set(call.id, row);
  else waiting.delete(call.id);
}

function toggle(row) {
  const next = row.nextElementSibling;
  const open = !(next && !next.classList.contains("call"));
  row.cells[0].textContent = `${open ? "▾" : "▸"} ${row.call.time.slice(11, 23)}`;
  row.setAttribute("aria-expanded", String(open));
  if (open) row.after(details(row.call));
  else next.remove();
}

table.addEventListener("click", (event) => {
  const row = event.target.closest("tr.call");
  if (row) toggle(row);
});
table.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && event.target.matches("tr.call")) {
    event.preventDefault();
    toggle(event.target);
  }
});

document.getElementById("clear").addEventListener("click", async () => {
  await fetch("/_/calls", { method: "DELETE", headers: { "X-Segment-Pendo": "1" } });
  table.replaceChildren();
  waiting.clear();
  after = "";
});

async function load() {
  // Rows whose delivery has not ended are fetched again by refresh().
  const page = await (await fetch(`/_/calls?limit=500&after=${encodeURIComponent(after)}`)).json();
  for (const call of page.calls) fill(table.insertRow(0), call);
  after = page.next;
  if (!page.calls.length && waiting.size) await refresh();
  while (table.rows.length > MOST) table.rows[table.rows.length - 1].remove();
  const health = await (await fetch("/_/health")).json();
  const ends = Object.entries(health.deliveries).map(([state, count]) => `${count} ${state}`).join(", ");
  const refused = health.totals.refused ? `, refused: ${health.totals.refused} (the terminal says why)` : "";
  status.textContent = `calls: ${health.totals.calls}, requests: ${health.totals.requests}` + refused + (ends ? `; webhooks: ${ends}` : "");
  document.getElementById("empty").hidden = table.rows.length > 0;
  document.getElementById("hint").hidden = table.rows.length === 0;
}

async function refresh() {
  let cursor = "";
  for (;;) {
    const page = await (await fetch(`/_/calls?limit=500&outcome=webhook&after=${encodeURIComponent(cursor)}`)).json();
    for (const call of page.calls) if (waiting.has(call.id)) fill(waiting.get(call.id), call);
    if (page.calls.length < 500 || !waiting.size) return;
    cursor = page.next;
  }
}

async function poll() {
  try {
    await load();
  } catch {
    status.textContent = "segment-pendo does not answer; it may have stopped. Start it again if you need it.";
  }
  setTimeout(poll, 700);
}

poll();
