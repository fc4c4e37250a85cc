/* The filters: an expression, and what else is asked for. */
import { go, now } from "./address.js";
import { byId, el, later, redraw } from "./dom.js";
import { drawFields, toggleFields } from "./fields.js";

let input = null;
let failure = null;
let store = null;

/** Draw it by what the store holds; the field that somebody types in stays. */
export function drawFilters(present) {
  store = present;
  const place = byId("filters");
  if (input === null) {
    input = el("input", {
      id: "where",
      type: "search",
      placeholder: "Filter: lr < 0.1 and loss < 0.5   ( / )",
      spellcheck: "false",
      autocomplete: "off",
      "aria-label": "Filter by an expression",
      "aria-describedby": "where-error",
      oninput: later(() => apply(), 350),
      onkeydown: (event) => {
        if (event.key === "Enter") apply();
      },
    });
    failure = el("p", { id: "where-error", role: "alert", hidden: true });
    const more = el("button", { id: "more-filters", class: "quiet", "aria-expanded": "false", "aria-controls": "fields", onclick: () => toggleFields(store) }, "More filters");
    place.append(
      el("span", { id: "filter-line" }, input, more, el("span", { id: "filter-rest" })),
      el("div", { id: "fields", hidden: true }),
      failure,
    );
  }
  if (document.activeElement !== input) input.value = now().where ?? "";
  redraw(byId("filter-rest"), ...chips(), ...choices(store.operations));
  drawFields(store);
}

const apply = () => go({ where: input.value.trim() || null });

/** Say why the filter is none or, if it is not `isOfFilter`, what else of the address is wrong, a
    line each; no line says that all is well. */
export function tellFilter(lines, { isOfFilter = true } = {}) {
  if (failure === null) return;
  failure.hidden = !lines.length;
  failure.replaceChildren(...lines.map((line) => el("span", {}, line)));
  input.setAttribute("aria-invalid", lines.length && isOfFilter ? "true" : "false");
}

export function focusFilter() {
  input?.focus();
  input?.select();
}

function chips() {
  const state = now();
  const found = [];
  for (const name of ["operation", "kind", "step", "label", "tag", "since"]) {
    if (state[name]) found.push(chip(`${name}: ${state[name]}`, { [name]: null }));
  }
  for (const text of state.brush) {
    found.push(chip(toldBrush(text), { brush: state.brush.filter((one) => one !== text) }));
  }
  if (state.sort) found.push(chip(`sorted by ${state.sort}${state.reverse ? ", greatest first" : ""}`, { sort: null, reverse: null }));
  return found;
}

const chip = (text, changes) =>
  el("button", { class: "chip on", "data-is": text, title: "Take this away", onclick: () => go(changes) }, text, " ×");

function toldBrush(text) {
  try {
    const [name, low, high] = JSON.parse(text);
    if (Array.isArray(low)) return `${name}: ${low.join(", ")}`;
    return `${Number(low.toPrecision(4))} ≤ ${name} ≤ ${Number(high.toPrecision(4))}`;
  } catch {
    return text;
  }
}

function choices(operations) {
  const state = now();
  const found = [el("span", { class: "room" })];
  if (!state.batch && operations.length > 1) {
    found.push(select("operation", "operation", [["", "any operation"], ...operations.map((one) => [one, one])], state.operation ?? ""));
  }
  found.push(
    el("label", { class: "check", title: "Also the flags that are the same in all of these runs" },
      el("input", { type: "checkbox", id: "all-flags", checked: state.flags === "all", onchange: (event) => go({ flags: event.target.checked ? "all" : null }) }),
      "all flags"),
  );
  return found;
}

function select(name, label, options, value) {
  const element = el(
    "select",
    { id: `choose-${name}`, "aria-label": label, title: label, onchange: (event) => go({ [name]: event.currentTarget.value || null }) },
    ...options.map(([text, shown]) => el("option", { value: text }, shown)),
  );
  element.value = value;
  return element;
}
