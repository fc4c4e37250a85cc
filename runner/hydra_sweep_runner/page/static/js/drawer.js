/* All about one run: flags and where from, scalars, its log as it grows, files, what differs. */
import { offer } from "./actions.js";
import { latest, mayChange } from "./api.js";
import { go, names, now, restate } from "./address.js";
import { byId, el, fill, redraw } from "./dom.js";
import { Differences, Files } from "./files.js";
import { Log } from "./log.js";
import { duration, glyph, number, short, statusClass, time } from "./words.js";

const TABS = [["about", "About"], ["log", "Log"], ["files", "Files"], ["diff", "Differences"]];

export class Drawer {
  constructor() {
    this.place = byId("drawer");
    this.ask = latest();
    this.run = null;
    this.part = null;
    this.isGone = false; // whether the run that is shown is no longer in the store
    this.first = null; // the tab that a run has begun with
  }

  /** Show the run that the address names, or close. */
  async show() {
    const { run } = now();
    if (run === null) return this.close();
    this.place.hidden = false;
    document.body.classList.add("has-drawer");
    try {
      const found = await this.ask("run", { id: run });
      if (found === null) return undefined;
      if (!names(run, found.id)) restate({ run: short(found.id) }); // it was `last`, or a few digits
      this.draw(found);
    } catch (error) {
      this.endPart();
      this.run = null;
      const head = el("div", { class: "line" }, el("h2", {}, "Run ", el("span", { class: "id" }, short(run))), el("span", { class: "room" }), this.closer());
      fill(this.place, el("div", { class: "drawer-head" }, head, el("p", { class: "reason wrong", role: "alert" }, error.message)));
    }
    return undefined;
  }

  /** The run is another than it was. */
  async refresh() {
    if (now().run === null) return;
    try {
      const found = await this.ask("run", { id: now().run });
      if (found !== null) this.draw(found);
    } catch (error) {
      this.tellGone(error.message);
    }
  }

  draw(found) {
    this.isGone = false;
    const isSame = this.run?.id === found.id && this.tab === this.tabOf(found) && this.other === now().with && this.path === now().path;
    const head = this.head(found);
    const tab = this.tabOf(found);
    this.run = found;
    if (isSame && this.head_) {
      redraw(this.head_, ...head.childNodes);
      this.part?.update?.(found);
      return;
    }
    this.endPart();
    this.head_ = head;
    this.tab = tab;
    this.other = now().with;
    this.path = now().path;
    const body = el("div", { class: "drawer-body", tabindex: "-1" });
    fill(this.place, head, body);
    this.part = this.makePart(found, body);
  }

  /** The tab in the address; without one, the log of a run that had failed when it was opened.
      A log stays that is begun anew. */
  tabOf(found) {
    if (this.first?.id !== found.id) this.first = { id: found.id, tab: found.status === "error" ? "log" : "about" };
    const asked = now().tab ?? this.first.tab;
    return asked === "log" && !this.hasLog(found) ? "about" : asked;
  }

  hasLog(found) {
    return found.has_log || (this.run?.id === found.id && this.tab === "log");
  }

  /** Other runs are chosen than were. */
  tellPicked() {
    this.part?.picked?.();
  }

  /** Whether the open run is one of these, given by the beginnings of ids, or is gone. */
  isOf(ids) {
    return this.run !== null && (this.isGone || ids.some((id) => this.run.id.startsWith(id)));
  }

  makePart(found, body) {
    switch (this.tab) {
      case "log": return new Log(body, found);
      case "files": return new Files(body, found);
      case "diff": return new Differences(body, found);
      default: return new About(body, found);
    }
  }

  head(found) {
    const tabs = TABS.filter(([name]) => name !== "log" || this.hasLog(found));
    return el(
      "div",
      { class: "drawer-head" },
      el("div", { class: "line" },
        el("h2", {}, found.operation, " ", el("span", { class: "id" }, short(found.id))),
        el("span", { class: `status ${statusClass(found.status)}` }, `${glyph(found.status)} ${found.status}`),
        el("span", { class: "room" }),
        this.closer()),
      found.reason ? el("p", { class: `reason ${statusClass(found.status)}` }, found.reason) : null,
      this.buttons(found),
      el("div", { class: "tabs", role: "tablist" }, ...tabs.map(([name, title]) =>
        el("button", { role: "tab", "aria-selected": String(this.tabOf(found) === name), onclick: () => go({ tab: name, path: null }) }, title))),
    );
  }

  buttons(found) {
    const marks = [found.label ? el("i", {}, found.label) : null, ...found.tags.map((tag) => el("span", { class: "tag" }, tag.text))];
    if (!mayChange) return el("div", { class: "line" }, marks);
    const isAtWork = found.status === "running";
    const isBatch = found.kind === "batch";
    return el(
      "div",
      { class: "line buttons" },
      marks,
      el("span", { class: "room" }),
      isAtWork
        ? el("button", { "data-is": "stop", onclick: () => offer.stop([found.id]) }, "Stop")
        : el("button", { "data-is": "restart", onclick: () => offer.restart([found.id]) }, isBatch ? "Restart all" : "Restart"),
      isAtWork
        ? ["Tag", "Label", "Note"].map((verb) => el("button", { disabled: true, title: "Not while it is at work: only its own process writes its record then" }, verb))
        : [
            el("button", { onclick: () => offer.tag([found.id], found.tags.map((tag) => tag.tag)) }, "Tag"),
            el("button", { onclick: () => offer.label([found.id], found.label ?? "") }, "Label"),
            el("button", { onclick: () => offer.note(found.id, found.note ?? "") }, "Note"),
            el("button", { class: "danger", onclick: () => offer.remove([found.id], { isBatch }) }, "Delete"),
          ],
    );
  }

  closer() {
    return el("button", { class: "quiet", title: "Close (Esc)", "aria-label": "Close", onclick: () => closeRun() }, "✕");
  }

  /** The run is no longer in the store: it can be read on, and nothing be done with it. */
  tellGone(message) {
    if (this.place.querySelector(".gone")) return;
    this.isGone = true;
    this.head_?.querySelector(".buttons")?.remove();
    this.place.querySelector(".drawer-head")?.append(el("p", { class: "gone wrong", role: "alert" }, message));
  }

  endPart() {
    this.part?.close?.();
    this.part = null;
    this.head_ = null;
  }

  close() {
    this.endPart();
    this.run = this.first = null;
    this.place.hidden = true;
    fill(this.place);
    document.body.classList.remove("has-drawer");
  }
}

export const closeRun = () => go({ run: null, tab: null, with: null, path: null });

/** Facts, flags, scalars, kin. */
class About {
  constructor(place, found) {
    this.place = place;
    this.update(found);
  }

  update(found) {
    redraw(this.place,
      found.note ? el("p", { class: "note" }, found.note) : "",
      section("Scalars", found.scalars.length ? table(["", "last", "least", "greatest", "step", "reports"], found.scalars.map((one) => [one.name, num(one.last), num(one.min), num(one.max), num(one.step), num(one.count)])) : null),
      section("Flags", found.flags.length ? table(["", "value", "from"], found.flags.map((flag) => [flag.name, el("span", { title: flag.exact }, number(flag.value)), el("span", { class: "muted" }, flag.origin ?? "")])) : null),
      section("Flags upstream", found.upstream.length ? table(null, found.upstream.map((flag) => [flag.name, el("span", { title: flag.exact }, number(flag.value))])) : null),
      section("Run", table(null, [...found.facts.map(([label, value]) => [label, fact(label, value)])])),
      section("Attempts that failed", found.attempts.length ? table(["", "exit", "reason"], found.attempts.map((one) => [time(one.started), num(one.exit_status), one.reason])) : null),
      section("Code since", found.changes.length ? el("ul", {}, ...found.changes.map((change) => el("li", {}, change))) : null),
      section("Takes from", found.inputs.length ? table(null, found.inputs.map((one) => [one.name, one.runs.map((id) => [link(id), " "]), one.path ?? ""])) : null),
      section("Taken by", found.downstream.length ? el("p", {}, ...found.downstream.map(kin)) : null),
      section("In batches", found.batches.length ? el("p", {}, ...found.batches.map(kin)) : null),
    );
  }
}

const num = (value) => el("span", { class: "num", title: value ?? "" }, number(value));

function fact(label, value) {
  if (value !== null && typeof value === "object" && "time" in value) return el("span", { title: value.time }, time(value.time));
  if (label === "duration") return duration(value);
  return el("span", { class: /folder|log|id|commit|overrides/.test(label) ? "id" : "" }, String(value ?? ""));
}

const link = (id, text = short(id)) => el("button", { class: "link", onclick: () => go({ run: short(id), tab: null, with: null, path: null }) }, text);
const kin = (one) => el("span", { class: "kin" }, one.status === "gone" ? `${short(one.id)} (gone)` : link(one.id, `${one.name ?? ""} ${short(one.id)}`), " ", el("span", { class: `status ${statusClass(one.status)}` }, glyph(one.status)), " ");

function section(title, content) {
  return content === null ? "" : el("section", {}, el("h3", {}, title), content);
}

function table(titles, rows) {
  return el("table", {}, titles ? el("thead", {}, el("tr", {}, ...titles.map((title) => el("th", {}, title)))) : null, el("tbody", {}, ...rows.map(([name, ...cells]) => el("tr", {}, el("th", { scope: "row" }, name), ...cells.map((cell) => el("td", {}, cell))))));
}
