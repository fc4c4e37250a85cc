/* The table of runs: as many rows as there are runs, of which the server gives those in sight. */
import { Tabulator, FormatModule, FrozenColumnsModule, InteractionModule, ResizeColumnsModule, ResizeTableModule } from "../vendored/tabulator.min.js";
import { go, now, query } from "./address.js";
import { el, fill, later, redraw, seldom } from "./dom.js";
import { Pages } from "./pages.js";
import { FixedHeight, ROW_PX } from "./rows.js";
import { duration, glyph, number, short, statusClass, time } from "./words.js";

Tabulator.registerModule([FormatModule, FrozenColumnsModule, InteractionModule, ResizeColumnsModule, ResizeTableModule]);

const SAMPLE = 60;
/* So many runs can be chosen by one click: the address holds them all. */
const MOST_PICKED = 100;
const REASON_PX = 196;
const LEAST_REASON_PX = 130;

export class Table {
  /** `open` is called with a run's id, `pick` with an id and `pickAll` with several, and whether
      they are chosen now. */
  constructor(place, { open, pick, pickAll, begin, failed }) {
    this.open = open;
    this.pick = pick;
    this.pickAll = pickAll;
    this.begin = begin;
    this.pages = new Pages((answer) => this.came(answer), failed, () => this.inSight());
    this.columns = [];
    this.total = 0;
    this.active = -1;
    this.best = null;
    this.nothing = el("div", { class: "nothing" });
    this.built = null;
    this.redraw = seldom(() => this.reformat(), 16);
    this.holder = el("div", { class: "table" });
    place.append(this.holder);
    this.scrollTo = null;
    this.isBehind = false; // whether what is drawn is older than what was answered
    new ResizeObserver(later(() => this.fit(), 60)).observe(this.holder);
  }

  /** Show the first answer to a question; `answer.offset` is 0. */
  async show(parameters, answer) {
    this.pages.begin(parameters, answer);
    await this.take(answer, true);
  }

  /** The same question has another answer now. */
  async update(answer) {
    this.pages.refresh(answer);
    await this.take(answer, false);
  }

  async take(answer, fromTop) {
    this.best = answer.best?.id ?? null;
    this.answer = answer;
    this.total = answer.total;
    if (fromTop) {
      this.active = -1;
      this.scrollTo = 0;
    }
    if (this.built) await this.draw();
    else await this.build(answer);
    fill(this.nothing, ...(query(now()).toString() ? ["No run matches."] : this.begin()));
  }

  /** What the columns are but for their widths and arrows. */
  keyOf(answer) {
    const kinds = answer.columns.map((_, at) => isNumeric(answer, at));
    return JSON.stringify([answer.columns, kinds, isCramped()]);
  }

  /** The columns' widths, in pixels and in their order, measured once for an answer and a room.
      Columns that stay keep a width that still does, though less would do: the table stands still
      under those who look at it. */
  widthsOf(answer) {
    const room_px = this.holder.clientWidth;
    const was = this.measured;
    if (was?.answer !== answer || was.room_px !== room_px || was.isCramped !== isCramped()) {
      const columns = answer.columns.map((column) => column.title).join("\n");
      const widths = columnWidths(answer);
      if (was?.columns === columns) widths.forEach((width, at) => (widths[at] = stillDoes(was.widths[at], width) ? was.widths[at] : width));
      const reason = answer.columns.findIndex(isReason);
      if (reason >= 0) widths[reason] = reasonWidth(answer, widths, reason, room_px);
      this.measured = { answer, room_px, isCramped: isCramped(), columns, widths };
    }
    return this.measured.widths;
  }

  /** Whether what is drawn has the columns and widths of an answer. */
  isDrawnFor(answer) {
    return this.keyOf(answer) === this.key && String(this.widthsOf(answer)) === String(this.drawnWidths);
  }

  /** The table has another size: columns that go by its width are drawn again. */
  fit() {
    if (this.built && this.isSeen() && !this.isDrawnFor(this.answer)) this.draw();
  }

  /** Draw what was answered last, columns and rows in one piece. While nobody sees the table
      nothing is drawn: rows that are hidden do not take other columns. */
  async draw() {
    if (!this.built) return;
    if (!this.isSeen()) {
      this.isBehind = true;
      return;
    }
    const key = this.keyOf(this.answer);
    const isOther = key !== this.key;
    const isResized = this.drawnTotal !== this.total;
    const top = this.scrollTo ?? this.body().scrollTop;
    const isWhole = this.isBehind || isOther;
    this.isBehind = false;
    this.scrollTo = null;
    this.key = key;
    this.drawnTotal = this.total;
    this.answerColumns = this.answer.columns;
    if (isOther) this.tabulator.setColumns(this.definitions(this.answer));
    else this.adjustColumns();
    this.drawnWidths = this.widthsOf(this.answer);
    if (isWhole) this.tabulator.redraw(true);
    if (isResized) await this.tabulator.replaceData(this.placeholders());
    else this.reformat();
    if (this.body().scrollTop !== top) this.body().scrollTop = top;
  }

  /** Give the columns that are there the widths of the last answer, where they are others, and the
      arrows of the order: what the reader has drawn to another width stays. */
  adjustColumns() {
    const widths = this.widthsOf(this.answer);
    for (const column of this.tabulator.getColumns()) {
      if (column.getField() === "n") continue;
      const at = Number(column.getField().slice(1));
      if (widths[at] !== this.drawnWidths[at]) column.setWidth(widths[at]);
      redraw(column.getElement().querySelector(".tabulator-col-title"), header(this.answer.columns[at]));
    }
  }

  /** The table is looked at: draw what is older than the last answer, and the rows again soon. */
  async look() {
    if (this.isBehind || (this.built && !this.isDrawnFor(this.answer))) await this.draw();
    else this.redraw();
  }

  isSeen() {
    return this.holder.clientHeight > 0;
  }

  build(answer) {
    this.key = this.keyOf(answer);
    this.isBehind = !this.isSeen();
    this.drawnTotal = this.total;
    this.drawnWidths = this.widthsOf(answer);
    this.answerColumns = answer.columns;
    this.tabulator = new Tabulator(this.holder, {
      data: this.placeholders(),
      index: "n",
      height: "100%",
      rowHeight: ROW_PX,
      layout: "fitData",
      nestedFieldSeparator: false,
      renderVertical: FixedHeight,
      columns: this.definitions(answer),
      columnDefaults: { resizable: "header", minWidth: 48 },
      placeholder: this.nothing,
      rowFormatter: (row) => this.formatRow(row),
    });
    this.built = new Promise((done) => this.tabulator.on("tableBuilt", done));
    this.tabulator.on("rowClick", (event, row) => {
      if (event.target.closest("input, a, button, .pick")) return;
      this.choose(row.getData().n);
      const of = this.pages.row(row.getData().n);
      if (of) this.open(of.id);
    });
    return this.built;
  }

  placeholders() {
    return Array.from({ length: this.total }, (_, n) => ({ n }));
  }

  body() {
    return this.holder.querySelector(".tabulator-tableholder");
  }

  definitions(answer) {
    const widths = this.widthsOf(answer);
    const head = {
      title: "",
      field: "n",
      width: 34,
      minWidth: 30,
      resizable: false,
      frozen: true,
      cssClass: "pick",
      titleFormatter: () => this.allBox(),
      formatter: (cell) => this.pickBox(cell.getData().n),
    };
    const rest = answer.columns.map((column, at) => ({
      title: column.title,
      field: `c${at}`,
      width: widths[at],
      frozen: column.scope === "run" && column.title === "id",
      cssClass: isNumeric(answer, at) ? "number" : "",
      titleFormatter: () => header(column),
      formatter: (cell) => this.cell(cell.getData().n, at),
    }));
    const shown = isCramped() ? rest.filter((_, at) => !isSpared(answer.columns[at], answer.columns)) : rest;
    return [head, ...shown];
  }

  /** The box that chooses all runs of the table, where they are few enough for an address. */
  allBox() {
    const ids = this.total > 0 && this.total <= MOST_PICKED ? Array.from({ length: this.total }, (_, n) => this.pages.row(n)?.id ?? null) : [];
    const isThere = ids.length > 0 && !ids.includes(null);
    const chosen = ids.filter((id) => id !== null && now().pick.includes(short(id)));
    const box = el("input", {
      type: "checkbox",
      class: "pick-all",
      "aria-label": "Choose all of these runs",
      title: isThere ? "Choose all of these runs, for curves and actions" : `All can be chosen of up to ${MOST_PICKED} runs`,
      tabindex: "-1",
      disabled: !isThere,
      checked: isThere && chosen.length === ids.length,
      onchange: (event) => this.pickAll(ids, event.currentTarget.checked),
    });
    return box;
  }

  pickBox(place) {
    const row = this.pages.row(place);
    return el("input", {
      type: "checkbox",
      "aria-label": "Choose this run",
      "data-is": row?.id,
      tabindex: "-1",
      disabled: row === null,
      checked: row !== null && now().pick.includes(short(row.id)),
      onchange: (event) => this.pick(row.id, event.currentTarget.checked),
    });
  }

  cell(place, at) {
    const row = this.pages.row(place);
    if (row === null) return document.createTextNode("");
    const column = this.answerColumns[at];
    const value = row.cells[at];
    if (column.scope !== "run") return text(value);
    switch (column.title) {
      case "id":
        return el("span", { class: "id" }, row.id === this.best ? el("span", { class: "star", title: "The best" }, "★ ") : null, short(row.id));
      case "status":
        return el("span", { class: `status ${statusClass(value)}`, title: row.reason ?? "" }, `${glyph(value)} ${value}`);
      case "reason":
        return el("span", { class: `why ${statusClass(row.status)}`, title: row.reason ?? "" }, row.status === "completed" ? "" : inShort(row.reason ?? ""));
      case "started":
        return el("span", { title: value ?? "" }, time(value));
      case "duration":
        return el("span", { title: value === null ? "" : `${value} s` }, duration(value ?? this.soFar(row)));
      default:
        return text(value);
    }
  }

  /** Seconds since a run at work was started; null for any other. */
  soFar(row) {
    const at = this.answerColumns.findIndex((column) => column.scope === "run" && column.title === "started");
    if (row.status !== "running" || !row.cells[at]) return null;
    return Math.max(0, (Date.now() - new Date(row.cells[at]).getTime()) / 1000);
  }

  formatRow(row) {
    const { n } = row.getData();
    const of = this.pages.row(n);
    const element = row.getElement();
    element.classList.toggle("active", n === this.active);
    element.classList.toggle("best", of !== null && of.id === this.best);
    element.classList.toggle("open", of !== null && now().run !== null && of.id.startsWith(now().run));
    element.dataset.id = of?.id ?? "";
  }

  came(answer) {
    if (answer.total !== this.total) {
      this.total = answer.total;
      this.draw();
    } else this.redraw();
  }

  /** Draw the rows again that are in the document: those in sight, and some around them. */
  reformat() {
    if (!this.built || this.isBehind || !this.isSeen()) return;
    const all = this.holder.querySelector(".pick-all");
    if (all) redraw(all.parentElement, this.allBox());
    for (const row of this.tabulator.getRows("visible")) {
      const { n } = row.getData();
      for (const cell of row.getCells()) {
        const field = cell.getField();
        redraw(cell.getElement(), field === "n" ? this.pickBox(n) : this.cell(n, Number(field.slice(1))));
      }
      this.formatRow(row);
    }
  }

  /** Make a row the one that the keys act on. */
  choose(place) {
    this.active = Math.max(0, Math.min(this.total - 1, place));
    if (!this.built || !this.isSeen()) return;
    const body = this.body();
    const top = this.active * ROW_PX;
    const most = top - body.clientHeight + ROW_PX;
    if (body.scrollTop > top) body.scrollTop = top;
    else if (body.scrollTop < most) body.scrollTop = most;
    this.redraw();
  }

  /** The places of the first row in the document and of the one behind the last. */
  inSight() {
    const rows = this.built ? this.tabulator.getRows("visible") : [];
    return rows.length ? [rows[0].getData().n, rows.at(-1).getData().n + 1] : [0, 1];
  }

  /** Go some rows down; the run there is opened if a run is open. */
  move(by) {
    const open = now().run === null ? -1 : this.pages.placeOf(this.fullId(now().run));
    const from = this.active >= 0 ? this.active : open;
    this.choose(from < 0 ? 0 : from + by);
    const row = this.pages.row(this.active);
    if (now().run !== null && row !== null) this.open(row.id, true);
  }

  /** The run that the keys act on; null if there is none. */
  get activeId() {
    return this.active < 0 ? null : (this.pages.row(this.active)?.id ?? null);
  }

  fullId(beginning) {
    for (const page of this.pages.pages.values()) {
      const row = page.rows.find((one) => one.id.startsWith(beginning));
      if (row) return row.id;
    }
    return beginning;
  }
}

/** Whether an open run leaves the table little room. */
const isCramped = () => now().run !== null && innerWidth < 1700;

/** Whether a column is left out beside an open run: what the drawer tells, and a pipeline's
    operations, of which the steps tell enough. What is compared has its room then. */
const isSpared = ({ scope, title }, columns) =>
  scope === "run" && (["reason", "batch", "started", "label", "tags"].includes(title) || (title === "operation" && columns.some((one) => one.scope === "run" && one.title === "step")));

/** A reason without the exit status that stands before what was said. */
const inShort = (reason) => reason.replace(/^exit status \d+: /, "");

function text(value) {
  if (typeof value === "number") {
    const shown = number(value);
    return shown === String(value) ? document.createTextNode(shown) : el("span", { title: String(value) }, shown);
  }
  return value === null ? document.createTextNode("") : el("span", { title: value }, value);
}

function header(column) {
  const { sort, reverse } = now();
  const isSorted = sort === column.sort;
  const arrow = isSorted ? (reverse ? " ▼" : " ▲") : "";
  const next = !isSorted ? { sort: column.sort, reverse: null } : reverse ? { sort: null, reverse: null } : { sort: column.sort, reverse: "1" };
  return el(
    "button",
    {
      class: `sort ${column.scope}`,
      title: `${column.title} (${column.scope === "run" ? "of the run" : column.scope}): sort`,
      "aria-sort": isSorted ? (reverse ? "descending" : "ascending") : null,
      onclick: () => go(next),
    },
    column.title,
    el("span", { class: "arrow" }, arrow),
  );
}

const isNumeric = (answer, at) => {
  const values = answer.rows.map((row) => row.cells[at]).filter((value) => value !== null);
  return values.length > 0 && values.every((value) => typeof value === "number");
};

const isReason = (column) => column.scope === "run" && column.title === "reason";

/** The width of the reasons: what the other columns leave, as far as the longest needs it; where
    they leave little, reasons are cut before the scalars behind them are out of sight. */
function reasonWidth(answer, widths, at, room_px) {
  if (isCramped()) return REASON_PX;
  const others = widths.reduce((sum, width, place) => sum + (place === at ? 0 : width), 34 + 20);
  const needed = Math.max(0, ...answer.rows.slice(0, SAMPLE).map((row) => (row.status === "completed" ? 0 : measure(inShort(row.reason ?? "")) + 24)));
  const width = Math.max(LEAST_REASON_PX, Math.min(Math.max(REASON_PX, needed), room_px - others));
  return Math.ceil(width) === Math.ceil(needed) ? Math.ceil(width) : Math.floor(width);
}

let context = null;

/** Whether a column may keep a width where another would do: no text is cut, and little is empty. */
const stillDoes = (had_px, needed_px) => had_px >= needed_px && had_px <= 1.5 * needed_px;

/** How wide a text of the table is, in pixels; its digits have one width there. */
function measure(content, weight = "normal") {
  context ??= document.createElement("canvas").getContext("2d");
  context.font = `${weight} 13px system-ui, sans-serif`;
  return context.measureText(content.replace(/\d/g, "0")).width;
}

function columnWidths(answer) {
  return answer.columns.map((column, at) => {
    if (column.scope === "run") {
      const fixed = { id: 100, status: 112, reason: REASON_PX, started: 112, duration: 88 }[column.title];
      if (fixed) return fixed;
    }
    const cells = answer.rows.slice(0, SAMPLE).map((row) => measure(number(row.cells[at]), row.id === answer.best?.id ? "bold" : "normal"));
    return Math.round(Math.min(260, Math.max(56, measure(column.title) + 34, ...cells.map((w) => w + 24))));
  });
}

