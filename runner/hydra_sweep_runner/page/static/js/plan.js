/* A batch's plan: a square for each trial in its order, and a pipeline's graph. */
import { latest } from "./api.js";
import { now } from "./address.js";
import { el, fill, svg } from "./dom.js";
import { bar } from "./aside.js";
import { columnsOf } from "./layers.js";
import { STATUSES, glyph, many, short, statusClass } from "./words.js";

const NODE = { width: 184, height: 62, gapX: 56, gapY: 12 };
/** With more trials there is no room for the flags of each. */
const MOST_TOLD = 200;

export class Plan {
  constructor(place, { open }) {
    this.open = open;
    this.ask = latest();
    this.place = el("div", { class: "plan" });
    place.append(this.place);
  }

  async show() {
    if (!now().batch) {
      fill(this.place, el("p", { class: "nothing" }, "Choose a batch at the side: a plan is a batch's."));
      return;
    }
    const found = await this.ask("plan", { batch: now().batch });
    if (found === null) return;
    const counts = {};
    for (const trial of found.trials) counts[trial.status] = (counts[trial.status] ?? 0) + 1;
    fill(this.place,
      this.key(counts),
      ...(found.graph ? [el("h2", {}, found.graph.by === "step" ? "Steps" : "What takes from what"), this.graph(found.graph)] : []),
      el("h2", {}, `${many(found.total, "trial")}, in the plan's order`),
      this.squares(found),
    );
  }

  key(counts) {
    const told = STATUSES.filter((status) => counts[status]);
    return el("p", { class: "key" }, ...told.map((status) => el("span", { class: `status ${statusClass(status)}` }, `${glyph(status)} ${counts[status]} ${status} `)));
  }

  squares(found) {
    const more = found.total - found.trials.length;
    const isTold = found.trials.length <= MOST_TOLD && found.trials.some((trial) => trial.flags || trial.step);
    return el(
      "div",
      { class: `squares${isTold ? " told" : ""}` },
      ...found.trials.map((trial) =>
        el("button", {
          class: `square ${statusClass(trial.status)}`,
          title: `#${trial.number} ${short(trial.id)} ${trial.step ?? ""} ${trial.status}${trial.flags ? `: ${trial.flags}` : ""}${trial.reason ? `\n${trial.reason}` : ""}`,
          "aria-label": `trial ${trial.number}, ${trial.status}`,
          disabled: trial.status === "not created",
          onclick: () => this.open(trial.id),
        }, glyph(trial.status), isTold ? el("span", { class: "flags" }, trial.step ? el("b", {}, `${trial.step} `) : null, trial.flags || short(trial.id)) : null)),
      more > 0 ? el("span", { class: "muted" }, `and ${more} more`) : null,
    );
  }

  graph(graph) {
    const columns = columnsOf(graph.nodes.length, graph.edges);
    const at = [];
    columns.forEach((column, x) => column.forEach((node, y) => {
      at[node] = { x: x * (NODE.width + NODE.gapX) + 4, y: y * (NODE.height + NODE.gapY) + 4 };
    }));
    const width = columns.length * (NODE.width + NODE.gapX) - NODE.gapX + 8;
    const height = Math.max(...columns.map((column) => column.length)) * (NODE.height + NODE.gapY) - NODE.gapY + 8;
    const nodes = graph.nodes.map((node, place) => (graph.by === "step" ? stepNode(node, at[place]) : this.trialNode(node, at[place])));
    const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "The plan as a graph" },
      ...graph.edges.map(([from, to]) => edge(at[from], at[to])), ...nodes);
    nodes.forEach((node, place) => lightUp(drawing, node, place, graph.edges));
    return el(
      "div",
      { class: "graph" },
      drawing,
      graph.by === "step" ? el("div", { class: "step-list" }, ...graph.nodes.map((node) => el("p", { class: "line" }, el("b", {}, node.step), bar(node.counts, node.trials)))) : null,
    );
  }

  trialNode(trial, at) {
    const act = () => this.open(trial.id);
    const node = box(at, trial.status, trial.step ?? short(trial.id), [`${glyph(trial.status)} ${trial.status} ${short(trial.id)}`, trial.flags], `${trial.flags}${trial.reason ? `\n${trial.reason}` : ""}`);
    if (trial.status !== "not created") {
      node.setAttribute("tabindex", "0");
      node.setAttribute("role", "button");
      node.addEventListener("click", act);
      node.addEventListener("keydown", (event) => {
        if (event.key === "Enter") act();
      });
    }
    return node;
  }
}

function stepNode(node, at) {
  const worst = STATUSES.find((status) => node.counts[status]) ?? "pending";
  const told = STATUSES.filter((status) => node.counts[status]).map((status) => `${glyph(status)} ${node.counts[status]}`).join("  ");
  return box(at, worst, node.step, [told, many(node.trials, "trial")], STATUSES.filter((status) => node.counts[status]).map((status) => `${node.counts[status]} ${status}`).join(", "));
}

function box(at, status, name, told, title) {
  return svg(
    "g",
    { class: `node ${statusClass(status)}`, transform: `translate(${at.x},${at.y})` },
    svg("title", {}, title || name),
    svg("rect", { width: NODE.width, height: NODE.height, rx: 7 }),
    svg("rect", { class: "side", width: 6, height: NODE.height, rx: 3 }),
    svg("text", { x: 16, y: 19, class: "name" }, cut(name, 23)),
    svg("text", { x: 16, y: 36, class: "told" }, told[0]),
    svg("text", { x: 16, y: 52, class: "flags" }, cut(told[1], 26)),
  );
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Show what a node takes from and what takes from it, while the pointer is on it. */
function lightUp(drawing, node, place, edges) {
  const own = edges.flatMap(([from, to], at) => (from === place || to === place ? [at] : []));
  const lines = () => own.map((at) => drawing.querySelectorAll(".edge")[at]);
  node.addEventListener("mouseenter", () => lines().forEach((line) => line.classList.add("lit")));
  node.addEventListener("mouseleave", () => lines().forEach((line) => line.classList.remove("lit")));
}

function edge(from, to) {
  const [x1, y1] = [from.x + NODE.width, from.y + NODE.height / 2];
  const [x2, y2] = [to.x, to.y + NODE.height / 2];
  const bend = Math.max(24, (x2 - x1) / 2);
  return svg("path", { class: "edge", d: `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}` });
}
