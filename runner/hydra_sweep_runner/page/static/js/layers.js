/* Where the nodes of a graph stand: each to the right of all that it takes from. Pure. */

/** For `count` nodes and edges [from, to] the columns, each a list of nodes from top to bottom. */
export function columnsOf(count, edges) {
  const depth = new Array(count).fill(0);
  for (let round = 0; round < count; round += 1) {
    let moved = false;
    for (const [from, to] of edges) {
      if (from !== to && depth[to] < depth[from] + 1) {
        depth[to] = Math.min(count - 1, depth[from] + 1);
        moved = true;
      }
    }
    if (!moved) break;
  }
  const columns = [];
  depth.forEach((at, node) => (columns[at] ??= []).push(node));
  const filled = columns.filter(Boolean);
  const height = new Map();
  filled.forEach((column) => {
    const above = (node) => {
      const sources = edges.filter(([, to]) => to === node).map(([from]) => height.get(from) ?? 0);
      return sources.length ? sources.reduce((sum, at) => sum + at, 0) / sources.length : node;
    };
    const wanted = new Map(column.map((node) => [node, above(node)]));
    column.sort((a, b) => wanted.get(a) - wanted.get(b) || a - b);
    column.forEach((node, place) => height.set(node, place));
  });
  return filled;
}

/** Where an edge passes the columns between its ends, in rows from the top: through the gap between
    two nodes that is the nearest to the straight way, or below the last. `from` and `to` have a
    column `x` and a row `y`, `heights` are the numbers of nodes in the columns. */
export function passing(from, to, heights) {
  const found = [];
  for (let x = from.x + 1; x < to.x; x += 1) {
    const straight = from.y + 0.5 + ((to.y - from.y) * (x - from.x)) / (to.x - from.x);
    found.push({ x, y: straight < heights[x] ? Math.round(straight) : straight });
  }
  return found;
}
