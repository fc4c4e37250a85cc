"""What it costs a trial that its scalars are found in what it prints."""

from __future__ import annotations

from benchmarks.model import Benchmark, BySize, Figure, Side, Sides
from benchmarks.world import World

_LINES = BySize(tiny=100, small=100_000, full=1_000_000)


def _prepare(world: World) -> Sides:
    return Sides(ours=_printing(world, scalars=True), theirs=_printing(world, scalars=False))


def _printing(world: World, *, scalars: bool) -> Side:
    """The time of a trial that prints so many lines, its output going nowhere."""
    lines = world.size.of(_LINES)
    words = ("operation=printing", f"lines={lines}", f"scalars={str(scalars).lower()}")

    def run() -> float:
        return world.seconds(world.runner(*words), world.project("scripts"))

    return run


BENCHMARKS = (
    Benchmark(
        name="scalars",
        what="a script that prints a million scalars",
        against="one that prints a million other lines",
        figure=Figure.TIMES,
        target=1.1,
        unit="s",
        prepare=_prepare,
    ),
)
