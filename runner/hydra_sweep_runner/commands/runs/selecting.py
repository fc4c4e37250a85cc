"""Selects the runs of a command by typed ids and filters."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from difflib import get_close_matches

from hydra_sweep_runner.commands.runs.dependents import upstream_ids
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Kind, Run, Status, Unreadable
from hydra_sweep_runner.query.filters import Filters, explain_nothing, parse_since
from hydra_sweep_runner.query.parse import parse_condition
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.upstream import (
    select_with_upstream,
    takes_files,
    with_upstream_flags,
)
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.store.run_ids import LAST_BATCH, check_one
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import first_few, short

#: The values of `--status`.
STATUSES = (*(status.value for status in Status), "unreadable")
#: The values of `--kind`.
KINDS = tuple(kind.value for kind in Kind)


#: What other tools call our statuses.
_WORDS = {
    **dict.fromkeys(("failed", "failure", "fail", "crashed"), Status.ERROR.value),
    **dict.fromkeys(("done", "finished", "success", "succeeded", "ok"), Status.COMPLETED.value),
    **dict.fromkeys(("killed", "stopped", "cancelled", "canceled"), Status.TERMINATED.value),
    **dict.fromkeys(("queued", "waiting", "created"), Status.PENDING.value),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The filters as typed; None or an empty collection is no filter."""

    operation: str | None = None
    status: Sequence[str] = ()
    kind: str | None = None
    batch: str | None = None
    step: str | None = None
    label: str | None = None
    tag: str | None = None
    since: str | None = None
    where: str | None = None

    def __bool__(self) -> bool:
        """Whether any filter was typed."""
        return self != Asked()

    @property
    def words(self) -> str:
        """The filters as they are typed: `--status error --where 'lr > 1'`."""
        given = [("status", status) for status in self.status]
        for name in ("operation", "kind", "batch", "step", "label", "tag", "since", "where"):
            text = getattr(self, name)
            given += [] if text is None else [(name, text)]
        return " ".join(f"--{name} {_quoted(text)}" for name, text in given)


def _quoted(text: str) -> str:
    """A word as it is typed in a shell, in double quotes if it has single ones in it."""
    is_plain = "'" in text and not set('"$`\\!') & set(text)
    return f'"{text}"' if is_plain else shlex.quote(text)


def filters_of(asked: Asked, store: RunStore, now: datetime) -> Filters:
    """The typed filters. Raises Mistake for an invalid one; for the batch also UnknownRun,
    AmbiguousRun and UnreadableRecord."""
    for value in asked.status:
        if value not in STATUSES:
            near = _WORDS.get(value.lower()) or next(iter(get_close_matches(value, STATUSES)), "")
            meant = f" (did you mean {near}?)" if near else ""
            if "," in value:
                meant = "; for several: --status A --status B"
            raise Mistake(f"--status {value}: give one of {', '.join(STATUSES)}{meant}")
    if asked.kind is not None and asked.kind not in KINDS:
        raise Mistake(f"--kind {asked.kind}: give one of {', '.join(KINDS)}")
    return Filters(
        operation=asked.operation,
        statuses=tuple(asked.status),
        kind=asked.kind,
        batch=None if asked.batch is None else _batch(store, asked.batch),
        step=asked.step,
        label=asked.label,
        tag=asked.tag,
        since=None if asked.since is None else parse_since(asked.since, now),
        where=None if asked.where is None else parse_condition(asked.where),
    )


def _batch(store: RunStore, typed: str) -> str:
    found = store.resolve(typed)
    run = store.read(found)
    if run.kind is not Kind.BATCH:
        raise Mistake(f"--batch {typed}: {no_batch(run)}")
    return found


def no_batch(run: Run) -> str:
    """`3f2a9c1d is a trial of batch 77b01c52; …`: where the id of a batch is wanted."""
    if run.generated_by is None:
        of_batch = f"a {run.kind.value}, and no batch"
    else:
        of_batch = f"a trial of batch {short(run.generated_by)}"
    return f"{short(run.id)} is {of_batch}; {LAST_BATCH} stands for the newest batch"


def select_runs(store: RunStore, asked: Asked, now: datetime) -> list[RunRow]:
    """The runs that meet all filters, newest first; those of pipelines with the flags of what is
    upstream. Raises as `filters_of`, and Mistake for a name in `where` that none of the runs
    selected by the other filters has, or that alone is a number."""
    filters = filters_of(asked, store, now)
    seen = list(map(RunRow, store.summaries()))
    if filters.batch is not None:
        seen = [row.in_batch(filters.batch) for row in seen]
    return select_with_upstream(filters, seen, seen)


def nothing_line(store: RunStore, ids: Sequence[str], asked: Asked, now: datetime) -> str:
    """`No run of 24 matches --status error (status has: completed)`: that the filters select none
    of all runs, or of those with `ids` (full; a batch stands for itself and its trials). Raises as
    `filters_of`."""
    everything = rows = list(map(RunRow, store.summaries()))
    if ids:
        wanted = {*ids, *(row.id for row in _with_ids(rows, list(ids), store))}
        rows = [row for row in rows if row.id in wanted]
    rows = select_with_upstream(Filters(), rows, everything)
    hints = explain_nothing(filters_of(asked, store, now), rows)
    why = f" ({'; '.join(hints)})" if hints else ""
    return f"No run of {len(rows)} matches {asked.words}{why}"


def batches_line(
    store: RunStore, asked: Asked, rows: Iterable[RunRow], now: datetime
) -> str | None:
    """That batches have the label or tag that is asked for, and none of their trials is among the
    rows, with the command that compares those; None if there are no such batches."""
    if (asked.tag is None and asked.label is None) or asked.where or asked.kind:
        return None
    shown = {row.id for row in rows}
    found = []
    for row in select_runs(store, asked, now):
        part = None if isinstance(row.source, Unreadable) else row.source.run.batch
        if part is not None and part.trials and shown.isdisjoint(part.trials):
            found.append(short(row.id))
    if not found:
        return None
    what = f"batch {found[0]}" if len(found) == 1 else f"batches {first_few(found)}"
    verb = "matches" if len(found) == 1 else "match"
    return (
        f"The {what} {verb} {asked.words}, and not the trials; to compare those: "
        f"runner compare {' '.join(found)}"
    )


def newest_runs(store: RunStore, count: int | None) -> list[RunRow]:
    """The newest runs, without reading all runs, those of pipelines with the flags of what is
    upstream; the batches that contain them are left out."""
    rows = [_row(store, run) for run in store.newest(count)]
    if not any(map(takes_files, rows)):
        return rows
    return with_upstream_flags(rows, _with_upstream_runs(store, rows))


def rows_of(store: RunStore, ids: Iterable[str]) -> list[RunRow]:
    """The runs with these full ids, each with the flags of what is upstream; no others are read.
    Raises UnknownRun and UnreadableRecord."""
    rows = [_row(store, store.read(run_id)) for run_id in ids]
    return with_upstream_flags(rows, _with_upstream_runs(store, rows))


#: Where more runs are upstream than this, reading all by the index is faster than one by one.
_MOST_READ = 100


def _row(store: RunStore, run: Run | Unreadable) -> RunRow:
    if isinstance(run, Unreadable):
        return RunRow(run)
    return RunRow(Summary(store.observe(run), folder=str(store.folder(run.id))))


def _with_upstream_runs(store: RunStore, rows: Sequence[RunRow]) -> dict[str, RunRow]:
    """The rows, and all readable runs that these take files from, directly or indirectly, by id."""
    found = {row.id: row for row in rows}
    waiting = list(rows)
    while waiting:
        source = waiting.pop().source
        if isinstance(source, Unreadable):
            continue
        missing = [one for one in upstream_ids(source.glance) if one not in found]
        if len(found) + len(missing) > len(rows) + _MOST_READ:
            return {each.id: each for each in (*map(RunRow, store.summaries()), *rows)}
        for run_id in missing:
            with suppress(UnknownRun, UnreadableRecord):
                found[run_id] = _row(store, store.read(run_id))
                waiting.append(found[run_id])
    return found


def select_rows(store: RunStore, ids: Sequence[str], asked: Asked, now: datetime) -> list[RunRow]:
    """Runs and trials as rows of a comparison. With ids: those, in their order, a batch standing
    for the trials of its plan; otherwise all, newest first. Of these, the rows that meet the
    filters; those of pipelines with the flags of what is upstream. Raises as `select_runs`, and
    Mistake for a repeated id."""
    filters = filters_of(asked, store, now)
    everything = list(map(RunRow, store.summaries()))
    seen = _with_ids(everything, resolve_all(store, ids), store) if ids else everything
    if filters.batch is not None:
        seen = [row.in_batch(filters.batch) for row in seen]
    return select_with_upstream(filters, [run for run in seen if _is_row(run)], everything)


def resolve_all(store: RunStore, ids: Iterable[str]) -> list[str]:
    """The full ids for the typed prefixes. Raises Mistake for a repeated id and for ids with commas
    between them, UnknownRun and AmbiguousRun."""
    found: dict[str, None] = {}
    for typed in ids:
        check_one(typed)
        run_id = store.resolve(typed)
        if run_id in found:
            raise Mistake(f"{typed}: this run is given twice")
        found[run_id] = None
    return list(found)


def _with_ids(seen: list[RunRow], ids: list[str], store: RunStore) -> list[RunRow]:
    by_id = {run.id: run for run in seen}
    wanted: dict[str, str | None] = {}  # the batch that a run is taken for, the first one's
    for run_id in ids:
        part = store.read(run_id).batch
        those: dict[str, str | None] = {run_id: None}
        if part is not None:
            those = dict.fromkeys(part.trials, run_id)
        for one, batch in those.items():
            wanted.setdefault(one, batch)
    return [
        by_id[run_id] if batch is None else by_id[run_id].in_batch(batch)
        for run_id, batch in wanted.items()
        if run_id in by_id
    ]


def _is_row(run: RunRow) -> bool:
    """Whether a run was executed itself: it is no batch, and its record is readable."""
    return not isinstance(run.source, Unreadable) and run.source.glance.kind is not Kind.BATCH
