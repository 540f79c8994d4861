// Codes that are played down: named in the settings of the project, or muted in this browser.

const KEY = "segment-pendo muted codes";

const here = new Set(stored());
let project = new Set();

function stored() {
  try {
    const all = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(all) ? all.filter((code) => typeof code === "string") : [];
  } catch {
    return []; // the browser keeps nothing for this page
  }
}

// Take the codes that the settings name.
export const ofProject = (codes) => (project = new Set(codes || []));

export const isMuted = (code) => here.has(code) || project.has(code);

// Return who muted a code: "this browser", "the project's settings", or an empty text.
export const mutedBy = (code) => (project.has(code) ? "the project's settings" : here.has(code) ? "this browser" : "");

// Mute a code in this browser, or no longer.
export function toggle(code) {
  if (!here.delete(code)) here.add(code);
  try {
    localStorage.setItem(KEY, JSON.stringify([...here]));
  } catch {
    // it stays so until the page is closed
  }
}

export const levelOf = (one) => (isMuted(one.code) ? "info" : one.level);
