"""An index beside the runs, for speed only: copies of their records in a few files.

The run folders are the truth. Every reader checks the file of every record (ctime, inode and size)
and uses a copy only if these are unchanged since it was made; all other records are read. Writers
do not know the index. Readers add the records that they had to read. A file of the index that is
damaged, outdated or missing costs time, nothing else. No function here raises OSError for the
index: if it cannot be read or written, the records are read without it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from hydra_sweep_runner.model import Run
from hydra_sweep_runner.store import disk, layout
from hydra_sweep_runner.store.pack import LIST_ORDER, Entry, Pack, PackWriter, Stamp

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

#: Stores with fewer runs have no index: reading all records is as fast.
WORTHWHILE = 500
#: Up to this many records outside packs are read each time, before a new pack is written.
FEW = 100
# The stamp of a file that cannot be inspected.
_UNKNOWN: Stamp = (0, 0, 0)
_PACK = "pack."

#: Makes the entry and the run from a record's text; None if it is no record of that id.
Describe = Callable[[str, bytes], "tuple[Entry, Run] | None"]
#: Computes the identity that a run's entry has in a pack.
Identify = Callable[[Run], bytes]


class Index:
    """The index of the store at `root`, an absolute path. Threads and processes may share it."""

    def __init__(self, root: str, describe: Describe, identify: Identify) -> None:
        self._root = root
        self._identify = identify
        self._folder = f"{root}/{layout.INDEX}"
        self._describe = describe

    def look(self, run_ids: Sequence[str]) -> Look:
        """The present records of all runs."""
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
        writer = self._begin() if many else None  # before reading, so later changes are noticed
        try:
            for run_id in unknown:
                look.fresh[run_id] = self._read(run_id)
            if writer is not None:
                self._write(writer, look, stamps, live)
        finally:
            if writer is not None:
                writer.drop()
        return look

    def identified(self, look: Look) -> list[Entry]:
        """The entries of all readable records, in no particular order, with their identities."""
        read = [self._identified(one) for one in look.fresh.values() if one is not None]
        return [*look.known.values(), *read]

    def _identified(self, read: Fresh) -> Entry:
        entry, run, _ = read
        return entry.identified(self._identify(run))

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
        """The packs, and the paths of files that are no packs: damaged, or of another version."""
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
        """Write a new pack with the records that were read, and with those of packs that are not
        much larger or mostly outdated. This keeps the packs few, and rewrites a large one seldom.
        """
        from hydra_sweep_runner.record.glance import glance_of

        settled_ns = writer.now_ns - disk.TICK_NS
        added: list[tuple[Entry, Glance | None, bytes]] = [
            (self._identified(one).stamped(stamps[run_id]), glance_of(one[1]), one[2])
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
        added.sort(key=lambda one: LIST_ORDER(one[0]))  # sorted lists are sorted quickly
        with suppress(OSError):
            writer.end(f"{self._folder}/{_PACK}{disk.token()}", added)
            for path in (*(pack.path for pack in merged), *look.others):
                with suppress(OSError):  # another process has removed it already
                    os.unlink(path)  # noqa: PTH108


#: A record that was read: its entry, its run, its text.
Fresh = tuple[Entry, Run, bytes]


class Look:
    """The records of all runs at one time: `known` are those that packs hold, `fresh` those that
    were read (None if a run has no readable record). `others` are the paths of files in the index
    that are no packs."""

    def __init__(self, packs: Sequence[Pack], others: Sequence[str]) -> None:
        self.packs = packs
        self.others = others
        self.known: dict[str, Entry] = {}
        self.fresh: dict[str, Fresh | None] = {}

    def entries(self) -> list[Entry]:
        """The entries of all readable records, in no particular order."""
        read = [one[0] for one in self.fresh.values() if one is not None]
        return [*self.known.values(), *read]

    def unreadable(self) -> list[str]:
        """The ids of the runs without a readable record."""
        return [run_id for run_id, one in self.fresh.items() if one is None]
