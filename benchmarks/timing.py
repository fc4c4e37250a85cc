"""The core: sides in turn, and costs per job that hold no start-up."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.model import Benchmark, Row, Side
from benchmarks.world import World


def measure(benchmark: Benchmark, world: World) -> Row:
    """Measure both sides in turn; whoever was first in one round is second in the next.

    A benchmark whose peer is not installed is left out, with a word.
    """
    missing = [name for name in benchmark.needs if name not in world.peers]
    if missing:
        why = f"{' and '.join(missing)} not installed"
        return Row(benchmark=benchmark, ours=[], theirs=[], left_out=why)
    sides = benchmark.prepare(world)
    ours: list[float] = []
    theirs: list[float] = []
    turn: list[tuple[Side, list[float]]] = [(sides.ours, ours)]
    if sides.theirs is not None:
        turn.append((sides.theirs, theirs))
    if world.size.warms_up:
        for side, _ in turn:
            side()
    repeats = benchmark.repeats if world.size.warms_up else 1
    rounds = repeats * world.size.rounds
    for _ in range(rounds if benchmark.rounds is None else world.size.of(benchmark.rounds)):
        for side, samples in turn:
            samples.append(side())
        turn.reverse()
    return Row(benchmark=benchmark, ours=ours, theirs=theirs)


def per_job(run: Callable[[int], float], *, few: int, many: int) -> Side:
    """What one job more costs: (time of `many` jobs - time of `few`) / (many - few).

    Starting up and ending are in both times and so in neither's difference.
    """

    def sample() -> float:
        start_up = run(few)
        return (run(many) - start_up) / (many - few)

    return sample
