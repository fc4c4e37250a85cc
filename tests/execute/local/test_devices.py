"""Devices, spaced starts, and threads that share the processors."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.local import threads
from hydra_sweep_runner.execute.local.devices import check_devices
from hydra_sweep_runner.execute.local.jobs import check_stagger, resolve_n_jobs
from hydra_sweep_runner.model import Status
from hydra_sweep_runner.system.clock import now
from tests.execute.world import Made, World, outcomes_of

HOLDS = """
    import os
    import time
    from pathlib import Path

    def hold(n):
        device = os.environ["CUDA_VISIBLE_DEVICES"]
        lock = Path(f"../../device-{device}")
        lock.mkdir()  # fails if another trial has the device
        time.sleep(0.02)
        lock.rmdir()
        return [os.getpid(), device]
"""

SHELL = (
    "mkdir ../../device-$CUDA_VISIBLE_DEVICES && sleep 0.02 && "
    "rmdir ../../device-$CUDA_VISIBLE_DEVICES"
)


def test_two_trials_at_work_never_have_the_same_device(world: World) -> None:
    world.write("lib.py", HOLDS)
    tasks = [world.function("lib.hold", n=n) for n in range(12)]
    tasks += [world.shell(SHELL) for _ in range(8)]
    runs = world.ends(*tasks, n_jobs=3, devices=("0", "1", "GPU-a"))
    assert {run.state.status for run in runs} == {Status.COMPLETED}
    seen: list[Any] = [run.result.value for run in runs[:12] if run.result is not None]
    assert {device for _, device in seen} == {"0", "1", "GPU-a"}
    # A process keeps its device: libraries look for devices once.
    assert len({pid for pid, _ in seen}) == len({(pid, device) for pid, device in seen}) == 3


def test_without_devices_the_environment_says_what_it_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    run = world.end(world.shell("echo $CUDA_VISIBLE_DEVICES"))
    assert world.log(run) == "5\n"


def test_as_many_trials_run_as_there_are_devices() -> None:
    assert resolve_n_jobs(None, ("0", "1", "2", "3", "4")) == 5
    assert resolve_n_jobs(1, ("0", "1")) == 1
    with pytest.raises(Mistake, match="n_jobs=3: there are 2 devices"):
        resolve_n_jobs(3, ("0", "1"))


@pytest.mark.parametrize(
    ("value", "devices"),
    [(None, ()), ([0, 1], ("0", "1")), (["GPU-a"], ("GPU-a",)), (["0,1", "2, 3"], ("0,1", "2,3"))],
)
def test_devices_are_a_list(value: object, devices: tuple[str, ...]) -> None:
    assert check_devices(value) == devices


@pytest.mark.parametrize("value", [[], 2, "0,1", [0, 0], [0, "0"], [True], [-1], [""], [["0"]]])
def test_what_is_none_is_a_mistake(value: object) -> None:
    with pytest.raises(Mistake, match=r"hydra\.launcher\.devices="):
        check_devices(value)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_starts_are_spaced(world: World, n_jobs: int) -> None:
    runs = world.ends(*(world.shell("true") for _ in range(4)), n_jobs=n_jobs, stagger_s=0.15)
    started = [run.state.started for run in runs if run.state.started is not None]
    gaps = [after - before for before, after in pairwise(started)]
    assert len(gaps) == 3
    assert min(gaps) >= timedelta(seconds=0.149)


def test_a_clock_that_is_late_brings_no_starts_together(world: World) -> None:
    late_s: list[float] = []

    def clock() -> datetime:
        time.sleep(late_s.pop(0) if late_s else 0.0)
        return now()

    with world.executor(stagger_s=0.15, clock=clock) as executor:
        late_s[:] = [0.1]  # of the first start
        first, second = outcomes_of(executor, world.shell("true"), world.shell("true"))
    assert first.run.state.started is not None and second.run.state.started is not None
    assert second.run.state.started - first.run.state.started >= timedelta(seconds=0.149)


def test_nobody_waits_for_a_start_when_the_user_stops(world: World) -> None:
    with world.executor(stagger_s=3600.0) as executor:
        source = Made(lambda _: world.shell("true"))
        source.on_end = executor.stop
        executor.run(source)
    assert len(source.outcomes) == 1


@pytest.mark.parametrize("value", [-1, "x", float("nan"), float("inf"), True])
def test_what_is_no_time_between_starts_is_a_mistake(value: object) -> None:
    with pytest.raises(Mistake, match=r"hydra\.launcher\.stagger_s="):
        check_stagger(value)


def test_trials_share_the_processors() -> None:
    assert threads.limits({}, n_jobs=2, processors=8) == dict.fromkeys(threads.VARIABLES, "4")
    assert threads.limits({}, n_jobs=16, processors=8)["OMP_NUM_THREADS"] == "1"
    assert threads.limits({}, n_jobs=1, processors=8) == {}


def test_what_the_user_has_set_stays() -> None:
    assert threads.limits({"OMP_NUM_THREADS": "3"}, n_jobs=2, processors=8) == {}
    limits = threads.limits({"MKL_NUM_THREADS": "3"}, n_jobs=2, processors=8)
    assert "MKL_NUM_THREADS" not in limits
    assert limits["OMP_NUM_THREADS"] == "4"


def test_every_kind_of_trial_finds_the_limits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in threads.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("hydra_sweep_runner.execute.local.executor.processors", lambda: 6)
    world.write("lib.py", "import os\ndef f(): return os.environ['OMP_NUM_THREADS']\n")
    function, command = world.function("lib.f"), world.shell("echo $OPENBLAS_NUM_THREADS")
    script = world.script("import os\nprint(os.environ['MKL_NUM_THREADS'])\n")
    runs = world.ends(function, command, script, n_jobs=3)
    assert runs[0].result is not None
    assert runs[0].result.value == "2"
    assert [world.log(run) for run in runs[1:]] == ["2\n", "2\n"]


def test_libraries_that_a_worker_inherits_are_limited_too(world: World) -> None:
    pytest.importorskip("numpy")
    threadpoolctl = pytest.importorskip("threadpoolctl")
    if not threadpoolctl.threadpool_info():
        pytest.skip("numpy brings no library with threads of its own")
    world.write(
        "lib.py",
        """
        def f():
            import threadpoolctl
            return [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
        """,
    )
    run = world.ends(world.function("lib.f"), world.shell("true"), n_jobs=2)[0]
    assert run.result is not None
    assert json.dumps(run.result.value) == json.dumps([1] * len(run.result.value))
