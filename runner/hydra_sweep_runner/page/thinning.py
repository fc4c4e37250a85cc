"""Long series, thinned for a drawing that shows the same. Pure."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most about `most` of the points, in their order: of each of `most / 2` stretches of
    equal length the least and the greatest, so that no peak is lost; first and last stay.

    A NaN is neither; a stretch of nothing else keeps one.
    """
    if len(points) <= most:
        return list(points)
    stretches = max(1, most // 2)
    kept = {0, len(points) - 1}
    for number in range(stretches):
        begin = number * len(points) // stretches
        end = (number + 1) * len(points) // stretches
        known = [at for at in range(begin, end) if points[at][1] == points[at][1]] or [begin]
        kept.add(min(known, key=lambda at: points[at][1]))
        kept.add(max(known, key=lambda at: points[at][1]))
    return [points[at] for at in sorted(kept)]
