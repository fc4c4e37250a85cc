"""The store: a folder of run folders, each with its record, that a person can copy."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra_sweep_runner.errors import Busy, Mistake, StoreFailed, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import BatchPart, Run, Status, Unreadable
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.record import text as record_text
from hydra_sweep_runner.record.check import RecordError
from hydra_sweep_runner.record.fields import Summary, begun_key
from hydra_sweep_runner.record.redaction import redact_run
from hydra_sweep_runner.store import (
    disk,
    heartbeat,
    layout,
    names,
    ownership,
    results,
    second_names,
    snapshots,
)
from hydra_sweep_runner.store.catalogue import Catalogue, batches_of

_SIGNS_S = 0.5  # who has just taken a lock has written its name into it by then
_STALE_S = 3600.0  # what is staged and this old has lost its process
_FEW = 4  # so many runs are brought to the disk one by one


class RunStore:
    """The runs of a project: one folder each, the record in `<id>/.runner/record.json`.

    Any number of processes may read while others write: a record is replaced atomically, so
    a reader sees the old one or the new one, whole. Whoever changes a run that may be at
    work holds its claim.

    Holds `<id>/` for each run, with `.runner/record.json`, `.runner/lock` (its claim, and
    its holder's heartbeat), `.runner/stop` (a request to its holder) and, where JSON cannot
    hold the result, `.runner/result.joblib`. Hidden folders are the
    store's own: `.snapshots/<digest>/` are copies of the project's YAML; in `.staging/`
    folders are made before they appear under their names, and deleted after they
    disappeared. The folders are the truth: there is no state in memory, so threads and
    processes may share a store. Nothing is unpickled but by `read_result`.
    """

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

    @classmethod
    def open(cls, path: Path, *, create: bool) -> RunStore:
        """The store at `path`; with `create`, one that can be written, made if it is not there.

        Without `create` nothing is made, and a folder that is not there is an empty store.
        Raises Mistake if `path` is no folder, or with `create` cannot be made or written.
        """
        store = cls(path)
        root = store._root
        try:
            if create and not root.is_dir():
                disk.make_folders(root)
                disk.write_new(f"{root}/.gitignore", b"*\n", durable=False)
        except FileExistsError:
            pass  # somebody else was quicker, or it is no folder
        except OSError as error:
            raise Mistake(f"cannot create the store {root}: {error.strerror}") from error
        if os.path.lexists(root) and not root.is_dir():
            raise Mistake(f"the store {root} is not a folder")
        if not create:
            _check_length(root)
        if create:
            try:
                (root / layout.STAGING).mkdir(exist_ok=True)  # access() lies to root
            except OSError as error:
                raise Mistake(f"the store {root} is not writable: {error.strerror}") from error
            disk.sweep(root / layout.STAGING, older_than_s=_STALE_S)
        elif not os.path.lexists(root):
            _check_parents(root)
        return store

    @property
    def root(self) -> Path:
        """The store's folder, absolute."""
        return self._root

    def folder(self, run_id: str) -> Path:
        """A run's folder, there or not. Raises Mistake if `run_id` is no whole id."""
        return Path(self._path(run_id))

    # Reading

    def ids(self) -> list[str]:
        """The ids of all run folders, in no particular order; links are none."""
        return [name for name in self._names("") if names.is_id(name)]

    def read(self, run_id: str) -> Run:
        """The run as recorded. Raises UnknownRun or UnreadableRecord, naming the file."""
        path = self._path(run_id)
        try:
            return _read(f"{path}/{layout.RECORD}", run_id)
        except (FileNotFoundError, NotADirectoryError):
            with suppress(FileNotFoundError, NotADirectoryError, RecordError):
                spared = second_names.second_name(self._spare(run_id), layout.RECORD)
                return _read(spared, run_id)  # its folder was emptied
            if not Path(path).is_dir():
                raise UnknownRun(f"no run {run_id} in {self._root}") from None
            raise UnreadableRecord(f"{path}/{layout.RECORD}: missing") from None
        except OSError as error:
            raise UnreadableRecord(f"{path}/{layout.RECORD}: {error.strerror}") from error
        except RecordError as error:
            raise UnreadableRecord(f"{path}/{layout.RECORD}: {error}") from error

    def read_all(self) -> Iterator[Run | Unreadable]:
        """Every run in the store, in no particular order; damaged ones as Unreadable.

        One that is deleted meanwhile is left out.
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
        """The `n` runs started last, as recorded, newest first, or all; one never started
        counts by when it was initialized. Equal ones follow their ids; damaged ones come last."""
        return self._catalogue.newest(n)

    def batches(self) -> list[Run]:
        """Every readable record of a batch, in no particular order."""
        return self._catalogue.batches()

    def completed(self, identities: Collection[str]) -> dict[str, Run]:
        """For each digest (`planning.identity`) the completed run or trial with it that was
        started last, if there is any in the store."""
        return self._catalogue.completed(identities)

    def summaries(self) -> list[Summary | Unreadable]:
        """All runs as they really are, with what is known of them beside their records, newest
        first; damaged ones as Unreadable, last. A run that is deleted meanwhile is left out."""
        return self._catalogue.summaries()

    def summary(self, run_id: str) -> Summary:
        """One run, likewise. Raises UnknownRun or UnreadableRecord."""
        run = self.observe(self.read(run_id))
        return self._catalogue.summary(run, batches_of(self.batches()).get(run_id, ()))

    def resolve(self, prefix: str) -> str:
        """The id that begins with `prefix`: four digits or more, upper case or lower. `last`
        is the newest run, `last:batch` the newest batch.

        Raises UnknownRun, AmbiguousRun, or Mistake if it is none of that.
        """
        if prefix in (names.LAST, names.LAST_BATCH):
            return self._last(prefix)
        prefix = names.parse_prefix(prefix)
        if names.is_id(prefix):
            folder = Path(self._path(prefix))
            if folder.is_dir() and not folder.is_symlink():
                return prefix  # spares reading the whole folder
        found = [name for name in self._names(prefix) if names.is_id(name)]
        return names.choose(prefix, found, self._root)

    def _last(self, word: str) -> str:
        if word == names.LAST:
            found = [run for run in self.newest(1) if isinstance(run, Run)]
        else:
            found = sorted(self.batches(), key=lambda run: (begun_key(run), run.id))
        if not found:
            raise UnknownRun(f"{word}: there is none in {self._root}")
        return found[0].id

    def observe(self, run: Run, *, claimed: bool = False) -> Run:
        """The run as it really is: one recorded as running whose process is gone is
        terminated, and a completed batch whose plan has lost trials is none. Its record is
        not changed.

        A process that cannot be looked at from here is gone if its heartbeat has stopped.
        With `claimed` the caller owns the run, so that any other process is gone.
        """
        if run.batch is not None and run.state.status is Status.COMPLETED:
            return self._without_missing(run, run.batch)
        if run.state.status is not Status.RUNNING:
            return run
        if not claimed and ownership.is_at_work(run, beats=lambda: self.beats(run.id)):
            return run
        process = run.state.process
        where = f" (pid {process.pid} on {process.host})" if process is not None else ""
        reason = f"its runner is gone{where}"
        return replace(run, state=replace(run.state, status=Status.TERMINATED, reason=reason))

    def _without_missing(self, run: Run, part: BatchPart) -> Run:
        """A completed batch, or an incomplete one if trials of it are gone."""
        gone = sum(not os.path.lexists(self._path(run_id)) for run_id in part.trials)
        missing = part.missing + gone
        if not missing:
            return run
        state = lifecycle.incomplete(run.state, missing, len(part.trials) + part.missing)
        return replace(run, state=state, batch=replace(part, missing=missing))

    def beats(self, run_id: str) -> bool:
        """Whether whoever owns the run was seen alive a short while ago, wherever it is."""
        return heartbeat.is_fresh(
            f"{self._path(run_id)}/{layout.LOCK}", self._root / layout.STAGING
        )

    def is_asked_to_stop(self, run_id: str) -> bool:
        """Whether somebody has asked whoever owns the run to stop it."""
        return os.path.lexists(f"{self._path(run_id)}/{layout.STOP}")

    # Writing

    def create(self, run: Run) -> None:
        """Make the run's folder and record appear at once. Raises StoreFailed.

        A power cut can undo it, or leave the record empty, until `settle`.
        """
        path = self._path(run.id)
        data = record_text.to_text(redact_run(run, os.environ)).encode()
        with disk.failing("create", path):
            staged = disk.stage(f"{self._prefix}{layout.STAGING}", run.id)
            try:
                os.mkdir(f"{staged}/{layout.OWN}")  # noqa: PTH102 - for each trial
                disk.write_new(f"{staged}/{layout.RECORD}", data, durable=False)
                ownership.make(f"{staged}/{layout.LOCK}", unused=run.state.status is Status.PENDING)
                os.rename(staged, path)  # noqa: PTH104
            except BaseException:
                disk.remove_tree(Path(staged))
                raise

    def settle(self, run_ids: Sequence[str]) -> None:
        """Bring runs that were created to the disk, their names and records: many at one go.

        Raises StoreFailed.
        """
        with disk.failing("write", self._root):
            if len(run_ids) > _FEW and disk.sync_file_system(self._root):
                return
            for run_id in run_ids:
                path = self._path(run_id)
                disk.sync_file(f"{path}/{layout.RECORD}")
                disk.sync_folder(Path(path, layout.OWN))
                disk.sync_folder(Path(path))
            disk.sync_folder(self._root)

    def write(self, run: Run, *, durable: bool = True) -> None:
        """Replace the run's record; with `durable` it is on the disk on return.

        Raises StoreFailed, with the old record as it was; or with the new one in its place,
        if that could not be brought to the disk.
        """
        self.mend(run.id)
        path = f"{self._path(run.id)}/{layout.RECORD}"
        data = record_text.to_text(redact_run(run, os.environ)).encode()
        with disk.failing("write", path):
            disk.replace(path, data, durable=durable)
        if run.state.status is not Status.RUNNING:
            second_names.forget(self._spare(run.id))

    def keep(self, run_id: str) -> None:
        """Keep the record, lock and logs of a run from its operation, which may empty its
        folder, until it is recorded as ended. For its owner, before it starts an attempt."""
        second_names.keep(self._path(run_id), self._spare(run_id))

    def mend(self, run_id: str) -> None:
        """Put back what an operation has removed of a run's record, lock and logs.

        Raises StoreFailed.
        """
        folder = self._path(run_id)
        if not self._restored(run_id) and os.path.isdir(folder):  # noqa: PTH112
            with disk.failing("mend", folder):
                os.makedirs(f"{folder}/{layout.OWN}", exist_ok=True)  # noqa: PTH103

    def _restored(self, run_id: str) -> bool:
        """Whether the run's record is there, or was kept and is there again."""
        folder = self._path(run_id)
        with disk.failing("mend", folder):
            return os.path.lexists(f"{folder}/{layout.RECORD}") or second_names.restore(
                folder, self._spare(run_id)
            )

    def _spare(self, run_id: str) -> str:
        return f"{self._prefix}{layout.RUNNING}/{run_id}"

    def delete(self, run_ids: Sequence[str]) -> None:
        """Remove the runs' folders and all that is in them; each disappears at once.

        Raises UnknownRun before anything is removed if one is not there, and StoreFailed.
        """
        folders = [self.folder(run_id) for run_id in run_ids]
        for folder in folders:
            if folder.is_symlink() or not folder.is_dir():
                raise UnknownRun(f"no run {folder.name} in {self._root}")
        staging = self._root / layout.STAGING
        away = []
        for folder in folders:
            with disk.failing("delete", folder):
                away.append(disk.stage_away(staging, folder))
            second_names.forget(self._spare(folder.name))
        if away:
            with disk.failing("delete", self._root):
                disk.sync_folder(self._root)  # the names are gone before what they name
        for folder in away:
            with disk.failing("delete", folder):
                disk.remove_tree(folder)
        with disk.failing("clean", staging):
            disk.sweep(staging, older_than_s=_STALE_S)

    @contextmanager
    def claim(self, run_id: str) -> Iterator[bool]:
        """Own the run while the context lasts, in this process and no child of it. What it
        gives tells whether nobody has owned the run before.

        Raises Busy, telling who owns it; a claim within a claim is Busy, too. The claim of
        a process that died is free; on another host, where that cannot be seen, it is when
        the heartbeat has stopped for a while. What was asked of a former owner is forgotten.
        Raises UnknownRun, and StoreFailed. A damaged record keeps nobody from it, so that
        the run can be deleted; but where there is no place for a lock, UnreadableRecord is
        raised, as nobody can own such a run.
        """
        path = self._path(run_id)
        with suppress(StoreFailed):  # it cannot be claimed then, which says why
            self._restored(run_id)
        with ExitStack() as stack:
            with disk.failing("claim", path):
                held = self._take(stack, run_id)
                is_first = held is not None and ownership.is_first(held)
            # Nobody who has never held it is at work, or has left anything.
            owner = None if is_first else self._owner_of(run_id, locked=held is None)
            if owner is not None:
                raise _busy(run_id, owner)
            if held is not None:
                ownership.sign(held)
            if not is_first:
                second_names.forget(self._spare(run_id))  # all of it is in its folder
            with disk.failing("clean", path):
                if not is_first:
                    disk.remove_parts(f"{path}/{layout.OWN}")
                with suppress(FileNotFoundError):
                    os.unlink(f"{path}/{layout.STOP}")  # noqa: PTH108 - for each trial
            stack.enter_context(heartbeat.beating(f"{path}/{layout.LOCK}"))
            yield is_first

    def ask_to_stop(self, run_id: str) -> None:
        """Ask whoever owns the run, on whatever host, to stop it. The next claim forgets it.

        Raises UnknownRun and StoreFailed.
        """
        path = self._path(run_id)
        self.mend(run_id)
        with disk.failing("ask to stop", path):
            try:
                disk.write_new(f"{path}/{layout.STOP}", b"", durable=False)
            except FileExistsError:
                return  # somebody has asked before
            except (FileNotFoundError, NotADirectoryError):
                self.read(run_id)
                raise

    def write_result(self, run_id: str, value: object, *, durable: bool = True) -> None:
        """Keep what a function returned, with joblib. Raises StoreFailed, and what pickling
        raises; the result that was there before then stays."""
        self.mend(run_id)
        path = f"{self._path(run_id)}/{layout.RESULT}"
        with disk.failing("write", path):
            results.write(path, value, durable=durable)

    def read_result(self, run_id: str) -> Any:
        """What `write_result` kept. This unpickles, so it can run any code that the file
        holds: only for people who ask for it. Raises Mistake if nothing is kept."""
        path = f"{self._path(run_id)}/{layout.RESULT}"
        try:
            return results.read(path)
        except FileNotFoundError:
            raise Mistake(f"no result is stored in {path}") from None

    def keep_snapshot(self, files: Mapping[str, bytes]) -> str:
        """Keep files, by relative path, and return the snapshot's name. Those kept already
        are not written again. Raises Mistake for a path that leads out, and StoreFailed."""
        folder, staging = self._root / layout.SNAPSHOTS, self._root / layout.STAGING
        with disk.failing("write", folder):
            return snapshots.keep(files, snapshots=folder, staging=staging)

    def snapshot_folder(self, name: str) -> Path:
        """The folder of a snapshot. Raises Mistake if the store has none of that name."""
        return snapshots.find(name, self._root / layout.SNAPSHOTS)

    def _take(self, stack: ExitStack, run_id: str) -> int | None:
        try:
            return stack.enter_context(ownership.hold(f"{self._path(run_id)}/{layout.LOCK}"))
        except (FileNotFoundError, NotADirectoryError):
            self.read(run_id)
            raise
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EISDIR):
                raise
            owner = self._owner_of(run_id, locked=False)
            if owner is not None:
                raise _busy(run_id, owner) from None
            raise UnreadableRecord(f"{self._path(run_id)}/{layout.LOCK}: not a file") from error

    def _owner_of(self, run_id: str, *, locked: bool) -> str | None:
        try:
            owner = ownership.owner_of(
                self.read(run_id), locked=locked, beats=lambda: self.beats(run_id)
            )
        except UnreadableRecord:
            owner = ownership.SOMEBODY if locked else None
        last_s = time.monotonic() + _SIGNS_S
        while owner == ownership.SOMEBODY:  # whose record does not name it yet
            owner = ownership.signature(f"{self._path(run_id)}/{layout.LOCK}") or owner
            if time.monotonic() > last_s:
                break
            time.sleep(0.01)
        return owner

    def _path(self, run_id: str) -> str:
        if not names.is_id(run_id):
            raise Mistake(f"{run_id!r} is no run id: an id is 32 hexadecimal digits")
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


def _busy(run_id: str, owner: str) -> Busy:
    return Busy(f"run {run_id[:8]} is at work: {owner}")


def _read(record: str, run_id: str) -> Run:
    data = disk.read(record)
    try:
        return record_text.from_text(data.decode(), run_id=run_id)
    except UnicodeDecodeError:
        raise RecordError("not UTF-8") from None


def _check_length(root: Path) -> None:
    """Raise Mistake for a path that is too long for any folder to be there."""
    try:
        root.lstat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise Mistake(f"the store cannot be at {root}: {error.strerror}") from error


def _check_parents(root: Path) -> None:
    """Raise Mistake if a folder can never be at `root`, because a file is in its way."""
    nearest = next(parent for parent in root.parents if os.path.lexists(parent))
    if not nearest.is_dir():
        raise Mistake(f"the store {root} cannot be there: {nearest} is not a folder")
