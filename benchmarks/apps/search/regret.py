"""Searches of a function, by the runner's optimizers or by Optuna itself, as fast as they go.

`regret.py FUNCTION tpe|random|optuna SEEDS TRIALS FILE` writes the regrets of the seeds 1, 2, …
to FILE; `regret.py FUNCTION proposal SEEDS TRIALS FILE` the seconds that a proposal of `tpe` takes
which is told so many trials. FUNCTION is one of FUNCTIONS, or `bbob-N`, that function of COCO's
suite `bbob` in five dimensions, first instance.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from math import cos, exp, pi
from pathlib import Path
from typing import Any

from hydra_sweep_runner import Interval
from hydra_sweep_runner.planning.combinations import Dimension, Draws
from hydra_sweep_runner.search.basis import Era, Ledger
from hydra_sweep_runner.search.learning import Asking, Numbered, propose
from hydra_sweep_runner.search.objective import Objective
from hydra_sweep_runner.search.optimizers.choose import make_optimizer
from hydra_sweep_runner.search.space import SearchSpace

Flags = Mapping[str, Any]
Function = Callable[[Flags], float]


def branin(flags: Flags) -> float:
    """Branin's function less its lowest value (Dixon and Szego, 1978)."""
    x1, x2 = flags["x1"], flags["x2"]
    valley = x2 - 5.1 / (4 * pi**2) * x1**2 + 5 / pi * x1 - 6
    return valley**2 + 10 * (1 - 1 / (8 * pi)) * cos(x1) + 10 - 0.397887


_A = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
_P = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def hartmann6(flags: Flags) -> float:
    """Hartmann's function of six variables less its lowest value (Dixon and Szego, 1978)."""
    total = 0.0
    for weight, a, p in zip((1.0, 1.2, 3.0, 3.2), _A, _P, strict=True):
        total += weight * exp(-sum(a[i] * (flags[f"x{i}"] - p[i]) ** 2 for i in range(6)))
    return 3.32237 - total


def mixed(flags: Flags) -> float:
    """A bowl whose place depends on two categories, and whose height on a whole number."""
    centre = {"a": -2.0, "b": 0.0, "c": 2.0}[flags["kind"]]
    step = {"slow": 1.0, "fast": 0.0}[flags["mode"]]
    return (flags["x"] - centre) ** 2 + step + abs(flags["n"] - 5) + (flags["kind"] != "c")


def interval(name: str, low: float, high: float, *, whole: bool = False) -> Dimension:
    """A dimension that is an interval."""
    one = Interval(low, high, int=whole)
    values = [f"{name}={n}" for n in range(int(low), int(high) + 1)] if whole else []
    return Dimension(name=name, overrides=values, interval=one, key=name)


def listed(name: str, *values: str) -> Dimension:
    """A dimension that is a list."""
    return Dimension(name=name, overrides=[f"{name}={value}" for value in values])


FUNCTIONS = {
    "branin": (branin, (interval("x1", -5.0, 10.0), interval("x2", 0.0, 15.0))),
    "hartmann6": (hartmann6, tuple(interval(f"x{i}", 0.0, 1.0) for i in range(6))),
    "mixed": (
        mixed,
        (
            interval("x", -5.0, 5.0),
            interval("n", 1, 12, whole=True),
            listed("kind", "a", "b", "c"),
            listed("mode", "slow", "fast"),
        ),
    ),
}


_BBOB_DIMENSIONS = 5


def function_of(name: str) -> tuple[Function, tuple[Dimension, ...]]:
    """A function less its lowest value, and what it is a function of."""
    return _bbob(int(name.removeprefix("bbob-"))) if name.startswith("bbob-") else FUNCTIONS[name]


def _bbob(number: int) -> tuple[Function, tuple[Dimension, ...]]:
    """Hansen et al., Real-parameter black-box optimization benchmarking 2009."""
    import cocoex
    import numpy

    suite = cocoex.Suite(
        "bbob", "instances: 1", f"dimensions: {_BBOB_DIMENSIONS} function_indices: {number}"
    )
    problem = suite.get_problem(0)
    problem._best_parameter("print")  # into this file
    lowest = problem(numpy.loadtxt("._bbob_problem_best_parameter.txt"))
    names = [f"x{place}" for place in range(_BBOB_DIMENSIONS)]

    def function(flags: Flags) -> float:
        return float(problem([flags[name] for name in names]) - lowest)

    return function, tuple(interval(name, -5.0, 5.0) for name in names)


def flags_of(dimensions: tuple[Dimension, ...], overrides: tuple[str, ...]) -> dict[str, Any]:
    """The flags that overrides of one value give."""
    values = [text.split("=")[1] for text in overrides]
    pairs = zip(dimensions, values, strict=True)
    return {one.name: value if one.interval is None else float(value) for one, value in pairs}


def by_runner(name: str, seed: int, trials: int, *, told: int = 0) -> tuple[list[float], float]:
    """The objective's values in the order of a search, and the seconds of the last proposal.
    So many draws are told it first, as if they were its own."""
    function, dimensions = function_of(name)
    space = SearchSpace(
        dimensions,
        {one.name: [text.split("=")[1] for text in one.overrides] for one in dimensions},
    )
    optimizer = make_optimizer("tpe", {}, Objective.parse(["loss"]), _no_class)
    era = Era(
        first=0, optimizer="tpe", options={}, version="", objective=("loss",), window=1,
        random_seed=seed, sweep=(),
    )  # fmt: skip
    numbered: dict[int, Numbered] = {}
    results: dict[int, Mapping[str, float] | None] = {}
    asking = Asking(Ledger(eras=(era,)), numbered, results)
    draws, last_s = Draws(dimensions, seed), 0.0
    for number in range(told):
        flags = flags_of(dimensions, draws.at(number))
        numbered[number] = Numbered(number=number, flags=flags, overrides=draws.at(number))
        results[number] = {"loss": function(flags)}
    for number in range(told, told + trials):
        begun = time.perf_counter()
        proposed: Any = propose(
            asking, number, optimizer=optimizer, space=space, before=(), accept=space.overrides
        )
        last_s = time.perf_counter() - begun
        flags = flags_of(dimensions, proposed.made)
        numbered[number] = Numbered(
            number=number, flags=flags, overrides=proposed.made, basis=proposed.basis
        )
        results[number] = {"loss": function(flags)}
    return [one["loss"] for one in results.values() if one is not None], last_s


def by_optuna(name: str, seed: int, trials: int) -> list[float]:
    """The same by Optuna itself."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    function, dimensions = function_of(name)

    def objective(trial: Any) -> float:
        flags: dict[str, Any] = {}
        for one in dimensions:
            if one.interval is None:
                values = [text.split("=")[1] for text in one.overrides]
                flags[one.name] = trial.suggest_categorical(one.name, values)
            elif one.interval.int:
                flags[one.name] = trial.suggest_int(
                    one.name, int(one.interval.low), int(one.interval.high)
                )
            else:
                flags[one.name] = trial.suggest_float(one.name, one.interval.low, one.interval.high)
        return function(flags)

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
    return [trial.value for trial in study.trials]


def at_random(name: str, seed: int, trials: int) -> list[float]:
    """The same by the runner's random search."""
    function, dimensions = function_of(name)
    draws = Draws(dimensions, seed)
    return [function(flags_of(dimensions, draws.at(number))) for number in range(trials)]


def _no_class(path: str) -> Any:
    raise ImportError(path)


def main() -> None:
    """Carry out what the arguments say."""
    name, by = sys.argv[1:3]
    seeds, trials = (int(text) for text in sys.argv[3:5])
    found = []
    if by == "proposal":
        by_runner(name, 1, 1, told=10)  # what is imported at first is no proposal's cost
    for seed in range(1, seeds + 1):
        if by == "proposal":
            found.append(by_runner(name, seed, 1, told=trials)[1])
        elif by == "tpe":
            found.append(min(by_runner(name, seed, trials)[0]))
        else:
            found.append(min((by_optuna if by == "optuna" else at_random)(name, seed, trials)))
    Path(sys.argv[5]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
