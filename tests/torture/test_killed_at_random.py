"""A part of a batch at work is killed at some instant: the runner, a worker, a trial, …"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.torture.projects import Place
from tests.torture.scenarios import Scenario, check
from tests.torture.size import sized
from tests.torture.zygote import Zygote

_TIMES = sized(4, 300)
#: About as long as the whole batch takes, in seconds.
_MOST_S = 1.0
#: How long what is killed may leave processes behind.
_LEFT_S = 5.0
_NOT_IMPORTED = "cannot be imported: killed by signal 9"

COMMANDS = {
    "functions": ("-m", "x=1,2,3,4", "hydra.launcher.n_jobs=2"),
    "scripts": ("-m", "x=1,2,3,4", "hydra.launcher.n_jobs=2", "operation=script"),
    "one by one": ("-m", "x=1,2"),
}


def _server(runner: psutil.Process) -> psutil.Process | None:
    """The process that starts the trials: a child of the runner in a session of its own."""
    return next((child for child in runner.children() if os.getsid(child.pid) == child.pid), None)


def _child(runner: psutil.Process) -> psutil.Process | None:
    """A worker, or a trial's process, whatever there is."""
    server = _server(runner)
    return None if server is None else next(iter(server.children()), None)


#: Whom to kill of what a runner is made of; its process group is that without the server.
TARGETS: dict[str, Callable[[psutil.Process], psutil.Process | None]] = {
    "runner": lambda runner: runner,
    "group": lambda runner: runner,
    "server": _server,
    "worker or trial": _child,
}


def _attempts() -> Iterator[tuple[str, str, float]]:
    chosen = random.Random(20240229)
    for number in range(_TIMES):
        target = list(TARGETS)[number % len(TARGETS)]
        yield target, chosen.choice(list(COMMANDS)), chosen.uniform(0.0, _MOST_S)


@pytest.mark.parametrize("target", TARGETS)
def test_killed_at_any_time_nothing_completed_is_lost_and_nothing_goes_on(
    target: str, tmp_path: Path, zygote: Zygote
) -> None:
    origin = Place.make(tmp_path / "origin", zygote)
    for name, command, after_s in _attempts():
        if name != target:
            continue
        words = COMMANDS[command]
        place = origin.copy(tmp_path / "copy")
        told = _kill(place, words, target, after_s)
        try:
            scenario = Scenario(command=words, returning=command != "scripts")
            failing = target in ("worker or trial", "server")
            check(scenario, origin, place, list(words), failing=failing)
        except AssertionError as error:
            where = f"{command}, {target} killed at {after_s}"
            raise AssertionError(f"{where}: {error}\n{told}") from error
        shutil.rmtree(place.folder)


def _kill(place: Place, words: tuple[str, ...], target: str, after_s: float) -> str:
    """Start a command, kill what is to be killed, and wait until all of it is gone; what it
    said."""
    pid = place.zygote.start(words, folder=place.folder, environment={"SLOW_S": "0.1"})
    time.sleep(after_s)  # the instant is what is tried
    tree: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        runner = psutil.Process(pid)
        tree = runner.children(recursive=True)
        victim = TARGETS[target](runner)
        if target == "group":
            os.killpg(pid, signal.SIGKILL)
        elif victim is not None:
            victim.kill()
    ended = place.zygote.wait()
    assert not ended.left
    # A worker that is killed while it imports the function: nothing has been begun then.
    refused = ended.status == 2 and target == "worker or trial" and _NOT_IMPORTED in ended.err
    assert refused or ended.status in (0, 1, -9), ended
    psutil.wait_procs([process for process in tree if _is_there(process)], _LEFT_S)
    assert not [process for process in tree if _is_there(process)]
    return ended.err


def _is_there(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
