/* How the table's rows come into the document: all have one height, so where each stands is known
   without asking the browser to lay anything out, which is what makes scrolling smooth. */
import { Renderer } from "../vendored/tabulator.min.js";

export const ROW_PX = 30;
/* So many rows above and below those in sight are in the document, too. */
const AROUND = 8;

/** A vertical renderer for Tabulator. */
export class FixedHeight extends Renderer {
  constructor(table) {
    super(table);
    this.verticalFillMode = "fill";
    this.first = 0;
    this.end = 0;
  }

  clearRows() {
    const element = this.tableElement;
    for (const row of this.held ?? []) this.leave(row);
    this.held = [];
    this.first = this.end = 0;
    element.replaceChildren();
    for (const name of ["paddingTop", "paddingBottom", "minWidth", "minHeight", "display", "visibility"]) element.style[name] = "";
  }

  renderRows() {
    this.clearRows();
    this.place();
  }

  rerenderRows(callback) {
    const top = this.elementVertical.scrollTop;
    this.clearRows();
    callback?.();
    if (!this.rows().length) {
      this.table.rowManager.tableEmpty();
      return;
    }
    this.place(top);
    this.elementVertical.scrollTop = top;
  }

  scrollRows(top) {
    this.place(top);
  }

  resize() {
    this.height = null;
    this.place();
  }

  /** Have those rows in the document that are in sight from `top` on, and no others. */
  place(top = this.elementVertical.scrollTop) {
    const rows = this.rows();
    this.height ||= this.elementVertical.clientHeight || ROW_PX;
    const first = Math.max(0, Math.min(rows.length - 1, Math.floor(top / ROW_PX) - AROUND));
    const end = Math.min(rows.length, Math.ceil((top + this.height) / ROW_PX) + AROUND);
    if (first === this.first && end === this.end && this.held?.length === end - first) return;
    const kept = new Set(rows.slice(Math.max(0, first), end));
    for (const row of this.held ?? []) {
      if (!kept.has(row)) {
        row.getElement().remove();
        this.leave(row);
      }
    }
    let before = this.tableElement.firstChild;
    for (let at = first; at < end; at += 1) {
      const row = rows[at];
      const element = row.getElement();
      if (!row.initialized) {
        this.styleRow(row, at);
        row.initialize(false, true);
        row.height = row.outerHeight = ROW_PX;
        row.heightInitialized = true;
      }
      if (element === before) before = before.nextSibling;
      else this.tableElement.insertBefore(element, before);
    }
    this.held = rows.slice(first, end);
    this.first = first;
    this.end = end;
    this.tableElement.style.paddingTop = `${first * ROW_PX}px`;
    this.tableElement.style.paddingBottom = `${(rows.length - end) * ROW_PX}px`;
  }

  /** Give up what a row has made: it is made again when the row comes back. */
  leave(row) {
    row.deleteCells();
    row.getElement().replaceChildren();
    row.initialized = false;
  }

  scrollToRowNearestTop(row) {
    const top = this.rows().indexOf(row) * ROW_PX;
    return top < this.elementVertical.scrollTop;
  }

  scrollToRow(row) {
    const at = this.rows().indexOf(row);
    if (at >= 0) this.elementVertical.scrollTop = at * ROW_PX;
  }

  visibleRows() {
    return this.held ?? [];
  }
}
