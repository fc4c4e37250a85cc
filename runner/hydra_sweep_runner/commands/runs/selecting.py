"""Which runs a command is about: ids and filters as they were typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Kind, Status, Unreadable
from hydra_sweep_runner.query.filters import Filters, parse_since, select
from hydra_sweep_runner.query.parse import parse
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.store.runs import RunStore

#: What `--status` takes.
STATUSES = (*(status.value for status in Status), "unreadable")
#: What `--kind` takes.
KINDS = tuple(kind.value for kind in Kind)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Filters as they were typed; what is None or empty asks for nothing."""

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
        """Whether anything is asked for."""
        return self != Asked()


def filters_of(asked: Asked, store: RunStore, now: datetime) -> Filters:
    """The filters that were typed. Raises Mistake for what is none; for the batch UnknownRun,
    AmbiguousRun and UnreadableRecord, too."""
    for value in asked.status:
        if value not in STATUSES:
            raise Mistake(f"--status {value}: give one of {', '.join(STATUSES)}")
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
        where=None if asked.where is None else parse(asked.where),
    )


def _batch(store: RunStore, typed: str) -> str:
    found = store.resolve(typed)
    if store.read(found).kind is not Kind.BATCH:
        raise Mistake(f"--batch {typed}: is no batch; give the id of one")
    return found


def select_runs(store: RunStore, asked: Asked, now: datetime) -> list[RunRow]:
    """The runs that all filters hold for, newest first. Raises as `filters_of`, and Mistake
    for a name in `where` that none has of those that the others select."""
    filters = filters_of(asked, store, now)
    return select(filters, map(RunRow, store.summaries()))


def newest_runs(store: RunStore, count: int | None) -> list[RunRow]:
    """The newest runs, without looking at all that there are: which batches hold them is left
    out."""
    return [
        RunRow(
            run
            if isinstance(run, Unreadable)
            else Summary(store.observe(run), folder=str(store.folder(run.id)), log="")
        )
        for run in store.newest(count)
    ]


def select_rows(store: RunStore, ids: Sequence[str], asked: Asked, now: datetime) -> list[RunRow]:
    """Runs and trials as rows of a comparison: those with the ids, in their order, a batch
    standing for the trials of its plan, or all, newest first; of these, those that the
    filters hold for. Raises as `select_runs`, and Mistake for an id that is given twice."""
    filters = filters_of(asked, store, now)
    seen = list(map(RunRow, store.summaries()))
    if ids:
        seen = _with_ids(seen, resolve_all(store, ids), store)
    return select(filters, [run for run in seen if _is_row(run)])


def resolve_all(store: RunStore, ids: Iterable[str]) -> list[str]:
    """The ids that were typed, whole. Raises Mistake for one that is given twice, UnknownRun
    and AmbiguousRun."""
    found: dict[str, None] = {}
    for typed in ids:
        run_id = store.resolve(typed)
        if run_id in found:
            raise Mistake(f"{typed}: this run is given twice")
        found[run_id] = None
    return list(found)


def _with_ids(seen: list[RunRow], ids: list[str], store: RunStore) -> list[RunRow]:
    by_id = {run.id: run for run in seen}
    wanted: dict[str, None] = {}
    for run_id in ids:
        part = store.read(run_id).batch
        wanted |= dict.fromkeys([run_id] if part is None else part.trials)
    return [by_id[run_id] for run_id in wanted if run_id in by_id]


def _is_row(run: RunRow) -> bool:
    """Whether a run is one that something was run for: no batch, and no damaged record."""
    return not isinstance(run.source, Unreadable) and run.source.glance.kind is not Kind.BATCH
