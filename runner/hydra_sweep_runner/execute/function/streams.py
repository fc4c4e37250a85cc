"""The standard streams of a worker, whose descriptors are replaced for each trial."""

from __future__ import annotations

import io


def open_streams() -> tuple[io.TextIOWrapper, io.TextIOWrapper, io.TextIOWrapper]:
    """Text files on the standard descriptors; closing these files leaves the descriptors open."""
    return (
        io.TextIOWrapper(io.BufferedReader(_raw(0, "r")), encoding="utf-8"),
        _writer(1, "strict"),
        _writer(2, "backslashreplace"),
    )


def _writer(fd: int, errors: str) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(_raw(fd, "w"))
    return io.TextIOWrapper(buffer, encoding="utf-8", errors=errors, line_buffering=True)


class _Unseekable(io.FileIO):
    """A file that never seeks, because its descriptor refers to another file or pipe in each
    trial."""

    def seekable(self) -> bool:
        return False


def _raw(fd: int, mode: str) -> io.FileIO:
    return _Unseekable(fd, mode, closefd=False)
