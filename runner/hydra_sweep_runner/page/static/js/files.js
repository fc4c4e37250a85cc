/* A run's files, and what differs between two runs. */
import { ask, fileAddress } from "./api.js";
import { go, now } from "./address.js";
import { el, fill } from "./dom.js";
import { shownLine } from "./logtext.js";
import { bytes, many, number, short } from "./words.js";

export class Files {
  constructor(place, run) {
    this.place = place;
    this.id = run.id;
    this.load();
  }

  async load() {
    try {
      const found = await ask("files", { id: this.id });
      const { path } = now();
      fill(this.place,
        el("p", { class: "muted" }, found.total ? many(found.total, "file") : "Its operation has made no files."),
        el("div", { class: "file-list" }, ...found.files.map((file) => this.entry(file, path))),
      );
      const chosen = found.files.find((file) => file.path === path);
      if (chosen) await this.preview(chosen);
    } catch (error) {
      fill(this.place, el("p", { class: "wrong" }, error.message));
    }
  }

  entry(file, path) {
    return el("div", { class: `file${file.path === path ? " here" : ""}` },
      el("button", { class: "link id", onclick: () => go({ path: file.path }) }, file.shown),
      el("span", { class: "muted" }, file.link === null ? bytes(file.size) : `→ ${file.link}`),
      el("a", { href: fileAddress(this.id, file.path, true), title: "Save this file", download: "" }, "↓"));
  }

  async preview(file) {
    const view = el("div", { class: "preview" }, el("h3", {}, file.shown));
    this.place.append(view);
    if (file.is_picture) {
      view.append(el("img", { src: fileAddress(this.id, file.path), alt: file.shown }));
      return;
    }
    try {
      const found = await ask("file", { id: this.id, path: file.path });
      if (found.text === null) view.append(el("p", { class: "muted" }, `${bytes(found.size)}, no text`));
      else view.append(
        el("pre", { class: "log" }, found.text.split("\n").map(shownLine).join("\n")),
        found.size > found.shown ? el("p", { class: "muted" }, `the first ${bytes(found.shown)} of ${bytes(found.size)}`) : "");
    } catch (error) {
      view.append(el("p", { class: "wrong" }, error.message));
    }
    view.scrollIntoView({ block: "nearest" });
  }
}

export class Differences {
  constructor(place, run) {
    this.place = place;
    this.id = run.id;
    this.load();
  }

  async load() {
    const others = now().pick.filter((id) => !this.id.startsWith(id));
    const other = now().with ?? others[0] ?? null;
    const field = el("input", { "aria-label": "The other run", placeholder: "id of another run", value: other ?? "" });
    const form = el("form", { class: "line" }, "against", field, el("button", {}, "Compare"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = field.value.trim();
      if (typed || now().with) go({ with: typed || null });
      else {
        hint.className = "wrong";
        field.focus();
      }
    });
    const hint = el("p", { class: "muted", role: "status" }, "Give the id of another run, or choose one by its box in the table.");
    fill(this.place, form);
    this.other = other;
    if (other === null) {
      this.place.append(hint);
      return;
    }
    try {
      const found = await ask("diff", { a: this.id, b: other });
      if (this.other === other) this.place.append(...this.drawn(found));
    } catch (error) {
      if (this.other === other) this.place.append(el("p", { class: "wrong" }, error.message));
    }
  }

  /** Other runs are chosen than were: the first of them is compared, unless the address says. */
  picked() {
    if (now().with === null && (now().pick.find((id) => !this.id.startsWith(id)) ?? null) !== this.other) this.load();
  }

  drawn(found) {
    const subjects = Object.entries(found.subjects);
    if (!subjects.length) return [el("p", {}, "They do not differ.")];
    return subjects.map(([subject, pairs]) =>
      el("section", {},
        el("h3", {}, subject),
        el("table", {},
          el("thead", {}, el("tr", {}, el("th", {}), el("th", { class: "id" }, short(found.a)), el("th", { class: "id" }, short(found.b)))),
          el("tbody", {}, ...pairs.map((pair) => el("tr", {}, el("th", { scope: "row" }, pair.name), el("td", {}, shown(pair.a)), el("td", {}, shown(pair.b))))))));
  }
}

const shown = (value) => (value === null ? el("span", { class: "muted" }, "(none)") : number(value));
