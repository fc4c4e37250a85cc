"""Copies of a project's YAML, stored once for all runs that share them.

A snapshot is a folder named by the SHA-256 of its contents. It appears atomically, synced to the
disk, and never changes.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store import disk

_NAME = re.compile(r"[0-9a-f]{64}")


def digest(contents: Mapping[str, bytes]) -> str:
    """A snapshot's name: SHA-256 over the sorted paths and contents, each preceded by its
    length."""
    import hashlib  # takes 3 ms, and most commands have no use for it

    sha = hashlib.sha256()
    for path in sorted(contents):
        for part in (os.fsencode(path), contents[path]):
            sha.update(len(part).to_bytes(8, "big"))
            sha.update(part)
    return sha.hexdigest()


def keep(contents: Mapping[str, bytes], *, snapshots: Path, staging: Path) -> str:
    """Write the files, given by relative path, as a snapshot, unless it exists; returns its name.

    Raises Mistake for a path that leads out of the snapshot's folder, and OSError.
    """
    for path in contents:
        _check(path)
    name = digest(contents)
    folder = snapshots / name
    if folder.is_dir():
        return name
    staged = Path(disk.stage(staging, name))
    try:
        _fill(staged, contents)
        snapshots.mkdir(exist_ok=True)
        _settle(staged, folder)
    except BaseException:
        disk.remove_tree(staged)
        raise
    disk.sync_folder(snapshots)
    return name


def find(name: str, snapshots: Path) -> Path:
    """A snapshot's folder. Raises Mistake if there is none of that name, or if its contents have
    changed."""
    folder = snapshots / name
    if _NAME.fullmatch(name) is None or not folder.is_dir():
        raise Mistake(
            f"no copy of the configuration named {name!r} in {snapshots}: "
            "take the project's present one with +refresh=true"
        )
    if _read_digest(folder) != name:
        raise Mistake(
            f"the copy of the configuration in {folder} is not what it was: take the "
            "project's present one with +refresh=true"
        )
    return folder


def _read_digest(folder: Path) -> str | None:
    """The digest of a folder's contents; None if they cannot be read. Hidden files that are not
    YAML are ignored: file browsers leave some."""
    contents: dict[str, bytes] = {}
    try:
        for path in folder.rglob("*"):
            hidden = path.name.startswith(".") and path.suffix not in (".yaml", ".yml")
            if path.is_file() and not hidden:
                contents[path.relative_to(folder).as_posix()] = path.read_bytes()
    except OSError:
        return None
    return digest(contents)


def _check(path: str) -> None:
    parts = path.split("/")
    if PurePosixPath(path).is_absolute() or {"", ".", ".."} & set(parts) or "\0" in path:
        raise Mistake(f"{path!r} is no path within the configuration's folder")


def _fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    folders = {folder}
    for path, data in contents.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        disk.write_new(str(target), data, durable=True)
        folders.update(folder / parent for parent in PurePosixPath(path).parents)
    for made in folders:
        disk.sync_folder(made)


def _settle(staged: Path, folder: Path) -> None:
    """Move the staged folder to its place, unless another process stored the same snapshot
    first."""
    try:
        staged.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        disk.remove_tree(staged)
