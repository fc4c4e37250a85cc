"""`runner runs restore` and `runner runs purge`: restores or removes deleted runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta

from hydra_sweep_runner.commands.runs.membership import planned, rejoin
from hydra_sweep_runner.commands.runs.staying_folders import staying_line
from hydra_sweep_runner.errors import Busy, Mistake, UnknownRun
from hydra_sweep_runner.model import Unreadable
from hydra_sweep_runner.operation.duration import read_seconds
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.store import layout, run_ids
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.trash import Trash, Trashed
from hydra_sweep_runner.terminal.render import short

_LISTED = "runner runs restore --list shows their ids"
# The most ids in a command that is told.
_MOST_TYPED = 10


def deleted_runs(store: RunStore) -> list[RunRow]:
    """The runs that can be restored, the last deleted first; of an id that was deleted several
    times the last."""
    trash = Trash(store.root)
    found: list[RunRow] = []
    for entry in _newest(trash).values():
        run = trash.read(entry)
        if isinstance(run, Unreadable):
            found.append(RunRow(run))
        else:
            found.append(RunRow(Summary(run, folder=str(entry.folder))))
    return found


def _newest(trash: Trash) -> dict[str, Trashed]:
    """The last deleted entry of each id, the last deleted first."""
    newest: dict[str, Trashed] = {}
    for entry in trash.entries():
        newest.setdefault(entry.id, entry)
    return newest


def runs_to_restore(store: RunStore, prefixes: Sequence[str]) -> list[Trashed]:
    """The runs to restore: those with these prefixes, or all in the trash; if an id was deleted
    several times, the last.

    Raises Mistake if a prefix names no run or several runs in the trash, or repeats one.
    """
    newest = _newest(Trash(store.root))
    if not prefixes:
        return list(newest.values())
    found: dict[str, Trashed] = {}
    for prefix in prefixes:
        if prefix in (run_ids.LAST, run_ids.LAST_BATCH):
            raise Mistake(f"{prefix} stands for no deleted run: {_LISTED}")
        run_ids.check_one(prefix)
        digits = run_ids.parse_prefix(prefix)
        try:
            run_id = run_ids.choose(digits, newest, store.root / layout.TRASH)
        except UnknownRun:
            raise Mistake(f"no deleted run begins with {prefix!r}: {_LISTED}") from None
        if run_id in found:
            raise Mistake(f"{prefix}: this run is given twice")
        found[run_id] = newest[run_id]
    return list(found.values())


def restore_runs(store: RunStore, entries: Sequence[Trashed]) -> list[str]:
    """Restore runs under their ids, and in the lists of their batches. Returns the ids of those
    that are orphans now, because their batch was started after they were deleted.

    Raises Mistake, before anything is changed, if a run with one of the ids exists, and Busy if one
    of the batches is running.
    """
    trash = Trash(store.root)
    returning = {entry.id for entry in entries}
    batches = dict.fromkeys(batch for entry in entries for batch in entry.places)
    orphans: dict[str, None] = {}
    with ExitStack() as claims:
        for batch_id in batches:
            if batch_id not in returning:
                _claim(claims, store, batch_id)
        trash.take_out(entries)
        for batch_id in batches:
            if not store.folder(batch_id).is_dir():
                continue  # the batch was deleted, too, and stays deleted
            if batch_id in returning:
                _claim(claims, store, batch_id)
            batch = rejoin(store.read(batch_id), entries)
            store.write(batch)
            back = [entry.id for entry in entries if entry.places.get(batch_id) is not None]
            orphans |= dict.fromkeys(run_id for run_id in back if run_id not in planned(batch))
        trash.forget(entries)
    return list(orphans)


def _claim(claims: ExitStack, store: RunStore, batch_id: str) -> None:
    try:
        claims.enter_context(store.claim(batch_id))
    except UnknownRun:
        return  # there is no plan to restore it in
    except Busy as error:
        raise Busy(f"what was in a batch at work cannot come back meanwhile: {error}") from error


def runs_to_purge(store: RunStore, older: str | None, now: datetime) -> list[Trashed]:
    """The runs in the trash, or those deleted longer ago than `older`. Raises Mistake for an
    invalid age."""
    entries = Trash(store.root).entries()
    if older is None:
        return entries
    latest = now - _parse_age(older)
    return [entry for entry in entries if entry.deleted < latest]


def restore_words(ids: Sequence[str]) -> str:
    """The command that brings runs back from the trash or, for many, the one that lists them."""
    if len(ids) > _MOST_TYPED:
        return _LISTED
    return f"runner runs restore {' '.join(map(short, ids))}"


def staying_outputs(store: RunStore, entries: Sequence[Trashed]) -> str | None:
    """The line that names the output folders of Hydra programs that stay when these runs are
    removed; None if there are none."""
    read = map(Trash(store.root).read, entries)
    runs = (run for run in read if not isinstance(run, Unreadable) and run.batch is None)
    return staying_line(runs, store.root)


def purge_runs(store: RunStore, entries: Sequence[Trashed]) -> None:
    """Remove runs from the trash permanently. Raises StoreFailed."""
    Trash(store.root).purge(entries)


def _parse_age(text: str) -> timedelta:
    seconds = read_seconds(text)
    try:
        if seconds is not None:
            return timedelta(seconds=seconds)
    except OverflowError:
        pass
    raise Mistake(f"--older {text}: not an age; give 30d, 12h or 45m")
