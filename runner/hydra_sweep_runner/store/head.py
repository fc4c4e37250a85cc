"""The head of a large store's list: its newest runs in order, kept while nothing seems to change.

A list of the twenty newest runs need not look at the files of 100,000 records if the store is as
it was when a list last did. Two folders tell by their times. The store's own changes with each run
that appears or disappears, by whatever hand. `.writing` changes with each record that the runner
replaces, because a new record is written there and then renamed to its place: the rename that
replaces the record is also the sign of it, so no kill can separate the two. What neither shows is a
record that something else than the runner has changed in its place; therefore a head is trusted for
a few minutes only, and the records of the runs that are shown are always read.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from hydra_sweep_runner.store import disk, layout

#: How many of the newest runs a head contains.
LENGTH = 500
#: For how long a head is trusted, in seconds.
TRUSTED_S = 300.0
_MAGIC = "runner head 1"

#: Of the store's folder and of `.writing`: ctime in ns and inode, zeros if there is none.
Signs: TypeAlias = "list[int]"


class Head(NamedTuple):
    """The number of runs in a store, and key and id of the newest ones, in the order of lists."""

    total: int
    newest: Sequence[tuple[float, str]]


class HeadFile:
    """The head of the store at `root`, an absolute path. No method raises OSError."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._path = f"{root}/{layout.HEAD}"

    def signs(self) -> Signs:
        """What changes whenever a run appears, disappears, or is recorded anew by the runner."""
        return [*_sign(self._root), *_sign(f"{self._root}/{layout.WRITING}")]

    def read(self) -> Head | None:
        """The head, if nothing indicates that the store has changed since it was made."""
        try:
            checksum, _, text = disk.read(self._path).partition(b"\n")
            if int(checksum) != zlib.crc32(text):
                return None
            magic, made_s, signs, total, newest = json.loads(text)
            if magic != _MAGIC or abs(time.time() - made_s) > TRUSTED_S or signs != self.signs():
                return None
            return Head(total, [(key, run_id) for key, run_id in newest])
        except (OSError, ValueError, TypeError):
            return None

    def write(self, head: Head, signs: Signs) -> None:
        """Keep a head that was made after these signs were read.

        It is not kept if the signs are so new that a later change could bear the same time, or if
        the file system does not keep the times of folders.
        """
        text = json.dumps([_MAGIC, time.time(), signs, head.total, head.newest]).encode()
        staging = f"{self._root}/{layout.STAGING}"
        part = f"{staging}/head.{disk.token()}"
        with suppress(OSError):
            try:
                disk.write_new(part, b"%d\n%s" % (zlib.crc32(text), text), durable=False)
                now_ns = os.stat(part).st_ctime_ns  # noqa: PTH116
                folders_ns = signs[0::2]
                keeps_times = os.stat(staging).st_ctime_ns > now_ns - disk.TICK_NS  # noqa: PTH116
                if keeps_times and max(folders_ns) < now_ns - disk.TICK_NS:
                    os.replace(part, self._path)  # noqa: PTH105
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(part)  # noqa: PTH108


def _sign(folder: str) -> tuple[int, int]:
    try:
        found = os.stat(folder)  # noqa: PTH116
    except OSError:
        return (0, 0)
    return (found.st_ctime_ns, found.st_ino)
