"""What a store holds now, kept up to date by looking at little, and what has changed since.

A look costs three `stat` calls and one for each batch and each run at work. All records are looked
at when the store's folder has changed, or that of its runs at work, or the one in which records are
written (`store.head` says why these tell), unless it was one of the runs at work that was recorded
anew; and every few seconds, as an editor's change of a record shows in none of them. Only records
that are not as they were are read again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Kind, Run, Status, Unreadable
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import Summary, recency
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.catalogue import Plans
from hydra_sweep_runner.store.logs import find_log
from hydra_sweep_runner.store.runs import RunStore

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

#: All records are looked at this often, in seconds, or more seldom where that takes long.
_WHOLE_S = 5.0
_SHARE = 0.005

_Stamp = tuple[int, int, int]
_UNKNOWN: _Stamp = (0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class View:
    """All runs at one moment, newest first, damaged ones last. `cursor` grows with each change."""

    cursor: int
    runs: Sequence[RunRow]
    by_id: Mapping[str, RunRow] = field(repr=False)

    def run(self, run_id: str) -> Summary:
        """One run. Raises UnknownRun, and UnreadableRecord for a damaged one."""
        seen = self.by_id.get(run_id)
        if seen is None:
            raise UnknownRun(f"run {run_id[:8]} is not there any more")
        if isinstance(seen.source, Unreadable):
            raise UnreadableRecord(f"{seen.source.path}/{seen.source.why}")
        return seen.source


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is not as it was at some cursor: ids of runs that are new or other, and of runs that
    are gone. `cursor` is the present one."""

    cursor: int
    changed: Sequence[str]
    gone: Sequence[str]


class Live:
    """A store, looked at again and again. Threads may share it; looks come one after the other.

    It reads, and writes nothing but what every listing does: the store's index.
    """

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self._root = str(store.root)
        self._find_log = partial(find_log, self._root)
        self._lock = threading.Lock()
        self._stamps: dict[str, _Stamp] = {}
        self._recorded: dict[str, Run] = {}
        self._changed_at: dict[str, int] = {}
        self._gone_at: dict[str, int] = {}
        self._folders: tuple[int, int] = (0, 0)
        self._writing = 0
        self._next_whole_s = 0.0
        self._view = View(cursor=0, runs=(), by_id={})

    @property
    def view(self) -> View:
        """The runs as they were found by the last look."""
        return self._view

    def look(self, *, whole: bool = False) -> View:
        """The runs as they are now; with `whole`, each record is looked at in any case.

        Raises StoreFailed if the store cannot be read.
        """
        with self._lock:
            folders, writing = self._folder_stamps(), self._writing_stamp()
            began_s = time.monotonic()
            is_due = whole or folders != self._folders or began_s >= self._next_whole_s
            if is_due or (not self._take_in(self._restless(), ()) and writing != self._writing):
                self._look_at_all()
                self._folders = folders
                now_s = time.monotonic()
                self._next_whole_s = now_s + max(_WHOLE_S, (now_s - began_s) / _SHARE)
            self._writing = writing
            return self._view

    def since(self, cursor: int) -> Changes:
        """What has changed since the view with that cursor."""
        with self._lock:
            return Changes(
                cursor=self._view.cursor,
                changed=[run_id for run_id, at in self._changed_at.items() if at > cursor],
                gone=[run_id for run_id, at in self._gone_at.items() if at > cursor],
            )

    def _folder_stamps(self) -> tuple[int, int]:
        return _changed_ns(self._root), _changed_ns(f"{self._root}/{layout.RUNNING}")

    def _writing_stamp(self) -> int:
        return _changed_ns(f"{self._root}/{layout.WRITING}")

    def _look_at_all(self) -> None:
        ids = self.store.ids()
        if not self._view.by_id:
            self._load(ids)
            return
        here = set(ids)
        gone = [run_id for run_id in self._view.by_id if run_id not in here]
        self._take_in(ids, gone, whole=True)

    def _load(self, ids: Iterable[str]) -> None:
        """The first look: by the store's index, which is quicker than record by record."""
        self._stamps = {run_id: self._stamp(run_id) for run_id in ids}  # later changes are seen
        found = [RunRow(summary) for summary in self.store.summaries()]
        for seen in found:
            if isinstance(seen.source, Unreadable) or _is_restless(seen.source.glance):
                self._stamps.pop(seen.id, None)  # it is read again: what was found is as observed
        self._show({seen.id: seen for seen in found}, [seen.id for seen in found], ())
        self._take_in([run_id for run_id in self._view.by_id if run_id not in self._stamps], ())

    def _restless(self) -> list[str]:
        """The runs that change without a trace in the store's folders."""
        return list(self._recorded)

    def _take_in(self, run_ids: Iterable[str], gone: Sequence[str], *, whole: bool = False) -> bool:
        """Look at these runs, and forget those that are gone; whether anything has changed."""
        by_id = dict(self._view.by_id)
        other: list[str] = []
        left = list(gone)
        for run_id in run_ids:
            before = by_id.get(run_id)
            after = self._again(run_id, before, whole=whole)
            if after is None:
                if before is not None:
                    left.append(run_id)
            elif after is not before:
                by_id[run_id] = after
                other.append(run_id)
        for run_id in left:
            by_id.pop(run_id, None)
            self._stamps.pop(run_id, None)
            self._recorded.pop(run_id, None)
        if other or left:
            self._show(by_id, other, left)
        return bool(other or left)

    def _again(self, run_id: str, before: RunRow | None, *, whole: bool) -> RunRow | None:
        """A run as it is now: the same object if it is as before; None if it is gone."""
        stamp = self._stamp(run_id)
        if stamp != _UNKNOWN and stamp == self._stamps.get(run_id) and before is not None:
            run = self._recorded.get(run_id)
            if run is None or not (whole or run.state.status is Status.RUNNING):
                return before  # what is lost of a completed batch is seen by a whole look
        else:
            self._stamps[run_id] = stamp
            try:
                run = self.store.read(run_id)
            except UnknownRun:
                return None
            except UnreadableRecord as error:
                return self._unreadable(run_id, before, error)
            self._recorded.pop(run_id, None)
            if _is_restless(run):
                self._recorded[run_id] = run
        observed = self.store.observe(run)
        if (
            before is not None
            and isinstance(before.source, Summary)
            and before.source.run == observed
        ):
            return before
        return RunRow(self._summary(observed, before))

    def _unreadable(self, run_id: str, before: RunRow | None, error: UnreadableRecord) -> RunRow:
        self._recorded.pop(run_id, None)
        path = f"{self._root}/{run_id}"
        damaged = Unreadable(id=run_id, path=path, why=str(error).removeprefix(f"{path}/"))
        return before if before is not None and before.source == damaged else RunRow(damaged)

    def _summary(self, run: Run, before: RunRow | None) -> Summary:
        if before is not None and isinstance(before.source, Summary):
            return before.source.with_run(run)
        return Summary(run, folder=f"{self._root}/{run.id}", find_log=self._find_log)

    def _show(self, by_id: dict[str, RunRow], other: Sequence[str], gone: Sequence[str]) -> None:
        """Make the next view, with what has changed in it."""
        cursor = self._view.cursor + 1
        changed = dict.fromkeys(other)
        for run_id, seen in _rejoined(by_id).items():
            by_id[run_id] = seen
            changed[run_id] = None
        for run_id in changed:
            self._changed_at[run_id] = cursor
            self._gone_at.pop(run_id, None)
        for run_id in gone:
            self._gone_at[run_id] = cursor
            self._changed_at.pop(run_id, None)
        runs = tuple(sorted(by_id.values(), key=lambda seen: recency(seen.source)))
        self._view = View(cursor=cursor, runs=runs, by_id=by_id)

    def _stamp(self, run_id: str) -> _Stamp:
        try:
            found = os.stat(f"{self._root}/{run_id}/{layout.RECORD}")  # noqa: PTH116
        except OSError:
            return _UNKNOWN
        return (found.st_ctime_ns, found.st_ino, found.st_size)


def _rejoined(by_id: Mapping[str, RunRow]) -> dict[str, RunRow]:
    """The runs that other batches hold than their summaries say."""
    batches = sorted(
        (seen for seen in by_id.values() if _is_batch(seen)), key=lambda seen: recency(seen.source)
    )
    held = Plans(seen.source.run for seen in batches if isinstance(seen.source, Summary))
    found = {}
    for run_id, seen in by_id.items():
        now = (held.batches(run_id), held.taken_for(run_id))
        if isinstance(seen.source, Summary) and not seen.source.is_held_by(*now):
            found[run_id] = RunRow(seen.source.held_by(*now))
    return found


def _is_batch(seen: RunRow) -> bool:
    return isinstance(seen.source, Summary) and seen.source.glance.kind is Kind.BATCH


def _is_restless(run: Run | Glance) -> bool:
    """Whether a run changes without a trace in the store's folders: a batch, and one at work."""
    return run.state.status is Status.RUNNING or run.kind is Kind.BATCH


def _changed_ns(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0
