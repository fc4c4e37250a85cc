/* Above the views: what is looked at, how its trials are, the best of them, what can be done.
   It is drawn again while people use it: listeners read what is seen when they are called. */
import { offer } from "./actions.js";
import { mayChange } from "./api.js";
import { go, now } from "./address.js";
import { byId, el, redraw } from "./dom.js";
import { STATUSES, glyph, many, number, short, statusClass } from "./words.js";

/** Draw it by the batch that is looked at, if any, and by the table's answer; `openBest` is called
    with the best run, `statusOf` gives the status of a run by its short id, if it is known. */
export function drawHead(batch, answer, openBest, statusOf) {
  redraw(
    byId("head"),
    el("div", { class: "line" }, title(batch, answer), el("span", { class: "room" }), buttons(batch, statusOf)),
    el("div", { class: "line wrap" }, chips(answer), best(answer, openBest)),
  );
}

function title(batch, answer) {
  if (batch === null) return el("h1", {}, now().batch ? `Batch ${now().batch}${answer === null ? "" : " is not there"}` : "All runs");
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
      return el(
        "button",
        {
          class: `chip ${statusClass(status)}${isOn ? " on" : ""}`,
          "aria-pressed": isOn ? "true" : "false",
          "data-status": status,
          title: isOn ? "Show the others, too" : `Show those that are ${status}`,
          onclick: () => toggle(status),
        },
        `${glyph(status)} ${answer?.counts[status] ?? 0} ${status}`,
      );
    }),
  );
}

function toggle(status) {
  const chosen = now().status;
  go({ status: chosen.includes(status) ? chosen.filter((one) => one !== status) : [...chosen, status] });
}

/** What makes a run the best, and which one it is. To choose sorts the table by it. */
function best(answer, openBest) {
  if (answer === null || (!answer.scalars.length && !now().objective)) return null;
  return el("span", { class: "best-line" }, el("span", { class: "star" }, "★"), objective(answer), answer.best ? bestRun(answer, openBest) : null);
}

function objective(answer) {
  const present = answer.objective;
  const options = answer.scalars.flatMap((name) => [[name, `least ${name}`], [`-${name}`, `greatest ${name}`]]);
  if (present && !options.some(([value]) => value === present.text)) options.unshift([present.text, `${present.maximize ? "greatest" : "least"} ${present.name}`]);
  const isOpen = present === null || present.assumed;
  if (isOpen) options.unshift(["", "which is best?"]);
  else if (now().objective) options.unshift(["", answer.has_own ? "the batch's own" : "none"]);
  const field = el(
    "select",
    { id: "choose-objective", "aria-label": "What the best is", title: "What the best is: sorts the table by it", onchange: (event) => judge(event.currentTarget.value) },
    ...options.map(([value, shown]) => el("option", { value }, shown)),
  );
  field.value = isOpen ? "" : present.text;
  return field;
}

/** Judge by a scalar, with `-` before it where the greatest is the best; the best comes first. */
function judge(text) {
  const isGreatest = text.startsWith("-");
  go({ objective: text || null, sort: text ? text.slice(isGreatest ? 1 : 0) : null, reverse: isGreatest ? "1" : null });
}

function bestRun(answer, openBest) {
  const flags = Object.entries(answer.best.flags);
  const told = flags.map(([name, value]) => `${name}=${number(value)}`).join(", ");
  return el(
    "button",
    { class: "best-run", title: `Open the best run${told ? `: ${told}` : ""}`, onclick: () => openBest(answer.best) },
    "best ",
    el("b", {}, number(answer.best.value)),
    el("span", { class: "muted" }, ` ${short(answer.best.id)}${told ? ` · ${told}` : ""}`),
  );
}

function buttons(batch, statusOf) {
  if (!mayChange) return el("span", { class: "muted" }, "read-only");
  const picked = now().pick;
  if (picked.length) return el("span", { class: "buttons", "data-is": "picked" }, el("span", { class: "muted" }, `${picked.length} chosen:`), ...ofPicked(statusOf));
  if (batch === null) return null;
  return el("span", { class: "buttons", "data-is": batch.id }, ...(batch.status === "running" ? ofBatchAtWork(batch) : ofBatch(batch)));
}

/** Each button names how many of the chosen runs it is for: what is at work can be stopped, what has
    ended changed. */
function ofPicked(statusOf) {
  const atWork = () => now().pick.filter((id) => statusOf(id) === "running");
  const ended = () => now().pick.filter((id) => statusOf(id) !== "running");
  const bulk = (verb, those, act, why, kind = "") => {
    const count = those().length;
    const text = count ? `${verb} ${many(count, "run")}` : verb;
    return el("button", { class: kind, "data-is": verb, disabled: !count, title: count ? null : why, onclick: () => act(those()) }, text);
  };
  const whyNot = "All chosen runs are at work: wait until they have ended, or stop them";
  return [
    bulk("Restart", ended, (ids) => offer.restart(ids), whyNot),
    bulk("Tag", ended, offer.tag, whyNot),
    bulk("Label", ended, offer.label, whyNot),
    bulk("Stop", atWork, offer.stop, "None of the chosen runs is at work"),
    bulk("Delete", ended, offer.remove, whyNot, "danger"),
    button("Choose none", () => go({ pick: [] }, { replace: true }), "quiet"),
  ];
}

function ofBatchAtWork(batch) {
  const failed = batch.counts.error ?? 0;
  const stop = button("Stop", () => offer.stop([short(batch.id)]), "", "Stop", "Stop the batch: trials at work are stopped, the others not begun");
  const later = ["Tag", "Label"].map((verb) =>
    el("button", { class: "", "data-is": verb, disabled: true, title: "Not while it is at work: only its own process writes its record then" }, verb));
  if (!failed) return [...later, stop];
  const why = "when the batch has ended";
  return [
    el("button", { class: "", "data-is": "restart-failed", disabled: true, title: "A batch at work cannot be restarted: wait until it has ended, or stop it" }, `Restart the failed (${failed})`),
    el("span", { class: "muted why-not" }, why),
    ...later,
    stop,
  ];
}

function ofBatch(batch) {
  const failed = batch.counts.error ?? 0;
  const left = Math.max(batch.trials, batch.goal ?? 0) - (batch.counts.completed ?? 0);
  const ids = [short(batch.id)];
  const isPipeline = batch.kind === "steps";
  return [
    failed ? restartTheFailed(ids, failed, isPipeline) : null,
    left > failed ? button(`Go on (${left} left)`, () => offer.restart(ids, { needed: true }), failed ? "" : "main", "go-on", `Run all that has not completed, failed, stopped or never begun: ${left}`) : null,
    isPipeline ? button("Run what is needed", () => offer.restart(ids, { needed: true }), "", "needed", "Run what has not completed or is out of date, and what depends on it") : null,
    batch.trials ? button("Restart all", () => offer.restart(ids), "", "Restart all", `Run every trial again, completed ones too: ${batch.trials}`) : null,
    button("Tag", () => offer.tag(ids)),
    button("Label", () => offer.label(ids, batch.label ?? "")),
    button("Delete", () => offer.remove(ids, { isBatch: true }), "danger"),
  ];
}

/** Of a pipeline runs, too, what depends on the failed trials: it would be out of date. */
function restartTheFailed(ids, failed, isPipeline) {
  const what = isPipeline ? "Run the trials that have failed and what depends on them, and all else that is needed; failed" : "Run the trials alone that have failed";
  return button(`Restart the failed (${failed})`, () => offer.restart(ids, { only: "failed" }), "main", "restart-failed", `${what}: ${failed}`);
}

const button = (text, act, kind = "", name = text, title = null) => el("button", { class: kind, "data-is": name, title, onclick: act }, text);
