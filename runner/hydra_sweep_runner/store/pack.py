"""Packs: files that hold copies of many records, each with what its file was when it was read.

A pack is written once, whole, and never changed. It begins with a line that tells how many
entries there are and their checksum; then come the entries, of a fixed size, then the texts.
Each text has a checksum of its own, which is looked at when it is read, so that most of a pack
need not be read at all.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from hydra_sweep_runner.store import disk

_MAGIC = "runner pack"
_FORMAT = 1
_HEAD_BYTES = 80
# stamp (three), id, key, whether it is a batch, and plain, identity, offset, length, checksum
_ENTRY = struct.Struct("<qQQ16sd??32sQII")

#: What a record's file was: its change time in ns, inode and size. Any change of the file
#: changes it, but for one within the same tick of the file system's clock.
Stamp: TypeAlias = "tuple[int, int, int]"

#: The identity of what has none.
NO_IDENTITY = bytes(32)


class Entry(NamedTuple):
    """A run's record as a pack knows it.

    `pack` has it: None where none does. The next three are its stamp. `key` is where it belongs
    in a list, the least first, then by id. `is_plain` tells whether its text is
    (`record.text.is_plain`). `identity` is the digest of a completed run that is no batch, else
    NO_IDENTITY. The last three say where in the pack its text is, and its checksum.
    """

    pack: Pack | None
    ctime_ns: int
    inode: int
    size: int
    raw_id: bytes
    key: float
    is_batch: bool
    is_plain: bool
    identity: bytes
    offset: int = 0
    length: int = 0
    checksum: int = 0

    @staticmethod
    def fresh(run_id: str, key: float, is_batch: bool, is_plain: bool, identity: bytes) -> Entry:
        """That of a record which is in no pack yet."""
        return Entry(None, 0, 0, 0, bytes.fromhex(run_id), key, is_batch, is_plain, identity)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.raw_id.hex()

    @property
    def stamp(self) -> Stamp:
        """What its file was."""
        return self[1:4]

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
    """A pack that is open to read. Raises OSError, ValueError or TypeError if it is none."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self._count, self._packed = self._load()
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Entry]:
        here = (self,)
        return (Entry._make(here + raw) for raw in _ENTRY.iter_unpack(self._packed))

    def close(self) -> None:
        """Close it."""
        os.close(self.descriptor)

    def _load(self) -> tuple[int, bytes]:
        head = json.loads(os.pread(self.descriptor, _HEAD_BYTES, 0))
        magic, version, count, checksum = head
        if (magic, version) != (_MAGIC, _FORMAT):
            raise ValueError("no pack")
        packed = os.pread(self.descriptor, count * _ENTRY.size, _HEAD_BYTES)
        if len(packed) != count * _ENTRY.size or zlib.crc32(packed) != checksum:
            raise ValueError("a damaged pack")
        return count, packed


class PackWriter:
    """A file that becomes a pack. `now_ns` is the file system's time when it was begun."""

    def __init__(self, staging: str) -> None:
        """Raises OSError."""
        os.makedirs(staging, exist_ok=True)  # noqa: PTH103 (paths are texts here)
        self._path = f"{staging}/pack.{disk.token()}"
        disk.write_new(self._path, b"", durable=False)
        self.now_ns = os.stat(self._path).st_ctime_ns  # noqa: PTH116

    def end(self, path: str, entries: Sequence[tuple[Entry, bytes]]) -> None:
        """Write the entries, each with its text, and put the pack into its place, whole. Raises
        OSError."""
        packed = []
        offset = _HEAD_BYTES + len(entries) * _ENTRY.size
        for entry, text in entries:
            packed.append(_ENTRY.pack(*entry[1:9], offset, len(text), zlib.crc32(text)))
            offset += len(text)
        body = b"".join(packed)
        first = json.dumps([_MAGIC, _FORMAT, len(entries), zlib.crc32(body)])
        with open(self._path, "wb") as file:  # noqa: PTH123
            file.write(first.encode().ljust(_HEAD_BYTES))
            file.write(body)
            file.writelines(text for _, text in entries)
        os.replace(self._path, path)  # noqa: PTH105

    def drop(self) -> None:
        """Remove the file if it is not in its place."""
        with suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108
