/* What a log shows on a screen: lines of text, without what only terminals understand. Pure. */

/* eslint-disable no-control-regex */
const SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** A line is cut after so many characters. */
export const MOST_OF_LINE = 4000;

/** One line as it was to be seen last: written over after a carriage return, colours left out,
    other control characters shown by their pictures, and cut where it is too long. */
export function shownLine(raw) {
  const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  const part = line.slice(line.lastIndexOf("\r") + 1);
  const isLong = part.length > MOST_OF_LINE;
  const plain = (isLong ? part.slice(0, MOST_OF_LINE) : part).replace(SEQUENCES, "").replace(CONTROLS, picture);
  return isLong ? `${plain}… (${(part.length - MOST_OF_LINE).toLocaleString("en")} more characters)` : plain;
}

function picture(char) {
  const code = char.codePointAt(0);
  return code < 0x20 ? String.fromCodePoint(0x2400 + code) : code === 0x7f ? "␡" : "�";
}

/** The lines of a text: those that are whole, and what came of the next one. */
export function split(text) {
  const lines = text.split("\n");
  const rest = lines.pop();
  return { lines, rest };
}
