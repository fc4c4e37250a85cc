/* Parallel coordinates, the objective against each flag, best so far: the charts of
   `runner compare --plot`, with brushes that are in the address. */
/* global echarts, RunnerCharts */
import { latest } from "./api.js";
import { go, now, query } from "./address.js";
import { css, el, later } from "./dom.js";
import { many } from "./words.js";

let loading = null;
/* What ends a drag, wherever the pointer is by then. */
const ENDS = ["pointerup", "pointercancel"];

/** The library of charts, fetched when the first chart is drawn. */
function library() {
  loading ??= load("/static/vendored/echarts.min.js").then(() => load("/static/vendored/charts.js"));
  return loading;
}

function load(source) {
  return new Promise((done, failed) => {
    const script = el("script", { src: source });
    script.onload = done;
    script.onerror = () => failed(new Error(`${source} cannot be loaded`));
    document.head.append(script);
  });
}

export class Plots {
  constructor(place, { open }) {
    this.open = open;
    this.ask = latest();
    this.charts = new Map();
    this.data = null;
    this.note = el("p", { class: "muted" });
    this.grid = el("div", { class: "plots" });
    place.append(this.note, this.grid);
    this.isDragging = false;
    this.dragged = () => this.endDrag();
    for (const type of ENDS) addEventListener(type, this.dragged);
    this.resized = new ResizeObserver(later(() => this.resize(), 50));
    this.resized.observe(this.grid);
  }

  async show() {
    const [answer] = await Promise.all([this.ask("charts", query(now(), ["sort", "reverse"])), library()]);
    if (answer === null) return;
    if (answer.data === null || !answer.data.runs.some((run) => run.objective !== null)) {
      this.note.textContent = "Nothing to draw yet: no run here has reported a number.";
      this.clear();
      return;
    }
    const lacking = toldLack(answer.data);
    const some = answer.drawn < answer.total ? `${answer.drawn.toLocaleString("en")} of ${many(answer.total, "run")}: the best half, and others at even distances. ` : "";
    this.note.textContent = `${some}Drag along an axis to filter; click a line or a point to open its run.${lacking}`;
    this.answer = answer;
    this.draw();
  }

  /** Draw what was answered last, in the colours of the theme. */
  draw() {
    if (!this.answer?.data) return;
    const data = this.answer.data;
    const selected = this.answer.selected === null ? null : new Set(this.answer.selected);
    const wanted = ["parallel", "best", ...data.axes.map((axis) => `against ${axis.name}`)];
    for (const name of [...this.charts.keys()]) if (!wanted.includes(name)) this.drop(name);
    this.data = data;
    this.drawOverview(data);
    const objective = data.objective;
    const way = objective.maximize ? "greatest" : "least";
    const isTaken = this.answer.objective.assumed; // nobody has said what is the best
    RunnerCharts.best(this.chart("best", isTaken ? `Least ${objective.name} so far` : `Best (${way}) ${objective.name} so far`), data, selected);
    data.axes.forEach((axis, at) => {
      RunnerCharts.against(this.chart(`against ${axis.name}`, `${objective.name} against ${axis.name}`), data, at, selected);
    });
    const order = wanted.map((name) => this.charts.get(name).card);
    if (order.some((card, at) => this.grid.children[at] !== card)) this.grid.append(...order);
  }

  /** What is drawn already stays; while somebody drags along an axis nothing is drawn. What is
      marked on the axes is what the address says. */
  drawOverview(data) {
    if (this.isDragging) return;
    const { name, maximize } = data.objective;
    const best = this.answer.objective.assumed ? "" : ", which is the best,";
    const overview = this.chart("parallel", `Flags and ${name}: the ${maximize ? "greatest" : "least"} ${name}${best} is at the top`, "wide");
    const brush = now().brush.map(parseBrush).filter(Boolean);
    const key = JSON.stringify(data) + css("--text") + overview.getWidth();
    const isMarked = this.overviewKey && written(brush) === written(RunnerCharts.marked(overview, this.drawn));
    if (key === this.overviewKey && isMarked) return;
    if (key !== this.overviewKey) RunnerCharts.parallel(overview, data, () => {});
    RunnerCharts.mark(overview, data, brush);
    this.overviewKey = key;
    this.drawn = data;
  }

  chart(name, title, kind = "") {
    let held = this.charts.get(name);
    if (held === undefined) {
      const drawing = el("div", { class: "drawing" });
      const card = el("section", { class: `card ${kind}`, "data-chart": name }, el("h2", {}, title), drawing);
      this.grid.append(card);
      const chart = echarts.init(drawing);
      if (name === "parallel") {
        const begin = () => { this.isDragging = true; };
        drawing.addEventListener("pointerdown", begin, { capture: true });
      }
      chart.on("click", (event) => {
        const { runs } = name === "parallel" ? this.drawn : this.data;
        const run = runs[event.data?.place ?? event.dataIndex];
        if (run) this.open(run.id);
      });
      held = { card, chart, title: card.firstChild };
      this.charts.set(name, held);
    }
    held.title.textContent = title;
    return held.chart;
  }

  /** The button is up again: the chart knows by the next turn what was marked. */
  endDrag() {
    if (!this.isDragging) return;
    setTimeout(() => {
      this.isDragging = false;
      if (!this.charts.has("parallel")) return;
      this.tellBrushes();
      this.drawOverview(this.data);
    }, 0);
  }

  /** Put what is marked into the address, which keeps its brushes of axes that are not drawn. */
  tellBrushes() {
    const drawn = new Set([...this.drawn.axes, this.drawn.objective].map((axis) => axis.name));
    const before = now().brush.map(parseBrush).filter(Boolean);
    const marked = RunnerCharts.marked(this.charts.get("parallel").chart, this.drawn).filter(hasWidth).map((part) => neat(part, valuesOf(this.drawn, part.axis)));
    const parts = [...marked, ...before.filter((part) => !drawn.has(part.axis))];
    if (written(parts) !== written(before)) go({ brush: parts.map(writtenBrush) });
  }

  resize() {
    for (const { chart } of this.charts.values()) chart.resize();
    this.draw(); // how labels stand depends on their room
  }

  drop(name) {
    const { card, chart } = this.charts.get(name);
    chart.dispose();
    card.remove();
    if (name === "parallel") this.overviewKey = null;
    this.charts.delete(name);
  }

  clear() {
    for (const name of [...this.charts.keys()]) this.drop(name);
    this.answer = null;
  }

  close() {
    this.clear();
    for (const type of ENDS) removeEventListener(type, this.dragged);
    this.resized.disconnect();
  }
}

/** A click on an axis marks nothing. */
const hasWidth = (part) => (part.texts ? part.texts.length > 0 : rounded(part.low) < rounded(part.high));

/** How many of the runs have no value of the objective, or of an axis, and so are not drawn there. */
function toldLack({ runs, axes, objective }) {
  const lack = (name, valueOf, where) => {
    const count = runs.filter((run) => valueOf(run) === null).length;
    return count ? ` ${count.toLocaleString("en")} of ${many(runs.length, "run")} ${count === 1 ? "has" : "have"} no ${name} and ${count === 1 ? "is" : "are"} not drawn${where}.` : "";
  };
  return [lack(objective.name, (run) => run.objective, ""), ...axes.map((axis, at) => lack(axis.name, (run) => run.values[at], " on its axis"))].join("");
}

const valuesOf = ({ axes, runs }, name) => {
  const at = axes.findIndex((axis) => axis.name === name);
  return runs.map((run) => (at < 0 ? run.objective : run.values[at])).filter((value) => value !== null);
};

/** What is marked, in few digits, but without losing a value that lies in it. */
function neat(part, values) {
  if (part.texts) return part;
  const inside = values.filter((value) => part.low <= value && value <= part.high);
  return { axis: part.axis, low: Math.min(rounded(part.low), ...inside), high: Math.max(rounded(part.high), ...inside) };
}

const rounded = (value) => Number(value.toPrecision(6));

/** Brushes as one text, in whichever order they are. */
const written = (parts) => JSON.stringify(parts.map(writtenBrush).sort());

function writtenBrush(part) {
  return JSON.stringify(part.texts ? [part.axis, part.texts] : [part.axis, part.low ?? 0, part.high ?? 0]);
}

function parseBrush(text) {
  try {
    const [axis, low, high] = JSON.parse(text);
    return Array.isArray(low) ? { axis, texts: low } : { axis, low, high };
  } catch {
    return null;
  }
}

