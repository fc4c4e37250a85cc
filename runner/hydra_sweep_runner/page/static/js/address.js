/* What is seen is in the address: the state of the page, read from it and written to it. */

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
  if (address === written(state)) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  change(next);
}

/** What is left of a state when another batch or all runs are looked at. */
export function fresh(changes) {
  return { ...parse(""), view: state.view === "plan" && !changes.batch ? null : state.view, ...changes };
}

function change(next) {
  const before = state;
  state = next;
  for (const act of listeners) act(state, before);
}

addEventListener("popstate", () => change(parse(location.search)));
