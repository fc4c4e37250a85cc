"""Scalars in the file that RUNNER_SCALARS names: one JSON object a line. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hydra_sweep_runner.scalars.numbers import STEP, number_of, step_of
from hydra_sweep_runner.scalars.series import Reports


def reports_in(lines: bytes) -> Iterator[Reports]:
    """The reports on whole lines. Lines that are no JSON object, and values that are no number, are
    ignored."""
    found: dict[str, tuple[list[float], list[float | None]]] = {}
    for line in lines.splitlines():
        content = _parsed(line)
        if not isinstance(content, dict):
            continue
        step = step_of(_json_number(content.pop(STEP, None)))
        for name, value in content.items():
            number = _json_number(value)
            if number is None or not name:
                continue
            values, steps = found.setdefault(name, ([], []))
            values.append(number)
            steps.append(step)
    for name, (values, steps) in found.items():
        yield Reports(name, values, steps)


def _json_number(value: Any) -> float | None:
    return number_of(value) if isinstance(value, (int, float)) else None


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # a UnicodeDecodeError is a ValueError, too
        return None
