/* A run's log, from its end, as it grows. */
import { ask } from "./api.js";
import { el, fill } from "./dom.js";
import { shownLine, split } from "./logtext.js";
import { bytes } from "./words.js";

/** So many lines are kept; of longer logs the last. */
const MOST_LINES = 5000;
const MOST_REST = 1 << 20;
const AGAIN_MS = 2000;

export class Log {
  constructor(place, run) {
    this.id = run.id;
    this.isClosed = false;
    this.begin = 0;
    this.offset = null;
    this.file = null;
    this.rest = "";
    this.note = el("p", { class: "muted log-note" });
    this.more = el("button", { class: "quiet", hidden: true, onclick: () => this.earlier() }, "Earlier lines");
    this.text = el("pre", { class: "log", tabindex: "0", "aria-label": "Log" });
    this.last = el("div", { class: "log-line" });
    this.place = place;
    place.classList.add("has-log");
    place.append(el("div", { class: "line" }, this.note, el("span", { class: "room" }), this.more), this.text);
    this.isFollowing = false;
    this.follow();
  }

  /** Read on as long as the log may grow. */
  async follow() {
    this.isFollowing = true;
    await this.readOn();
    this.isFollowing = false;
  }

  async readOn() {
    while (!this.isClosed) {
      const asked = { id: this.id };
      if (this.offset !== null) Object.assign(asked, { offset: this.offset, wait: "1" });
      if (this.file !== null) asked.file = this.file;
      let piece = null;
      try {
        piece = await ask("log", asked);
      } catch (error) {
        if (this.isClosed) return;
        this.note.textContent = error.message;
        if (error.status === 404) return;
        await new Promise((done) => setTimeout(done, AGAIN_MS));
        continue;
      }
      if (this.isClosed) return;
      this.take(piece);
      if (piece.ended) return;
    }
  }

  take(piece) {
    const isOther = this.file !== null && piece.file !== this.file;
    if (isOther || piece.begin !== this.offset) {
      this.rest = "";
      fill(this.text);
      this.begin = piece.begin;
      this.more.hidden = piece.begin === 0;
    }
    this.file = piece.file;
    this.offset = piece.end;
    const isAtEnd = this.text.scrollHeight - this.text.scrollTop - this.text.clientHeight < 40;
    this.append(piece.text);
    if (isAtEnd) this.text.scrollTop = this.text.scrollHeight;
    const state = piece.ended ? "" : " · as it grows";
    this.note.textContent = piece.file === null ? "Nothing was printed yet." : piece.size === 0 ? `Empty so far${state}` : `${bytes(piece.size)}${state}`;
  }

  append(more) {
    const { lines, rest } = split(this.rest + more);
    this.rest = rest.length > MOST_REST ? rest.slice(-MOST_REST) : rest;
    this.last.remove();
    this.text.append(...lines.map(lineOf));
    this.last.textContent = shownLine(this.rest);
    if (this.rest) this.text.append(this.last);
    while (this.text.children.length > MOST_LINES) this.text.firstChild.remove();
  }

  /** Load what stands before the first line. */
  async earlier() {
    const from = Math.max(0, this.begin - 64 * 1024);
    try {
      const piece = await ask("log", { id: this.id, offset: from, file: this.file ?? "", most: this.begin - from });
      const text = piece.text;
      const { lines, rest } = split(text);
      const first = this.text.firstChild;
      const height = this.text.scrollHeight;
      this.text.prepend(...lines.map(lineOf));
      if (first && rest) first.textContent = shownLine(rest + first.textContent);
      this.text.scrollTop += this.text.scrollHeight - height;
      this.begin = piece.begin;
      this.more.hidden = piece.begin === 0;
    } catch (error) {
      this.note.textContent = error.message;
    }
  }

  /** The run has changed: it may have been started again, with a log that is begun anew. */
  update() {
    if (!this.isFollowing && !this.isClosed) this.follow();
  }

  close() {
    this.isClosed = true;
    this.place.classList.remove("has-log");
  }
}

const lineOf = (raw) => el("div", { class: "log-line" }, shownLine(raw) || "\u00a0");
