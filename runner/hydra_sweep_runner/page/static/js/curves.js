/* Curves of scalars over steps: of the runs that were chosen, or else of the first in the table. */
import uPlot from "../vendored/uplot.js";
import { latest } from "./api.js";
import { go, now } from "./address.js";
import { css, el, fill, later } from "./dom.js";
import { glyph, many, number, short, statusClass } from "./words.js";

const MOST = 24;
const UNASKED = 8;
/* Okabe and Ito's colours, which the colour-blind can tell, and dashes for the second round. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#9a6324"];
const DASHES = [[], [6, 4], [2, 3]];
/* Distances between the marks of an axis of whole numbers. */
const WHOLE = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

export class Curves {
  constructor(place, { rows, open }) {
    this.rows = rows;
    this.open = open;
    this.ask = latest();
    this.plot = null;
    this.bar = el("div", { class: "line curves-bar" });
    this.drawing = el("div", { class: "curves" });
    this.legend = el("div", { class: "legend" });
    place.append(this.bar, this.drawing, this.legend);
    this.resized = new ResizeObserver(later(() => this.resize(), 50));
    this.resized.observe(this.drawing);
  }

  /** Draw by the table's answer, which knows the scalars. */
  async show(answer) {
    const scalars = answer.scalars;
    const scalar = now().scalar ?? (scalars.includes(answer.objective?.name) ? answer.objective.name : scalars[0]);
    this.drawBar(scalars, scalar);
    if (!scalar) return this.say("No run here has reported a number yet.");
    const ids = this.shownIds();
    const parameters = new URLSearchParams({ scalar });
    for (const id of ids) parameters.append("run", id);
    const found = await this.ask("series", parameters);
    if (found === null) return undefined;
    this.found = found;
    return this.draw();
  }

  /** The runs that were chosen or else the first of the table, and the one that is open. */
  shownIds() {
    const { pick, run } = now();
    const ids = pick.length ? pick.slice(0, MOST) : this.rows().slice(0, UNASKED).map((row) => row.id);
    return run === null || ids.some((id) => isOpen(id)) ? ids : [...ids.slice(0, MOST - 1), run];
  }

  drawBar(scalars, scalar) {
    if (!scalar) return fill(this.bar);
    const choice = el("select", { id: "choose-scalar", "aria-label": "Scalar", onchange: () => go({ scalar: choice.value }, { replace: true }) }, ...scalars.map((name) => el("option", { value: name }, name)));
    choice.value = scalar ?? "";
    const isLog = now().scale === "log";
    const told = now().pick.length ? many(now().pick.length, "chosen run") : "the first runs of the table; choose others by their boxes there";
    return fill(this.bar,
      choice,
      el("label", { class: "check" }, el("input", { type: "checkbox", checked: isLog, onchange: (event) => go({ scale: event.target.checked ? "log" : null }, { replace: true }) }), "logarithmic"),
      el("span", { class: "muted" }, now().run === null ? told : `${told}; the open run is drawn thick`),
    );
  }

  draw() {
    this.plot?.destroy();
    this.plot = null;
    const curves = (this.found?.curves ?? []).filter((curve) => curve.steps.length);
    if (!curves.length) return this.say("None of these runs has reported it.");
    fill(this.drawing);
    const data = uPlot.join(curves.map((curve) => [curve.steps, curve.values]));
    const isLog = now().scale === "log" && curves.every((curve) => curve.values.every((value) => value === null || value > 0));
    const axis = { stroke: css("--muted"), grid: { stroke: css("--faint"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "12px system-ui" };
    this.plot = new uPlot(
      {
        ...this.size(),
        scales: { x: { time: false, ...(data[0].length === 1 ? { range: around(data[0][0]) } : {}) }, y: { distr: isLog ? 3 : 1 } },
        axes: [{ ...axis, incrs: WHOLE, label: "step", labelSize: 18, labelFont: "12px system-ui" }, { ...axis, size: 70, values: (_, values) => values.map((value) => (value === null ? "" : number(value))) }],
        legend: { show: false },
        cursor: { focus: { prox: 24 } },
        focus: { alpha: 0.25 },
        series: [{}, ...curves.map((curve, at) => ({ label: short(curve.id), stroke: colour(at), dash: dash(at), width: isOpen(curve.id) ? 4 : 1.8, spanGaps: true, points: { show: curve.steps.length < 2 } }))],
        hooks: { setCursor: [(plot) => this.point(plot)], draw: [(plot) => markEnds(plot, curves)] },
      },
      data,
      this.drawing,
    );
    this.drawLegend(curves);
    return undefined;
  }

  drawLegend(curves) {
    this.step = el("span", { class: "muted at-step" });
    fill(this.legend,
      this.step,
      ...curves.map((curve, at) => {
        const mark = el("span", { class: "mark" });
        mark.style.borderTop = `3px ${dash(at).length ? "dashed" : "solid"} ${colour(at)}`;
        const value = el("b", { "data-at": at });
        const state = el("span", { class: `status ${statusClass(curve.status)}`, title: curve.status }, glyph(curve.status));
        return el("button", { class: `quiet${isOpen(curve.id) ? " open" : ""}`, title: `${curve.status}: open it`, onclick: () => this.open(curve.id) }, mark, el("span", { class: "id" }, short(curve.id)), " ", state, ` ${curve.flags} `, value);
      }),
    );
    this.point(null);
  }

  /** Show each curve's value where the pointer is, or its last. */
  point(plot) {
    const at = plot?.cursor.idx ?? null;
    this.step.textContent = at === null ? "last values" : `step ${number(plot.data[0][at])}`;
    this.found.curves.filter((curve) => curve.steps.length).forEach((curve, place) => {
      const shown = this.legend.querySelector(`[data-at="${place}"]`);
      if (shown) shown.textContent = number(at === null ? curve.values.at(-1) : (plot.data[place + 1][at] ?? null));
    });
  }

  say(text) {
    this.plot?.destroy();
    this.plot = null;
    fill(this.drawing, el("p", { class: "nothing" }, text));
    fill(this.legend);
  }

  size() {
    return { width: Math.max(320, this.drawing.clientWidth), height: Math.max(240, this.drawing.clientHeight - 4) };
  }

  resize() {
    this.plot?.setSize(this.size());
  }

  close() {
    this.resized.disconnect();
    this.plot?.destroy();
  }
}

/** The part of the steps' axis that is shown of a single step, which stands in its middle. */
const around = (step) => [step - 0.5, step + 0.5];

/** A cross where the curve of a run ends that has failed, a square where one was stopped. */
function markEnds(plot, curves) {
  const { ctx } = plot;
  ctx.save();
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.font = `bold ${Math.round(15 * devicePixelRatio)}px system-ui, sans-serif`;
  for (const curve of curves) {
    const last = curve.values.findLastIndex((value) => value !== null);
    if (last < 0 || !["error", "terminated"].includes(curve.status)) continue;
    ctx.fillStyle = css(`--s-${curve.status}`);
    ctx.fillText(glyph(curve.status), plot.valToPos(curve.steps[last], "x", true), plot.valToPos(curve.values[last], "y", true));
  }
  ctx.restore();
}

/** Whether it is the open run; either id may be the beginning of the other. */
const isOpen = (id) => now().run !== null && (id.startsWith(now().run) || now().run.startsWith(id));
const colour = (at) => COLOURS[at % COLOURS.length];
const dash = (at) => DASHES[Math.floor(at / COLOURS.length) % DASHES.length];
