"""A pipeline's batch is killed at each change that is made to its store, and at some instant."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.torture import graphs, invariants
from tests.torture.instrument import Fault
from tests.torture.projects import Place, batch_of
from tests.torture.size import FULL, sized
from tests.torture.test_killed_at_random import TARGETS
from tests.torture.zygote import Zygote

#: Of how many points one is taken when not all are.
_STRIDE = 120
_NEW = ("-m", "operation=study", "train.x=1,2")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is done before, and the command that is killed; `{batch}`, `{prepare}` and `{train}`
    stand for the ids of the batch and of the first trials of those steps."""

    before: tuple[tuple[str, ...], ...] = ()
    command: tuple[str, ...]


SCENARIOS = {
    "a new batch": Scenario(command=_NEW),
    "a new batch side by side": Scenario(command=(*_NEW, "hydra.launcher.n_jobs=2")),
    "a batch of which nothing is run": Scenario(command=(*_NEW, "+init_trials=true")),
    "a restart of everything": Scenario(before=(_NEW,), command=("+restart={batch}",)),
    "another value": Scenario(
        before=(_NEW,), command=("+restart={batch}", "train.x=2,3", "+needed=true")
    ),
    "from a step on": Scenario(before=(_NEW,), command=("+restart={batch}", "+from=train")),
    "up to a step": Scenario(before=(_NEW,), command=("+restart={batch}", "+until=train")),
    "what is shared is made anew alone": Scenario(before=(_NEW,), command=("+restart={prepare}",)),
    "the completed of others adopted": Scenario(
        before=(_NEW,), command=("-m", "operation=study", "train.x=1,2,3", "+needed=true")
    ),
    "a trial deleted with what depends on it": Scenario(
        before=(_NEW,), command=("runs", "delete", "{train}", "--dependents", "--yes")
    ),
}


def _fill(place: Place, words: tuple[str, ...]) -> list[str]:
    runs = invariants.read_list(place)
    batch = batch_of(runs)
    ids = {run["step"]: run["id"] for run in reversed(runs) if run["step"] is not None}
    for name, run_id in (*ids.items(), ("batch", "" if batch is None else batch["id"])):
        words = tuple(word.replace(f"{{{name}}}", run_id) for word in words)
    return list(words)


def _points(origin: Place, folder: Path, words: list[str]) -> Iterator[int]:
    if FULL:
        yield from range(100_000)
        return
    total = origin.copy(folder).run(*words, fault=Fault()).points
    shutil.rmtree(folder)
    yield from range(random.randrange(_STRIDE), total, _STRIDE)


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_change_a_restart_runs_what_is_not_current_and_leaves_nothing_stale(
    name: str, tmp_path: Path, zygote: Zygote
) -> None:
    scenario = SCENARIOS[name]
    origin = graphs.make(tmp_path / "origin", zygote)
    for before in scenario.before:
        origin.run(*_fill(origin, before))
    words = _fill(origin, scenario.command) if scenario.before else list(scenario.command)
    folder = tmp_path / "copy"
    for at in _points(origin, folder, words):
        place = origin.copy(folder)
        ended = place.run(*words, status=None, fault=Fault(at=at))
        assert not ended.left, f"processes outlive the kill at {at}"
        if ended.status != -9:
            assert ended.status == 0, (at, ended)
            break
        try:
            graphs.check(place, words)
        except AssertionError as error:
            raise AssertionError(f"killed at {at}: {error}") from error
        shutil.rmtree(folder)


_TIMES = sized(1, 60)
#: About as long as the batch takes, in seconds.
_MOST_S = 1.2
_LEFT_S = 5.0


@pytest.mark.parametrize("target", TARGETS)
def test_a_part_killed_at_any_time_a_restart_runs_what_is_not_current(
    target: str, tmp_path: Path, zygote: Zygote
) -> None:
    chosen = random.Random(f"20261128 {target}")
    for _ in range(_TIMES):
        place = graphs.make(tmp_path / "copy", zygote)
        words = [*_NEW, f"hydra.launcher.n_jobs={chosen.choice([1, 2])}"]
        after_s = chosen.uniform(0.0, _MOST_S)
        told = _kill(place, words, target, after_s)
        try:
            graphs.check(place, words, failing=True)
        except AssertionError as error:
            raise AssertionError(f"{target} killed at {after_s}: {error}\n{told}") from error
        shutil.rmtree(place.folder)


def _kill(place: Place, words: list[str], target: str, after_s: float) -> str:
    """Start a command, kill what is to be killed, wait until all of it is gone; what it said."""
    pid = place.zygote.start(words, folder=place.folder, environment={"SLOW_S": "0.1"})
    time.sleep(after_s)  # the instant is what is tried
    tree: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        runner = psutil.Process(pid)
        tree = runner.children(recursive=True)
        victim = TARGETS[target](runner)
        if victim is not None:
            victim.kill()
    ended = place.zygote.wait()
    assert not ended.left
    psutil.wait_procs(tree, _LEFT_S)
    return ended.err
