"""Maps intervals to the unit cube that CMA-ES works in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.planning.space import Interval
from hydra_sweep_runner.search.space import Point


@dataclass(frozen=True)
class Cube:
    """Named intervals, each mapped to [0, 1] with uniform density; whole number n covers the range
    from n - ½ to n + ½."""

    intervals: tuple[tuple[str, Interval], ...]

    def shares(self, point: Point) -> list[float]:
        """The coordinates of a point in the cube, in the order of the intervals."""
        return [_share(interval, point[name]) for name, interval in self.intervals]

    def point(self, shares: Sequence[float]) -> dict[str, float]:
        """The point with these coordinates in the cube."""
        return {
            name: _number(interval, float(share))
            for (name, interval), share in zip(self.intervals, shares, strict=True)
        }


def _bounds(interval: Interval) -> tuple[float, float]:
    low, high = float(interval.low), float(interval.high)
    if interval.int:
        low, high = low - 0.5, high + 0.5
    return (math.log(low), math.log(high)) if interval.log else (low, high)


def _share(interval: Interval, number: float) -> float:
    low, high = _bounds(interval)
    place = math.log(number) if interval.log else number
    # Halved, so that the width of a very wide interval does not overflow.
    return min(max((place / 2 - low / 2) / (high / 2 - low / 2), 0.0), 1.0)


def _number(interval: Interval, share: float) -> float:
    low, high = _bounds(interval)
    place = low * (1 - share) + high * share
    number = math.exp(place) if interval.log else place
    whole = math.floor(number + 0.5) if interval.int else number
    return min(max(whole, interval.low), interval.high)
