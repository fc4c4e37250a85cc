"""A comparison as a picture, drawn by matplotlib."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hydra_sweep_runner.errors import Mistake

_DPI = 150
_ACROSS = 3
_GOOD_TO_BAD = ("#0b7a75", "#7b9acc", "#d8dbe2")


def render_png(data: Mapping[str, Any], title: str) -> bytes:
    """The charts of a comparison (`data.chart_data`) as a PNG. Raises Mistake if matplotlib is not
    installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise Mistake(
            "--plot of a .png needs matplotlib: pip install 'hydra-sweep-runner[plot]', or "
            "give a name that ends in .html"
        ) from error
    axes = data["axes"]
    down = 1 + math.ceil((len(axes) + 1) / _ACROSS)
    figure = Figure(figsize=(4.2 * _ACROSS, 3.2 * down), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, parse_math=False)
    grid = figure.add_gridspec(down, _ACROSS)
    _parallel(figure.add_subplot(grid[0, :]), data)
    _best(figure.add_subplot(grid[1, 0]), data)
    for number in range(len(axes)):
        place = number + 1
        plot = figure.add_subplot(grid[1 + place // _ACROSS, place % _ACROSS])
        _against(plot, data, number)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI)
    return file.getvalue()


def _colours(data: Mapping[str, Any]) -> tuple[Any, Any]:
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    known = [run["objective"] for run in data["runs"] if run["objective"] is not None]
    colours = _GOOD_TO_BAD[::-1] if data["objective"]["maximize"] else _GOOD_TO_BAD
    return LinearSegmentedColormap.from_list("runs", colours), Normalize(min(known), max(known))


def _parallel(plot: Any, data: Mapping[str, Any]) -> None:
    colours, scaled = _colours(data)
    axes = [*data["axes"], {**data["objective"], "kind": "number"}]
    columns = [
        _between_0_and_1(axis, [[*run["values"], run["objective"]][place] for run in data["runs"]])
        for place, axis in enumerate(axes)
    ]
    sign = 1 if data["objective"]["maximize"] else -1
    known = [place for place, run in enumerate(data["runs"]) if run["objective"] is not None]
    for number in sorted(known, key=lambda place: sign * data["runs"][place]["objective"]):
        heights = [math.nan if c[number] is None else c[number] for c in columns]
        colour = colours(scaled(data["runs"][number]["objective"]))
        plot.plot(range(len(axes)), heights, color=colour, linewidth=1, alpha=0.7)
    for place in range(len(axes)):
        plot.axvline(place, color="#c9d0da", linewidth=0.8, zorder=0)
        _ends(plot, place, axes[place], data)
    plot.set_xticks(range(len(axes)), [axis["name"] for axis in axes], parse_math=False)
    plot.set_yticks([])
    plot.spines[:].set_visible(False)


def _ends(plot: Any, place: int, axis: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Write the values at the two ends of an axis beside it."""
    if axis["kind"] == "text":
        ends = axis["texts"][:1], axis["texts"][-1:]
        least, greatest = ("".join(end) for end in ends)
    else:
        columns = [[*run["values"], run["objective"]][place] for run in data["runs"]]
        known = [value for value in columns if value is not None]
        least, greatest = f"{min(known):.4g}", f"{max(known):.4g}"
    for height, text in ((0.0, least), (1.0, greatest)):
        plot.annotate(
            text,
            (place, height),
            (4, 0),
            textcoords="offset points",
            fontsize=8,
            va="center",
            parse_math=False,
            bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1},
        )


def _between_0_and_1(axis: Mapping[str, Any], values: Sequence[Any]) -> list[float | None]:
    """The positions of values on an axis of height 1."""
    if axis["kind"] == "text":
        last = max(1, len(axis["texts"]) - 1)
        return [None if value is None else axis["texts"].index(value) / last for value in values]
    scale = math.log if axis["log"] else float
    known = [scale(value) for value in values if value is not None]
    least, span = min(known, default=0.0), max(known, default=1.0) - min(known, default=0.0)
    return [
        None if value is None else (scale(value) - least) / span if span else 0.5
        for value in values
    ]


def _best(plot: Any, data: Mapping[str, Any]) -> None:
    choose = max if data["objective"]["maximize"] else min
    values = [run["objective"] for run in data["runs"] if run["objective"] is not None]
    so_far = [choose(values[: number + 1]) for number in range(len(values))]
    places = range(1, len(values) + 1)
    plot.plot(places, values, "o", color="#98a2b3", markersize=3)
    plot.step(places, so_far, where="post", color="#d9480f")
    plot.set_title(f"best {data['objective']['name']} so far", fontsize=10, parse_math=False)
    _scale(plot, data)


def _against(plot: Any, data: Mapping[str, Any], number: int) -> None:
    colours, scaled = _colours(data)
    axis = data["axes"][number]
    pairs = [
        (run["values"][number], run["objective"])
        for run in data["runs"]
        if run["objective"] is not None and run["values"][number] is not None
    ]
    if axis["kind"] == "text":
        across = [axis["texts"].index(value) for value, _ in pairs]
        plot.set_xticks(range(len(axis["texts"])), axis["texts"], parse_math=False)
    else:
        across = [value for value, _ in pairs]
        if axis["log"]:
            plot.set_xscale("log")
            _mark_decades(plot.xaxis, across)
    heights = [height for _, height in pairs]
    plot.scatter(across, heights, c=heights, cmap=colours, norm=scaled, s=14)
    plot.set_title(f"against {axis['name']}", fontsize=10, parse_math=False)
    _scale(plot, data)


def _mark_decades(axis: Any, values: Sequence[float]) -> None:
    """Mark powers of ten on a logarithmic axis, within two of them 2 and 5 times that, too, as
    tables write them: marks closer than that would overlap."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    is_short = max(values, default=1.0) <= 100 * min(values, default=1.0)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if is_short else (1,), numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _scale(plot: Any, data: Mapping[str, Any]) -> None:
    if data["objective"]["log"]:
        plot.set_yscale("log")
        known = [run["objective"] for run in data["runs"] if run["objective"] is not None]
        _mark_decades(plot.yaxis, known)
    plot.set_axisbelow(True)
    plot.grid(color="#eceff3")
