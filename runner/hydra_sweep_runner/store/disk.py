"""All changes that the store makes on the disk: whole files and whole folders, atomically.

Functions take absolute paths and raise OSError; `failing` turns it into StoreFailed. File modes
follow the umask.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from hydra_sweep_runner.errors import StoreFailed

#: Two times of a file system this close together may be the same tick of its clock.
TICK_NS = 3_000_000_000
_PART = ".part"  # ends the name of a file that is being written


class failing:  # noqa: N801 - used like a function, and faster than a generator
    """Turns an OSError inside the context into a StoreFailed: `cannot <doing> <path>: <reason>`."""

    def __init__(self, doing: str, path: str | Path) -> None:
        self._doing = doing
        self._path = path

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Raise StoreFailed instead of an OSError."""
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise StoreFailed(f"cannot {self._doing} {self._path}: {reason}") from error


def read(path: str) -> bytes:
    """A file's bytes. A pipe in its place counts as empty, and is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        size = os.fstat(descriptor).st_size
        pieces = [os.read(descriptor, size + 1)]
        while pieces[-1]:
            pieces.append(os.read(descriptor, 1 << 20))
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def write_new(path: str, data: bytes, *, durable: bool) -> None:
    """Write a file that does not exist yet; with `durable`, sync its bytes to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        _write_all(descriptor, data)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: str, data: bytes, *, through: str, durable: bool) -> None:
    """Replace a file atomically; with `durable`, it is synced to the disk under its name on return.

    It is written under a name that begins with the path `through`, on the same file system. The
    folder of that name is made if it does not exist; its times change when the file is replaced.
    """

    def write(part: str) -> None:
        write_new(part, data, durable=durable)

    try:
        _replace(path, write, through=through, durable=durable)
    except FileNotFoundError:
        with suppress(FileExistsError):
            os.mkdir(through.rpartition("/")[0])  # noqa: PTH102
        _replace(path, write, through=through, durable=durable)


def replace_by(path: str, fill: Callable[[BinaryIO], object], *, durable: bool) -> None:
    """Replace a file atomically by what `fill` writes into a new file beside it.

    If `fill` raises, the old file is unchanged and the new one is removed.
    """

    def write(part: str) -> None:
        with Path(part).open("xb") as file:
            fill(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())

    _replace(path, write, through=path, durable=durable)


def _replace(path: str, write: Callable[[str], None], *, through: str, durable: bool) -> None:
    part = f"{through}.{token()}{_PART}"
    try:
        write(part)
        os.replace(part, path)  # noqa: PTH105 - as everything here, done for each trial
    except BaseException:
        with suppress(OSError):
            os.unlink(part)  # noqa: PTH108
        raise
    if durable:
        sync_folder(path.rpartition("/")[0])


def remove_parts(folder: str, prefix: str = "") -> None:
    """Remove the unfinished files of killed writers from the folder: those whose names begin with
    `prefix`. Only their single writer may call this."""
    with os.scandir(folder) as entries:
        names = ((entry.name, entry.path) for entry in entries)
        parts = [path for name, path in names if name.startswith(prefix) and name.endswith(_PART)]
    for part in parts:
        Path(part).unlink(missing_ok=True)


def sync_folder(folder: str | Path) -> None:
    """Sync a folder's names to the disk, if its file system supports it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def sync_file(path: str) -> None:
    """Sync a file's bytes to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(folder: Path) -> bool:
    """Sync the whole file system of a folder to the disk in one call: bytes and names of all
    writers. False if the operating system has no call for that."""
    if sys.platform != "linux":
        return False
    import ctypes  # takes five milliseconds, which a single run does not need

    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
    return True


def make_folders(folder: Path) -> None:
    """Make a folder and its missing parents, and sync their names to the disk.

    Raises FileExistsError if the folder exists.
    """
    missing = [folder]
    while not missing[-1].parent.is_dir():
        missing.append(missing[-1].parent)
    folder.mkdir(parents=True)
    for made in missing:
        sync_folder(made.parent)


def remove_tree(folder: Path) -> None:
    """Remove a folder and its contents. Links are removed, not the files that they point to.

    Folders without write permission are made writable first. A folder that does not exist, or
    disappears during the call, is not an error.
    """
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink(missing_ok=True)
        return
    import shutil  # few commands remove anything

    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():
        _permit(folder)
        shutil.rmtree(folder)


def stage(staging: str | Path, name: str) -> str:
    """Make a new folder in `staging`, to be moved to its place or removed."""
    folder = f"{staging}/{name}.{token()}"
    try:
        os.mkdir(folder)  # noqa: PTH102 (for each trial)
    except FileNotFoundError:
        Path(staging).mkdir(exist_ok=True)
        os.mkdir(folder)  # noqa: PTH102
    return folder


def stage_away(staging: Path, folder: Path) -> Path:
    """Move a folder into `staging`, atomically, to be removed there; returns its new path."""
    staging.mkdir(exist_ok=True)
    return move_folder(folder, staging / f"{folder.name}.{token()}")


def move_folder(folder: Path, target: Path) -> Path:
    """Rename a folder within its file system, atomically; returns its new path."""
    try:
        return folder.rename(target)
    except PermissionError:
        folder.chmod(0o700)  # moving it changes its `..`, so it must be writable
        return folder.rename(target)


def remove_leftovers(staging: Path, *, older_than_s: float) -> None:
    """Remove what killed processes left in `staging` and no process changed for that long.

    Whatever cannot be removed stays until the next call.
    """
    latest = time.time() - older_than_s
    try:
        with os.scandir(staging) as entries:
            old = [e.path for e in entries if e.stat(follow_symlinks=False).st_mtime < latest]
    except OSError:
        return
    for path in old:
        with suppress(OSError):
            remove_tree(Path(path))


def token() -> str:
    """A name that no other call uses, in any process on any machine."""
    return os.urandom(6).hex()


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _permit(folder: Path) -> None:
    folder.chmod(0o700)
    for parent, names, _ in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o700)
