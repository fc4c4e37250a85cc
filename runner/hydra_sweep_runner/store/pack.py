"""Packs: files that hold copies of many records, each with what its file was when it was read.

A pack is written once, whole, and never changed. It begins with a line that tells how many
entries there are, and a checksum of what follows; then come the entries, of a fixed size, what
can be seen of the runs at a glance (`record.glance`), then the texts. Each text has a checksum
of its own, which is looked at when it is read: most of a pack need not be read at all.
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
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from hydra_sweep_runner.store import disk

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

_MAGIC = "runner pack"
_FORMAT = 2
_HEAD_BYTES = 120
# stamp (three), id, key, whether it is a batch, identity, place, offset, length, checksum
_ENTRY = struct.Struct("<qQQ16sd?32sIQII")

#: What a record's file was: its change time in ns, inode and size. Any change of the file
#: changes it, but for one within the same tick of the file system's clock.
Stamp: TypeAlias = "tuple[int, int, int]"

#: The identity of what has none.
NO_IDENTITY = bytes(32)


class Entry(NamedTuple):
    """A run's record as a pack knows it.

    `pack` has it: None where none does. The next three are its stamp. `key` is where it belongs
    in a list, the least first, then by id. `identity` is the digest of a completed run that is
    no batch, else NO_IDENTITY. `place` counts the pack's entries from 0. The last three say
    where in the pack its text is, and its checksum.
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
    def fresh(run_id: str, key: float, is_batch: bool, identity: bytes) -> Entry:
        """That of a record which is in no pack yet."""
        return Entry(None, 0, 0, 0, bytes.fromhex(run_id), key, is_batch, identity)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.raw_id.hex()

    @property
    def glance(self) -> Glance | None:
        """What can be seen of the run at a glance; None if that is not known."""
        return None if self.pack is None else self.pack.glances[self.place]

    def stamped(self, stamp: Stamp) -> Entry:
        """The same with another stamp."""
        ctime_ns, inode, size = stamp
        return self._replace(ctime_ns=ctime_ns, inode=inode, size=size)

    def text(self) -> bytes | None:
        """The record's text; None if it is damaged, or cannot be read any more."""
        if self.pack is None:
            return None
        try:
            data = os.pread(self.pack.descriptor, self.length, self.offset)
        except OSError:
            return None
        return data if zlib.crc32(data) == self.checksum else None


class Pack:
    """A pack that is open to read, as long as anybody holds it or an entry of it."""

    def __init__(self, path: str) -> None:
        """Raises OSError, ValueError or TypeError if there is none."""
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
        """What can be seen at a glance, of each entry. Where this part is damaged or has been
        written by another version of the program, nothing can."""
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
    """A digest of the names of what is seen at a glance."""
    from hydra_sweep_runner.record.glance import FIELDS

    return zlib.crc32(" ".join(FIELDS).encode())


class PackWriter:
    """A file that becomes a pack. `now_ns` is the file system's time when it was begun."""

    def __init__(self, staging: str) -> None:
        """Raises OSError."""
        os.makedirs(staging, exist_ok=True)  # noqa: PTH103 (paths are texts here)
        self._path = f"{staging}/pack.{disk.token()}"
        disk.write_new(self._path, b"", durable=False)
        self.now_ns = os.stat(self._path).st_ctime_ns  # noqa: PTH116

    def end(self, path: str, records: Sequence[tuple[Entry, Glance | None, bytes]]) -> None:
        """Write the entries, each with its glance and text, and put the pack into its place,
        whole. Raises OSError."""
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
        """Remove the file if it is not in its place."""
        with suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108
