/* Above the views: what is looked at, how its trials are, the best of them, what can be done. */
import { offer } from "./actions.js";
import { mayChange } from "./api.js";
import { go, now } from "./address.js";
import { byId, el, fill } from "./dom.js";
import { STATUSES, glyph, number, short, statusClass } from "./words.js";

/** Draw it by the batch that is looked at, if any, and by the table's answer. */
export function drawHead(batch, answer) {
  fill(
    byId("head"),
    el("div", { class: "line" }, title(batch), el("span", { class: "room" }), buttons(batch, answer)),
    el("div", { class: "line wrap" }, chips(answer), best(answer)),
  );
}

function title(batch) {
  if (batch === null) return el("h1", {}, now().batch ? `Batch ${now().batch}` : "All runs");
  return el(
    "h1",
    {},
    batch.operation,
    " ",
    el("span", { class: "id muted" }, short(batch.id)),
    batch.label ? el("i", {}, ` ${batch.label}`) : null,
    ...batch.tags.map((tag) => el("span", { class: "tag" }, tag)),
    el("button", { class: "quiet small", title: "All about this batch", onclick: () => go({ run: short(batch.id), tab: null }) }, "details"),
  );
}

function chips(answer) {
  const chosen = now().status;
  const shown = STATUSES.filter((status) => answer?.counts[status] || chosen.includes(status));
  return el(
    "span",
    { class: "chips", role: "group", "aria-label": "Statuses" },
    ...shown.map((status) => {
      const isOn = chosen.includes(status);
      const next = isOn ? chosen.filter((one) => one !== status) : [...chosen, status];
      return el(
        "button",
        {
          class: `chip ${statusClass(status)}${isOn ? " on" : ""}`,
          "aria-pressed": isOn ? "true" : "false",
          "data-status": status,
          title: isOn ? "Show the others, too" : `Show those that are ${status}`,
          onclick: () => go({ status: next }),
        },
        `${glyph(status)} ${answer?.counts[status] ?? 0} ${status}`,
      );
    }),
  );
}

function best(answer) {
  if (!answer?.best) return null;
  const flags = Object.entries(answer.best.flags).slice(0, 6);
  const told = flags.map(([name, value]) => `${name}=${number(value)}`).join(", ");
  return el(
    "button",
    { class: "best-run", title: "Open the best run", onclick: () => go({ run: short(answer.best.id), tab: null }) },
    el("span", { class: "star" }, "★"),
    ` best ${answer.objective.name} `,
    el("b", {}, number(answer.best.value)),
    el("span", { class: "muted" }, ` ${short(answer.best.id)}${told ? ` · ${told}` : ""}`),
  );
}

function buttons(batch, answer) {
  if (!mayChange) return el("span", { class: "muted" }, "read-only");
  const picked = now().pick;
  const found = [];
  if (picked.length) {
    found.push(el("span", { class: "muted" }, `${picked.length} chosen:`));
    found.push(button("Tag", () => offer.tag(picked)), button("Label", () => offer.label(picked)));
    found.push(button("Stop", () => offer.stop(picked)), button("Delete", () => offer.remove(picked), "danger"));
    found.push(button("Choose none", () => go({ pick: [] }, { replace: true }), "quiet"));
  } else if (batch !== null) {
    const failed = batch.counts.error ?? 0;
    const left = batch.trials - (batch.counts.completed ?? 0);
    if (batch.status === "running") found.push(button("Stop", () => offer.stop([short(batch.id)])));
    else {
      if (failed) found.push(button(`Restart the failed (${failed})`, () => offer.restart(batch.id, { only: "failed" }), "main"));
      if (left > failed) found.push(button(`Go on (${left} left)`, () => offer.restart(batch.id, { needed: true }), failed ? "" : "main"));
      found.push(button("Restart all", () => offer.restart(batch.id, {})));
    }
    if (batch.status === "running") return el("span", { class: "buttons" }, ...found);
    found.push(button("Tag", () => offer.tag([short(batch.id)])), button("Label", () => offer.label([short(batch.id)])));
    found.push(button("Delete", () => offer.remove([short(batch.id)], { isBatch: true }), "danger"));
  }
  return el("span", { class: "buttons" }, ...found);
}

const button = (text, act, kind = "") => el("button", { class: kind, onclick: act }, text);
