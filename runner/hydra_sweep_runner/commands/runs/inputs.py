"""The inputs of a pipeline's trial in `runs show`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from hydra_sweep_runner.commands.runs.dependents import upstream_ids
from hydra_sweep_runner.model import Input, Run, Value
from hydra_sweep_runner.operation.flags import fitting, named
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.upstream import with_upstream_flags
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.terminal.render import escape, render_entries, short
from hydra_sweep_runner.terminal.tables import CUT

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

# So many runs of a gather are named.
_MOST_MEMBERS = 8


def input_lines(run: Run, runs_by_id: Mapping[str, Summary]) -> list[str]:
    """A line for each input: the run that it is from, with its step and given flags; of a gather
    its runs, with the flags in which all of them agree, the values of `by` among them."""
    lines = []
    for name, source in run.inputs.items():
        if source.runs is not None:
            alone = replace(run, inputs={name: source})
            lines.append(f"{escape(name)}: {_gathered(alone, source, runs_by_id)}")
        else:
            attempt = "" if source.attempt is None else f", attempt {source.attempt}"
            path = escape(source.path or "all of it")
            upstream = runs_by_id.get(source.run or "")
            what = "" if upstream is None else _step_and_flags(upstream.glance, source.step)
            lines.append(f"{escape(name)}: {short(source.run or '')}{what}: {path}{attempt}")
    return lines


def _step_and_flags(run: Run | Glance, step: str | None) -> str:
    flags = render_entries(named(run.flags, run.given))
    return f" {escape(step or run.step or '')}" + (f" ({flags})" if flags else "")


def _gathered(run: Run, source: Input, runs_by_id: Mapping[str, Summary]) -> str:
    """`2 runs of train gathered (prepare.rows=10): 3f2a9c1d, 9e07d2aa`, for a run that takes
    nothing else."""
    members = source.runs or ()
    told = "1 run" if len(members) == 1 else f"{len(members)} runs"
    told += "" if source.step is None else f" of {escape(source.step)}"
    flags = render_entries(_agreed(run, runs_by_id))
    ids = [short(member) for member in members[:_MOST_MEMBERS]]
    ids += [CUT] if len(members) > _MOST_MEMBERS else []
    which = f": {', '.join(ids)}" if ids else ""
    return f"{told} gathered" + (f" ({flags})" if flags else "") + which


def _agreed(run: Run, runs_by_id: Mapping[str, Summary]) -> Mapping[str, Value]:
    """The flags upstream of a run that have one value: all of them if there is room, else those
    that were given."""
    by_id = {run_id: RunRow(summary) for run_id, summary in runs_by_id.items()}
    (row,) = with_upstream_flags([RunRow(Summary(run, folder=""))], by_id)
    given = {f"{step}.{name}" for step, one in _upstream(run, runs_by_id) for name in one.given}
    return fitting(row.upstream, given)


def _upstream(run: Run, runs_by_id: Mapping[str, Summary]) -> list[tuple[str, Run | Glance]]:
    """All runs upstream, directly or indirectly, each with its step."""
    found: dict[str, tuple[str, Run | Glance]] = {}
    waiting: list[Run | Glance] = [run]
    while waiting:
        taker = waiting.pop()
        steps = {
            one: source.step
            for source in taker.inputs.values()
            for one in (source.runs if source.runs is not None else [source.run or ""])
        }
        for run_id in upstream_ids(taker):
            if run_id in runs_by_id and run_id not in found:
                one = runs_by_id[run_id].glance
                step = steps[run_id] or one.step or one.operation.name
                found[run_id] = (step, one)
                waiting.append(one)
    return list(found.values())
