/* What is seen is in the address: the state of the page, read from it and written to it. */
import { nearest } from "./words.js";

/** Names that may stand there once, and those that may stand there several times. */
const ONCE = [
  "batch", "operation", "kind", "step", "label", "tag", "since", "where", "sort", "reverse",
  "objective", "flags", "view", "run", "tab", "with", "path", "scalar", "scale",
];
const MANY = ["status", "brush", "pick"];
/** Of these, what the server is asked about runs. */
const QUERY = [
  "batch", "operation", "kind", "step", "label", "tag", "since", "where", "sort", "reverse",
  "objective", "flags", "status", "brush",
];

/** What may be chosen by some of them. */
const CHOICES = {
  view: ["table", "plots", "curves", "plan"],
  tab: ["about", "log", "files", "diff"],
  scale: ["log"],
};

const listeners = [];
let state = parse(location.search);

/** The state in an address's text. What it does not name is null, or an empty list. */
export function parse(text) {
  const given = new URLSearchParams(text);
  const found = {};
  for (const name of ONCE) found[name] = given.get(name) || null;
  for (const name of MANY) found[name] = given.getAll(name).filter(Boolean);
  return found;
}

/** Whether an address names what has this id: by its first eight digits, or more. */
export const names = (text, id) => text !== null && text.length >= 8 && id.startsWith(text);

/** What an address's text says that nothing is shown by: unknown names, and values of those that
    choose what is shown; a line each. */
export function misunderstood(text) {
  const given = new URLSearchParams(text);
  const unknown = [...new Set(given.keys())].filter((name) => !ONCE.includes(name) && !MANY.includes(name));
  const wrong = Object.entries(CHOICES).flatMap(([name, choices]) =>
    given.getAll(name).filter((value) => value && !choices.includes(value)).map((value) => [name, value, choices]));
  return [
    ...unknown.map((name) => `${cut(name)}: nothing in an address has that name${meant(name, [...ONCE, ...MANY])}`),
    ...wrong.map(([name, value, choices]) => `${name}=${cut(value)}: give one of ${choices.join(", ")}${meant(value, choices)}`),
  ];
}

const cut = (text) => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

function meant(text, words) {
  const found = nearest(text, words);
  return found === null ? "" : ` (did you mean ${found}?)`;
}

/** The address of a state, without what is empty. */
export function written(of) {
  const parameters = new URLSearchParams();
  for (const name of ONCE) if (of[name]) parameters.set(name, of[name]);
  for (const name of MANY) for (const value of of[name] ?? []) parameters.append(name, value);
  const text = parameters.toString();
  return text ? `/?${text}` : "/";
}

/** The parameters of a question about runs, without the names in `but`. */
export function query(of, but = []) {
  const parameters = new URLSearchParams();
  for (const name of QUERY) {
    if (but.includes(name)) continue;
    for (const value of [of[name]].flat()) if (value) parameters.append(name, value);
  }
  return parameters;
}

export const now = () => state;

/** Call `act(state, before)` after each change. */
export function onChange(act) {
  listeners.push(act);
}

/** Change what is seen. With `replace` there is no step to go back to. */
export function go(changes, { replace = false } = {}) {
  const next = { ...state, ...changes };
  const address = written(next);
  if (address === written(state) && !misunderstood(location.search).length) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  change(next);
}

/** Say the same in other words: what is seen stays, so nobody is called. */
export function restate(changes) {
  state = { ...state, ...changes };
  history.replaceState(null, "", written(state));
}

/** What is left of a state when another batch or all runs are looked at. */
export function fresh(changes) {
  const view = CHOICES.view.includes(state.view) && (state.view !== "plan" || changes.batch) ? state.view : null;
  return { ...parse(""), view, ...changes };
}

function change(next) {
  const before = state;
  state = next;
  for (const act of listeners) act(state, before);
}

addEventListener("popstate", () => change(parse(location.search)));
