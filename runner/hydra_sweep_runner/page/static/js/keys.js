/* The keyboard: arrows, / to filter, Esc, and a letter for each view. */
import { byId, el, fill } from "./dom.js";

const HELP = [
  ["↑ ↓, j k", "the next run; with a run open, open it"],
  ["Enter", "open the run"],
  ["Esc", "close what is open, leave the field"],
  ["/", "filter"],
  ["x", "choose the run, for curves and actions"],
  ["1 2 3 4", "table, plots, curves, plan"],
  ["l, f, d", "log, files, differences of the open run"],
  ["b", "batches at the side"],
  ["?", "this list"],
];

/** `does` maps a key to what it does; it is not asked while somebody types. */
export function listenToKeys(does, escape) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (byId("dialog").open) return;
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape") {
      if (typing) event.target.blur();
      else escape();
      return;
    }
    if (typing) return;
    const act = does[event.key];
    if (act === undefined) return;
    if (event.key === "Enter" && event.target.closest?.("button, a, .node")) return;
    event.preventDefault();
    act();
  });
}

export function showKeys() {
  const dialog = byId("dialog");
  fill(dialog,
    el("form", { method: "dialog" },
      el("h2", {}, "Keys"),
      el("table", { class: "keys" }, el("tbody", {}, ...HELP.map(([keys, text]) => el("tr", {}, el("th", { scope: "row" }, keys), el("td", {}, text))))),
      el("div", { class: "buttons" }, el("button", {}, "Close"))),
  );
  dialog.showModal();
}
