"""Finds the YAML below a folder, for a copy of it.

A copy holds the files that Hydra could read by any name, and those that it has read. So what is
left out matters only to a restart that refers to it by name. `left_out` lists files that seem to
belong to a configuration but cannot be read. Hidden folders, editors' files (`.#config.yaml`) and
output folders are skipped silently.

Links are followed as Hydra follows them, but never in a circle, and at most two on one path. A
folder with more in it than a configuration ever has, such as a whole project (`config_path="."`),
is not searched completely: its copy holds the files that Hydra has read, and those beside them.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import field
from pathlib import Path

from hydra_sweep_runner.dataclass import dataclass

ENDINGS = (".yaml", ".yml")

# A search ends after this many folders, or this much YAML. A configuration has some hundreds of
# files; searching ten thousand folders takes a tenth of a second.
_MOST_FOLDERS = 10_000
_MOST_FILES = 5_000
_MOST_BYTES = 32 << 20
_MOST_BYTES_OF_ONE = 4 << 20
_MOST_LINKS = 2

_RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass
class Found:
    """The result of a search: contents by path relative to the folder, and the paths that were left
    out, each with the reason. `ended_early` says that there was too much."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    ended_early: bool = False


class UnreadableYaml(Exception):
    """The reason why a file is not copied."""


def read_bytes(path: str) -> bytes:
    """The content of a regular file; a pipe is not opened, since that would wait for a writer.
    Raises UnreadableYaml."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        why = "a link that leads nowhere" if os.path.islink(path) else "it is gone"  # noqa: PTH114
        raise UnreadableYaml(why) from None
    except OSError as error:
        raise UnreadableYaml(f"it cannot be read: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableYaml("no file")
        try:
            return file.read()
        except OSError as error:
            raise UnreadableYaml(f"it cannot be read: {error.strerror}") from None


def search(folder: Path) -> Found:
    """The YAML in a folder and its subfolders."""
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
    """The YAML in one subfolder of this folder, without its subfolders."""
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
            raise UnreadableYaml("it is too large for a configuration")
        found.files[path] = read_bytes(where)
    except UnreadableYaml as error:
        if not path.rpartition("/")[2].startswith("."):
            found.left_out[path] = str(error)


def _folders(root: Path, found: Found) -> Iterator[tuple[str, list[str]]]:
    """The path prefix of each folder, and the names of its YAML files, in the order of names;
    folders nearer to the root come first."""
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
    """The path to a folder: the prefix of its files, the real folders on the path, and the number
    of links."""

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
    except OSError:  # the link refers to itself
        return False


def _is_output(folder: Path, names: set[str]) -> bool:
    """Whether a folder below a configuration's is a job's (`.hydra`), a run's (`.runner`), a
    sweep's (a `multirun.yaml` written by Hydra, which no config group has) or a virtual
    environment."""
    if not names.isdisjoint((".hydra", ".runner", "pyvenv.cfg")):
        return True
    if "multirun.yaml" not in names:
        return False
    try:
        text = read_bytes(f"{folder}/multirun.yaml")
    except UnreadableYaml:
        return False
    if not text and names == {"multirun.yaml"}:
        return True  # a sweep is about to write it
    return text.startswith(b"hydra:") and b"\n    config_sources:" in text
