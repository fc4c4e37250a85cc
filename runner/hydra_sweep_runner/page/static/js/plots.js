/* Parallel coordinates, the objective against each flag, best so far: the charts of
   `runner compare --plot`, with brushes that are in the address. */
/* global echarts, RunnerCharts */
import { latest } from "./api.js";
import { go, now, query } from "./address.js";
import { css, el, later } from "./dom.js";
import { many } from "./words.js";

let loading = null;

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
    this.brushed = later(() => this.tellBrushes(), 120);
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
    const some = answer.drawn < answer.total ? `${answer.drawn.toLocaleString("en")} of ${many(answer.total, "run")}: the best half, and others at even distances. ` : "";
    this.note.textContent = `${some}Drag along an axis to filter; click a line or a point to open its run.`;
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

  /** What is drawn already stays, so that nobody is disturbed at brushing. */
  drawOverview(data) {
    const { name, maximize } = data.objective;
    const best = this.answer.objective.assumed ? "" : ", which is the best,";
    const overview = this.chart("parallel", `Flags and ${name}: the ${maximize ? "greatest" : "least"} ${name}${best} is at the top`, "wide");
    const brush = now().brush.map(parseBrush).filter(Boolean);
    const key = JSON.stringify(data) + css("--text");
    const isMarked = JSON.stringify(brush.map(writtenBrush)) === this.written(overview, data);
    if (key === this.overviewKey && isMarked) return;
    this.isDrawing = true;
    if (key !== this.overviewKey) RunnerCharts.parallel(overview, data, () => this.brushed());
    RunnerCharts.mark(overview, data, brush);
    this.overviewKey = key;
    this.isDrawing = false;
  }

  /** What is marked on the axes, as it stands in the address. */
  written(overview, data) {
    return JSON.stringify(this.overviewKey ? RunnerCharts.marked(overview, data).map(writtenBrush) : []);
  }

  chart(name, title, kind = "") {
    let held = this.charts.get(name);
    if (held === undefined) {
      const drawing = el("div", { class: "drawing" });
      const card = el("section", { class: `card ${kind}`, "data-chart": name }, el("h2", {}, title), drawing);
      this.grid.append(card);
      const chart = echarts.init(drawing);
      chart.on("click", (event) => {
        const run = this.data.runs[event.data?.place ?? event.dataIndex];
        if (run) this.open(run.id);
      });
      held = { card, chart, title: card.firstChild };
      this.charts.set(name, held);
    }
    held.title.textContent = title;
    return held.chart;
  }

  tellBrushes() {
    if (this.isDrawing) return;
    const parts = RunnerCharts.marked(this.charts.get("parallel").chart, this.data);
    const brush = parts.map(writtenBrush);
    if (JSON.stringify(brush) !== JSON.stringify(now().brush.map((one) => writtenBrush(parseBrush(one) ?? {})))) go({ brush });
  }

  resize() {
    for (const { chart } of this.charts.values()) chart.resize();
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
    this.resized.disconnect();
  }
}

const rounded = (value) => Number(value.toPrecision(6));

function writtenBrush(part) {
  return JSON.stringify(part.texts ? [part.axis, part.texts] : [part.axis, rounded(part.low ?? 0), rounded(part.high ?? 0)]);
}

function parseBrush(text) {
  try {
    const [axis, low, high] = JSON.parse(text);
    return Array.isArray(low) ? { axis, texts: low } : { axis, low, high };
  } catch {
    return null;
  }
}

