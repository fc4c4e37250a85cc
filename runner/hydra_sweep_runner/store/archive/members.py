"""Checks the members of an archive: names, links and sizes that could do harm. Pure.

An archive has a run's files under its id, and copies of projects' YAML under `.snapshots`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from enum import Enum
from typing import BinaryIO

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store import layout, run_ids

_SNAPSHOT = re.compile(r"[0-9a-f]{64}")
#: An archive that unpacks to more than this, and to this many times its size, is refused.
BOMB_BYTES = 1 << 28
BOMB_RATIO = 100


class Type(Enum):
    """The type of a member."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of an archive.

    `path` has `/` between its parts; `mtime_s` is in seconds since the epoch; `target` is where a
    link points; `open` opens a file's bytes.
    """

    path: str
    type: Type
    mode: int = 0o644
    mtime_s: float = 0.0
    size_bytes: int = 0
    target: str = ""
    open: Callable[[], BinaryIO] | None = None

    @property
    def top(self) -> str:
        """The id of the member's run, or `.snapshots/<digest>`."""
        first, _, rest = self.path.partition("/")
        return f"{first}/{rest.partition('/')[0]}" if first == layout.SNAPSHOTS else first

    @property
    def below(self) -> str:
        """Its path below `top`."""
        return self.path[len(self.top) + 1 :]


def check(members: Iterable[Member], archive: str) -> list[Member]:
    """The members, none of which leads out of its run's folder.

    Raises Mistake for an absolute path, `..`, a link that leads out, a path through a link, a
    repeated name, and members that no archive of runs has.
    """
    found: dict[str, Member] = {}
    for member in members:
        where = f"{archive}: {member.path!r}"
        parts = member.path.split("/")
        if member.path.startswith("/") or {"", ".", ".."} & set(parts) or "\0" in member.path:
            raise Mistake(f"{where} leads outside: nothing was imported")
        if not _is_known(parts):
            raise Mistake(f"{where} is nothing that runner runs export writes")
        if member.path in found:
            raise Mistake(f"{where} is in it twice: nothing was imported")
        if member.type is Type.LINK and not stays_inside(member.below, member.target):
            raise Mistake(f"{where} is a link that leads outside: nothing was imported")
        found[member.path] = member
    for path in found:
        for parent in _parents(path):
            if parent in found and found[parent].type is not Type.FOLDER:
                raise Mistake(f"{archive}: {path!r} lies below {parent!r}, which is no folder")
    return list(found.values())


def stays_inside(path: str, target: str) -> bool:
    """Whether a link at `path`, relative to a run's folder, points into that folder."""
    if not path or target.startswith("/") or "\0" in target or not target:
        return False
    depth = posixpath.dirname(path).count("/") + 1 if "/" in path else 0
    for part in target.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return False
    return True


def check_size(unpacked_bytes: int, archive_bytes: int, archive: str) -> None:
    """Raise Mistake for a small archive that unpacks to a very large size."""
    if unpacked_bytes > max(BOMB_BYTES, BOMB_RATIO * archive_bytes):
        raise Mistake(
            f"{archive}: unpacks to more than {BOMB_RATIO} times its size, "
            f"{unpacked_bytes >> 20} MiB or more: unpack it yourself and import the folder if "
            "that is right"
        )


def _is_known(parts: list[str]) -> bool:
    if parts[0] == layout.SNAPSHOTS:
        return len(parts) < 2 or _SNAPSHOT.fullmatch(parts[1]) is not None
    return run_ids.is_id(parts[0])


def _parents(path: str) -> Iterable[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
