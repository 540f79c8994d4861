// Elements made by hand: what comes from the wire only ever becomes text.

export const one = (id) => document.getElementById(id);

// Return an element; a child that is no element is text, null is left out.
export function make(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [kind, act] of Object.entries(value)) element.addEventListener(kind, act);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === "") continue;
    element.append(child instanceof Node ? child : visible(String(child)));
  }
}

export function refill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

export const mono = (text, name = "") => make("span", { class: `mono ${name}`.trim() }, text);

export const button = (text, act, name = "", more = {}) =>
  make("button", { type: "button", class: name, on: { click: act }, ...more }, text);

// Return a text without control characters and without marks that turn its direction round.
export function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (mark) =>
    `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

let last = 0;

// Put a text into the clipboard and say so.
export async function copied(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}.`);
  } catch {
    const area = make("textarea", { class: "away" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    say(done ? `Copied ${what}.` : `The browser does not allow copying. Open the tab and select the text.`);
  }
}

// Say a sentence at the foot of the page for some seconds.
export function say(text) {
  one("said").textContent = visible(text);
  clearTimeout(last);
  last = setTimeout(() => (one("said").textContent = ""), 4000);
}
