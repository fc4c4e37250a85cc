"""An index beside the runs, for speed only: copies of their records in a few files.

The run folders are the truth. Every reader looks at the file of every record (its change time,
inode and size), and believes a copy only if these are what they were when it was made; all
other records are read. Writers know nothing of the index. Readers add what they had to read; a
file of the index that is damaged, old or gone costs time only. Nothing here raises an OSError
for the index: where it cannot be used or written, all goes on without it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from hydra_sweep_runner.model import Run
from hydra_sweep_runner.store import disk, layout
from hydra_sweep_runner.store.pack import Entry, Pack, PackWriter, Stamp

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

#: With fewer runs than this there is none: reading them all is as quick.
WORTHWHILE = 500
#: Up to so many records that are in no pack are read each time, rather than put into one.
FEW = 100
# Times of a file system this close together may be one tick of its clock.
_TICK_NS = 3_000_000_000
# What cannot be looked at.
_UNKNOWN: Stamp = (0, 0, 0)
_PACK = "pack."

#: Makes the entry of a record's text, and its run; None if it is no record of that id.
Describe = Callable[[str, bytes], "tuple[Entry, Run] | None"]


class Index:
    """The index of the store at `root`, an absolute path. Threads and processes may share it."""

    def __init__(self, root: str, describe: Describe) -> None:
        self._root = root
        self._folder = f"{root}/{layout.INDEX}"
        self._describe = describe

    def look(self, run_ids: Sequence[str]) -> Look:
        """The records of all runs, as they are now."""
        stamps = self._stamps(run_ids)
        look = Look(*(self._packs() if len(run_ids) >= WORTHWHILE else ([], [])))
        live: dict[Pack, int] = {}
        for pack in look.packs:
            found = 0
            for entry in pack:
                run_id = entry.raw_id.hex()
                if stamps.get(run_id) == entry[1:4] and run_id not in look.known:
                    look.known[run_id] = entry
                    found += 1
            live[pack] = found
        unknown = [run_id for run_id in stamps if run_id not in look.known]
        many = len(run_ids) >= WORTHWHILE and len(unknown) > FEW
        writer = self._begin() if many else None  # before reading: later changes are seen
        try:
            for run_id in unknown:
                look.fresh[run_id] = self._read(run_id)
            if writer is not None:
                self._write(writer, look, stamps, live)
        finally:
            if writer is not None:
                writer.drop()
        return look

    def _stamps(self, run_ids: Sequence[str]) -> dict[str, Stamp]:
        stamps = {}
        before, after = f"{self._root}/", f"/{layout.RECORD}"
        for run_id in run_ids:
            try:
                found = os.stat(before + run_id + after)  # noqa: PTH116 (there are many)
            except OSError:
                stamps[run_id] = _UNKNOWN
            else:
                stamps[run_id] = (found.st_ctime_ns, found.st_ino, found.st_size)
        return stamps

    def _read(self, run_id: str) -> Fresh | None:
        try:
            text = disk.read(f"{self._root}/{run_id}/{layout.RECORD}")
        except OSError:
            return None
        described = self._describe(run_id, text)
        return None if described is None else (*described, text)

    def _packs(self) -> tuple[list[Pack], list[str]]:
        """The packs, and the paths of what is none: damaged, or another version's."""
        found, others = [], []
        with suppress(OSError), os.scandir(self._folder) as files:
            for file in files:
                if file.name.startswith(_PACK):
                    try:
                        found.append(Pack(file.path))
                    except (OSError, ValueError, TypeError):
                        others.append(file.path)
        return found, others

    def _begin(self) -> PackWriter | None:
        try:
            os.makedirs(self._folder, exist_ok=True)  # noqa: PTH103
            return PackWriter(f"{self._root}/{layout.STAGING}")
        except OSError:
            return None

    def _write(
        self, writer: PackWriter, look: Look, stamps: dict[str, Stamp], live: dict[Pack, int]
    ) -> None:
        """Put what was read into a new pack, and with it what is in packs that are not much
        larger, or mostly out of date: so there are few, and a large one is seldom written
        again."""
        from hydra_sweep_runner.record.glance import glance_of

        settled_ns = writer.now_ns - _TICK_NS
        added: list[tuple[Entry, Glance | None, bytes]] = [
            (one[0].stamped(stamps[run_id]), glance_of(one[1]), one[2])
            for run_id, one in look.fresh.items()
            if one is not None and stamps[run_id] != _UNKNOWN and stamps[run_id][0] < settled_ns
        ]
        if len(added) <= FEW:
            return
        merged: set[Pack] = set()
        size = len(added)
        for pack in sorted(live, key=lambda pack: live[pack]):
            if live[pack] <= 2 * size or 2 * live[pack] < len(pack):
                merged.add(pack)
                size += live[pack]
        for entry in look.known.values():
            text = entry.text() if entry.pack in merged else None
            if text is not None:
                added.append((entry, entry.glance, text))
        with suppress(OSError):
            writer.end(f"{self._folder}/{_PACK}{disk.token()}", added)
            for path in (*(pack.path for pack in merged), *look.others):
                with suppress(OSError):  # somebody else was quicker
                    os.unlink(path)  # noqa: PTH108


#: A record that was read: its entry, its run, its text.
Fresh = tuple[Entry, Run, bytes]


class Look:
    """What a look at all records has found: `known` are those that a pack has, `fresh` those
    that were read, None where there is no record that can be. `others` are the paths of files
    of the index that are no packs."""

    def __init__(self, packs: Sequence[Pack], others: Sequence[str]) -> None:
        self.packs = packs
        self.others = others
        self.known: dict[str, Entry] = {}
        self.fresh: dict[str, Fresh | None] = {}

    def entries(self) -> list[Entry]:
        """The entries of all records that can be read, in no particular order."""
        read = [one[0] for one in self.fresh.values() if one is not None]
        return [*self.known.values(), *read]

    def unreadable(self) -> list[str]:
        """The ids of the runs without a record that can be read."""
        return [run_id for run_id, one in self.fresh.items() if one is None]
