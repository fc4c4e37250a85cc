"""What a power cut is sure to leave of a folder, by the calls that changed it.

The strictest reading of POSIX: a file's bytes are on the disk when the file was synced after
they were written, a name in a folder when the folder was synced after the name was given.
File systems keep more; none keeps less.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Change:
    """One call: what it did, to which path, and the new path or the text that was written."""

    op: str
    path: str
    more: Any = None
    text: str = ""


def read_log(log: Path) -> Iterator[Change]:
    """The changes that an Instrument has written down, in their order."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            _, op, path, *more = json.loads(line)
            yield Change(op, path, *more)


@dataclass
class Disk:
    """The files and folders that were made, by path, and what of them is on the disk.

    What was there before the first change is taken to be there for good.
    """

    _nodes: dict[str, int] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)
    _synced: set[int] = field(default_factory=set)
    _names: dict[str, dict[str, int]] = field(default_factory=dict)
    _count: int = 0

    def apply(self, change: Change) -> None:
        """Take in a change."""
        if change.op in ("create", "mkdir"):
            self._make(change.path)
        elif change.op == "write" and change.path in self._nodes:
            node = self._nodes[change.path]
            self._synced.discard(node)
            self._texts[node] = self._texts.get(node, "") + change.text
        elif change.op == "rename":
            self._move(change.path, change.more)
        elif change.op in ("unlink", "rmdir"):
            self._nodes.pop(change.path, None)
        elif change.op == "fsync":
            self._sync(change.path)
        elif change.op == "syncfs":
            self._synced.update(self._nodes.values())
            for folder in {path.rpartition("/")[0] for path in self._nodes}:
                self._sync_names(folder)

    def text(self, path: str) -> str:
        """What was written into a file."""
        return self._texts.get(self._nodes.get(path, 0), "")

    def paths(self, ending: str) -> list[str]:
        """The paths that end so."""
        return [path for path in self._nodes if path.endswith(ending)]

    def lacks(self, path: str) -> list[str]:
        """What of a file is not sure to be there after a power cut: a path each, of a folder
        that has not its name for good, or its own if its bytes have not."""
        missing = [path] if self._nodes.get(path, 0) not in {0, *self._synced} else []
        while path in self._nodes:
            folder, _, name = path.rpartition("/")
            if self._names.get(folder, {}).get(name) != self._nodes[path]:
                missing.append(f"{folder} has not the name {name}")
            path = folder
        return missing

    def _make(self, path: str) -> None:
        if path not in self._nodes:
            self._count += 1
            self._nodes[path] = self._count

    def _move(self, old: str, new: str) -> None:
        moved = {
            path: node
            for path, node in self._nodes.items()
            if path == old or path.startswith(f"{old}/")
        }
        for path in moved:
            del self._nodes[path]
        for path, node in moved.items():
            self._nodes[new + path[len(old) :]] = node
        for folder in [path for path in self._names if f"{path}/".startswith(f"{old}/")]:
            self._names[new + folder[len(old) :]] = self._names.pop(folder)

    def _sync(self, path: str) -> None:
        if path in self._nodes:
            self._synced.add(self._nodes[path])
        self._sync_names(path)

    def _sync_names(self, folder: str) -> None:
        self._names[folder] = {
            path.rpartition("/")[2]: node
            for path, node in self._nodes.items()
            if path.rpartition("/")[0] == folder
        }
