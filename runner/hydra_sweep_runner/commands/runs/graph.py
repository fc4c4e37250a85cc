"""A pipeline's batch in `runs show`: its trials with their inputs, or its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hydra_sweep_runner.commands.runs.dependents import upstream_ids
from hydra_sweep_runner.commands.runs.out_of_date import OutOfDate
from hydra_sweep_runner.errors import UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Run, Status, Value
from hydra_sweep_runner.operation.flags import given_flags
from hydra_sweep_runner.operation.values import canonical
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import (
    MOST_OF_VALUE,
    cut,
    escape,
    render_columns,
    render_value,
    short,
)

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

#: Batches with more trials are shown as one line per step.
MOST_TRIALS = 40


def graph_lines(store: RunStore, batch: Run) -> list[str]:
    """A line for each trial of a pipeline's batch or, if there are many, for each step."""
    ids = () if batch.batch is None else batch.batch.trials
    if len(ids) > MOST_TRIALS:
        return _steps(batch, _glances(store, ids))
    runs = [_read(store, run_id) for run_id in ids]
    by_id = {run.id: run for run in runs if run is not None}
    out_of_date = OutOfDate(lambda one: by_id.get(one) or _read(store, one))
    columns = _columns(batch, runs)
    number = {run_id: str(place) for place, run_id in enumerate(ids, start=1)}
    rows = [["#", "trial", "step", "from", *map(escape, columns), "status", "reason"]]
    for run_id, run in zip(ids, runs, strict=True):
        cells = [texts.get(run_id, "") for texts in columns.values()]
        if run is None:
            rows.append([number[run_id], short(run_id), "", "", *cells, "not created", ""])
            continue
        taken = cut(_taken(run, number), MOST_OF_VALUE)
        head = (number[run_id], short(run_id), escape(_step(batch, run)), taken)
        stale = out_of_date.why(run)
        reason = run.state.reason if stale is None else f"out of date: {stale}"
        rows.append([*head, *cells, run.state.status.value, escape(reason or "")])
    return render_columns(rows)


def _columns(batch: Run, runs: Sequence[Run | None]) -> Mapping[str, Mapping[str, str]]:
    """The given flags of a batch's trials, as its preview shows them; for a batch that has had too
    many trials for that, as far as the trials' own records tell them."""
    part = batch.batch
    if part is not None and part.cells:
        return part.cells
    flags = _all_flags(batch, [run for run in runs if run is not None])
    names = [name for name in batch.given if _is_shown(name, flags.values())]
    return {name: {run_id: _cell(name, flags[run_id]) for run_id in flags} for name in names}


def _taken(run: Run, number: Mapping[str, str]) -> str:
    """A trial's inputs: their numbers in the table, ascending, then the ids of runs outside it."""
    found = dict.fromkeys(upstream_ids(run))
    inside = sorted(int(number[one]) for one in found if one in number)
    return ",".join([*map(str, inside), *(short(one) for one in found if one not in number)])


def _step(batch: Run, run: Run | Glance) -> str:
    """The step of a run in a batch; for a run that an older batch has taken from outside a
    pipeline, its operation."""
    steps = {} if batch.batch is None else batch.batch.steps
    return steps.get(run.id) or run.step or run.operation.name


def _read(store: RunStore, run_id: str) -> Run | None:
    try:
        return store.observe(store.read(run_id))
    except (UnknownRun, UnreadableRecord):
        return None


def _glances(store: RunStore, run_ids: Iterable[str]) -> list[Run | Glance | None]:
    """What there is to know of many runs, from the index: no record is read for it."""
    known = {one.glance.id: one.glance for one in store.summaries() if isinstance(one, Summary)}
    return [known.get(run_id) for run_id in run_ids]


def _steps(batch: Run, runs: Sequence[Run | Glance | None]) -> list[str]:
    counts: dict[str, Counter[Status]] = {}
    for run in runs:
        if run is not None:
            counts.setdefault(_step(batch, run), Counter())[run.state.status] += 1
    rows = [["step", "trials", "status"]]
    for step, found in counts.items():
        told = ", ".join(f"{found[status]} {status.value}" for status in Status if found[status])
        rows.append([escape(step), str(found.total()), told])
    return render_columns(rows)


def _all_flags(batch: Run, runs: Iterable[Run]) -> dict[str, dict[str, Value]]:
    """For each run, its flags and those of all runs that it takes files from, by dotted names
    (`train.lr`), unless they differ. In `runs`, each run must come after those it takes files from.
    """
    found: dict[str, dict[str, Value]] = {}
    mixed: dict[str, set[str]] = {}
    for run in runs:
        own = {f"{_step(batch, run)}.{name}": value for name, value in run.flags.items()}
        several: set[str] = set()
        flags: dict[str, Value] = {}
        for upstream in upstream_ids(run):
            several |= mixed.get(upstream, set())
            for name, value in found.get(upstream, {}).items():
                if canonical(flags.setdefault(name, value)) != canonical(value):
                    several.add(name)
        kept = {name: value for name, value in flags.items() if name not in several}
        found[run.id], mixed[run.id] = {**kept, **own}, several - own.keys()
    return found


def _is_shown(name: str, flags: Iterable[Mapping[str, Value]]) -> bool:
    return any(given_flags(each, [name]) for each in flags)


def _cell(name: str, flags: Mapping[str, Value]) -> str:
    if name in flags:
        return render_value(flags[name])
    below = given_flags(flags, [name])
    return ", ".join(
        f"{escape(key.removeprefix(name).lstrip('.'))}={render_value(value)}"
        for key, value in below.items()
    )
