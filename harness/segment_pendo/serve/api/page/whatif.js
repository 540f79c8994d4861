// What if the destination were set up otherwise: choices, and which calls would then end otherwise.

import { button, cut, make, refill } from "./dom.js";
import { whatIf } from "./wire.js";
import { clock, plural, shown } from "./words.js";

const STEPS = [["webhooks", "sent to Pendo"], ["unselected", "not selected"], ["dropped", "dropped by Segment"]];

// Return what is asked for, as the server takes it: an object of names; `text` is what stands in the address.
export const asked = (text) => Object.fromEntries(new URLSearchParams(text));

// Return what is asked for, in words.
export function words(text) {
  const { track, webhook, assume } = asked(text);
  return [track === undefined ? "" : `track ${track === "1" ? "on" : "off"}`, webhook ?? "", ...(assume ? assume.split(",") : [])].filter(Boolean).join(", ");
}

// Return the banner that stands wherever something is shown as it is not.
export const banner = (text, leave) => make("p", { class: "if", role: "note" }, make("b", {}, `What if: ${words(text)}. `), "The run itself stays as it is. ", button("Leave", leave, "plain"));

// Draw the choices and the answer; `text` returns what is asked for, `go` goes to the address of something else.
export async function draw(place, text, go) {
  const answer = make("div", { "aria-live": "polite" });
  const rows = make("div", { class: "cards" });
  const form = make("div", { class: "choices" });
  refill(place, make("h2", {}, "What if"), make("p", { class: "quiet" }, "Calls that are there, as another set-up would send them. Nothing is sent, and the run stays as it is."), answer, form, rows);
  let last = null;
  const show = async () => {
    const own = text();
    if (own === last) return; // it takes a while, and calls come all the time
    last = own;
    const told = await whatIf(asked(own)).catch(() => null);
    // Settings that do not go together still leave the choices there.
    const known = told && told.error ? await whatIf({}).catch(() => null) : told;
    if (own !== text()) return;
    const focused = form.contains(document.activeElement) ? document.activeElement.name : "";
    refill(form, ...(known && known.setup ? choices(known, own, (next) => go({ whatIf: next })) : []));
    if (focused) form.querySelector(`select[name="${CSS.escape(focused)}"]`)?.focus();
    refill(answer, ...(told ? found(told, own, go) : [make("p", {}, "segment-pendo does not answer.")]));
    refill(rows, ...(told && told.rows ? cards(told, go) : []));
  };
  await show();
  return show;
}

function choices(told, text, choose) {
  const set = (name, value) => {
    const next = { ...asked(text), [name]: value };
    choose(new URLSearchParams(Object.entries(next).filter(([, one]) => one !== "")).toString());
  };
  const assume = new Map((asked(text).assume ?? "").split(",").filter(Boolean).map((pair) => pair.split("=")));
  const decide = (name, value, isDefault) => {
    assume.delete(name);
    if (!isDefault) assume.set(name, value);
    set("assume", [...assume].map((pair) => pair.join("=")).join(","));
  };
  const inFile = told.setup.file ? make("p", { class: "quiet" }, "Track and the kind of webhook are in the destination file.") : null;
  return [
    inFile,
    inFile ? null : select("Track calls", [["0", "not selected"], ["1", "selected"]], told.setup.track ? "1" : "0", (value) => set("track", value)),
    inFile ? null : select("Webhook destination", told.webhooks.map((kind) => [kind, kind]), told.setup.webhook, (value) => set("webhook", value)),
    make("details", { open: assume.size > 0 }, make("summary", {}, `Assumptions${assume.size ? `, ${assume.size} changed` : ""}`),
      make("div", { class: "assumptions" }, ...told.switches.map((one) => {
        const values = Object.entries(one.values).map(([value, means]) => [value, cut(`${value}: ${means}`, 110)]);
        return select(one.name, values, assume.get(one.name) ?? one.value, (value) => decide(one.name, value, false), one.asks, assume.has(one.name));
      }))),
  ];
}

function select(label, values, chosen, choose, asks = "", isChanged = false) {
  const box = make("select", { name: label, on: { change: () => choose(box.value) } }, ...values.map(([value, says]) => make("option", { value, selected: value === chosen }, says)));
  return make("label", { class: isChanged ? "changed" : "" }, make("span", { class: asks ? "mono" : "" }, label), " ", asks ? make("span", { class: "quiet" }, asks) : null, box);
}

function found(told, text, go) {
  if (told.error) return [banner(text, () => go({ whatIf: "" })), make("p", { class: "bad-word" }, shown(told.error))];
  if (!text) return [];
  const counts = STEPS.filter(([name]) => (told.was[name] ?? 0) !== (told.now[name] ?? 0)).map(([name, says]) => `${says} ${told.was[name] ?? 0} → ${told.now[name] ?? 0}`);
  const of = told.partial ? `the newest ${told.looked.toLocaleString("en")} calls` : plural(told.looked, "call");
  return [
    banner(text, () => go({ whatIf: "" })),
    make("h3", { class: "under" }, told.changed ? `${told.changed.toLocaleString("en")} of ${of} would end otherwise` : `None of ${of} would end otherwise`),
    counts.length ? make("p", {}, counts.join(" · ")) : null,
  ];
}

function cards(told, go) {
  return [
    ...told.rows.map((row) => make("article", { class: "card" },
      button(`${clock(row.time)}  ${[row.type, row.user, row.group].filter(Boolean).map((part) => cut(shown(part), 60)).join(" ")}`, () => go({ view: "calls", call: shown(row.id) }), "mono plain"),
      make("p", { class: "quiet" }, make("del", {}, withoutName(row.was))), make("p", {}, withoutName(row.now)))),
    told.changed > told.rows.length ? make("p", { class: "quiet" }, `${told.changed - told.rows.length} more.`) : null,
  ];
}

const withoutName = (fate) => shown(fate).replace(/^[^:]{0,200}?: (?=\S)/, "");
