/* The charts of runs: parallel coordinates, the objective against a flag, best so far.

   Each function takes an ECharts instance and the data that charts/data.py makes, and draws.
   A selection is a Set of places in data.runs, or null for all. */
"use strict";

const RunnerCharts = (() => {
  /* Labels of axes: the height of their lines, and how long one may be that stands upright. */
  const LETTER = { height: 12, longest: 84 };
  const GRID = { left: 62, right: 18, top: 30, bottom: 44 };
  const OVERVIEW = { left: 60, right: 80, top: 46, bottom: 26 };

  const css = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colours = () => [css("--good"), css("--middle"), css("--bad")];
  const format = (value) =>
    typeof value === "number" ? number(value) : String(value ?? "–");

  /* A number in six significant digits, as tables have it. */
  function number(value) {
    if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
    const text = value.toPrecision(6);
    if (text.includes("e")) return text.replace(/\.?0+e/, "e");
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }
  const shown = (selection, place) => selection === null || selection.has(place);

  function tooltip(data) {
    return {
      confine: true,
      backgroundColor: css("--surface"),
      borderColor: css("--line"),
      textStyle: { color: css("--text"), fontSize: 12 },
      formatter: (item) => {
        const run = data.runs[item.data.place ?? item.dataIndex];
        if (!run) return "";
        const rows = data.axes.map((axis, i) => [axis.name, format(run.values[i])]);
        rows.unshift([data.objective.name, format(run.objective)]);
        const escape = echarts.format.encodeHTML;
        return (
          `<b>${escape(run.id.slice(0, 8))}</b> ${escape(run.status ?? "")}<br>` +
          rows.map(([name, text]) => `${escape(name)} <b>${escape(text)}</b>`).join("<br>")
        );
      },
    };
  }

  /* An axis for these values; one of whole numbers has no marks between them. A logarithmic one is
     longer than its values by less than can be seen: where on it the pointer is, is known only
     nearly, and a mark up to an end has to hold the value there. */
  function axisOf(axis, values) {
    if (axis.kind === "text") return { type: "category", data: axis.texts };
    if (axis.log) {
      const known = values.filter((value) => value !== null);
      return { type: "log", min: Math.min(...known) * (1 - 1e-9), max: Math.max(...known) * (1 + 1e-9) };
    }
    const isWhole = values.every((value) => value === null || Number.isInteger(value));
    return { type: "value", scale: true, ...(isWhole ? { minInterval: 1 } : {}) };
  }

  /* Labels of texts, of which each is drawn, or every second, third, … where they have no room, and
     marks at those that are drawn. `room_px` is the length of the axis for each text, `most_px` the
     length of a label. By its own `interval` the library would have the last one in any case. */
  function labels(texts, room_px, most_px, more = {}) {
    const axis = lines();
    const every = Math.max(1, Math.ceil(LETTER.height / room_px));
    const customValues = texts.map((_, place) => place).filter((place) => place % every === 0);
    return {
      axisTick: { ...axis.axisTick, alignWithLabel: true, customValues },
      axisLabel: { ...axis.axisLabel, hideOverlap: false, customValues, formatter: (text) => cut(text, most_px), ...more },
    };
  }

  const widthOf = (text) => echarts.format.getTextRect(text).width;
  const widest = (texts) => texts.reduce((most, text) => Math.max(most, widthOf(text)), 0);

  /* A text that is too long without its middle: what tells texts apart stands mostly at an end. */
  function cut(text, most_px) {
    const width = widthOf(text);
    if (width <= most_px) return text;
    const letters = [...text];
    const without = (kept) => [...letters.slice(0, Math.ceil(kept / 2)), "…", ...letters.slice(-Math.floor(kept / 2))].join("");
    let kept = Math.floor((letters.length * most_px) / width);
    while (kept > 2 && widthOf(without(kept)) > most_px) kept -= 1;
    return without(Math.max(2, kept));
  }

  const valuesOn = (data, number) => data.runs.map((run) => run.values[number]);
  const objectiveAxis = (data) =>
    axisOf({ ...data.objective, kind: "number" }, data.runs.map((run) => run.objective));

  function visualMap(data, more) {
    const known = data.runs.map((run) => run.objective).filter((value) => value !== null);
    const ordered = colours();
    return {
      type: "continuous",
      min: Math.min(...known),
      max: Math.max(...known),
      calculable: false,
      show: false,
      inRange: { color: data.objective.maximize ? [...ordered].reverse() : ordered },
      ...more,
    };
  }

  function lines() {
    const line = { lineStyle: { color: css("--line") } };
    return {
      axisLine: line,
      axisTick: line,
      splitLine: { lineStyle: { color: css("--faint") } },
      axisLabel: {
        color: css("--muted"),
        textBorderColor: css("--surface"),
        textBorderWidth: 3,
        hideOverlap: true,
        formatter: (v) => format(v),
      },
      nameTextStyle: { color: css("--text") },
    };
  }

  function parallel(chart, data, onSelect) {
    const objective = { ...data.objective, kind: "number" };
    const axes = [...data.axes, objective];
    const height_px = chart.getHeight() - OVERVIEW.top - OVERVIEW.bottom;
    const gap_px = (chart.getWidth() - OVERVIEW.left - OVERVIEW.right) / (axes.length - 1);
    chart.setOption(
      {
        animation: false,
        tooltip: tooltip(data),
        visualMap: visualMap(data, { dimension: axes.length - 1 }),
        parallel: OVERVIEW,
        parallelAxis: axes.map((axis, dim) => ({
          dim,
          name: axis.name,
          nameLocation: axis === objective && !data.objective.maximize ? "start" : "end",
          nameGap: 16,
          nameTruncate: { maxWidth: 150 },
          inverse: axis === objective && !data.objective.maximize,
          areaSelectStyle: { width: 18, opacity: 0.25, color: css("--accent") },
          ...lines(),
          ...(axis.kind === "text" ? labels(axis.texts, height_px / axis.texts.length, gap_px - 16) : {}),
          ...(axis === objective ? objectiveAxis(data) : axisOf(axis, valuesOn(data, dim))),
        })),
        series: {
          type: "parallel",
          lineStyle: { width: 1.6, opacity: 0.65 },
          inactiveOpacity: 0.04,
          activeOpacity: 0.85,
          data: data.runs.map((run, place) => ({ value: [...run.values, run.objective], place })),
        },
      },
      true,
    );
    chart.off("rendered");
    chart.on("rendered", () => tint(chart));
    chart.off("axisareaselected");
    chart.on("axisareaselected", () => {
      const series = chart.getModel().getSeries()[0];
      const active = new Set(series.getRawIndicesByActiveState("active"));
      const areas = chart.getOption().parallelAxis.some((axis) => axis.activeIntervals?.length);
      const brushed = active.size > 0 || series.getRawIndicesByActiveState("inactive").length > 0;
      onSelect(brushed || areas ? active : null);
    });
  }

  /* What was not marked by hand is drawn in a colour of the library's own. */
  function tint(chart) {
    const fill = css("--accent");
    for (const shape of chart.getZr().storage.getDisplayList(false))
      if (shape.name === "main" && shape.style.fill !== fill)
        shape.setStyle({ fill, opacity: 0.25 });
  }

  function against(chart, data, number, selection) {
    const axis = data.axes[number];
    const points = data.runs
      .map((run, place) => ({ value: [run.values[number], run.objective], place }))
      .filter((point) => point.value.every((value) => value !== null));
    const { more, below_px } = axis.kind === "text" ? textsBelow(chart, axis) : { more: {}, below_px: 0 };
    chart.setOption(
      {
        animation: false,
        tooltip: tooltip(data),
        visualMap: visualMap(data, { dimension: 1 }),
        grid: { ...GRID, bottom: GRID.bottom + below_px },
        xAxis: { name: axis.name, nameLocation: "middle", nameGap: 28 + below_px, ...lines(), ...more, ...axisOf(axis, valuesOn(data, number)) },
        yAxis: { ...lines(), ...objectiveAxis(data) },
        series: {
          type: "scatter",
          symbolSize: 8,
          data: points.map((point) => ({
            ...point,
            itemStyle: { opacity: shown(selection, point.place) ? 0.85 : 0.06 },
          })),
        },
      },
      true,
    );
  }

  /* The labels of texts below a chart: side by side or, where they have no room for that, upright;
     `below_px` is the room that these take more. */
  function textsBelow(chart, axis) {
    const each_px = (chart.getWidth() - GRID.left - GRID.right) / axis.texts.length;
    const width = widest(axis.texts);
    if (width + 8 <= each_px) return { more: labels(axis.texts, each_px, each_px), below_px: 0 };
    const length = Math.min(width, LETTER.longest);
    return { more: labels(axis.texts, each_px, LETTER.longest, { rotate: 90 }), below_px: Math.max(0, length - LETTER.height) };
  }

  function best(chart, data, selection) {
    const runs = data.runs
      .map((run, place) => ({ place, value: run.objective }))
      .filter(({ place, value }) => value !== null && shown(selection, place));
    let so_far = null;
    const steps = runs.flatMap(({ value }, i) => {
      const before = so_far;
      const better = so_far === null || (data.objective.maximize ? value > so_far : value < so_far);
      so_far = better ? value : so_far;
      return before === null ? [[1, so_far]] : [[i + 1, before], [i + 1, so_far]];
    });
    chart.setOption(
      {
        animation: false,
        tooltip: tooltip(data),
        grid: GRID,
        xAxis: {
          type: "value",
          name: "runs, in the order of their start",
          nameLocation: "middle",
          nameGap: 28,
          minInterval: 1,
          min: 1,
          max: Math.max(2, runs.length),
          ...lines(),
        },
        yAxis: { ...lines(), ...objectiveAxis(data) },
        series: [
          {
            type: "scatter",
            symbolSize: 6,
            itemStyle: { color: css("--muted"), opacity: 0.6 },
            data: runs.map(({ place, value }, i) => ({ value: [i + 1, value], place })),
          },
          {
            // a series of the type "line" leaves out steps of less than a pixel, which makes slopes
            type: "custom",
            silent: true,
            data: steps,
            z: 3,
            renderItem: (item, api) =>
              item.dataIndexInside > 0
                ? null
                : {
                    type: "polyline",
                    shape: { points: steps.map((step) => api.coord(step)) },
                    style: { stroke: css("--accent"), lineWidth: 2.5, fill: null },
                  },
          },
        ],
      },
      true,
    );
  }

  /* What is marked on the axes of the parallel coordinates: an axis' name, and a part of it,
     [low, high] of numbers or a list of texts. */
  function marked(chart, data) {
    return [...data.axes, { ...data.objective, kind: "number" }].flatMap((axis, dim) => {
      const parts = chart.getModel().getComponent("parallelAxis", dim)?.activeIntervals ?? [];
      return parts.map(([low, high]) =>
        axis.kind === "text"
          ? { axis: axis.name, texts: axis.texts.filter((_, i) => low <= i && i <= high) }
          : { axis: axis.name, low, high },
      );
    });
  }

  /* Mark parts of axes, as `marked` tells them, in place of what is marked. */
  function mark(chart, data, parts) {
    [...data.axes, { ...data.objective, kind: "number" }].forEach((axis, dim) => {
      const model = chart.getModel().getComponent("parallelAxis", dim);
      const intervals = parts
        .filter((part) => part.axis === axis.name)
        .map((part) => {
          if (!part.texts) return [part.low, part.high];
          const places = part.texts.map((text) => axis.texts.indexOf(text)).filter((i) => i >= 0);
          return [Math.min(...places) - 0.4, Math.max(...places) + 0.4];
        })
        .filter((interval) => interval.every(Number.isFinite));
      const had = model.activeIntervals?.length ?? 0;
      if (had || intervals.length)
        chart.dispatchAction({ type: "axisAreaSelect", parallelAxisId: model.id, intervals });
    });
    // An axis does not draw the marks that it is told of itself: this action is for no axis, and
    // has all of them drawn.
    chart.dispatchAction({ type: "axisAreaSelect", parallelAxisId: "none", intervals: [] });
  }

  return { parallel, against, best, format, marked, mark };
})();
