"""Packs: files with copies of many records, each with the stamp of its file when it was read.

A pack is written once, as a whole, and never changed. It begins with a line that has the number of
entries and a checksum of what follows. Then come the entries, of a fixed size, the glances at all
runs (`record.glance`), and the records' texts. Each text has its own checksum, which is checked
when that text is read, so most of a pack is never read.
"""

from __future__ import annotations

import json
import os
import struct
import weakref
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from hydra_sweep_runner.store import disk

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

_MAGIC = "runner pack"
_FORMAT = 2
_HEAD_BYTES = 120
# stamp (three), id, key, whether it is a batch, identity, place, offset, length, checksum
_ENTRY = struct.Struct("<qQQ16sd?32sIQII")

#: The stamp of a record's file: its ctime in ns, inode and size. Every change of the file
#: changes its stamp, except a change within the same tick of the file system's clock.
Stamp: TypeAlias = "tuple[int, int, int]"

#: The identity of entries that have none.
NO_IDENTITY = bytes(32)


class Entry(NamedTuple):
    """A run's record, as listed in a pack.

    `pack` is the pack that holds it, None if none does. The next three fields are its stamp. Lists
    are sorted by `key`, ascending, then by id. `identity` is that of a completed run that is
    not a batch, else NO_IDENTITY, as it is while no pack holds the record: few commands ask for
    identities. `place` is the entry's index in the pack, from 0. The last three
    fields are the offset, length and checksum of its text in the pack.
    """

    pack: Pack | None
    ctime_ns: int
    inode: int
    size: int
    raw_id: bytes
    key: float
    is_batch: bool
    identity: bytes
    place: int = 0
    offset: int = 0
    length: int = 0
    checksum: int = 0

    @staticmethod
    def fresh(run_id: str, key: float, is_batch: bool) -> Entry:
        """The entry of a record that is in no pack yet."""
        return Entry(None, 0, 0, 0, bytes.fromhex(run_id), key, is_batch, NO_IDENTITY)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.raw_id.hex()

    @property
    def glance(self) -> Glance | None:
        """The glance at the run; None if the pack does not have it."""
        return None if self.pack is None else self.pack.glances[self.place]

    def stamped(self, stamp: Stamp) -> Entry:
        """The same entry with another stamp."""
        ctime_ns, inode, size = stamp
        return self._replace(ctime_ns=ctime_ns, inode=inode, size=size)

    def identified(self, identity: bytes) -> Entry:
        """The same entry with another identity."""
        return self._replace(identity=identity)

    def text(self) -> bytes | None:
        """The record's text; None if it is damaged or can no longer be read."""
        if self.pack is None:
            return None
        try:
            data = os.pread(self.pack.descriptor, self.length, self.offset)
        except OSError:
            return None
        return data if zlib.crc32(data) == self.checksum else None


#: The sort key of entries: as in lists, newest first.
LIST_ORDER = attrgetter("key", "raw_id")


class Pack:
    """A pack that is open for reading as long as it or one of its entries is referenced."""

    def __init__(self, path: str) -> None:
        """Raises OSError, ValueError or TypeError if the file is not a pack."""
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        weakref.finalize(self, os.close, self.descriptor)
        magic, version, count, checksum, *self._of_glances = json.loads(
            os.pread(self.descriptor, _HEAD_BYTES, 0)
        )
        if (magic, version) != (_MAGIC, _FORMAT):
            raise ValueError("no pack")
        self._packed = os.pread(self.descriptor, count * _ENTRY.size, _HEAD_BYTES)
        if len(self._packed) != count * _ENTRY.size or zlib.crc32(self._packed) != checksum:
            raise ValueError("a damaged pack")

    def __len__(self) -> int:
        return len(self._packed) // _ENTRY.size

    def __iter__(self) -> Iterator[Entry]:
        here = (self,)
        return (Entry._make(here + raw) for raw in _ENTRY.iter_unpack(self._packed))

    @cached_property
    def glances(self) -> Sequence[Glance | None]:
        """The glance of each entry; None for all of them if this part of the pack is damaged or was
        written by another version of the runner."""
        from hydra_sweep_runner.record.glance import unpack_glances

        try:
            checksum, size, names = self._of_glances
            packed = os.pread(self.descriptor, size, _HEAD_BYTES + len(self._packed))
            if zlib.crc32(packed) == checksum and names == _names():
                found = unpack_glances(packed)
                if len(found) == len(self):
                    return found
        except (OSError, ValueError, TypeError):
            pass
        return [None] * len(self)


def _names() -> int:
    """A digest of the names of a glance's fields."""
    from hydra_sweep_runner.record.glance import FIELDS

    return zlib.crc32(" ".join(FIELDS).encode())


class PackWriter:
    """A file that becomes a pack. `now_ns` is the file system's time when it was created."""

    def __init__(self, staging: str) -> None:
        """Raises OSError."""
        os.makedirs(staging, exist_ok=True)  # noqa: PTH103 (paths are texts here)
        self._path = f"{staging}/pack.{disk.token()}"
        disk.write_new(self._path, b"", durable=False)
        self.now_ns = os.stat(self._path).st_ctime_ns  # noqa: PTH116

    def end(self, path: str, records: Sequence[tuple[Entry, Glance | None, bytes]]) -> None:
        """Write the entries, each with its glance and text, and move the whole pack to its place.
        Raises OSError."""
        from hydra_sweep_runner.record.glance import pack_glances

        glances = pack_glances(glance for _, glance, _ in records)
        packed = []
        offset = _HEAD_BYTES + len(records) * _ENTRY.size + len(glances)
        for place, (entry, _, text) in enumerate(records):
            fields = entry[1 : entry._fields.index("place")]
            packed.append(_ENTRY.pack(*fields, place, offset, len(text), zlib.crc32(text)))
            offset += len(text)
        body = b"".join(packed)
        of_glances = (zlib.crc32(glances), len(glances), _names())
        first = json.dumps([_MAGIC, _FORMAT, len(records), zlib.crc32(body), *of_glances])
        with open(self._path, "wb") as file:  # noqa: PTH123
            file.write(first.encode().ljust(_HEAD_BYTES))
            file.write(body)
            file.write(glances)
            file.writelines(text for _, _, text in records)
        os.replace(self._path, path)  # noqa: PTH105

    def drop(self) -> None:
        """Remove the file, unless it was moved to its place."""
        with suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108
