/* A run's log, from its end, as it grows. */
import { ask, logAddress } from "./api.js";
import { el, fill } from "./dom.js";
import { shownLine, split } from "./logtext.js";
import { bytes } from "./words.js";

/** So many lines are kept while new ones come; of longer logs the last. */
const MOST_LINES = 5000;
const MOST_REST = 1 << 20;
const EARLIER_BYTES = 256 * 1024;
const AGAIN_MS = 2000;

export class Log {
  constructor(place, run) {
    this.id = run.id;
    this.isClosed = false;
    this.begin = 0;
    this.offset = null;
    this.file = null;
    this.rest = "";
    this.parts = []; // of what is shown: where each piece began, and how many lines it completed
    this.note = el("p", { class: "muted log-note" });
    this.save = el("a", { class: "quiet", href: logAddress(run.id), download: "", title: "Save the whole log as a file", hidden: true }, "Save");
    this.more = el("button", { class: "quiet", hidden: true, onclick: () => this.earlier() }, "Earlier lines");
    this.text = el("pre", { class: "log", tabindex: "0", "aria-label": "Log" });
    this.last = el("div", { class: "log-line" });
    this.place = place;
    place.classList.add("has-log");
    place.append(el("div", { class: "line" }, this.note, el("span", { class: "room" }), this.more, this.save), this.text);
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
    if (!this.goesOnIn(piece) || piece.begin !== this.offset) {
      this.rest = "";
      this.parts = [];
      fill(this.text);
      this.beginAt(piece.begin);
    }
    this.file = piece.file;
    this.offset = piece.end;
    const isAtEnd = this.text.scrollHeight - this.text.scrollTop - this.text.clientHeight < 40;
    this.describe(piece); // it takes room from the lines
    this.append(piece);
    if (isAtEnd) {
      this.dropFirst();
      this.text.scrollTop = this.text.scrollHeight;
    }
  }

  /** Whether a piece is of the log that is shown, which may go on in another file by now. */
  goesOnIn(piece) {
    return this.file === null || (piece.file ?? "").startsWith(this.file);
  }

  /** Say above the lines how long the log is. */
  describe(piece) {
    this.save.hidden = !piece.size;
    const state = piece.ended ? "" : " · as it grows";
    this.note.textContent = piece.file === null ? "Nothing was printed yet." : piece.size === 0 ? `Empty so far${state}` : `${bytes(piece.size)}${state}`;
  }

  beginAt(begin) {
    this.begin = begin;
    this.more.hidden = begin === 0;
  }

  append({ text, begin }) {
    const torn = this.rest.length;
    const { lines, rest } = split(this.rest + text);
    this.parts.push({ begin, count: lines.length, torn });
    this.rest = rest.length > MOST_REST ? rest.slice(-MOST_REST) : rest;
    this.last.remove();
    this.text.append(...lines.map(lineOf));
    show(this.last, this.rest);
    if (this.rest) this.text.append(this.last);
  }

  /** Drop the first pieces where many lines are shown: what is dropped can be loaded again. Nothing
      is dropped of what people have scrolled back to. */
  dropFirst() {
    while (this.parts.length > 1 && this.text.children.length - this.parts[0].count > MOST_LINES) {
      const { count } = this.parts.shift();
      for (let i = 0; i < count; i += 1) this.text.firstChild.remove();
      const { begin, torn } = this.parts[0];
      // The first line is shown whole, and may have begun in the piece before.
      const first = this.text.firstChild;
      raws.set(first, rawOf(first).slice(torn));
      this.beginAt(begin);
    }
  }

  /** Load what stands before the first line, and go there: at the end, lines are dropped again. */
  async earlier() {
    const until = this.begin;
    const from = Math.max(0, until - EARLIER_BYTES);
    this.text.scrollTop = 0;
    this.more.disabled = true;
    try {
      const piece = await ask("log", { id: this.id, offset: from, file: this.file ?? "", most: until - from, earlier: "1" });
      if (!this.goesOnIn(piece) || this.begin !== until) return; // begun anew meanwhile
      const { lines, rest } = split(piece.text);
      const first = this.text.firstChild;
      const height = this.text.scrollHeight;
      if (first === this.last) this.rest = rest + this.rest;
      if (first) show(first, rest + rawOf(first));
      else if (rest) lines.push(rest);
      this.text.prepend(...lines.map(lineOf));
      this.text.scrollTop += this.text.scrollHeight - height;
      if (this.parts.length) this.parts[0].torn = rest.length;
      this.parts.unshift({ begin: piece.begin, count: lines.length, torn: 0 });
      this.beginAt(piece.begin);
    } catch (error) {
      this.note.textContent = error.message;
    } finally {
      this.more.disabled = false;
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

/** What each line has beside what is shown of it: lines are put together that were read in parts. */
const raws = new WeakMap();
const rawOf = (line) => raws.get(line) ?? "";

function show(line, raw) {
  raws.set(line, raw);
  line.textContent = shownLine(raw) || "\u00a0";
}

function lineOf(raw) {
  const line = el("div", { class: "log-line" });
  show(line, raw);
  return line;
}
