"""A search is killed at each change that is made to its store, and again and again."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from hydra_sweep_runner.model import Run
from hydra_sweep_runner.store.runs import RunStore
from tests.torture import invariants
from tests.torture.instrument import Fault
from tests.torture.projects import Place, batch_of
from tests.torture.size import FULL, sized
from tests.torture.zygote import Zygote

#: What a learning optimizer of the project's gives depends on all that it is told.
FILES = {
    "conf/operation/search.yaml": """
        # @package _global_
        operation: {function: bowl.loss}
        x: 0.5
    """,
    "bowl.py": """
        import random

        class Learning:
            def __init__(self, space, seed):
                self.space, self.known = space, [seed]

            def tell(self, number, flags, values):
                self.known.append((number, flags["x"], values))

            def ask(self, number, running):
                chance = random.Random(f"{self.known} {[flags['x'] for flags in running]}")
                return {"x": chance.uniform(self.space["x"].low, self.space["x"].high)}

        def loss(x):
            return float("nan") if x > 0.9 else (x - 0.25) ** 2
    """,
    "app/main.py": """
        import hydra

        @hydra.main(version_base="1.3", config_path=".", config_name="config")
        def main(cfg):
            return (cfg.x - 0.25) ** 2

        if __name__ == "__main__":
            main()
    """,
}
FILES["app/bowl.py"] = FILES["bowl.py"]
SPACE = ("x=interval(0,1)", "+random_seed=3")
NEW = ("-m", "operation=search", *SPACE)
LEARNING = ("+optimizer=bowl.Learning", "+window=2")
MORE = "+max_trials=5"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is done before, and the command that is killed, whose search has `budget` trials in
    the end; `{batch}` and `{trial}` stand for the ids of the batch and of its second trial."""

    before: tuple[tuple[str, ...], ...] = ()
    command: tuple[str, ...]
    budget: int = 3
    program: bool = False


_SOME = (*NEW, *LEARNING, "+max_trials=3")
SCENARIOS = {
    "a random search": Scenario(command=(*NEW, "+max_trials=3")),
    "a search that learns": Scenario(command=_SOME),
    "a search side by side": Scenario(
        command=(*NEW, *LEARNING, MORE, "hydra.launcher.n_jobs=2"), budget=5
    ),
    "a search of a program": Scenario(
        command=(*SPACE, "+optimizer=bowl.Learning", "+max_trials=3"), program=True
    ),
    "a random search that goes on": Scenario(
        before=((*NEW, "+max_trials=2"),), command=("+restart={batch}", "+max_trials=3")
    ),
    "a search that goes on": Scenario(
        before=(_SOME,), command=("+restart={batch}", MORE, "+needed=true"), budget=5
    ),
    "a search of which all runs again": Scenario(
        before=(_SOME,), command=("+restart={batch}", MORE), budget=5
    ),
    "a deleted trial": Scenario(
        before=(_SOME, ("runs", "delete", "{trial}", "--yes")),
        command=("+restart={batch}", "+needed=true"),
    ),
    "another optimizer": Scenario(
        before=((*NEW, "+max_trials=2"),),
        command=("+restart={batch}", *LEARNING, "+max_trials=4", "+needed=true"),
        budget=4,
    ),
    "another space": Scenario(
        before=(_SOME,), command=("+restart={batch}", "x=interval(0,0.7)", "+needed=true")
    ),
}


def make(folder: Path, zygote: Zygote, *, program: bool = False) -> Place:
    """A project with a search in it, for operations and for a program."""
    place = Place.make(folder, zygote, program=program)
    for name, text in FILES.items():
        (folder / name).write_text(dedent(text).removeprefix("\n"), encoding="utf-8")
    return place


def _fill(place: Place, words: tuple[str, ...]) -> list[str]:
    runs = invariants.read_list(place)
    batch = batch_of(runs)
    trials = ["", ""] if batch is None else batch["trials"]
    ids = {"{batch}": "" if batch is None else batch["id"], "{trial}": trials[1]}
    return [ids.get(word, word.replace("{batch}", ids["{batch}"])) for word in words]


def _batch(place: Place) -> Run | None:
    runs = RunStore(place.store).read_all() if place.store.exists() else []
    batches = [run for run in runs if isinstance(run, Run) and run.batch is not None]
    assert len(batches) < 2
    return batches[0] if batches else None


@dataclass(frozen=True)
class Ending:
    """What a search has in the end: the flags and the basis of each trial, in plan order, and what
    `runner verify` says of them, if it is for this search."""

    proposed: list[tuple[Any, Any]]
    verified: str

    @classmethod
    def of(cls, place: Place) -> Ending:
        """That of the only batch."""
        batch = _batch(place)
        assert batch is not None and batch.batch is not None
        runs = [RunStore(place.store).read(run_id) for run_id in batch.batch.trials]
        verified = ""
        if any(run.basis is not None for run in runs):
            told = place.run("verify", batch.id).out.splitlines()
            verified = told[-1].partition(": ")[2]
            assert verified.endswith(" as proposed, 0 differ"), told
        return cls([(run.flags, run.basis) for run in runs], verified)


def _go_on(place: Place, words: list[str]) -> list[str]:
    """The command that goes on after a kill: the same, or a restart of what it has begun."""
    batch = _batch(place)
    if batch is None or words[0].startswith("+restart="):
        return words
    return [f"+restart={batch.id}", "+needed=true"]


def _check(place: Place, budget: int, before: set[str], wanted: Ending) -> None:
    """The search has ended with its budget, and with what an undisturbed one has proposed."""
    runs = invariants.read_list(place)
    batch = batch_of(runs)
    assert batch is not None
    invariants.check_batch(runs, batch)
    assert len(batch["trials"]) == budget
    strays = {run["id"] for run in runs} - {batch["id"], *batch["trials"]} - before
    assert not strays, f"trials that the plan has not: {strays}"
    assert Ending.of(place) == wanted


#: Those of the quick torture.
_FEW = ("a random search", "a search side by side", "a search of a program", "a deleted trial")


@pytest.mark.parametrize("name", SCENARIOS if FULL else _FEW)
def test_a_search_killed_at_any_change_ends_with_its_budget_and_the_same_proposals(
    name: str, tmp_path: Path, zygote: Zygote
) -> None:
    scenario = SCENARIOS[name]
    origin = make(tmp_path / "origin", zygote, program=scenario.program)
    for before in scenario.before:
        origin.run(*_fill(origin, before))
    words = _fill(origin, scenario.command)
    folder = tmp_path / "copy"
    undisturbed = origin.copy(tmp_path / "undisturbed")
    points = undisturbed.run(*words, fault=Fault()).points
    wanted = Ending.of(undisturbed)
    there = {run["id"] for run in invariants.read_list(origin)}
    for at in range(points) if FULL else [random.randrange(points)]:
        place = origin.copy(folder)
        ended = place.run(*words, status=None, fault=Fault(at=at))
        assert not ended.left, f"processes outlive the kill at {at}"
        if ended.status == 0:  # side by side, not each start makes as many changes
            continue
        assert ended.status == -9, (at, ended)
        try:
            said = place.run(*_go_on(place, words)).err
            assert "were deleted by hand" not in said, said
            _check(place, scenario.budget, there, wanted)
        except AssertionError as error:
            raise AssertionError(f"killed at {at}: {error}") from error
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    "name",
    ["a search that learns", *(["a search side by side", "a search of a program"] * FULL)],
)
def test_a_search_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    name: str, tmp_path: Path, zygote: Zygote
) -> None:
    scenario = SCENARIOS[name]
    undisturbed = make(tmp_path / "undisturbed", zygote, program=scenario.program)
    undisturbed.run(*scenario.command)
    wanted = Ending.of(undisturbed)
    chance = random.Random(f"20261128 {name}")
    for _ in range(sized(1, 40)):
        place = make(tmp_path / "killed", zygote, program=scenario.program)
        kills = 0
        while True:
            at = chance.randrange(40, 200)
            words = _go_on(place, list(scenario.command))
            ended = place.run(*words, status=None, fault=Fault(at=at))
            if ended.status == 0:
                break
            assert ended.status == -9, ended
            kills += 1
            assert kills < 100
        assert kills > 0
        _check(place, scenario.budget, set(), wanted)
        shutil.rmtree(place.folder)
