"""Listing the twenty newest runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from benchmarks.model import Benchmark, BySize, Figure, Side, Sides
from benchmarks.stores import fill_store
from benchmarks.world import World

_SHOWN = 20
#: What was written this short a while ago, an index too, is read again by the next listing.
_SETTLED_S = 4.0


def _list(world: World, runs: int, words: Sequence[str] = ("runs", "list")) -> Side:
    store = fill_store(world.new_folder() / "runs", runs)

    def sample() -> float:
        return world.seconds(world.runner(*words), store.parent)

    for _ in range(2):
        time.sleep(_SETTLED_S)
        sample()  # the first one writes the index, the next one notes that it is settled
    return sample


def _against_guild(world: World) -> Sides:
    guild = str(world.peers["guildai"].parent / "guild")
    project, home = world.project("guild"), world.new_folder()
    environment = {"GUILD_HOME": str(home), "NO_VCS_COMMIT": "1"}
    values = ",".join(str(value) for value in range(_guild_runs(world)))
    world.seconds([guild, "run", "plain.py", f"x=[{values}]", "--yes"], project, environment)
    return Sides(
        ours=_list(world, _SHOWN),
        theirs=lambda: world.seconds([guild, "runs"], project, environment),
    )


def _alone(runs: BySize[int], *words: str) -> Callable[[World], Sides]:
    def prepare(world: World) -> Sides:
        return Sides(ours=_list(world, world.size.of(runs), words))

    return prepare


def _guild_runs(world: World) -> int:
    return world.size.of(BySize(tiny=2, small=_SHOWN, full=_SHOWN))


def _against_few(runs: BySize[int]) -> Callable[[World], Sides]:
    def prepare(world: World) -> Sides:
        return Sides(ours=_list(world, world.size.of(runs)), theirs=_list(world, _SHOWN))

    return prepare


BENCHMARKS = (
    Benchmark(
        name="list",
        what="runner runs list, 20 runs",
        against="guild runs",
        figure=Figure.TIMES,
        target=0.5,
        unit="s",
        prepare=_against_guild,
        needs=("guildai",),
    ),
    Benchmark(
        name="list-10000",
        what="runner runs list, 10,000 runs",
        against="20 runs",
        figure=Figure.TIMES,
        target=1.5,
        unit="s",
        prepare=_against_few(BySize(tiny=100, small=10_000, full=10_000)),
        repeats=3,
    ),
    Benchmark(
        name="list-100000",
        what="runner runs list, 100,000 runs",
        against="20 runs",
        figure=Figure.TIMES,
        target=2,
        unit="s",
        prepare=_against_few(BySize(tiny=200, small=20_000, full=100_000)),
        repeats=3,
    ),
    Benchmark(
        name="filter-10000",
        what="runner runs list --where 'x < 5 and loss < 0.5', 10,000 runs",
        against="",
        figure=Figure.ALONE,
        target=1,
        unit="s",
        prepare=_alone(
            BySize(tiny=100, small=10_000, full=10_000),
            *("runs", "list", "--where", "x < 5 and loss < 0.5"),
        ),
    ),
    Benchmark(
        name="compare-10000",
        what="runner compare --min loss -n 20, 10,000 runs",
        against="",
        figure=Figure.ALONE,
        target=1,
        unit="s",
        prepare=_alone(
            BySize(tiny=100, small=10_000, full=10_000),
            *("compare", "--min", "loss", "-n", "20"),
        ),
    ),
)
