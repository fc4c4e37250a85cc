"""`runner watch`: the present state of a running batch, and its changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from hydra_sweep_runner.commands.runs.compare import (
    Ranking,
    best_of,
    has_named_objective,
    recorded_objective,
)
from hydra_sweep_runner.commands.runs.going_on import goal_of, restart_command, words_to_go_on
from hydra_sweep_runner.commands.runs.listing import cell, column_table
from hydra_sweep_runner.commands.runs.selecting import no_batch
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, UnknownRun
from hydra_sweep_runner.model import Kind, Status, Unreadable
from hydra_sweep_runner.operation.flags import named, repeat_name
from hydra_sweep_runner.query.columns import (
    Column,
    scalar_titles,
    standard_columns,
    telling_attributes,
    varying_flags,
)
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.tree import Name, Scope
from hydra_sweep_runner.query.upstream import with_upstream_flags
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal import tables
from hydra_sweep_runner.terminal.command_line import command_line
from hydra_sweep_runner.terminal.render import cut, escape, render_entries, short
from hydra_sweep_runner.terminal.tables import Table

# Columns of flags in the table.
_MOST_FLAGS = 8
# Characters of a reason in a line.
_MOST_OF_REASON = 120
#: What counts call a status, as the last line of a batch does.
_IN_COUNTS = {"error": "failed"}
# The order of statuses in the table: the most interesting first.
_ORDER = ("running", "error", "terminated", "unreadable", "completed", "pending")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A batch and the existing trials of its plan, in plan order; those of a pipeline with the
    flags of what is upstream."""

    batch: Summary
    trials: Sequence[RunRow]
    objective: Ranking | None

    @cached_property
    def varying(self) -> Sequence[str]:
        """The flags that differ between trials."""
        return varying_flags(self.trials)

    @cached_property
    def has_repeats(self) -> bool:
        """Whether trials of one combination are repeated."""
        return bool(telling_attributes(self.trials))

    @property
    def is_at_work(self) -> bool:
        """Whether the batch is running."""
        return self.batch.run.state.status is Status.RUNNING

    @property
    def best(self) -> RunRow | None:
        """The best completed trial so far, if any has a finite value of the objective. None of a
        plain sweep for which nobody has named an objective."""
        if self.objective is None or not has_named_objective(self.batch.run):
            return None
        return best_of(self.objective, self.trials)


def find_batch(store: RunStore, typed: str | None) -> str:
    """The id of the batch to watch: the typed one, else a running one, else the newest.

    Raises Mistake if it is no batch or there is none, UnknownRun and AmbiguousRun.
    """
    if typed is not None:
        found = store.resolve(typed)
        run = store.read(found)
        if run.kind is not Kind.BATCH:
            raise Mistake(f"runner watch {typed}: {no_batch(run)}")
        return found
    batches = [
        each
        for each in store.summaries()
        if isinstance(each, Summary) and each.glance.kind is Kind.BATCH
    ]
    if not batches:
        raise Mistake(f"there is no batch in {store.root}")
    at_work = [each for each in batches if each.glance.state.status is Status.RUNNING]
    return (at_work or batches)[0].glance.id


def take_snapshot(store: RunStore, batch_id: str) -> Snapshot:
    """The present state of the batch. Raises UnknownRun if it was deleted."""
    seen = {each.id: each for each in map(RunRow, store.summaries())}
    batch = seen[batch_id].source if batch_id in seen else None
    if not isinstance(batch, Summary) or batch.run.batch is None:
        raise UnknownRun(f"batch {short(batch_id)} is not there any more")
    planned = [seen[one].in_batch(batch_id) for one in batch.run.batch.trials if one in seen]
    trials = with_upstream_flags(planned, seen)
    return Snapshot(batch=batch, trials=trials, objective=recorded_objective(batch.run, trials))


def watch_table(snapshot: Snapshot, most: int | None = None) -> Table:
    """The trials as a table, `most` at most: running and failed ones first; those of a pipeline
    with their step, and where some have failed, with the reason."""
    trials = sorted(snapshot.trials, key=lambda run: _ORDER.index(_status(run)))[:most]
    flags = snapshot.varying[:_MOST_FLAGS]
    step = ["step"] if any(run.step for run in trials) else []
    repeat = telling_attributes(snapshot.trials)
    columns = standard_columns(trials, ("id", *step, "status", "duration", *repeat), flags)
    if any(run.attributes.get("reason") for run in trials):
        columns.append(Column("reason", Name(Scope.RUN, "reason")))
    objective = [] if snapshot.objective is None else [snapshot.objective.column.title]
    yielding = [*scalar_titles(columns), "reason"]
    return column_table(columns, trials, staying=objective, yielding=yielding)


def status_line(snapshot: Snapshot) -> str:
    """`Batch 77b01c52: 12 trials, 2 running, 9 completed, 1 failed; best loss 0.25: …`."""
    counts: Mapping[str, int] = Counter(map(_status, snapshot.trials))
    planned = snapshot.batch.run.batch
    total = len(snapshot.trials) if planned is None else len(planned.trials)
    told = [f"{total} trial" if total == 1 else f"{total} trials"]
    told += [
        f"{counts[status]} {_IN_COUNTS.get(status, status)}"
        for status in _ORDER
        if counts.get(status)
    ]
    line = f"Batch {short(snapshot.batch.run.id)}: {', '.join(told)}"
    best = snapshot.best
    if best is None or snapshot.objective is None:
        return line
    value = cell(snapshot.objective.column.value(best), tables.ColumnKind.NUMBER)
    return f"{line}; best {escape(snapshot.objective.text)} {value}: {_name(best, snapshot)}"


def go_on_line(snapshot: Snapshot, folder: Path, store: Path | None) -> str:
    """How a batch that is not at work goes on: `To go on: runner +restart=77b01c52 +needed=true`,
    to be typed in the project's folder; empty if nothing is left, or if its Hydra program is not
    there. `store` is the store if it is not found from there."""
    batch = snapshot.batch.run
    planned = () if batch.batch is None else batch.batch.trials
    statuses = Counter(map(_status, snapshot.trials))
    total = max(len(planned), goal_of(batch) or 0)
    if snapshot.is_at_work or statuses[Status.COMPLETED.value] == total:
        return ""
    counts = {status: statuses[status.value] for status in Status}
    try:
        words = words_to_go_on(batch, counts)
        command = restart_command(batch, short(batch.id), words, folder, store)
    except Mistake:
        return ""
    return f"To go on: {command_line(command)}"


def changes(before: Snapshot | None, after: Snapshot) -> Iterator[str]:
    """A line for each trial whose status has changed, with the reason of a failure, or else what it
    has reported."""
    known = {} if before is None else {run.id: _status(run) for run in before.trials}
    for run in after.trials:
        status = _status(run)
        if known.get(run.id, "pending") == status:
            continue
        scalars = ", ".join(
            f"{escape(name)}={cell(scalar.last, tables.ColumnKind.NUMBER)}"
            for name, scalar in run.scalars.items()
        )
        reason = run.attributes.get("reason")
        told = cut(escape(str(reason)), _MOST_OF_REASON) if reason else scalars
        yield f"Trial {_name(run, after)} {status}" + (
            f": {told}" if told and status != "running" else ""
        )


def _name(run: RunRow, snapshot: Snapshot) -> str:
    told = named(run.shown(snapshot.varying), snapshot.varying)
    if snapshot.has_repeats:
        told[repeat_name(run.flags)] = run.repeat
    flags = render_entries(told)
    step = run.step
    name = f"{short(run.id)} {escape(step)}" if step else short(run.id)
    return f"{name} ({flags})" if flags else name


def _status(run: RunRow) -> str:
    return (
        "unreadable" if isinstance(run.source, Unreadable) else run.source.glance.state.status.value
    )
