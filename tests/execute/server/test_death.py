"""Whoever dies, runner or fork server, no trial outlives it by more than seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import RunnerError
from hydra_sweep_runner.execute.local.executor import LocalExecutor
from hydra_sweep_runner.execute.server.client import ServerDied
from hydra_sweep_runner.execute.source import Next
from hydra_sweep_runner.model import Status
from tests.execute.world import Made, World, outcomes_of

RUNNER = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.execute.world import World
import tests.execute.world as w
world = World(Path(sys.argv[2]))
world.write("lib.py", '''
import os, subprocess, time
def f(mark):
    child = subprocess.Popen(["sleep", "61"])
    open(mark + ".part", "w").write(f"{os.getpid()} {os.getppid()} {child.pid}")
    os.rename(mark + ".part", mark)
    time.sleep(60)
''')
mark = str(world.project / "mark")
kind = sys.argv[3]
if kind == "function":
    task = world.function("lib.f", mark=mark)
elif kind in ("script", "preloaded script"):
    task = world.script("mark = 0\\nfrom lib import f\\nf(mark)", mark=mark)
    if kind != "script":
        task = replace(task, call=replace(task.call, preload=("json",)))
else:
    script = "trap '' TERM INT; sleep 61 & echo $$ $PPID $! > m; mv m %s; wait; wait; sleep 9"
    if kind == "session":
        script = script.replace("sleep 61", "setsid sleep 61")
    task = world.shell(script % mark)
print(task.run.id, flush=True)
world.execute(task, task, n_jobs=int(sys.argv[4]))
"""


# Linux tells what descends from what, so that what has a session of its own is found.
SESSION = pytest.param(
    "session",
    marks=pytest.mark.skipif(
        sys.platform != "linux", reason="Linux alone finds those in sessions of their own"
    ),
)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it may end between opening and reading
        return False


def start(tmp_path: Path, kind: str, n_jobs: int = 1) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A runner in a process group of its own; its trial's pid, the server's, a grandchild's."""
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, root, str(tmp_path), kind, str(n_jobs)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    mark = tmp_path / "project" / "mark"
    deadline = time.monotonic() + 30
    while not mark.exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    return process, [int(pid) for pid in mark.read_text().split()]


def wait_until_gone(pids: list[int], within_s: float = 4.0) -> None:
    """Fail unless all processes are gone in time."""
    deadline = time.monotonic() + within_s
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, [pid for pid in pids if alive(pid)]
        time.sleep(0.02)


@pytest.mark.parametrize("kind", ["function", "script", "command", SESSION])
def test_when_the_runners_process_group_is_killed_its_trials_die(tmp_path: Path, kind: str) -> None:
    process, pids = start(tmp_path, kind)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_until_gone(pids)


def test_when_the_runner_alone_is_killed_its_trials_die(tmp_path: Path) -> None:
    process, pids = start(tmp_path, "function", n_jobs=2)
    process.kill()
    process.wait()
    wait_until_gone(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does it")
@pytest.mark.parametrize("kind", ["function", "script", "preloaded script", "command"])
def test_when_runner_and_server_are_killed_at_once_the_trials_die_with_what_they_have_started(
    tmp_path: Path, kind: str
) -> None:
    process, (trial, server, grandchild) = start(tmp_path, kind)
    os.kill(server, signal.SIGSTOP)
    process.kill()
    process.wait()
    os.kill(server, signal.SIGKILL)
    wait_until_gone([trial, server, grandchild])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_when_the_server_dies_the_runner_says_so_and_ends(world: World, n_jobs: int) -> None:
    task = world.shell("echo $PPID; echo $$ > pid; sleep 60")
    source = Made(lambda number: world.shell("sleep 0.05") if number else task)
    with world.executor(n_jobs=n_jobs) as executor:
        mark = world.folder(task.run) / "pid"
        killer = subprocess.Popen(
            [
                "sh",
                "-c",
                f"until test -s {mark}; do sleep 0.05; done; kill -9 {server_of(executor)}",
            ]
        )
        with pytest.raises(RunnerError, match="the process that starts the trials has died"):
            executor.run(source)
        killer.wait()
    state = world.store.read(task.run.id).state
    assert state.status is Status.TERMINATED
    assert state.reason == "the process that starts the trials has died"
    wait_until_gone([int(mark.read_text())])


def test_a_server_that_dies_while_a_function_is_imported_is_no_mistake_in_it(
    world: World,
) -> None:
    world.write("lib.py", "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)\n")
    with world.executor() as executor, pytest.raises(ServerDied):
        executor.probe("lib.f", str(world.project))


WITH_A_HELPER = """
import subprocess
HELPER = subprocess.Popen(["sleep", "600"])
def f(x):
    return HELPER.pid
"""


def beside_an_idle_worker(
    world: World, executor: LocalExecutor, act: Callable[[int, int], None]
) -> Made:
    """A source of two functions. When the first has ended, `act` is called with the pids of the
    server and of the idle worker, and the worker's end is waited for."""
    world.write("lib.py", WITH_A_HELPER)
    first = world.function("lib.f", x=1)

    def make(number: int) -> Next:
        if number == 0:
            return first
        (worker,) = executor._workers._free
        act(server_of(executor), worker.child.pid or 0)
        wait_until_gone([worker.child.pid or 0])
        return world.function("lib.f", x=2)

    return Made(make)


def wait_until_its_helper_is_gone(world: World, source: Made) -> None:
    result = world.store.read(source.outcomes[0].run.id).result
    assert result is not None
    wait_until_gone([int(str(result.value))])


def test_when_the_server_dies_beside_an_idle_worker_what_that_has_started_ends(
    world: World,
) -> None:
    with world.executor() as executor, pytest.raises(RunnerError):
        source = beside_an_idle_worker(
            world, executor, lambda server, worker: os.kill(server, signal.SIGKILL)
        )
        executor.run(source)
    wait_until_its_helper_is_gone(world, source)


def test_what_a_worker_has_started_ends_though_the_server_dies_with_the_order_to_end_it(
    world: World,
) -> None:
    def act(server: int, worker: int) -> None:
        os.kill(server, signal.SIGSTOP)
        os.kill(worker, signal.SIGKILL)

    with world.executor() as executor, pytest.raises(ServerDied):
        source = beside_an_idle_worker(world, executor, act)
        source.on_ready = lambda: (
            len(source.told) > 2 and os.kill(server_of(executor), signal.SIGKILL)
        )
        executor.run(source)
    wait_until_its_helper_is_gone(world, source)


def server_of(executor: object) -> int:
    """The pid of an executor's fork server."""
    return int(executor._server._pid)  # type: ignore[attr-defined]


def test_signals_to_the_server_do_not_end_it(world: World) -> None:
    with world.executor() as executor:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(server_of(executor), number)
        os.kill(server_of(executor), signal.SIGQUIT)
        (outcome,) = outcomes_of(executor, world.shell("echo fine"))
    assert outcome.run.state.status is Status.COMPLETED
