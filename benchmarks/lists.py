"""Listing the twenty newest runs."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.model import Benchmark, BySize, Figure, Side, Sides
from benchmarks.stores import fill_store
from benchmarks.world import World

_SHOWN = 20
_GUILD_FILTERED = BySize(tiny=3, small=200, full=1000)
_SEARCHED = BySize(tiny=5, small=1000, full=10_000)
_MANY = BySize(tiny=100, small=10_000, full=10_000)
_VERY_MANY = BySize(tiny=200, small=20_000, full=100_000)
_FILTER = ("runs", "list", "--where", "x < 5 and loss < 0.5")
#: What was written this short a while ago, an index too, is read again by the next listing.
_SETTLED_S = BySize(tiny=0.0, small=4.0, full=4.0)


def _list(world: World, runs: int, words: Sequence[str] = ("runs", "list"), new: int = 0) -> Side:
    """The time of a listing of a store with so many runs, and `new` more before each sample."""
    store = fill_store(world.new_folder() / "runs", runs)

    def sample() -> float:
        if new:
            fill_store(store, new)
        return world.seconds(world.runner(*words), store.parent)

    for _ in range(2):
        time.sleep(world.size.of(_SETTLED_S))
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


def _filter_against_guild(world: World) -> Sides:
    runs = world.size.of(_GUILD_FILTERED)
    guild = str(world.peers["guildai"].parent / "guild")
    project, home = world.project("guild"), world.new_folder()
    environment = {"GUILD_HOME": str(home), "NO_VCS_COMMIT": "1"}
    world.seconds([guild, "run", "plain.py", "x=0", "--yes"], project, environment)
    _copy_guild_run(home / "runs", runs)
    return Sides(
        ours=_list(world, runs, ("runs", "list", "--where", "x < 5")),
        theirs=lambda: world.seconds([guild, "runs", "--filter", "x < 5"], project, environment),
    )


def _copy_guild_run(folder: Path, runs: int) -> None:
    """Make so many of Guild's runs of the one that is there: each has other flags and times."""
    (first,) = folder.iterdir()
    begun = int((first / ".guild" / "attrs" / "started").read_text("ascii"))
    for number in range(1, runs):
        copied = folder / uuid.uuid4().hex
        shutil.copytree(first, copied, symlinks=True)
        attributes = copied / ".guild" / "attrs"
        (attributes / "id").write_text(copied.name, "ascii")
        (attributes / "flags").write_text(f"x: {number}\n", "ascii")
        for name in ("initialized", "started", "stopped"):
            (attributes / name).write_text(str(begun + number), "ascii")


def _against_mlflow(scheme: str) -> Callable[[World], Sides]:
    def prepare(world: World) -> Sides:
        runs = world.size.of(_SEARCHED)
        python = str(world.peers["mlflow"])
        project = world.project("mlflow")
        uri = f"{scheme}{project}/stored"
        world.seconds([python, "fill.py", uri, str(runs)], project)
        wanted = str(min(runs - 1, 1000))
        where = f"x == {wanted} and loss < 0.5"
        return Sides(
            ours=_list(world, runs, ("runs", "list", "--where", where)),
            theirs=lambda: world.seconds([python, "search.py", uri, wanted], project),
        )

    return prepare


def _alone(runs: BySize[int], *words: str, new: int = 0) -> Callable[[World], Sides]:
    def prepare(world: World) -> Sides:
        return Sides(ours=_list(world, world.size.of(runs), words, new))

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
        name="filter-guild",
        what="runner runs list --where 'x < 5', 1,000 runs",
        against="guild runs --filter 'x < 5'",
        figure=Figure.TIMES_LESS,
        target=2,
        unit="s",
        prepare=_filter_against_guild,
        needs=("guildai",),
    ),
    *(
        Benchmark(
            name=f"search-mlflow-{name}",
            what="runner runs list --where 'x == 1000 and loss < 0.5', 10,000 runs",
            against=f"MLflow's search_runs, its {said} store",
            figure=Figure.TIMES_LESS,
            target=5,
            unit="s",
            prepare=_against_mlflow(scheme),
            needs=("mlflow",),
            rounds=BySize(tiny=1, small=3, full=5),
        )
        for name, said, scheme in (("file", "file", "file:"), ("sqlite", "SQLite", "sqlite:///"))
    ),
    Benchmark(
        name="list-10000",
        what="runner runs list, 10,000 runs",
        against="20 runs",
        figure=Figure.TIMES,
        target=1.5,
        unit="s",
        prepare=_against_few(_MANY),
        repeats=3,
    ),
    Benchmark(
        name="list-100000",
        what="runner runs list, 100,000 runs",
        against="20 runs",
        figure=Figure.TIMES,
        target=2,
        unit="s",
        prepare=_against_few(_VERY_MANY),
        repeats=3,
    ),
    Benchmark(
        name="filter-10000",
        what="runner runs list --where 'x < 5 and loss < 0.5', 10,000 runs",
        against="",
        figure=Figure.ALONE,
        target=1,
        unit="s",
        prepare=_alone(_MANY, *_FILTER),
    ),
    Benchmark(
        name="filter-10000-new",
        what="the same, just after 1,000 new runs",
        against="",
        figure=Figure.ALONE,
        target=1,
        unit="s",
        prepare=_alone(_MANY, *_FILTER, new=1000),
    ),
    Benchmark(
        name="filter-100000",
        what="runner runs list --where 'x < 5 and loss < 0.5', 100,000 runs",
        against="",
        figure=Figure.ALONE,
        target=2,
        unit="s",
        prepare=_alone(_VERY_MANY, *_FILTER),
    ),
    Benchmark(
        name="compare-10000",
        what="runner compare --min loss -n 20, 10,000 runs",
        against="",
        figure=Figure.ALONE,
        target=1,
        unit="s",
        prepare=_alone(_MANY, "compare", "--min", "loss", "-n", "20"),
    ),
)
