"""The store: a folder with one folder for each run, which people can copy."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from hydra_sweep_runner.errors import Busy, Mistake, StoreFailed, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.record import text as record_text
from hydra_sweep_runner.record.redaction import redact_run
from hydra_sweep_runner.store import (
    disk,
    heartbeat,
    layout,
    ownership,
    results,
    second_names,
    snapshots,
)
from hydra_sweep_runner.store.observed import ObservedRuns

_SIGNS_S = 0.5  # the longest time between taking a lock and signing it
_STALE_S = 3600.0  # folders in `.staging` that are older were left by a dead process
_FEW = 4  # up to this many runs are synced one by one


class RunStore(ObservedRuns):
    """The runs of a project: a folder each, with the record in `<id>/.runner/record.json`.

    Any number of processes may read while others write: a record is replaced atomically, so a
    reader sees the whole old record or the whole new one. A process that changes a run which may be
    running holds its claim.

    Each `<id>/` has `.runner/record.json`, `.runner/lock` (its claim, and its owner's heartbeat),
    `.runner/stop` (a request to its owner) and, if JSON cannot hold the result,
    `.runner/result.joblib`. Hidden folders belong to the store: `.snapshots/<digest>/` are copies
    of the project's YAML; in `.staging/` folders are made before they appear under their names, and
    deleted after they have disappeared; in `.writing/` a record is written before it replaces the
    old one.
    """

    @classmethod
    def open(cls, path: Path, *, create: bool) -> RunStore:
        """The store at `path`; with `create` a writable one, which is made if it does not exist.

        Without `create` nothing is made, and a missing folder counts as an empty store. Raises
        Mistake if `path` is not a folder, or with `create` cannot be made or written.
        """
        store = cls(path)
        root = store._root
        try:
            if create and not root.is_dir():
                disk.make_folders(root)
                disk.write_new(f"{root}/.gitignore", b"*\n", durable=False)
        except FileExistsError:
            pass  # another process made it first, or `path` is not a folder
        except OSError as error:
            raise Mistake(f"cannot create the store {root}: {error.strerror}") from error
        if os.path.lexists(root) and not root.is_dir():
            raise Mistake(f"the store {root} is not a folder")
        if not create:
            _check_length(root)
        if create:
            try:
                (root / layout.STAGING).mkdir(exist_ok=True)  # access() always says yes to root
            except OSError as error:
                raise Mistake(f"the store {root} is not writable: {error.strerror}") from error
            disk.remove_leftovers(root / layout.STAGING, older_than_s=_STALE_S)
            disk.remove_leftovers(root / layout.WRITING, older_than_s=_STALE_S)
        elif not os.path.lexists(root):
            _check_parents(root)
        return store

    def create(self, run: Run) -> None:
        """Create the run's folder and record atomically. Raises StoreFailed.

        Until `settle`, a power cut can undo it, or leave the record empty.
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
        """Sync created runs, their names and records, to the disk: many in one call.

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
        """Replace the run's record; with `durable` it is synced to the disk on return.

        Raises StoreFailed. The old record is then unchanged, or the new one is in its place but
        could not be synced.
        """
        self.mend(run.id)
        path = f"{self._path(run.id)}/{layout.RECORD}"
        data = record_text.to_text(redact_run(run, os.environ)).encode()
        with disk.failing("write", path):
            disk.replace(path, data, through=self._writing(run.id), durable=durable)
        if run.state.status is not Status.RUNNING:
            second_names.forget(self._spare(run.id))

    def keep(self, run_id: str) -> None:
        """Give the run's record, lock and logs second names, until its end is recorded, because its
        operation may empty the folder. The owner calls this before an attempt."""
        second_names.keep(self._path(run_id), self._spare(run_id))

    def mend(self, run_id: str) -> None:
        """Restore the run's record, lock and logs if its operation removed them.

        Raises StoreFailed.
        """
        folder = self._path(run_id)
        if not self._restored(run_id) and os.path.isdir(folder):  # noqa: PTH112
            with disk.failing("mend", folder):
                os.makedirs(f"{folder}/{layout.OWN}", exist_ok=True)  # noqa: PTH103

    def _restored(self, run_id: str) -> bool:
        """Whether the run's record exists, or could be restored from its second name."""
        folder = self._path(run_id)
        with disk.failing("mend", folder):
            return os.path.lexists(f"{folder}/{layout.RECORD}") or second_names.restore(
                folder, self._spare(run_id)
            )

    def _writing(self, run_id: str) -> str:
        return f"{self._prefix}{layout.WRITING}/{run_id}"

    def delete(self, run_ids: Sequence[str]) -> None:
        """Remove the runs' folders with all their contents; each disappears atomically.

        Raises UnknownRun, before any run is removed, if one does not exist, and StoreFailed.
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
                disk.sync_folder(self._root)  # the names are gone before the contents
        for folder in away:
            with disk.failing("delete", folder):
                disk.remove_tree(folder)
        with disk.failing("clean", staging):
            disk.remove_leftovers(staging, older_than_s=_STALE_S)

    @contextmanager
    def claim(self, run_id: str) -> Iterator[bool]:
        """Own the run inside the context, in this process but not in its children. Yields whether
        no process has owned the run before.

        Raises Busy, naming the owner; a claim inside a claim is Busy, too. The claim of a dead
        process is free. On another host, where its death cannot be seen, it is free once its
        heartbeat has stopped for a while. Requests to a former owner are removed. Raises UnknownRun
        and StoreFailed. A run with a damaged record can be claimed, so that it can be deleted; if
        it has no folder for a lock, UnreadableRecord is raised.
        """
        path = self._path(run_id)
        with suppress(StoreFailed):  # claiming it then fails, with a reason
            self._restored(run_id)
        with ExitStack() as stack:
            with disk.failing("claim", path):
                held = self._take(stack, run_id)
                is_first = held is not None and ownership.is_first(held)
            # If no process has held the lock before, none is running the run or left files.
            owner = None if is_first else self._owner_of(run_id, locked=held is None)
            if owner is not None:
                raise _busy(run_id, owner)
            if held is not None:
                ownership.sign(held)
            if not is_first:
                second_names.forget(self._spare(run_id))  # all files are in the run's folder
            with disk.failing("clean", path):
                if not is_first:
                    disk.remove_parts(f"{path}/{layout.OWN}")
                    with suppress(FileNotFoundError):  # no record was ever replaced
                        disk.remove_parts(f"{self._prefix}{layout.WRITING}", run_id)
                with suppress(FileNotFoundError):
                    os.unlink(f"{path}/{layout.STOP}")  # noqa: PTH108 - for each trial
            stack.enter_context(heartbeat.beating(f"{path}/{layout.LOCK}"))
            yield is_first

    def ask_to_stop(self, run_id: str) -> None:
        """Request that the run's owner, on whatever host, stop it. The next claim removes the
        request.

        Raises UnknownRun and StoreFailed.
        """
        path = self._path(run_id)
        self.mend(run_id)
        with disk.failing("ask to stop", path):
            try:
                disk.write_new(f"{path}/{layout.STOP}", b"", durable=False)
            except FileExistsError:
                return  # it was requested before
            except (FileNotFoundError, NotADirectoryError):
                self.read(run_id)
                raise

    def write_result(self, run_id: str, value: object, *, durable: bool = True) -> None:
        """Store a function's return value with joblib. Raises StoreFailed and the errors of
        pickling; the earlier result is then unchanged."""
        self.mend(run_id)
        path = f"{self._path(run_id)}/{layout.RESULT}"
        with disk.failing("write", path):
            results.write(path, value, durable=durable)

    def keep_snapshot(self, files: Mapping[str, bytes]) -> str:
        """Store files, given by relative path, and return the snapshot's name. A snapshot that
        exists already is not written again. Raises Mistake for a path that leads out, and
        StoreFailed."""
        folder, staging = self._root / layout.SNAPSHOTS, self._root / layout.STAGING
        with disk.failing("write", folder):
            return snapshots.keep(files, snapshots=folder, staging=staging)

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
        while owner == ownership.SOMEBODY:  # its record does not name it yet
            owner = ownership.signature(f"{self._path(run_id)}/{layout.LOCK}") or owner
            if time.monotonic() > last_s:
                break
            time.sleep(0.01)
        return owner


def _busy(run_id: str, owner: str) -> Busy:
    return Busy(f"{run_id[:8]} is at work: {owner}")


def _check_length(root: Path) -> None:
    """Raise Mistake for a path that is too long for a folder."""
    try:
        root.lstat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise Mistake(f"the store cannot be at {root}: {error.strerror}") from error


def _check_parents(root: Path) -> None:
    """Raise Mistake if there can be no folder at `root` because a file is in its way."""
    nearest = next(parent for parent in root.parents if os.path.lexists(parent))
    if not nearest.is_dir():
        raise Mistake(f"the store {root} cannot be there: {nearest} is not a folder")
