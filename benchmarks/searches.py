"""Searches: regret against random search and plain Optuna, and what proposals and restarts cost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

from benchmarks.model import Benchmark, BySize, Figure, Side, Sides
from benchmarks.world import World

_TRIALS = BySize(tiny=4, small=40, full=100)
_TOLD = BySize(tiny=12, small=300, full=1000)

#: Functions of `apps/search/regret.py`, by the row's words.
_FUNCTIONS = {
    "branin": "Branin",
    "hartmann6": "Hartmann-6",
    "mixed": "a bowl with two categories and a whole number",
}


def _regret(world: World, function: str, by: str) -> Side:
    """The regret of a search, each time with the next seed."""
    project, seeds = world.project("search"), itertools.count(1)
    trials = world.size.of(_TRIALS)

    def measured() -> float:
        told = project / "told.json"
        words = [function, by, str(next(seeds)), str(trials), str(told)]
        world.seconds([str(world.ours), "regret.py", *words], project)
        return float(json.loads(told.read_text("utf-8"))["regret"])

    return measured


def _against(function: str, other: str) -> Callable[[World], Sides]:
    return lambda world: Sides(
        ours=_regret(world, function, "tpe"), theirs=_regret(world, function, other)
    )


def _proposal(world: World) -> Sides:
    """A proposal of `tpe` that is told so many trials, in seconds."""
    project = world.project("search")

    def seconds() -> float:
        told = project / "told.json"
        words = ["branin", "proposal", "1", str(world.size.of(_TOLD)), str(told)]
        world.seconds([str(world.ours), "regret.py", *words], project)
        return float(json.loads(told.read_text("utf-8"))["seconds"])

    return Sides(ours=seconds)


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
            figure=Figure.TIMES,
            target=target,
            unit="of the objective",
            prepare=_against(function, other),
            repeats=2,
        )
        for function, words in _FUNCTIONS.items()
        for other, said, target in (
            ("random", "`random`", 1.0),
            ("optuna", "plain Optuna with its TPESampler", 1.5),
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
    ),
)
