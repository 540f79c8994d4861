// JSON as it stands in the bytes, set out over lines: numbers and the order of keys stay as they are.

import { make, visible } from "./dom.js";

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const MOST = 200_000;

// Return the text over lines, with write keys cut to their last four.
export function laidOut(text) {
  const pieces = text.slice(0, MOST).match(TOKEN) || [];
  let out = "";
  let depth = 0;
  let isKey = false;
  const line = () => `\n${"  ".repeat(Math.min(depth, 60))}`;
  pieces.forEach((piece, index) => {
    const next = pieces[index + 1];
    if (piece === "{" || piece === "[") {
      depth += 1;
      out += piece + (next === "}" || next === "]" ? "" : line());
    } else if (piece === "}" || piece === "]") {
      depth = Math.max(0, depth - 1);
      const before = pieces[index - 1];
      out += (before === "{" || before === "[" ? "" : line()) + piece;
    } else if (piece === ",") out += piece + line();
    else if (piece === ":") out += ": ";
    else {
      out += isKey ? masked(piece) : piece;
      isKey = next === ":" && piece === '"writeKey"';
      return;
    }
    if (piece !== ":") isKey = false;
  });
  return text.length > MOST ? `${out}\n… ${text.length - MOST} more characters` : out;
}

const masked = (piece) => (piece.startsWith('"') ? `"****${piece.length > 10 ? piece.slice(-5, -1) : ""}"` : piece);

// Return a block with the text, names and values set apart.
export function block(text) {
  const pre = make("pre", { tabindex: "0" });
  const all = laidOut(text);
  let at = 0;
  for (const match of all.matchAll(/"(?:[^"\\]|\\.)*"(?=(:)?)/g)) {
    if (match.index > at) pre.append(visible(all.slice(at, match.index)));
    pre.append(make("span", { class: match[1] ? "key" : "text" }, match[0]));
    at = match.index + match[0].length;
  }
  pre.append(visible(all.slice(at)));
  return pre;
}
