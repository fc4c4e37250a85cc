/* The batches at the side. */
import { fresh, go, names, now } from "./address.js";
import { byId, el, redraw } from "./dom.js";
import { STATUSES, glyph, many, short, statusClass, time } from "./words.js";

/** Draw the list; `batches` are newest first. */
export function drawAside(store, batches) {
  const place = byId("aside");
  const state = now();
  const runs = store.total - batches.length;
  redraw(place,
    el(
      "button",
      { class: `entry all${state.batch ? "" : " here"}`, onclick: () => go(fresh({})) },
      el("b", {}, "All runs"),
      el("span", { class: "muted" }, runs.toLocaleString("en")),
    ),
    el("h2", {}, batches.length ? many(batches.length, "batch").replace("batchs", "batches") : "No batches yet"),
    ...batches.slice(0, 500).map((batch) => entry(batch, state)),
    batches.length > 500 ? el("p", { class: "muted" }, `and ${batches.length - 500} older ones: filter by kind`) : null,
    ...damaged(store),
  );
}

function entry(batch, state) {
  const isHere = names(state.batch, batch.id);
  return el(
    "button",
    {
      class: `entry${isHere ? " here" : ""}`,
      "aria-current": isHere ? "true" : null,
      "data-batch": batch.id,
      title: batch.sign === batch.status ? (batch.reason ?? "") : told(batch),
      onclick: () => go(fresh({ batch: short(batch.id) })),
    },
    el(
      "span",
      { class: "line" },
      el("span", { class: `dot ${statusClass(batch.sign)}`, title: told(batch) }, glyph(batch.sign)),
      el("b", {}, batch.operation),
      el("span", { class: "id muted" }, short(batch.id)),
      el("span", { class: "room" }),
      el("span", { class: "muted" }, time(batch.started)),
    ),
    batch.label || batch.tags.length
      ? el("span", { class: "line" }, batch.label ? el("i", {}, batch.label) : null, ...batch.tags.map((tag) => el("span", { class: "tag" }, tag)))
      : null,
    batch.swept ? el("span", { class: "swept muted" }, batch.swept) : null,
    bar(batch.counts, Math.max(batch.trials, batch.goal ?? 0)),
  );
}

/** What the batch's sign means: the counts tell more than the status that it once ended with. */
function told(batch) {
  if (batch.sign === batch.status) return batch.status;
  const left = batch.trials - (batch.counts.completed ?? 0);
  return left ? `${left} not completed` : "completed by now";
}

/** A bar of how many trials are how, of so many in all. */
export function bar(counts, total) {
  const told = STATUSES.filter((status) => counts[status]);
  const parts = told.map((status) => {
    const part = el("span", { class: statusClass(status) });
    part.style.flexGrow = String(counts[status]);
    return part;
  });
  const planned = told.reduce((sum, status) => sum + counts[status], 0);
  if (total > planned) {
    const rest = el("span"); // of a search, which is to be planned yet
    rest.style.flexGrow = String(total - planned);
    parts.push(rest);
  }
  const words = told.map((status) => `${counts[status]} ${status}`).join(", ");
  return el("span", { class: "line" }, el("span", { class: "bar", title: words, role: "img", "aria-label": words }, ...parts), el("span", { class: "muted count" }, `${counts.completed ?? 0}/${total}`));
}

function damaged(store) {
  if (!store.unreadable.length) return [];
  return [
    el("h2", {}, `${many(store.unreadable.length, "damaged record")}`),
    ...store.unreadable.slice(0, 20).map((one) =>
      el("p", { class: "damaged", title: one.path }, el("span", { class: "id" }, short(one.id)), ` ${one.why}`)),
  ];
}
