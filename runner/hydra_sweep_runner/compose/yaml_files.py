"""The YAML below a folder, as far as a copy of it goes.

A copy holds what Hydra could read by any name, and what Hydra has read whatever its name is.
So what is left out here matters only to a restart that asks for it by name. What a
configuration seems to be and cannot be read is in `left_out`; hidden folders, what editors
leave (`.#config.yaml`), and folders of outputs are passed over without a word.

Links are followed as Hydra follows them, but never round in a circle, nor more than two of
them on one way. A folder with more in it than a configuration ever has, as the whole of a
project may be (`config_path="."`), is not searched to its end: of such a one the copy holds
what Hydra has read, and what lies beside it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ENDINGS = (".yaml", ".yml")

# A search ends with so many folders, or with so much YAML. A configuration has some hundreds of
# files; ten thousand folders are searched in a tenth of a second.
_MOST_FOLDERS = 10_000
_MOST_FILES = 5_000
_MOST_BYTES = 32 << 20
_MOST_BYTES_OF_ONE = 4 << 20
_MOST_LINKS = 2

_RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass
class Found:
    """What a search has found: contents by path relative to the folder, and what was left out
    by path, with the reason. `ended_early` tells that there was too much."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    ended_early: bool = False


class Unreadable(Exception):
    """Why a file is not copied."""


def read_bytes(path: str) -> bytes:
    """A file's contents, if it is one: what would wait for a writer is not opened. Raises
    Unreadable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        why = "a link that leads nowhere" if os.path.islink(path) else "it is gone"  # noqa: PTH114
        raise Unreadable(why) from None
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable("no file")
        try:
            return file.read()
        except OSError as error:
            raise Unreadable(f"it cannot be read: {error.strerror}") from None


def search(folder: Path) -> Found:
    """The YAML in a folder and below it."""
    found = Found()
    size = 0
    for number, (prefix, names) in enumerate(_folders(folder, found)):
        for name in names:
            _take(found, f"{prefix}{name}", f"{folder}/{prefix}{name}")
        size += sum(len(found.files.get(f"{prefix}{name}", b"")) for name in names)
        if number >= _MOST_FOLDERS or len(found.files) > _MOST_FILES or size > _MOST_BYTES:
            return Found(ended_early=True)
    return found


def beside(folder: Path, parent: str) -> Found:
    """The YAML in one folder below this one, and nowhere else."""
    found = Found()
    prefix = f"{parent}/" if parent else ""
    try:
        names = sorted(os.listdir(folder / parent))  # noqa: PTH208
    except OSError as error:
        found.left_out[prefix] = f"it cannot be read: {error.strerror}"
        return found
    for name in names:
        if name.endswith(ENDINGS) and not (folder / parent / name).is_dir():
            _take(found, f"{prefix}{name}", f"{folder}/{prefix}{name}")
    return found


def _take(found: Found, path: str, where: str) -> None:
    try:
        if os.path.isfile(where) and os.path.getsize(where) > _MOST_BYTES_OF_ONE:  # noqa: PTH113, PTH202
            raise Unreadable("it is too large for a configuration")
        found.files[path] = read_bytes(where)
    except Unreadable as error:
        if not path.rpartition("/")[2].startswith("."):
            found.left_out[path] = str(error)


def _folders(root: Path, found: Found) -> Iterator[tuple[str, list[str]]]:
    """The prefix of each folder's files, and the names of its YAML, the folders nearest to
    the root first, each in the order of names."""
    waiting = [_Way("", (os.path.realpath(root),), 0)]
    for way in waiting:
        try:
            entries = sorted(os.scandir(root / way.prefix), key=lambda entry: entry.name)
        except OSError as error:
            found.left_out[way.prefix] = f"it cannot be read: {error.strerror}"
            continue
        names = {entry.name for entry in entries}
        if way.prefix and _is_output(root / way.prefix, names):
            continue
        yield (
            way.prefix,
            [
                entry.name
                for entry in entries
                if entry.name.endswith(ENDINGS) and not _is_dir(entry)
            ],
        )
        waiting += _below(way, entries, is_store=".snapshots" in names)


@dataclass(frozen=True)
class _Way:
    """A way to a folder: the prefix of what lies in it, the real folders that lead there,
    and how many links do."""

    prefix: str
    real: tuple[str, ...]
    links: int


def _below(way: _Way, entries: Iterable[os.DirEntry[str]], *, is_store: bool) -> Iterator[_Way]:
    for entry in entries:
        name = entry.name
        if name.startswith((".", "__")) or not _is_dir(entry):
            continue
        if is_store and _RUN_ID.fullmatch(name):
            continue
        links = way.links + entry.is_symlink()
        real = os.path.realpath(entry.path) if entry.is_symlink() else f"{way.real[-1]}/{name}"
        around = any(f"{each}/".startswith(f"{real.rstrip('/')}/") for each in way.real)
        if links <= _MOST_LINKS and not around:
            yield _Way(f"{way.prefix}{name}/", (*way.real, real), links)


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_output(folder: Path, names: set[str]) -> bool:
    """Whether a folder below a configuration's is a job's (`.hydra`), a run's (`.runner`), a
    sweep's (a `multirun.yaml` that Hydra has written, which no config group has) or a virtual
    environment."""
    if not names.isdisjoint((".hydra", ".runner", "pyvenv.cfg")):
        return True
    if "multirun.yaml" not in names:
        return False
    try:
        text = read_bytes(f"{folder}/multirun.yaml")
    except Unreadable:
        return False
    if not text and names == {"multirun.yaml"}:
        return True  # of a sweep that is about to write it
    return text.startswith(b"hydra:") and b"\n    config_sources:" in text
