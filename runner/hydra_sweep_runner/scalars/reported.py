"""Scalars in the file that RUNNER_SCALARS names: a JSON object a line. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hydra_sweep_runner.scalars.numbers import number_of, step_of
from hydra_sweep_runner.scalars.series import Reports

_STEP = "step"


def reports_in(lines: bytes) -> Iterator[Reports]:
    """The reports on whole lines. A line that is no JSON object is passed over, and so is a
    value that is no number."""
    for line in lines.splitlines():
        content = _parsed(line)
        if not isinstance(content, dict):
            continue
        given = step_of(_json_number(content.get(_STEP)))
        for name, value in content.items():
            number = None if name == _STEP else _json_number(value)
            if number is not None and name:
                yield Reports(name, [number], None if given is None else [given])


def _json_number(value: Any) -> float | None:
    return number_of(value) if isinstance(value, (int, float)) else None


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # no UTF-8 is a ValueError, too
        return None
