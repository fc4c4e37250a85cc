"""The series of a run's scalars: a bounded number of evenly spaced points, and a summary of all.

A series keeps every `stride`-th report of a name. When it would keep more than the limit, the
stride doubles; so the reports alone determine what is kept. The first report is always kept. The
last, the least and the greatest are kept in addition.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import NamedTuple

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Scalar

#: A series keeps at most this many points, and three more: last, least and greatest.
MOST_POINTS = 100_000
#: All series of a run keep about this many points at most, 16 bytes each.
MOST_POINTS_OF_ALL = 4_000_000
#: The most names of a run: reports under further names are ignored.
MOST_NAMES = 10_000


class Reports(NamedTuple):
    """Numbers that were reported under one name, in order.

    `steps` holds a step for each, None if that report had none; or is None if no report had one.
    """

    name: str
    values: list[float]
    steps: Sequence[float | None] | None = None


class _Point(NamedTuple):
    place: int  # the number of earlier reports of the name
    step: float
    value: float


@dataclass
class Series:
    """The kept points of one name. `written` counts the reports that `fresh_points` has covered."""

    count: int = 0
    stride: int = 1
    written: int = 0
    _steps: array[float] = field(default_factory=lambda: array("d"))
    _values: array[float] = field(default_factory=lambda: array("d"))
    _last: _Point = field(default_factory=lambda: _Point(0, 0.0, 0.0))
    _least: _Point | None = None
    _greatest: _Point | None = None

    def __len__(self) -> int:
        return len(self._values)

    def add(self, values: list[float], steps: Sequence[float | None] | None, most: int) -> None:
        """Add reports; about `most` points at most are kept afterwards.

        A report without a step gets the number of the reports before it, from 0.
        """
        if not values:
            return
        counted = range(self.count, self.count + len(values))
        at: Sequence[float]
        if steps is None:
            at = counted
        else:
            at = [
                index if step is None else step for index, step in zip(counted, steps, strict=True)
            ]
        self._note_extremes(values, at)
        self._last = _Point(counted[-1], float(at[-1]), values[-1])
        first = -self.count % self.stride
        self._values.extend(values[first :: self.stride])
        self._steps.extend(at[first :: self.stride])
        self.count += len(values)
        while len(self._values) > most > 1:
            self.stride *= 2
            self._values = self._values[::2]
            self._steps = self._steps[::2]

    def _note_extremes(self, values: list[float], at: Sequence[float]) -> None:
        known, total = values, sum(values)
        if total != total:  # there is a NaN, or infinities of both signs
            known = [value for value in values if value == value]
        if not known:
            return
        least, greatest = min(known), max(known)
        if self._least is None or least < self._least.value:
            place = values.index(least)
            self._least = _Point(self.count + place, float(at[place]), least)
        if self._greatest is None or greatest > self._greatest.value:
            place = values.index(greatest)
            self._greatest = _Point(self.count + place, float(at[place]), greatest)

    def summary(self) -> Scalar:
        """The summary for the record; there must be at least one report."""
        least, greatest = self._least, self._greatest
        return Scalar(
            first=self._values[0],
            last=self._last.value,
            min=None if least is None else least.value,
            max=None if greatest is None else greatest.value,
            count=self.count,
            step=whole(self._last.step),
            min_step=None if least is None else whole(least.step),
            max_step=None if greatest is None else whole(greatest.step),
        )

    def points(self) -> Iterator[tuple[float, float]]:
        """Steps and values of all kept points, in the order of the reports."""
        beside = {
            point.place: point
            for point in (self._least, self._greatest, self._last)
            if point is not None and point.place % self.stride
        }
        between = [beside[index] for index in sorted(beside)]
        begin = 0
        for point in between:
            end = point.place // self.stride + 1
            yield from zip(self._steps[begin:end], self._values[begin:end], strict=True)
            yield point.step, point.value
            begin = end
        yield from zip(self._steps[begin:], self._values[begin:], strict=True)

    def fresh_points(self, most: int) -> list[tuple[float, float]]:
        """The next points, `most` at most, that no earlier call returned."""
        begin = -(-self.written // self.stride)
        end = min(len(self._values), begin + most)
        self.written = max(self.written, (end - 1) * self.stride + 1) if end > begin else self.count
        return list(zip(self._steps[begin:end], self._values[begin:end], strict=True))


class AllSeries:
    """The series of one run, by name, in the order of each name's first report."""

    def __init__(self) -> None:
        self._series: dict[str, Series] = {}
        self.changes = 0

    def add(self, reports: Reports) -> None:
        """Add reports of one name."""
        series = self._series.get(reports.name)
        if series is None:
            if len(self._series) >= MOST_NAMES:
                return
            series = self._series[reports.name] = Series()
        most = min(MOST_POINTS, MOST_POINTS_OF_ALL // len(self._series))
        series.add(reports.values, reports.steps, most)
        self.changes += 1

    def summaries(self) -> Mapping[str, Scalar]:
        """A summary for each name."""
        return {name: series.summary() for name, series in self._series.items()}

    @property
    def is_whole(self) -> bool:
        """Whether every report is kept."""
        return all(series.stride == 1 for series in self._series.values())

    def points(self) -> Iterator[tuple[str, Iterator[tuple[float, float]]]]:
        """Each name with its kept points."""
        for name, series in self._series.items():
            yield name, series.points()

    def fresh_points(self, most: int) -> Iterator[tuple[str, list[tuple[float, float]]]]:
        """Each name with points that no earlier call returned, `most` in total at most."""
        for name, series in self._series.items():
            points = series.fresh_points(most)
            most -= len(points)
            if points:
                yield name, points
            if most <= 0:
                return


def whole(number: float) -> int | float:
    """The number as an integer if it is whole."""
    return int(number) if number.is_integer() else number
