"""Optimizers: what they propose is a function of the question, lies in the space, and learns."""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
import threading
from typing import Any

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.search.objective import Objective
from hydra_sweep_runner.search.optimizers.choose import LEARNING, is_learning, make_optimizer
from hydra_sweep_runner.search.optimizers.of_project import ProjectsOwn
from hydra_sweep_runner.search.optimizers.question import ProposalFailed
from tests.installed import needs
from tests.search.searches import (
    SPACE,
    Search,
    era_of,
    interval,
    listed,
    loss,
    optimizer_of,
    run_search,
    space_of,
)

pytestmark = needs("optuna", "cmaes", "scipy")

HAS_TORCH = importlib.util.find_spec("torch") is not None
OPTIMIZERS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name == "gp" and not HAS_TORCH, reason="gp needs torch, which is not installed"
        ),
    )
    for name in LEARNING
]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_plan_is_the_same_for_any_number_of_jobs(name: str) -> None:
    plans = [
        run_search(Search(era_of(name, 4), optimizer_of(name)), 16, n_jobs, random.Random(n_jobs))
        for n_jobs in (1, 2, 4)
    ]
    assert plans[0] == plans[1] == plans[2]
    for flags in plans[0]:
        assert SPACE.point_of(flags, ()) is not None


@pytest.mark.parametrize("name", [one for one in OPTIMIZERS if one.values[0] != "gp"])
def test_a_search_that_is_rebuilt_for_each_proposal_is_the_same(name: str) -> None:
    search = Search(era_of(name, 2), optimizer_of(name))
    run_search(search, 30, 2, random.Random(0))
    for number in (3, 11, 29):
        again = Search(era_of(name, 2), optimizer_of(name))
        again.plan += search.plan[:number]
        again.numbered.update({n: search.numbered[n] for n in range(number)})
        again.results.update({n: search.results[n] for n in range(number)})
        assert again.step()
        assert again.plan[number] == search.plan[number]


@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_what_is_told_makes_it_better_than_chance(name: str) -> None:
    space = space_of(interval("x", -5.0, 5.0), interval("y", -5.0, 5.0))

    def bowl(flags: Any) -> float:
        return float((flags["x"] - 1) ** 2 + (flags["y"] + 2) ** 2)

    best = {}
    for optimizer in (name, "qmc"):
        found = []
        for seed in range(5):
            search = Search(era_of(optimizer, 1, seed), optimizer_of(optimizer), space)
            found.append(min(map(bowl, run_search(search, 60, 1, random.Random(0), bowl))))
        best[optimizer] = sorted(found)[2]
    assert best[name] < best["qmc"] / 2


@pytest.mark.parametrize("name", ["tpe", "qmc", "nsga2", "cmaes"])
def test_failures_do_not_end_a_search(name: str) -> None:
    search = Search(era_of(name, 2), optimizer_of(name))
    plan = run_search(
        search, 14, 2, random.Random(0), lambda flags: None if flags["z"] == "a" else loss(flags)
    )
    assert len(plan) == 14


def test_a_trial_at_work_keeps_tpe_away_from_it() -> None:
    space = space_of(interval("x", 0.0, 1.0))
    optimizer = optimizer_of("tpe", {"n_startup_trials": 1})
    search = Search(era_of("tpe", 3), optimizer, space)
    run_search(search, 12, 3, random.Random(0), lambda flags: (flags["x"] - 0.5) ** 2)
    question = search.asking.question(12, 0, space=space, before=(), known=10, tries=0)
    assert not isinstance(question, type(None))
    assert [one.flags for one in question.running] == search.plan[10:12]  # type: ignore[union-attr]


def test_qmc_is_one_sequence_whatever_has_ended() -> None:
    from scipy.stats import qmc

    space = space_of(interval("x", 0.0, 1.0), interval("y", 0.0, 1.0))
    plan = run_search(
        Search(era_of("qmc", 3), optimizer_of("qmc"), space),
        8,
        3,
        random.Random(0),
        lambda flags: 1.0,
    )
    points = qmc.Sobol(2, scramble=False).random(8)
    assert [[flags["x"], flags["y"]] for flags in plan] == points.tolist()


def test_nsga2_counts_its_generations_in_plan_order() -> None:
    space = space_of(interval("x", 0.0, 1.0), interval("y", 0.0, 1.0))
    options = {"population_size": 4}
    search = Search(
        era_of("nsga2", 1, objective=("a", "b"), options=options),
        optimizer_of("nsga2", options, ("a", "b")),
        space,
    )
    for _ in range(20):
        assert search.step()
        flags = search.plan[-1]
        search.results[len(search.plan) - 1] = {
            "a": flags["x"],
            "b": (1 - flags["x"]) ** 2 + flags["y"],
        }
    # Children take what their parents have, most of it unchanged.
    seen = {flags["x"] for flags in search.plan[:4]}
    assert sum(flags["x"] in seen for flags in search.plan[4:]) > 5


def test_several_objectives_are_searched_for() -> None:
    for name in ("tpe", "nsga2", "qmc"):
        search = Search(era_of(name, 1, objective=("a", "-b")), optimizer_of(name, {}, ("a", "-b")))
        for _ in range(13):
            assert search.step()
            search.results[len(search.plan) - 1] = {
                "a": loss(search.plan[-1]),
                "b": search.plan[-1]["x"],
            }


def test_a_space_of_one_value_has_one_trial() -> None:
    space = space_of(listed("z", "a"), interval("x", 2.0, 2.0))
    for name in ("tpe", "cmaes", "qmc"):
        search = Search(era_of(name, 1), optimizer_of(name), space)
        assert run_search(search, 1, 1, random.Random(0), lambda flags: 1.0) == [
            {"z": "a", "x": 2.0}
        ]
        assert not search.step()


PROGRAM = """
import random
from tests.search.searches import *
search = Search(era_of("{name}", 3), optimizer_of("{name}"))
print(run_search(search, 14, 3, random.Random(0)))
"""


@pytest.mark.parametrize("name", ["tpe", "cmaes", "nsga2"])
def test_the_hash_seed_changes_no_proposal_and_nothing_is_said(name: str) -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM.format(name=name)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("0", "1")
    ]
    assert told[0].stdout == told[1].stdout
    assert {one.stderr for one in told} == {""}


def test_proposals_made_in_threads_are_the_same() -> None:
    alone = run_search(Search(era_of("tpe", 2), optimizer_of("tpe")), 14, 2, random.Random(0))
    found: list[Any] = []

    def search() -> None:
        found.append(
            run_search(Search(era_of("tpe", 2), optimizer_of("tpe")), 14, 2, random.Random(0))
        )

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone, alone]


# ---- mistakes


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("tpe", {"seed": 1}, "from +random_seed"),
        ("tpe", {"n_start": 1}, "no such option; there are"),
        ("tpe", {"n_startup_trials": 3, "gamma": 1}, "no such option"),
        ("nsga2", {"population_size": 1}, "population_size"),
        ("qmc", {"qmc_type": "lattice"}, "qmc_type"),
        ("cmaes", {"popsize": 1}, "must be an integer of at least 2"),
        ("cmaes", {"sigma0": -1}, "must be a number above 0"),
        ("cmaes", {"source_trials": []}, "+warm_start"),
        ("cmaes", {"lr_adapt": True, "use_separable_cma": True}, "exclude each other"),
    ],
)
def test_an_option_that_an_optimizer_does_not_take_is_a_mistake(
    name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(Mistake) as told:
        optimizer_of(name, options)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("popsize", [2, 3, 4])
def test_a_small_generation_of_cmaes_is_no_matter_of_a_warning(popsize: int) -> None:
    options = {"popsize": popsize, "sigma0": 0.5}  # warnings are errors here
    era = era_of("cmaes", 1, options=options)
    plan = run_search(Search(era, optimizer_of("cmaes", options)), 12, 1, random.Random(0))
    assert len(plan) == 12
    assert all(SPACE.point_of(flags, ()) is not None for flags in plan)


def test_cmaes_takes_one_objective() -> None:
    with pytest.raises(Mistake, match="takes one objective"):
        optimizer_of("cmaes", {}, ("a", "b"))


@pytest.mark.parametrize("name", ["tpee", "optuna", "a b.c", ""])
def test_an_unknown_optimizer_is_a_mistake_that_lists_them(name: str) -> None:
    with pytest.raises(Mistake, match="grid, random, tpe, gp, cmaes, qmc, nsga2"):
        is_learning(name)


def test_an_extra_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Mistake, match=r"hydra-sweep-runner\[gp\]"):
        optimizer_of("gp")
    with pytest.raises(Mistake, match=r"hydra-sweep-runner\[optuna\]"):
        optimizer_of("tpe")


# ---- a class of the project's


class Halving:
    """Goes to the middle between the best two."""

    made: int = 0

    def __init__(self, space: Any, seed: int, step: float = 0.5) -> None:
        type(self).made += 1
        self.space, self.seed, self.step = space, seed, step
        self.told: list[tuple[int, Any, Any]] = []

    def tell(self, number: int, flags: Any, values: Any) -> None:
        self.told.append((number, flags, values))

    def ask(self, number: int, running: Any) -> Any:
        chance = random.Random(self.seed)
        x = self.space["x"]
        return {
            "x": chance.uniform(x.low, x.high),
            "lr": 0.01,
            "n": len(self.told) % 8 + 1,
            "z": self.space["z"][len(running)],
        }


def test_a_class_of_the_projects_is_made_anew_told_and_asked() -> None:
    optimizer = ProjectsOwn("project.Halving", Halving, {"step": 0.25})
    plan = run_search(Search(era_of("project.Halving", 2), optimizer), 6, 2, random.Random(0))
    assert Halving.made == 6
    assert [flags["n"] for flags in plan] == [1, 1, 2, 3, 4, 5]
    assert [flags["z"] for flags in plan] == ["a", "b", "b", "b", "b", "b"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "ask must give a mapping of flags"),
        ({"x": 1.0}, "is missing"),
        ({"x": 9.0, "lr": 0.1, "n": 1, "z": "a"}, "x=9.0 is not in interval"),
        ({"x": 1.0, "lr": 0.1, "n": 1.5, "z": "a"}, "n=1.5 is not in int"),
        ({"x": 1.0, "lr": 0.1, "n": 1, "z": "d"}, "z=d is not in"),
        ({"x": 1.0, "lr": 0.1, "n": 1, "z": "a", "w": 1}, "w is not swept"),
    ],
)
def test_an_answer_outside_the_space_says_what_is_wrong(answer: Any, words: str) -> None:
    class Fixed(Halving):
        def ask(self, number: int, running: Any) -> Any:
            return answer

    search = Search(era_of("project.Fixed", 1), ProjectsOwn("project.Fixed", Fixed, {}))
    with pytest.raises(ProposalFailed) as told:
        search.step()
    assert words in str(told.value)


def test_a_class_that_raises_is_told_with_its_error() -> None:
    class Raising(Halving):
        def ask(self, number: int, running: Any) -> Any:
            raise KeyError("x")

    search = Search(era_of("p.Raising", 1), ProjectsOwn("p.Raising", Raising, {}))
    with pytest.raises(ProposalFailed, match=r"p\.Raising gave no trial 0: KeyError"):
        search.step()


def test_a_class_that_exits_is_told_as_one_that_raises() -> None:
    class Leaving(Halving):
        def ask(self, number: int, running: Any) -> Any:
            sys.exit(0)

    search = Search(era_of("p.Leaving", 1), ProjectsOwn("p.Leaving", Leaving, {}))
    with pytest.raises(ProposalFailed, match=r"p\.Leaving gave no trial 0: SystemExit: 0"):
        search.step()


class Deaf:
    """Has no `tell`."""

    def __init__(self, space: Any, seed: int) -> None: ...

    def ask(self, number: int, running: Any) -> Any: ...


@pytest.mark.parametrize(
    ("made_by", "options", "words"),
    [
        (Halving, {"nosuch": 1}, "unexpected keyword argument 'nosuch'"),
        (lambda space: None, {}, "unexpected keyword argument 'seed'"),
        (Deaf, {}, "it has no method tell"),
        (3, {}, "that is int, and no class"),
    ],
)
def test_a_class_that_is_not_made_so_is_a_mistake(
    made_by: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(Mistake, match=words) as told:
        ProjectsOwn("p.Halving", made_by, options)
    assert str(told.value).startswith("+optimizer=p.Halving: ")


def test_a_class_is_imported_by_whoever_can() -> None:
    made = make_optimizer("a.b", {}, Objective.parse(["loss"]), lambda path: Halving)
    assert isinstance(made, ProjectsOwn)
