/* The fields of the filters that are no expression: kind, step, label, tag and since. */
import { go, now } from "./address.js";
import { byId, el, fill, later } from "./dom.js";

const KINDS = [["", "any"], ["trial", "trials"], ["run", "single runs"], ["batch", "batches"]];

/** Draw the fields by what the store holds. While somebody types in one, they stay as they are. */
export function drawFields(store) {
  const place = byId("fields");
  if (place.hidden || place.contains(document.activeElement)) return;
  const steps = [["", "any"], ...store.steps.map((name) => [name, name])];
  fill(
    place,
    choice("kind", KINDS),
    store.steps.length ? choice("step", steps) : null,
    text("label", store.labels, "a label"),
    text("tag", store.tags, "a tag"),
    text("since", [], "2h, 7d, 2026-01-31"),
  );
}

/** Show the fields, or hide them. */
export function toggleFields(store) {
  const place = byId("fields");
  place.hidden = !place.hidden;
  drawFields(store);
  byId("more-filters").setAttribute("aria-expanded", String(!place.hidden));
  if (!place.hidden) place.querySelector("select, input").focus();
}

function choice(name, options) {
  const field = el("select", { name, onchange: () => go({ [name]: field.value || null }) },
    ...options.map(([value, shown]) => el("option", { value }, shown)));
  field.value = now()[name] ?? "";
  return el("label", {}, `${name} `, field);
}

function text(name, known, placeholder) {
  const apply = () => go({ [name]: field.value.trim() || null });
  const field = el("input", {
    name,
    placeholder,
    list: known.length ? `known-${name}` : null,
    autocomplete: "off",
    spellcheck: "false",
    onchange: apply,
    oninput: later(apply, 350),
  });
  field.value = now()[name] ?? "";
  const list = known.length ? el("datalist", { id: `known-${name}` }, ...known.map((value) => el("option", { value }))) : null;
  return el("label", {}, `${name} `, field, list);
}
