"""A piece of a run's log, from wherever the page has read to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from hydra_sweep_runner.commands.runs.log import close_all, open_logs
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.store.runs import RunStore

#: What one answer holds at the most.
MOST_BYTES = 256 * 1024
#: Where reading begins unless told: so much before the end.
TAIL_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Bytes `begin` to `end` of a log of `size` bytes, as text. `file` tells one log of a run from
    the next, which another start or attempt begins: a text with an end for each file that the log
    is made of, so that of a log that goes on in another file it begins as it was. Where there is
    no log it is None."""

    text: str
    begin: int
    end: int
    size: int
    file: str | None

    def json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "text": self.text,
            "begin": self.begin,
            "end": self.end,
            "size": self.size,
            "file": self.file,
        }


def read_piece(
    store: RunStore,
    run_id: str,
    *,
    offset: int | None,
    file: str | None,
    most: int = MOST_BYTES,
    is_earlier: bool = False,
) -> Piece:
    """What stands in the log from `offset` on, or the end of it without one.

    Where the log is another than `file`, or shorter than `offset`, it is its end. A character
    that is whole only in the next piece is left to it, and with `is_earlier`, of a piece that goes
    before others, one that began before; what is no UTF-8 is replaced. Raises StoreFailed.
    """
    logs = open_logs(store, run_id)
    if not logs:
        return Piece(text="", begin=0, end=0, size=0, file=None)
    try:
        about = [os.fstat(log) for log in logs]
        sizes = [one.st_size for one in about]
        here = "".join(f"{one.st_dev:x}.{one.st_ino:x};" for one in about)
        size = sum(sizes)
        begin = offset
        if begin is None or begin > size or (file is not None and not here.startswith(file)):
            begin = max(0, size - TAIL_BYTES)
        data = _read(logs, sizes, begin, most)
    finally:
        close_all(logs)
    skipped = _continuation(data) if begin and (is_earlier or begin != offset) else 0
    data = data[skipped:]
    whole = len(data) - _torn(data) if begin + skipped + len(data) < size else len(data)
    text = data[:whole].decode("utf-8", "replace")
    begin += skipped
    return Piece(text=text, begin=begin, end=begin + whole, size=size, file=here)


def _read(logs: Sequence[int], sizes: Sequence[int], begin: int, most: int) -> bytes:
    """Bytes of files that follow each other, from `begin` on, of each as far as its size says."""
    data = b""
    for log, size in zip(logs, sizes, strict=True):
        count = min(most - len(data), size - begin)
        if count > 0:
            data += os.pread(log, count, begin)
        begin = max(0, begin - size)
    return data


def _continuation(data: bytes) -> int:
    """How many bytes at the beginning belong to a character that began before."""
    count = 0
    while count < min(3, len(data)) and data[count] & 0xC0 == 0x80:
        count += 1
    return count


def _torn(data: bytes) -> int:
    """How many bytes at the end are the beginning of a character."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < length else 0
        if byte < 0x80:
            return 0
    return 0
