"""An index beside the runs, for speed only: in which order they are, without reading them all.

It tells candidates; whoever lists reads their records, so that nothing is shown that is not
in one. docs/store.md says how it knows what has changed since it was written. It is a file
that may be old, damaged or gone: then it is made again from the records. Nothing here raises
an OSError: where the index cannot be used, or not be written, all goes on without it.
"""

from __future__ import annotations

import json
import math
import os
import struct
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias

from hydra_sweep_runner.store import disk, names
from hydra_sweep_runner.system.processes import this_boot, this_host

FOLDER = ".index"

#: With fewer runs than this there is none: reading them all is as quick.
WORTHWHILE = 500

#: So many of the newest records are looked at, whether they have changed in any way.
CHECKED = 2000

_LIST = "runs"  # the file with the entries
_NOTES = "notes."  # begins the names of the files of notes
_NOTE_BYTES = 33
_NOTES_TWICE = 200  # last notes whose runs are looked at though the list is newer
_WATCHED_MOST = 8000
# Times of a file system this close together may be one tick of its clock.
_TICK_NS = 3_000_000_000
_MAGIC = b"runner index 1 "
_ENTRY = struct.Struct("<32sdBqQQ")
_BATCH, _WATCHED = 1, 2

#: What a record's file was when it was read: change time in ns, inode, size. Any change of
#: the file changes it; `_UNKNOWN` is that of no file.
Stamp: TypeAlias = "tuple[int, int, int]"
_UNKNOWN: Stamp = (0, 0, 0)

#: For each file of notes, its inode and its size.
Marks: TypeAlias = "dict[str, tuple[int, int]]"


class Place(NamedTuple):
    """Where a run belongs: by `key`, the least first, then by id. `watched` are those whose
    record is likely to be changed from elsewhere: unfinished ones, and unreadable ones."""

    key: float
    run_id: str
    batch: bool
    watched: bool


class _Entry(NamedTuple):
    key: float
    run_id: str
    flags: int
    stamp: Stamp

    def pack(self) -> bytes:
        return _ENTRY.pack(self.run_id.encode(), self.key, self.flags, *self.stamp)


class Index:
    """The index of the store at `root`, an absolute path.

    `place` reads a run's record and says where it belongs, or None if the run is gone.
    `names` gives the ids of all run folders. Threads and processes may share it.
    """

    def __init__(
        self, root: str, *, place: Callable[[str], Place | None], names: Callable[[], list[str]]
    ) -> None:
        self._root = root
        self._folder = f"{root}/{FOLDER}"
        self._place = place
        self._names = names

    def note(self, run_id: str) -> None:
        """Note that a run's record is about to be replaced, or that it has just been made,
        replaced or removed; what was noted is looked at by the next reader.

        Of the two notes for a replaced record, one at least is heeded after it, whenever its
        writer is killed. New and removed folders show without a note, unless a file system
        does not keep the time of its folders, or shows it late.
        """
        if not os.path.isdir(self._folder):  # noqa: PTH112 (for every record)
            return
        try:
            notes = os.open(
                f"{self._folder}/{_NOTES}{this_boot()}",
                os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK,
                0o666,
            )
        except OSError:
            self._drop()
            return
        try:
            if os.write(notes, f"{run_id}\n".encode()) != _NOTE_BYTES:
                self._drop()
        except OSError:
            self._drop()
        finally:
            os.close(notes)

    def newest(self) -> Iterator[tuple[float, str]] | None:
        """Keys and ids of all runs in their order, or None if there is no index to tell."""
        found = self._present()
        return None if found is None else found.in_order()

    def batches(self) -> list[str] | None:
        """The ids of all batches, or None if there is no index to tell."""
        found = self._present()
        return None if found is None else found.batches()

    def beginning(self, prefix: str) -> list[str] | None:
        """The ids that begin with `prefix`, or None if only the store's folder can tell."""
        root, marks = self._root_stamp(), self._marks()
        found = None if root is None or marks is None else self._load(marks)
        if found is None or (found.root, found.marks) != (root, marks):
            return None
        return found.beginning(prefix)

    def _drop(self) -> None:
        """Take the index away: it would not know of a change."""
        with suppress(OSError):
            os.unlink(f"{self._folder}/{_LIST}")  # noqa: PTH108 (as quick as can be)

    # Reading

    def _present(self) -> _Entries | None:
        """The entries as they are now; what was found to be wanting is written."""
        marks = self._marks()
        if marks is None:
            if not self._begin():
                return None
            marks = {}
        # Each is taken before what it stands for is read: whatever changes meanwhile is
        # found changed by the next reader.
        known = self._load(marks)
        root = self._root_stamp()
        if root is None:
            return None
        suspects = [] if known is None else self._changed(known.looked_at)
        if known is not None and known.root == root and known.marks == marks and not suspects:
            return known
        writing = _Writing.begin(self._root)
        try:
            renewed = self._renewed(known or _Entries.none(), suspects, root, marks, writing)
            if writing is not None and renewed != known:
                writing.end(renewed, f"{self._folder}/{_LIST}")
        finally:
            if writing is not None:
                writing.drop()
        return renewed

    def _begin(self) -> bool:
        """Begin an index if the store is large enough to need one; whether it was."""
        if len(self._names()) < WORTHWHILE:
            return False
        try:
            Path(self._folder).mkdir(exist_ok=True)
        except OSError:
            return False
        return True

    def _changed(self, entries: Iterable[_Entry]) -> list[str]:
        """Those of the runs whose records may not be what they were."""
        return [
            entry.run_id
            for entry in entries
            if entry.stamp == _UNKNOWN or entry.stamp != self._stamp(entry.run_id)
        ]

    def _renewed(
        self,
        known: _Entries,
        suspects: Iterable[str],
        root: Stamp,
        marks: Marks,
        writing: _Writing | None,
    ) -> _Entries:
        """The entries with all that has changed; `known` itself if nothing has."""
        settled_ns = 0 if writing is None else writing.now_ns - _TICK_NS
        # Of none, nothing is known, and every run is read for its name.
        noted = self._noted(known.marks, marks) if known.root != _UNKNOWN or known.packed else None
        if noted is None:
            known, noted = _Entries.none(), set()
        again = dict.fromkeys([*suspects, *noted])
        gone: set[str] = set()
        if known.root != root:
            present = self._names()
            gone = known.without(present)
            again.update(dict.fromkeys(known.lacking(present)))
        read = (self._read(run_id, settled_ns) for run_id in again if run_id not in gone)
        found = [entry for entry in read if entry is not None]
        is_settled = root[0] < settled_ns
        settled_root = root if is_settled else _UNKNOWN
        if (
            (settled_root, marks) == (known.root, known.marks)
            and len(found) == len(again)
            and all(known.entry(entry.run_id) == entry for entry in found)
        ):
            return known
        return known.renewed(
            found,
            gone.union(again),
            self._noted_last(marks),
            root=settled_root,
            marks=marks,
        )

    def _read(self, run_id: str, settled_ns: int) -> _Entry | None:
        stamp = self._stamp(run_id)  # before the record, so that it is never of a later one
        place = self._place(run_id)
        if place is None:
            return None
        if stamp[0] >= settled_ns or place.key == math.inf:
            stamp = _UNKNOWN
        flags = _BATCH * place.batch | _WATCHED * place.watched
        return _Entry(place.key, run_id, flags, stamp)

    def _stamp(self, run_id: str) -> Stamp:
        return _stamp(f"{self._root}/{run_id}/.runner/record.json")

    def _root_stamp(self) -> Stamp | None:
        """When a run's folder last came or went: the time of the store's own folder."""
        try:
            found = os.stat(self._root)  # noqa: PTH116
        except OSError:
            return None
        return (found.st_ctime_ns, found.st_ino, 0)

    # Notes

    def _marks(self) -> Marks | None:
        """How far the notes go; None if there is no index."""
        marks: Marks = {}
        try:
            with os.scandir(self._folder) as files:
                for file in files:
                    if file.name.startswith(_NOTES) and file.is_file(follow_symlinks=False):
                        found = file.stat(follow_symlinks=False)
                        marks[file.name] = (found.st_ino, found.st_size)
        except OSError:
            return None
        return marks

    def _noted(self, known: Marks, present: Marks) -> set[str] | None:
        """The runs that were noted since `known`; None if a note is damaged."""
        found: set[str] = set()
        for name in present:
            _, end = known.get(name, (0, 0))
            for line in _lines(f"{self._folder}/{name}", end):
                run_id = line.decode("ascii", "replace")
                if not names.is_id(run_id):
                    return None
                found.add(run_id)
        return found

    def _noted_last(self, present: Marks) -> set[str]:
        """The runs that were noted last: who noted them may be replacing the record yet, or
        have been killed before noting that it was done."""
        found: set[str] = set()
        for name, (_, end) in present.items():
            begin = max(0, end - _NOTES_TWICE * _NOTE_BYTES)
            lines = _lines(f"{self._folder}/{name}", begin)
            # The end of each: a full disk may have torn what stands before it.
            found.update(line[1 - _NOTE_BYTES :].decode("ascii", "replace") for line in lines)
        return found

    def _load(self, marks: Marks) -> _Entries | None:
        """The entries as they were written; None if they are lost, damaged or older than
        notes that are lost."""
        try:
            found = _Entries.from_bytes(disk.read(f"{self._folder}/{_LIST}"))
        except (OSError, ValueError, KeyError, TypeError, struct.error):
            return None  # whatever it is, it is no index
        for name, (inode, size) in found.marks.items():
            present = marks.get(name)
            if present is None or present[0] != inode or present[1] < size:
                return None
        return found


@dataclass(frozen=True, kw_only=True)
class _Entries:
    """Sorted entries, packed; `root` is the stamp of the store's folder when they were all
    the runs (_UNKNOWN if it was too fresh to tell), `marks` how far notes were heeded."""

    packed: bytes
    batch_numbers: array[int]
    watched_numbers: array[int]
    root: Stamp
    marks: Marks

    @staticmethod
    def none() -> _Entries:
        return _Entries(
            packed=b"",
            batch_numbers=array("I"),
            watched_numbers=array("I"),
            root=_UNKNOWN,
            marks={},
        )

    def in_order(self) -> Iterator[tuple[float, str]]:
        for place in range(0, len(self.packed), _ENTRY.size):
            run_id, key = _ENTRY.unpack_from(self.packed, place)[:2]
            yield key, run_id.decode()

    def batches(self) -> list[str]:
        return [self._at(number).run_id for number in self.batch_numbers]

    def beginning(self, prefix: str) -> list[str]:
        """The ids among them that begin with `prefix`."""
        found, text = [], prefix.encode()
        place = self.packed.find(text)
        while place >= 0:
            if place % _ENTRY.size == 0:
                found.append(self.packed[place : place + 32].decode())
            place = self.packed.find(text, place + 1)
        return found

    @cached_property
    def looked_at(self) -> list[_Entry]:
        """Those whose records are compared with their stamps by every reader."""
        first = min(CHECKED, len(self.packed) // _ENTRY.size)
        more = [number for number in self.watched_numbers if number >= first]
        return [self._at(number) for number in (*range(first), *more)]

    @cached_property
    def _by_id(self) -> dict[str, _Entry]:
        return {entry.run_id: entry for entry in self._all()}

    @cached_property
    def _looked_at_by_id(self) -> dict[str, _Entry]:
        return {entry.run_id: entry for entry in self.looked_at}

    def entry(self, run_id: str) -> _Entry | None:
        """A run's entry."""
        found = self._looked_at_by_id.get(run_id)
        return self._by_id.get(run_id) if found is None else found

    def without(self, names: Iterable[str]) -> set[str]:
        """Those that are none of the names."""
        return self._by_id.keys() - set(names)

    def lacking(self, names: Iterable[str]) -> list[str]:
        """The names that are none of them."""
        return [name for name in names if name not in self._by_id]

    def renewed(
        self,
        found: Iterable[_Entry],
        replaced: set[str],
        recent: set[str],
        *,
        root: Stamp,
        marks: Marks,
    ) -> _Entries:
        """The entries with those of some runs taken out and others put in, and the `recent`
        ones among those that are looked at."""
        kept = (entry for entry in self._all() if entry.run_id not in replaced)
        entries = sorted([*kept, *found], key=lambda entry: entry[:2])
        batches, watched = array("I"), array("I")
        for number, entry in enumerate(entries):
            if entry.flags & _BATCH:
                batches.append(number)
            is_watched = entry.flags & _WATCHED and len(watched) < _WATCHED_MOST
            if is_watched or entry.stamp == _UNKNOWN or entry.run_id in recent:
                watched.append(number)
        return _Entries(
            packed=b"".join(entry.pack() for entry in entries),
            batch_numbers=batches,
            watched_numbers=watched,
            root=root,
            marks=marks,
        )

    def to_bytes(self) -> bytes:
        """What `from_bytes` reads, with a checksum over all of it."""
        head = {
            "host": this_host(),
            "boot": this_boot(),
            "root": self.root,
            "marks": self.marks,
            "lengths": [
                len(self.packed),
                len(self.batch_numbers) * self.batch_numbers.itemsize,
            ],
        }
        body = b"".join(
            [
                json.dumps(head).encode(),
                b"\n",
                self.packed,
                self.batch_numbers.tobytes(),
                self.watched_numbers.tobytes(),
            ]
        )
        return b"%s%08x\n%s" % (_MAGIC, zlib.crc32(body), body)

    @staticmethod
    def from_bytes(data: bytes) -> _Entries:
        """Raises ValueError, KeyError, TypeError or struct.error for anything else.

        Notes of this host that its last end may have lost make it something else, too.
        """
        first, _, body = data.partition(b"\n")
        if first != b"%s%08x" % (_MAGIC, zlib.crc32(body)):
            raise ValueError("no index, or a damaged one")
        line, _, rest = body.partition(b"\n")
        head = json.loads(line)
        if head["host"] == this_host() and head["boot"] != this_boot():
            raise ValueError("from before this host was started")
        size, batches = head["lengths"]
        numbers = array("I"), array("I")
        numbers[0].frombytes(rest[size : size + batches])
        numbers[1].frombytes(rest[size + batches :])
        ctime_ns, inode, none = head["root"]
        return _Entries(
            packed=rest[:size],
            batch_numbers=numbers[0],
            watched_numbers=numbers[1],
            root=(ctime_ns, inode, none),
            marks={name: (mark[0], mark[1]) for name, mark in head["marks"].items()},
        )

    def _at(self, number: int) -> _Entry:
        return _entry(_ENTRY.unpack_from(self.packed, number * _ENTRY.size))

    def _all(self) -> Iterator[_Entry]:
        return map(_entry, _ENTRY.iter_unpack(self.packed))


def _entry(values: tuple[bytes, float, int, int, int, int]) -> _Entry:
    run_id, key, flags, *stamp = values
    return _Entry(key, run_id.decode(), flags, (stamp[0], stamp[1], stamp[2]))


@dataclass(frozen=True, kw_only=True)
class _Writing:
    """A file that becomes the index; `now_ns` is the file system's time when it was begun."""

    path: str
    now_ns: int

    @staticmethod
    def begin(root: str) -> _Writing | None:
        """Begin one where the store keeps what is not finished; None if it cannot be."""
        staging = Path(root, ".staging")
        path = f"{staging}/{FOLDER}.{disk.token()}"
        try:
            staging.mkdir(exist_ok=True)
            disk.write_new(path, b"", durable=False)
            return _Writing(path=path, now_ns=os.stat(path).st_ctime_ns)  # noqa: PTH116
        except OSError:
            return None

    def end(self, entries: _Entries, path: str) -> None:
        """Put the file into its place, whole, if that can be done."""
        with suppress(OSError):
            Path(self.path).write_bytes(entries.to_bytes())
            Path(self.path).replace(path)

    def drop(self) -> None:
        """Remove the file if it is not in its place."""
        with suppress(OSError):
            Path(self.path).unlink()


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 (thousands of them)
    except OSError:
        return _UNKNOWN
    return (found.st_ctime_ns, found.st_ino, found.st_size)


def _lines(path: str, begin: int) -> list[bytes]:
    """The lines of a file from a place on; none if it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            file.seek(begin)
            return file.read().splitlines()
    except OSError:
        return []
