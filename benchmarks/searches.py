"""Searches: regret against random search and plain Optuna, and what proposals and restarts cost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

from benchmarks.model import Benchmark, BySize, Figure, Side, Sides
from benchmarks.timing import per_job
from benchmarks.world import World

_TRIALS = BySize(tiny=12, small=40, full=100)
_SEEDS = BySize(tiny=2, small=5, full=10)
_TOLD = BySize(tiny=12, small=300, full=1000)
_MORE = BySize(tiny=1, small=20, full=100)
_SWEEPER = BySize(tiny=1, small=5, full=20)

#: Functions of `apps/search/regret.py`, by the row's words. Of COCO's, one of each group:
#: separable, moderate, ill-conditioned, multi-modal, multi-modal with a weak structure.
_FUNCTIONS = {
    "branin": "Branin",
    "hartmann6": "Hartmann-6",
    "mixed": "a bowl with two categories and a whole number",
    "bbob-3": "BBOB f3 (Rastrigin, separable)",
    "bbob-8": "BBOB f8 (Rosenbrock)",
    "bbob-10": "BBOB f10 (ellipsoid, rotated)",
    "bbob-15": "BBOB f15 (Rastrigin, rotated)",
    "bbob-21": "BBOB f21 (Gallagher, 101 peaks)",
}
_BY_OPTUNA = (
    "hydra/sweeper=optuna",
    "hydra/sweeper/sampler=random",
    "hydra.sweeper.direction=minimize",
    "hydra.sweeper.n_jobs=1",
)
_COCO = "coco-experiment"
_SWEEPERS = "hydra-optuna-sweeper"


def _found(world: World, function: str, by: str, seeds: int, trials: int) -> list[float]:
    """What `regret.py` finds, for each seed. A search that two rows look at is made once."""
    told = world.folder / f"{function}-{by}.json"
    if not told.exists():
        project = world.project("search")
        words = [function, by, str(seeds), str(trials), str(told)]
        world.seconds([str(world.ours), "regret.py", *words], project)
    values: list[float] = json.loads(told.read_text("utf-8"))
    return values


def _regret(world: World, function: str, by: str) -> Side:
    """The regret of a search, each time with the next seed."""
    seeds, trials = world.size.of(_SEEDS), world.size.of(_TRIALS)
    found = itertools.cycle(_found(world, function, by, seeds, trials))
    return lambda: next(found)


def _against(function: str, other: str) -> Callable[[World], Sides]:
    return lambda world: Sides(
        ours=_regret(world, function, "tpe"), theirs=_regret(world, function, other)
    )


def _proposal(world: World) -> Sides:
    """A proposal of `tpe` that is told so many trials, in seconds."""
    found = itertools.cycle(
        _found(world, "branin", "proposal", world.size.rounds, world.size.of(_TOLD))
    )
    return Sides(ours=lambda: next(found))


def _random_trials(world: World) -> Sides:
    """A trial more of a random search, whose optimizer takes next to no time."""
    return Sides(
        ours=_search(world, world.runner("-m", "+optimizer=random"), "+max_trials=", _MORE),
        theirs=_search(
            world,
            [str(world.peers[_SWEEPERS]), "app.py", "-m", *_BY_OPTUNA],
            "hydra.sweeper.n_trials=",
            _SWEEPER,
        ),
    )


def _search(world: World, command: list[str], trials: str, more: BySize[int]) -> Side:
    spaces = ("x1=interval(-5,10)", "x2=interval(0,15)")

    def run(jobs: int) -> float:
        return world.seconds([*command, *spaces, f"{trials}{jobs}"], world.project("search"))

    return per_job(run, few=1, many=1 + world.size.of(more))


def _restart(world: World, trials: int) -> Side:
    """The restart of a search whose trials are all completed."""
    project = world.project("search")
    words = ("x1=interval(-5,10)", "x2=interval(0,15)", "+optimizer=tpe", "+random_seed=1")
    world.seconds(world.runner("-m", *words, f"+max_trials={trials}"), project)
    batches = [_batch_in(path) for path in (project / "runs").glob("*/.runner/record.json")]
    batch = next(name for name in batches if name)
    command = world.runner(f"+restart={batch}", "+needed=true")
    return lambda: world.seconds(command, project)


def _batch_in(record: Path) -> str:
    content = json.loads(record.read_text("utf-8"))
    return str(content["id"]) if content["kind"] == "batch" else ""


BENCHMARKS = (
    *(
        Benchmark(
            name=f"regret {function} {other}",
            what=f"regret of `tpe` on {words}, after 100 trials",
            against=said,
            figure=figure,
            target=0.05,
            unit="",
            prepare=_against(function, other),
            needs=(_COCO,) if function.startswith("bbob") else (),
            rounds=_SEEDS,
        )
        for function, words in _FUNCTIONS.items()
        for other, said, figure in (
            ("random", "`random`", Figure.LESS),
            ("optuna", "plain Optuna, its TPESampler", Figure.NOT_MORE),
        )
    ),
    Benchmark(
        name="proposal",
        what="a proposal of `tpe` that is told 1,000 trials",
        against="",
        figure=Figure.ALONE,
        target=0.2,
        unit="s",
        prepare=_proposal,
    ),
    Benchmark(
        name="search restart",
        what="the restart of a search with 1,000 trials told",
        against="one with a single trial",
        figure=Figure.MORE,
        target=2.0,
        unit="s",
        prepare=lambda world: Sides(
            ours=_restart(world, world.size.of(_TOLD)), theirs=_restart(world, 1)
        ),
        rounds=BySize(tiny=1, small=3, full=5),
    ),
    Benchmark(
        name="search trial",
        what="a trial of a random search",
        against="hydra-optuna-sweeper, its random sampler",
        figure=Figure.TIMES_LESS,
        target=30,
        unit="s",
        prepare=_random_trials,
        needs=(_SWEEPERS,),
        rounds=BySize(tiny=1, small=3, full=5),
    ),
)
