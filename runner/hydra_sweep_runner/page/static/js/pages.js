/* Rows of a long table, asked for a page at a time as they come into sight. */
import { ask } from "./api.js";
import { seldom } from "./dom.js";

const ROWS = 100;
/* While somebody scrolls it is asked this often for what is in sight. */
const ASK_MS = 70;

/** `changed` is called when rows have come, `failed` with an error; `inSight` gives the place of
    the first row in the document and of the one behind the last. */
export class Pages {
  constructor(changed, failed, inSight) {
    this.changed = changed;
    this.failed = failed;
    this.inSight = inSight;
    this.catchUp = seldom(() => this.askForThose(), ASK_MS);
    this.pages = new Map();
    this.asked = new Set();
    this.parameters = null;
    this.turn = 0;
  }

  /** Begin with a question and its first answer, whose rows are kept. */
  begin(parameters, answer) {
    this.turn += 1;
    this.parameters = parameters;
    this.pages = new Map();
    this.asked = new Set();
    this.keep(answer);
  }

  /** Rows are as they were, and are asked for again when they are next seen. */
  refresh(answer) {
    this.turn += 1;
    this.asked = new Set();
    for (const page of this.pages.values()) page.old = true;
    this.keep(answer);
  }

  keep(answer) {
    for (let at = 0; at < answer.rows.length; at += ROWS) {
      this.pages.set((answer.offset + at) / ROWS, { rows: answer.rows.slice(at, at + ROWS), old: false });
    }
    this.cursor = answer.cursor;
  }

  /** The row at a place; null as long as it is not there, when it is asked for. */
  row(place) {
    const number = Math.floor(place / ROWS);
    const page = this.pages.get(number);
    if ((page === undefined || page.old) && !this.asked.has(number)) this.catchUp();
    return page?.rows[place % ROWS] ?? null;
  }

  /** The place of a run among the rows that are here; -1 if it is not. */
  placeOf(id) {
    for (const [number, page] of this.pages) {
      const at = page.rows.findIndex((row) => row.id === id);
      if (at >= 0) return number * ROWS + at;
    }
    return -1;
  }

  askForThose() {
    const [first, end] = this.inSight();
    for (let number = Math.floor(first / ROWS); number * ROWS < end; number += 1) {
      const page = this.pages.get(number);
      if (page === undefined || page.old) this.fetch(number);
    }
  }

  async fetch(number) {
    if (this.asked.has(number) || this.parameters === null) return;
    this.asked.add(number);
    const turn = this.turn;
    const parameters = new URLSearchParams(this.parameters);
    parameters.set("offset", String(number * ROWS));
    parameters.set("count", String(ROWS));
    try {
      const answer = await ask("runs", parameters);
      if (turn !== this.turn) return;
      this.keep(answer);
      this.changed(answer);
    } catch (error) {
      if (turn === this.turn) {
        this.asked.delete(number);
        this.failed(error);
      }
    }
  }
}
