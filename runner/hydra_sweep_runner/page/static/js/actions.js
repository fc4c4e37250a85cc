/* What can be changed: each action shows its command, asks, and is carried out. */
import { act } from "./api.js";
import { byId, el, fill, redraw } from "./dom.js";
import { many, short } from "./words.js";

let afterwards = () => {};

/** `act` is called after something was changed, with the action's name and what it was given. */
export const whenDone = (done) => {
  afterwards = done;
};

export const offer = {
  stop: (ids) => ask("stop", { ids }, "Stop"),
  restart: (ids, options = {}) => ask("restart", { ids: ids.map(short), ...options }, "Restart"),
  tag: (ids, tags = []) => askTags(ids, tags),
  label: (ids, text = "") => askText("label", ids, text, "Label", "An empty label takes it away."),
  note: (id, text = "") => askText("note", [id], text, "Note", "An empty note takes it away.", true),
  remove: (ids, { isBatch = false } = {}) => askDelete(ids, isBatch),
};

/** Show what the action stands for and ask; `inputs` gives what may change what is asked, and stands
    above the question, or below it. Nothing is asked of the server while its `isEmpty`. */
function ask(name, given, verb, { kind = "main", inputs = null } = {}) {
  const dialog = byId("dialog");
  const body = el("div", { class: "asked" });
  const go = el("button", { class: kind, value: "go", disabled: true }, verb);
  const cancel = el("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const form = el("form", { method: "dialog" }, ...(inputs?.isBelow ? [body, inputs.element] : [inputs?.element ?? null, body]), el("div", { class: "buttons" }, cancel, go));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!go.disabled) carryOut(name, { ...given, ...inputs?.values() }, verb, body, go, dialog);
  });
  fill(dialog, form);
  let turn = 0;
  const preview = async () => {
    const mine = ++turn;
    if (inputs?.isEmpty?.()) {
      fill(body, el("p", { class: "muted" }, inputs.hint));
      go.disabled = true;
      return;
    }
    try {
      const told = await act(name, { ...given, ...inputs?.values() });
      if (mine !== turn) return;
      fill(body, el("p", {}, el("b", {}, told.question)), ...told.lines.map((line) => el("p", { class: "muted" }, line)), commandLines(told.command));
      go.disabled = false;
    } catch (error) {
      if (mine !== turn) return;
      fill(body, el("p", { class: "wrong" }, error.message));
      go.disabled = true;
    }
  };
  inputs?.onInput(preview);
  preview();
  if (!dialog.open) dialog.showModal();
  (inputs?.first ?? cancel).focus();
}

/** Commands as they are typed, a line each. */
const commandLines = (text) => el("pre", { class: "command" }, ...text.split("\n").map((line) => el("span", {}, line)));

async function carryOut(name, given, verb, body, go, dialog) {
  go.disabled = true;
  go.textContent = `${verb}…`;
  try {
    const told = await act(name, given, true);
    dialog.close();
    toast(told.done.at(-1) ?? "Done", told.deleted.length ? { text: "Undo", act: () => ask("restore", { ids: told.deleted }, "Bring back") } : null);
    afterwards(name, given);
  } catch (error) {
    body.append(el("p", { class: "wrong" }, error.message));
    go.textContent = verb;
    go.disabled = false;
  }
}

function askText(name, ids, text, verb, hint, isLong = false) {
  const field = el(isLong ? "textarea" : "input", { rows: isLong ? "4" : null, "aria-label": verb });
  field.value = text;
  ask(name, { ids }, verb, {
    inputs: {
      element: el("label", { class: "field" }, verb, field, el("small", { class: "muted" }, hint)),
      first: field,
      values: () => ({ text: field.value }),
      onInput: (change) => field.addEventListener("input", change),
    },
  });
  if (!isLong) field.select();
}

function askTags(ids, tags) {
  const add = el("input", { "aria-label": "Tags to add", placeholder: "best draft" });
  const boxes = tags.map((tag) => [tag, el("input", { type: "checkbox" })]);
  const words = (text) => text.split(/[\s,]+/).filter(Boolean);
  const removed = () => boxes.filter(([, box]) => box.checked).map(([tag]) => tag);
  ask("tag", { ids }, "Tag", {
    inputs: {
      element: el("div", { class: "field" },
        el("label", {}, "Tags to add, with spaces between", add),
        ...boxes.map(([tag, box]) => el("label", { class: "check" }, box, `remove ${tag}`))),
      first: add,
      values: () => ({ add: words(add.value), remove: removed() }),
      isEmpty: () => !add.value.trim() && !removed().length,
      hint: "Which tags?",
      onInput: (change) => {
        add.addEventListener("input", change);
        for (const [, box] of boxes) box.addEventListener("input", change);
      },
    },
  });
}

function askDelete(ids, isBatch) {
  const trials = el("input", { type: "checkbox" });
  const dependents = el("input", { type: "checkbox" });
  ask("delete", { ids }, "Delete", {
    kind: "danger",
    inputs: {
      element: el("div", { class: "field" },
        isBatch ? el("label", { class: "check" }, trials, "all its trials, too") : null,
        el("label", { class: "check" }, dependents, "the runs that take files from them, too")),
      first: null,
      isBelow: true,
      values: () => ({ trials: trials.checked, dependents: dependents.checked }),
      onInput: (change) => [trials, dependents].forEach((box) => box.addEventListener("input", change)),
    },
  });
}

let hiding = null;

/** Say something for some seconds or, with something that can be done about it, until that is
    done or the toast is closed. */
export function toast(text, button = null) {
  const place = byId("toast");
  clearTimeout(hiding);
  const hide = () => { place.hidden = true; };
  const buttons = button
    ? [el("button", { onclick: () => { hide(); button.act(); } }, button.text), el("button", { class: "close", "aria-label": "Close", onclick: hide }, "✕")]
    : [];
  fill(place, el("span", {}, text), ...buttons);
  place.hidden = false;
  if (!button) hiding = setTimeout(hide, 5000);
}

/** Draw the restarts that were started from here; a click shows what they said. */
export function drawStarts(starts) {
  const atWork = starts.filter((one) => one.status === null).length;
  const refused = starts.reduce((sum, one) => sum + one.not_begun, 0);
  const place = byId("starts");
  if (!starts.length) return fill(place);
  const text = atWork ? `${many(atWork, "restart")} at work` : refused ? `${many(refused, "restart")} did not start` : `${many(starts.length, "restart")} done`;
  return redraw(place, el("button", { class: `quiet${refused ? " wrong" : ""}`, onclick: () => showStarts(starts) }, text));
}

function showStarts(starts) {
  const dialog = byId("dialog");
  const told = starts.map((one) =>
    el("section", {},
      commandLines(one.command),
      el("p", { class: "muted" }, one.status === null ? `at work, process ${one.pid}` : `ended with exit status ${one.status}${one.not_begun ? `; ${many(one.not_begun, "run")} did not start` : ""}`),
      one.said.length ? el("pre", { class: "said" }, one.said.join("\n")) : null));
  fill(dialog, el("form", { method: "dialog" }, el("h2", {}, "Restarts from this page"), ...told, el("div", { class: "buttons" }, el("button", {}, "Close"))));
  dialog.showModal();
  for (const said of dialog.querySelectorAll(".said")) said.scrollTop = said.scrollHeight; // the end tells most
}
