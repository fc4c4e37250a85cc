"""The origin of the value of each flag of a run. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hydra_sweep_runner.model import Run
from hydra_sweep_runner.operation.flags import covered_by, node_of

_NAME = re.compile(r"[+~]*([^=@:]+)")


def origins(run: Run, batch: Run | None) -> dict[str, str]:
    """The origin of each flag of a run or trial: `default` (the project's YAML), `file` (the file
    of trials that its batch reads), `override`, `sweep` or `optimizer`. A flag of a config group
    that was given is from where the group is.

    `batch` is the batch that generated a trial; without it (None), swept flags count as overrides.
    """
    swept = swept_names(batch)
    of_file = _in_rows(batch)
    typed = [] if batch is None else _names(batch.recipe.task)
    found = {}
    for flag in run.flags:
        name = _given_for(flag, run)
        if name is None:
            found[flag] = "default"
        elif name in of_file and name not in typed:
            found[flag] = "file"
        elif name in swept:
            found[flag] = "sweep" if run.basis is None else "optimizer"
        else:
            found[flag] = "override"
    return found


def _given_for(flag: str, run: Run) -> str | None:
    """The given name that set a flag: its own or, if that was not given, that of the nearest node
    or config group above it."""
    above = {
        node: name
        for name in run.given
        for node in (name, node_of(name) if name in run.choices else name)
        if covered_by(flag, node)
    }
    return above[max(above, key=len)] if above else None


def swept_names(batch: Run | None) -> tuple[str, ...]:
    """The names that a batch sweeps over, in order: those with several values, or an interval."""
    flags = {} if batch is None else batch.flags
    return tuple(
        name for name, values in flags.items() if not isinstance(values, list) or values[1:]
    )


def _in_rows(batch: Run | None) -> set[str]:
    """The names in the batch's file of trials."""
    rows = None if batch is None or batch.basis is None else batch.basis.get("rows")
    if not isinstance(rows, list):
        return set()
    return {name for row in rows if isinstance(row, Mapping) for name in row}


def _names(overrides: Iterable[str]) -> list[str]:
    matches = (_NAME.match(override) for override in overrides)
    return [match[1] for match in matches if match is not None]
