"""The runs of a store as they are recorded, and as they are observed: one that is recorded as
running and whose process is gone is terminated. Finds a run by what was typed for its id. Nothing
is changed here."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra_sweep_runner.errors import (
    AmbiguousRun,
    Mistake,
    StoreFailed,
    UnknownRun,
    UnreadableRecord,
)
from hydra_sweep_runner.model import BatchPart, Kind, Run, Status, Unreadable
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.record import text as record_text
from hydra_sweep_runner.record.check import RecordError
from hydra_sweep_runner.record.fields import Summary, newest_first_key
from hydra_sweep_runner.store import (
    disk,
    heartbeat,
    layout,
    ownership,
    results,
    run_ids,
    second_names,
    snapshots,
)
from hydra_sweep_runner.store.catalogue import Catalogue, Plans
from hydra_sweep_runner.store.trash import Trash


class ObservedRuns:
    """Reads the runs of the store at `root`. There is no state in memory, so threads and processes
    may share it. Only `read_result` unpickles anything."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._prefix = f"{self._root}/"
        self._catalogue = Catalogue(
            str(self._root),
            ids=self.ids,
            read=self.read,
            read_each=self._read_each,
            observe=self.observe,
        )

    @property
    def root(self) -> Path:
        """The store's folder, absolute."""
        return self._root

    def folder(self, run_id: str) -> Path:
        """A run's folder, whether it exists or not. Raises Mistake if `run_id` is not a whole
        id."""
        return Path(self._path(run_id))

    def ids(self) -> list[str]:
        """The ids of all run folders, in no particular order; links are ignored."""
        return [name for name in self._names("") if run_ids.is_id(name)]

    def read(self, run_id: str) -> Run:
        """The run as recorded. Raises UnknownRun or UnreadableRecord, naming the file."""
        path = self._path(run_id)
        try:
            return _read(f"{path}/{layout.RECORD}", run_id)
        except (FileNotFoundError, NotADirectoryError):
            with suppress(FileNotFoundError, NotADirectoryError, RecordError):
                spared = second_names.second_name(self._spare(run_id), layout.RECORD)
                return _read(spared, run_id)  # the operation emptied the run's folder
            if not Path(path).is_dir():
                raise UnknownRun(f"no run {run_id} in {self._root}") from None
            raise UnreadableRecord(f"{path}/{layout.RECORD}: missing") from None
        except OSError as error:
            raise UnreadableRecord(f"{path}/{layout.RECORD}: {error.strerror}") from error
        except RecordError as error:
            raise UnreadableRecord(f"{path}/{layout.RECORD}: {error}") from error

    def read_all(self) -> Iterator[Run | Unreadable]:
        """Every run in the store, in no particular order; damaged ones as Unreadable.

        Runs that are deleted during the call are left out.
        """
        return self._read_each(self.ids())

    def _read_each(self, run_ids: Iterable[str]) -> Iterator[Run | Unreadable]:
        for run_id in run_ids:
            try:
                yield self.read(run_id)
            except UnreadableRecord as error:
                path = self._path(run_id)
                yield Unreadable(id=run_id, path=path, why=str(error).removeprefix(f"{path}/"))
            except UnknownRun:
                continue

    def newest(self, n: int | None = None) -> list[Run | Unreadable]:
        """The `n` newest runs, or all, as recorded, newest first: by start time, or by
        initialisation time if never started. Ties are sorted by id; damaged runs come last.

        If a record in a large store was changed in its place by something else than the runner,
        its run may keep its former place among the `n` newest for a few minutes (`store.head`).
        """
        return self._catalogue.newest(n)

    def batches(self) -> list[Run]:
        """Every readable batch record, in no particular order."""
        return self._catalogue.batches()

    def completed(self, identities: Collection[str]) -> dict[str, Run]:
        """Maps each identity (`planning.identity`) to the completed run or trial with it that was
        started last; digests without one are left out."""
        return self._catalogue.completed(identities)

    def summaries(self) -> list[Summary | Unreadable]:
        """All runs as observed, newest first; damaged ones as Unreadable, last. Runs that are
        deleted during the call are left out."""
        return self._catalogue.summaries()

    def count(self) -> int:
        """The number of all runs, the unreadable ones included."""
        return self._catalogue.count()

    def summary(self, run_id: str) -> Summary:
        """One run as observed. Raises UnknownRun or UnreadableRecord."""
        run = self.observe(self.read(run_id))
        return self._catalogue.summary(run, Plans(self.batches()))

    def resolve(self, typed: str) -> str:
        """The id that begins with what was typed: at least four digits, in upper or lower case.
        `last` is the newest run or trial, `last:batch` the newest batch.

        Raises UnknownRun, AmbiguousRun, or Mistake if it has another form. If what was typed is a
        label instead, the error names the run that has it.
        """
        try:
            return self._resolve(typed)
        except AmbiguousRun:
            raise
        except Mistake as error:
            labelled = self._labelled(typed)
            if labelled is None:
                raise
            raise type(error)(
                f"{typed!r} is a label, not a run id: the newest {labelled.kind.value} with it is "
                f"{labelled.id[:8]}"
            ) from None

    def _labelled(self, label: str) -> Run | None:
        """The newest batch with a label, which its trials have, too; else the newest run."""
        found = [run for run in self.newest() if isinstance(run, Run) and run.label == label]
        batches = [run for run in found if run.kind is Kind.BATCH]
        return next(iter(batches or found), None)

    def _resolve(self, typed: str) -> str:
        if typed in (run_ids.LAST, run_ids.LAST_BATCH):
            return self._last(typed)
        prefix = run_ids.parse_prefix(typed)
        if run_ids.is_id(prefix):
            folder = Path(self._path(prefix))
            if folder.is_dir() and not folder.is_symlink():
                return prefix  # no need to list the whole folder
        found = [name for name in self._names(prefix) if run_ids.is_id(name)]
        if not found and any(e.id.startswith(prefix) for e in Trash(self._root).entries()):
            raise UnknownRun(
                f"no run begins with {prefix!r} in {self._root}, but a deleted one does: "
                f"runner runs restore {prefix}"
            )
        return run_ids.choose(prefix, found, self._root)

    def _last(self, word: str) -> str:
        if word == run_ids.LAST:
            found = self._last_of(1) or self._last_of(None)
        else:
            batches = sorted(self.batches(), key=lambda run: (newest_first_key(run), run.id))
            found = batches[:1]
        if not found:
            raise UnknownRun(f"{word}: there is none in {self._root}")
        return found[0].id

    def _last_of(self, n: int | None) -> list[Run]:
        """The newest run or trial among the `n` newest records, or among all; empty if there is
        none. A batch is newer than its trials if its last start had nothing to run."""
        found = (run for run in self.newest(n) if isinstance(run, Run))
        return [run for run in found if run.kind is not Kind.BATCH][:1]

    def observe(self, run: Run, *, claimed: bool = False) -> Run:
        """The run as it really is; its record is not changed.

        A run recorded as running whose process is gone is terminated, and a batch that has ended
        and whose plan has lost trials is incomplete. A process that cannot be inspected from here
        counts as gone if its heartbeat has stopped. With `claimed` the caller owns the run, so
        every other process counts as gone.
        """
        if run.batch is not None and run.state.status in (Status.COMPLETED, Status.ERROR):
            return self._without_missing(run, run.batch)
        if run.state.status is not Status.RUNNING:
            return run
        if not claimed:
            if ownership.is_at_work(run, beats=lambda: self.beats(run.id)):
                return run
            # Its process may have recorded the end, and exited, since the record was read.
            with suppress(UnknownRun, UnreadableRecord):
                now = self.read(run.id)
                if now.state != run.state:
                    return self.observe(now)
        return replace(run, state=lifecycle.left_behind(run.state))

    def _without_missing(self, run: Run, part: BatchPart) -> Run:
        """The batch that has ended, or an incomplete one if some of its trials were deleted."""
        gone = sum(not os.path.lexists(self._path(run_id)) for run_id in part.trials)
        missing = part.missing + gone
        if not missing:
            return run
        state = lifecycle.incomplete(run.state, missing, len(part.trials) + part.missing)
        return replace(run, state=state, batch=replace(part, missing=missing))

    def beats(self, run_id: str) -> bool:
        """Whether the run's owner, on whatever host, has sent a heartbeat recently."""
        return heartbeat.is_fresh(
            f"{self._path(run_id)}/{layout.LOCK}", self._root / layout.STAGING
        )

    def is_asked_to_stop(self, run_id: str) -> bool:
        """Whether the run's owner was requested to stop it."""
        return os.path.lexists(f"{self._path(run_id)}/{layout.STOP}")

    def read_result(self, run_id: str) -> Any:
        """The value that `write_result` stored. Raises Mistake if there is none.

        This unpickles, so it can run any code that the file holds: call it only at a user's
        request.
        """
        path = f"{self._path(run_id)}/{layout.RESULT}"
        try:
            return results.read(path)
        except FileNotFoundError:
            raise Mistake(f"no result is stored in {path}") from None

    def snapshot_folder(self, name: str) -> Path:
        """The folder of a snapshot. Raises Mistake if the store has no snapshot of that name."""
        return snapshots.find(name, self._root / layout.SNAPSHOTS)

    def _spare(self, run_id: str) -> str:
        return f"{self._prefix}{layout.RUNNING}/{run_id}"

    def _path(self, run_id: str) -> str:
        if not run_ids.is_id(run_id):
            raise Mistake(f"{run_id!r} is not a run id: an id is 32 hexadecimal digits")
        return self._prefix + run_id

    def _names(self, prefix: str) -> list[str]:
        """The names of the folders that begin with `prefix`."""
        try:
            with os.scandir(self._root) as entries:
                return [
                    entry.name
                    for entry in entries
                    if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False)
                ]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreFailed(f"cannot read the store {self._root}: {error.strerror}") from error


def _read(record: str, run_id: str) -> Run:
    data = disk.read(record)
    try:
        return record_text.from_text(data.decode(), run_id=run_id)
    except UnicodeDecodeError:
        raise RecordError("not UTF-8") from None
