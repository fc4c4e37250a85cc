"""The files of a run's scalars: its series, and the file that the run itself appends to.

A series file has one JSON array a line, `["loss",3,0.25]`: name, step and value, in the order of
the reports of each name. NaN and the infinities are written as Python's json writes them.
Incomplete lines, as in a running run, are ignored.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from hydra_sweep_runner.scalars.series import AllSeries, whole
from hydra_sweep_runner.store import disk, layout

# The number of points that are formatted at once.
_LOT = 10_000


class SeriesFile:
    """The file of a run's series, which grows while the run is running. Raises OSError."""

    def __init__(self, run_dir: Path) -> None:
        """Begin an empty file: the reports of an earlier start are removed."""
        self._path = f"{run_dir}/{layout.SCALARS}"
        self._size_bytes = 0
        _remove(self._path)

    def append(self, series: AllSeries, most: int) -> bool:
        """Write points that are not in the file yet, `most` at most; returns whether there were
        any."""
        data = b"".join(
            _lines(name, points) for name, points in series.fresh_points(most) if points
        )
        if not data:
            return False
        try:
            _append(self._path, data)
        except (FileNotFoundError, IsADirectoryError):
            self._clear_the_way()
            _append(self._path, data)
        self._size_bytes += len(data)
        return True

    def finish(self, series: AllSeries) -> None:
        """Rewrite the file with exactly the kept points."""
        if series.is_whole and self._is_as_written():
            while self.append(series, _LOT):
                pass
            return
        self._clear_the_way()
        disk.replace_by(self._path, lambda file: _write(file, series), durable=False)

    def _clear_the_way(self) -> None:
        """Make the folder again, in case the operation emptied the run's folder, and remove a
        folder that it made in the place of the file."""
        path = Path(self._path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            disk.remove_tree(path)

    def _is_as_written(self) -> bool:
        try:
            return os.stat(self._path).st_size == self._size_bytes  # noqa: PTH116 (for each trial)
        except FileNotFoundError:
            return self._size_bytes == 0


class ReportedFile:
    """The file that a run appends its reports to, read as it grows. Raises OSError."""

    def __init__(self, run_dir: Path) -> None:
        """Begin without a file: the reports of an earlier start are removed."""
        self._path = f"{run_dir}/{layout.REPORTED}"
        self._inode = self._read_bytes = 0
        _remove(self._path)

    def fresh(self, *, at_end: bool = False) -> bytes:
        """The whole lines that were appended since the last call; with `at_end` also a last line
        without a line end."""
        try:
            state = os.stat(self._path)  # noqa: PTH116 (for each trial)
            if not stat.S_ISREG(state.st_mode):
                return b""
            if state.st_ino != self._inode or state.st_size < self._read_bytes:
                self._inode, self._read_bytes = state.st_ino, 0  # the file was replaced
            if state.st_size <= self._read_bytes:
                return b""
            with open(self._path, "rb") as file:  # noqa: PTH123
                file.seek(self._read_bytes)
                data = file.read()
        except FileNotFoundError:
            return b""
        whole_bytes = len(data) if at_end else data.rfind(b"\n") + 1
        self._read_bytes += whole_bytes
        return data[:whole_bytes]

    def remove(self) -> None:
        """Remove the file, once its reports are in the series."""
        if self._inode:
            _remove(self._path)


def _append(path: str, data: bytes) -> None:
    with open(path, "ab", buffering=0) as file:  # noqa: PTH123 (for each trial)
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]


def _remove(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108 (for each trial)
    except FileNotFoundError:
        return
    except IsADirectoryError:  # an operation has made it
        disk.remove_tree(Path(path))


def read_series(run_dir: Path, name: str) -> list[tuple[float, float]]:
    """Steps and values that a run reported under a name, in order; empty if there are none. Raises
    OSError."""
    begin = f"[{_name(name)},".encode()
    try:
        with (run_dir / layout.SCALARS).open("rb") as file:
            return [point for line in file if line.startswith(begin) for point in _point(line)]
    except FileNotFoundError:
        return []


def _point(line: bytes) -> Iterator[tuple[float, float]]:
    try:
        _, step, value = json.loads(line)
        yield step, float(value)
    except (ValueError, TypeError):  # an incomplete line
        return


def _write(file: BinaryIO, series: AllSeries) -> None:
    for name, points in series.points():
        lot: list[tuple[float, float]] = []
        for point in points:
            lot.append(point)
            if len(lot) == _LOT:
                file.write(_lines(name, lot))
                lot.clear()
        file.write(_lines(name, lot))


def _lines(name: str, points: Sequence[tuple[float, float]]) -> bytes:
    begin = _name(name)
    if all(math.isfinite(value) for _, value in points):
        lines = [f"[{begin},{whole(step)!r},{value!r}]\n" for step, value in points]
    else:
        lines = [f"[{begin},{whole(step)!r},{json.dumps(value)}]\n" for step, value in points]
    return "".join(lines).encode()


def _name(name: str) -> str:
    return json.dumps(name)
