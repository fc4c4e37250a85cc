/* A batch's plan: a square for each trial in its order, and a pipeline's graph. */
import { latest } from "./api.js";
import { now } from "./address.js";
import { el, fill, svg } from "./dom.js";
import { bar } from "./aside.js";
import { columnsOf, passing } from "./layers.js";
import { STATUSES, glyph, many, short, statusClass } from "./words.js";

const NODE = { width: 188, height: 62, gapX: 52, gapY: 14, margin: 10 };
/** A node has a second line for flags if some node's are longer than that, in characters. */
const ONE_LINE = 26;
/** A tile is as wide as the longest needs, in pixels, within these. */
const TILE = { least: 200, most: 460, letter: 7, rest: 34 };
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
      fill(this.place, el("p", { class: "nothing" }, "There is no batch yet: a plan is a batch's."));
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
    const place = el(
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
    const longest = Math.max(0, ...found.trials.slice(0, MOST_TOLD).map((trial) => (trial.step ?? "").length + trial.flags.length));
    place.style.setProperty("--tile", `${Math.min(TILE.most, Math.max(TILE.least, longest * TILE.letter + TILE.rest))}px`);
    return place;
  }

  graph(graph) {
    const columns = columnsOf(graph.nodes.length, graph.edges);
    const isLong = graph.nodes.some((node) => (node.flags ?? "").length > ONE_LINE);
    const size = { width: NODE.width, height: NODE.height + (isLong ? 16 : 0) };
    const left = (x) => x * (size.width + NODE.gapX) + NODE.margin;
    const top = (y) => y * (size.height + NODE.gapY) + NODE.margin;
    const at = [];
    columns.forEach((column, x) => column.forEach((node, y) => {
      at[node] = { x, y, left: left(x), top: top(y) };
    }));
    const heights = columns.map((column) => column.length);
    const width = left(columns.length) - NODE.gapX + NODE.margin;
    const height = top(Math.max(...heights)) - NODE.gapY + NODE.margin;
    const nodes = graph.nodes.map((node, place) => (graph.by === "step" ? stepNode(node, at[place], size) : this.trialNode(node, at[place], size)));
    const past = (from, to) => passing(from, to, heights).map(({ x, y }) => ({ left: left(x), middle: top(y) - NODE.gapY / 2 }));
    const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "The plan as a graph" },
      ...graph.edges.map(([from, to]) => edge(at[from], at[to], past(at[from], at[to]), size)), ...nodes);
    nodes.forEach((node, place) => lightUp(drawing, node, place, graph.edges));
    return el(
      "div",
      { class: "graph" },
      drawing,
      graph.by === "step" ? el("div", { class: "step-list" }, ...graph.nodes.map((node) => el("p", { class: "line" }, el("b", {}, node.step), bar(node.counts, node.trials)))) : null,
    );
  }

  trialNode(trial, at, size) {
    const act = () => this.open(trial.id);
    const node = box(at, size, trial.status, trial.step ?? short(trial.id), [`${glyph(trial.status)} ${trial.status} ${short(trial.id)}`, trial.flags], `${trial.flags}${trial.reason ? `\n${trial.reason}` : ""}`);
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

function stepNode(node, at, size) {
  const worst = STATUSES.find((status) => node.counts[status]) ?? "pending";
  const told = STATUSES.filter((status) => node.counts[status]).map((status) => `${glyph(status)} ${node.counts[status]}`).join("  ");
  return box(at, size, worst, node.step, [told, many(node.trials, "trial")], STATUSES.filter((status) => node.counts[status]).map((status) => `${node.counts[status]} ${status}`).join(", "));
}

function box(at, size, status, name, [told, flags], title) {
  return svg(
    "g",
    { class: `node ${statusClass(status)}`, transform: `translate(${at.left},${at.top})` },
    svg("title", {}, title || name),
    svg("rect", { ...size, rx: 7 }),
    svg("rect", { class: "side", width: 6, height: size.height, rx: 3 }),
    svg("foreignObject", { x: 16, y: 4, width: size.width - 24, height: size.height - 8 },
      el("div", { class: "name" }, name), el("div", { class: "told" }, told), el("div", { class: "flags" }, flags)),
  );
}

/** Show what a node takes from and what takes from it, while the pointer is on it. */
function lightUp(drawing, node, place, edges) {
  const own = edges.flatMap(([from, to], at) => (from === place || to === place ? [at] : []));
  const lines = () => own.map((at) => drawing.querySelectorAll(".edge")[at]);
  node.addEventListener("mouseenter", () => lines().forEach((line) => line.classList.add("lit")));
  node.addEventListener("mouseleave", () => lines().forEach((line) => line.classList.remove("lit")));
}

/** From the right side of a node to the left one of another, past the nodes between. */
function edge(from, to, past, size) {
  let [x, y] = [from.left + size.width, from.top + size.height / 2];
  let path = `M${x},${y}`;
  const bendTo = (nextX, nextY) => {
    const bend = Math.max(24, (nextX - x) / 2);
    path += ` C${x + bend},${y} ${nextX - bend},${nextY} ${nextX},${nextY}`;
  };
  for (const { left, middle } of past) {
    bendTo(left, middle);
    [x, y] = [left + size.width, middle];
    path += ` H${x}`;
  }
  bendTo(to.left, to.top + size.height / 2);
  return svg("path", { class: "edge", d: path });
}
