"""The data of a comparison's charts, in JSON's types. Pure.

`charts.js` draws the charts, on the page of a comparison and on all other pages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from hydra_sweep_runner.model import Value
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.terminal.render import render_value

# An axis is logarithmic if its greatest value is at least this many times its least.
_WIDE = 50.0
# The same for a flag that a search draws in the logarithm.
_NEAR = 1.01


def chart_data(
    runs: Sequence[RunRow],
    *,
    flags: Sequence[str],
    objective: str,
    values: Sequence[Value],
    maximize: bool,
    drawn_in_log: Mapping[str, bool] = MappingProxyType({}),
) -> dict[str, Any]:
    """The data of the charts: an axis for each flag, and the runs by start time, each with its
    objective (null if it is not a finite number). A flag that only runs without an objective have,
    as those of a pipeline's other steps, gets no axis: nothing could be drawn on it.

    `values` are the objective's values, one for each run. An axis is logarithmic where its values
    are above 0 and far apart; for a flag in `drawn_in_log`, where that says so.
    """
    numbers = {run.id: _number(value) for run, value in zip(runs, values, strict=True)}
    ordered = sorted(runs, key=lambda run: ("" if run.at is None else run.at.isoformat(), run.id))
    drawn = [run for run in ordered if numbers[run.id] is not None] or ordered
    names = [name for name in flags if any(name in run.flags for run in drawn)]
    axes = [
        _axis(name, [run.flags.get(name) for run in ordered], drawn_in_log.get(name))
        for name in names
    ]
    return {
        "objective": {"name": objective, "maximize": maximize, **_scale(list(numbers.values()))},
        "axes": axes,
        "runs": [
            {
                "id": run.id,
                "operation": run.attributes.get("operation"),
                "status": run.attributes.get("status"),
                "objective": numbers[run.id],
                "values": [_on_axis(axis, run.flags.get(axis["name"])) for axis in axes],
            }
            for run in ordered
        ],
    }


def _axis(name: str, values: Sequence[Value], is_drawn_in_log: bool | None) -> dict[str, Any]:
    present = [value for value in values if value is not None]
    numbers = [_number(value) for value in present]
    if present and None not in numbers:
        wide = {True: _NEAR, False: math.inf, None: _WIDE}[is_drawn_in_log]
        return {"name": name, "kind": "number", **_scale(numbers, wide)}
    texts = sorted({render_value(value) for value in present}, key=_as_people_count)
    return {"name": name, "kind": "text", "texts": texts}


def _scale(numbers: Sequence[float | None], wide: float = _WIDE) -> Mapping[str, Any]:
    known = [number for number in numbers if number is not None]
    is_wide = bool(known) and min(known) > 0 and max(known) >= wide * min(known)
    return {"log": is_wide}


def _on_axis(axis: Mapping[str, Any], value: Value) -> float | str | None:
    if value is None:
        return None
    return _number(value) if axis["kind"] == "number" else render_value(value)


def _number(value: Value) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _as_people_count(text: str) -> tuple[int, float, str]:
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text
