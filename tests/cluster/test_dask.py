"""Batches on a Dask cluster of one scheduler and two workers."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cluster.dask import DEATHS, Cluster, dask_cluster, end_of, worker_of
from tests.hydra.program import SWEEPER, Program
from tests.scenarios.project import wait_until


@pytest.fixture(autouse=True)
def _two_workers(cluster: Cluster) -> None:
    cluster.have(2)


def starts(project: Program) -> list[list[str]]:
    """Of each start of a trial: its `x`, its pid, and whether it was told to be a restart."""
    return [line.split() for line in project.text("starts").splitlines()]


def test_a_lost_worker_gives_its_trial_back_and_every_trial_is_completed_once(
    cluster: Cluster, project: Program
) -> None:
    words = ("-m", *cluster.words, "operation=script,function,command", "x=1,2", "wait=true")
    with project.at_work(*words) as process:
        wait_until(lambda: len(starts(project)) == 2)
        (lost, pid, _), (kept, _, _) = starts(project)
        psutil.Process(worker_of(int(pid))).kill()
        wait_until(lambda: not psutil.pid_exists(int(pid)))
        (project.folder / "go").touch()
        status, printed = end_of(process)
    assert status == 0, printed
    assert printed[-1].endswith("6 trials, 6 completed")
    assert "was run again: the worker at it was lost" in "\n".join(printed)
    assert Counter(x for x, _, _ in starts(project)) == {lost: 4, kept: 3}
    assert [again for _, _, again in starts(project)].count("1") == 1
    trials = project.trials()
    assert [trial["status"] for trial in trials] == ["completed"] * 6
    assert [trial["operation"] for trial in trials] == [
        name for name in ("work.py", "lib.work", sys.executable) for _ in range(2)
    ]
    for trial in trials:
        log = Path(trial["dir"], ".runner/output.log").read_text()
        assert log == f"at work on {trial['flags']['x']}\n"
        assert (Path(trial["dir"]) / ".hydra" / "config.yaml").exists()


def test_failures_timeouts_and_retries_are_as_on_one_machine(
    cluster: Cluster, project: Program
) -> None:
    printed = project.terminal(
        *("-m", *cluster.words, "then=exit 3,sleep 60,fail 1,exit 0"),
        *("+timeout=3", "+retries=1"),
        status=1,
    )
    found = {
        trial["flags"]["then"]: (trial["status"], trial["exit_status"])
        for trial in project.trials()
    }
    assert found == {
        "exit 3": ("error", 3),
        "sleep 60": ("error", 124),
        "fail 1": ("completed", 0),
        "exit 0": ("completed", 0),
    }
    assert len(starts(project)) == 4 + 3
    assert any("failed: timeout after 3 s (log: runs/" in line for line in printed)


def test_after_a_failure_nothing_more_is_handed_out_under_fail_fast(
    cluster: Cluster, project: Program
) -> None:
    words = ("-m", *cluster.words, "hydra.launcher.n_jobs=1", "+fail_fast=true")
    printed = project.terminal(*words, "x=range(1,9)", "then=exit 1", status=1)
    assert project.statuses("x") == {1: "error", **dict.fromkeys(range(2, 9), "pending")}
    assert sum(line.startswith("Running") for line in printed) == 1


def test_an_interrupt_stops_what_runs_wherever_it_runs(cluster: Cluster, project: Program) -> None:
    words = ("-m", *cluster.words, "x=range(1,5)", "wait=true")
    with project.at_work(*words) as process:
        wait_until(lambda: len(starts(project)) == 2)
        process.send_signal(signal.SIGINT)
        status, printed = end_of(process)
    assert status == 130, printed
    assert sorted(project.statuses("x").values()) == ["pending"] * 2 + ["terminated"] * 2
    assert not any(psutil.pid_exists(int(pid)) for _, pid, _ in starts(project))
    assert project.newest("batch")["status"] == "terminated"


@pytest.mark.long
def test_a_second_interrupt_ends_at_once_what_does_not_heed_the_first(
    cluster: Cluster, project: Program
) -> None:
    script = "trap '' INT TERM; echo 0 $$ 0 >> $RUNNER_PROJECT_DIR/starts; sleep 60"
    project.write({"stubborn.sh": script})
    words = ("operation=command", "operation.command=[sh,stubborn.sh]", "x=1,2")
    more = ("operation.requires=[stubborn.sh]", "hydra.launcher.interrupt_grace_s=60")
    with project.at_work("-m", *cluster.words, *words, *more) as process:
        wait_until(lambda: len(starts(project)) == 2)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        wait_until(lambda: process.stdout.readline().startswith("Stopping"))
        process.send_signal(signal.SIGINT)
        status, printed = end_of(process)
    assert status == 130, printed
    assert list(project.statuses("x").values()) == ["terminated"] * 2
    assert not any(psutil.pid_exists(int(pid)) for _, pid, _ in starts(project))


def test_trials_end_with_the_runner_that_handed_them_out_and_go_on_with_the_next(
    cluster: Cluster, project: Program
) -> None:
    words = ("-m", *cluster.words, "operation=function,script", "x=1,2", "wait=true")
    with project.at_work(*words) as process:
        wait_until(lambda: len(starts(project)) == 2)
        process.kill()
        process.wait()
    pids = [int(pid) for _, pid, _ in starts(project)]
    wait_until(lambda: not any(map(psutil.pid_exists, pids)))
    wait_until(lambda: "running" not in project.statuses("x").values())
    assert Counter(trial["status"] for trial in project.trials()) == {"terminated": 2, "pending": 2}
    (project.folder / "go").touch()
    batch = project.newest("batch")["id"]
    printed = project.terminal(f"+restart={batch}", "+needed=true")
    assert printed[-1].endswith("4 trials, 4 completed")
    assert len(starts(project)) == 2 + 4


@pytest.mark.long
def test_a_trial_that_kills_its_workers_ends_as_an_error(
    cluster: Cluster, project: Program
) -> None:
    cluster.have(DEATHS + 1)
    printed = project.terminal("-m", *cluster.words, "then=kill 1,exit 0", status=1)
    assert printed[-1].split(": ", 1)[1].startswith("2 trials, 1 completed, 1 failed")
    assert len(starts(project)) == DEATHS + 1
    killer = project.trials()[0]
    assert (killer["status"], killer["exit_status"]) == ("error", None)
    assert f"failed: the worker at it was lost {DEATHS} times in a row" in "\n".join(printed)


def test_a_worker_that_does_not_see_the_store_is_told_before_anything_runs(
    cluster: Cluster, project: Program
) -> None:
    # A path that leads each process to a folder of its own.
    store = "hydra.sweeper.store=/proc/self/cwd/runs"
    before = project.tree()
    result = project.run("-m", *cluster.words, store, "x=1,2", status=2)
    (line,) = result.said
    assert line.startswith("runner: the worker tcp://127.0.0.1:")
    assert "does not see the store: /proc/self/cwd is not the same folder on host" in line
    assert project.tree() == before
    assert result.out == ""


@pytest.mark.long
def test_a_function_is_looked_for_on_the_cluster(cluster: Cluster, project: Program) -> None:
    words = ("-m", *cluster.words, "operation=function", "operation.function=lib.gone", "x=1,2")
    (line,) = project.run(*words, status=2).said
    assert line.startswith("runner: function lib.gone cannot be imported: AttributeError: ")
    assert not project.store.exists()


PROGRAM = """
    import os
    from dataclasses import dataclass, field
    import hydra
    from hydra.core.config_store import ConfigStore
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    @dataclass
    class Model:
        depth: int = 3

    @dataclass
    class Config:
        lr: float = 0.1
        model: Model = field(default_factory=Model)
        twice: float = "${double:${lr}}"

    OmegaConf.register_new_resolver("double", lambda value: 2 * value)
    ConfigStore.instance().store(name="config", node=Config)
    OFFSET = 1

    @hydra.main(version_base="1.3", config_path=None, config_name="config")
    def main(cfg):
        print("ppid", os.getppid(), HydraConfig.get().job.num, cfg.twice)
        print(f"step=3 val={cfg.lr}")
        if cfg.model.depth == 5:
            raise ValueError("too deep")
        return cfg.twice + OFFSET

    if __name__ == "__main__":
        main()
    """


def test_a_hydra_program_of_main_alone_runs_on_the_cluster(
    cluster: Cluster, tmp_path: Path
) -> None:
    program = Program(tmp_path)
    program.write({"train.py": PROGRAM})
    words = (SWEEPER, "hydra/launcher=runner", *cluster.words)
    result = program.python("train.py", "-m", *words, "lr=1,2", "model.depth=4,5", status=1)
    trials = program.trials()
    assert [(trial["status"], trial["result"]) for trial in trials] == [
        ("completed", 3.0),
        ("error", None),
        ("completed", 5.0),
        ("error", None),
    ]
    last = [{name: each["last"] for name, each in trial["scalars"].items()} for trial in trials]
    assert last == [{"val": 1, "result": 3}, {"val": 1}, {"val": 2, "result": 5}, {"val": 2}]
    shown: list[Any] = [line.split() for line in result.lines]
    servers = {int(words[1]) for words in shown if words[0] == "ppid"}
    workers = {worker.pid for worker in cluster.workers}
    assert {psutil.Process(server).ppid() for server in servers} <= workers
    assert "ValueError: too deep" in result.err
    jobs = sorted(tmp_path.glob("multirun/*/*/[0-9]/.hydra/overrides.yaml"))
    assert [path.parent.parent.name for path in jobs] == ["0", "1", "2", "3"]


def test_a_program_that_cannot_be_pickled_is_a_mistake(cluster: Cluster, tmp_path: Path) -> None:
    program = Program(tmp_path)
    text = PROGRAM.replace("OFFSET = 1", "import threading; OFFSET = threading.Lock()")
    program.write({"train.py": text})
    words = (SWEEPER, "hydra/launcher=runner", *cluster.words, "lr=1,2")
    said = program.python("train.py", "-m", *words, status=2).said
    assert said[-1].startswith("runner: hydra.launcher.backend: the program cannot be sent to")
    assert not program.store.exists()


@pytest.mark.long
def test_a_cluster_without_workers_is_a_mistake(project: Program, tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with dask_cluster(folder) as own:
        (line,) = project.run("-m", *own.words, "x=1,2", status=2).said
    assert line.startswith(f"runner: the Dask cluster at {own.file} has no workers: start some")
    assert not project.store.exists()


@pytest.mark.long
def test_a_scheduler_that_is_gone_ends_the_batch(project: Program, tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with dask_cluster(folder) as own:
        own.have(2)
        with project.at_work("-m", *own.words, "x=1,2,3", "wait=true") as process:
            wait_until(lambda: len(starts(project)) == 2)
            os.kill(_scheduler(own), signal.SIGKILL)
            status, printed = end_of(process)
    assert status == 1
    assert any("the Dask scheduler is gone" in line for line in printed)
    pids = [int(pid) for _, pid, _ in starts(project)]
    wait_until(lambda: not any(map(psutil.pid_exists, pids)))
    assert "running" not in project.statuses("x").values()


def _scheduler(cluster: Cluster) -> int:
    (found,) = (
        child.pid
        for child in psutil.Process().children()
        if "distributed.cli.dask_scheduler" in child.cmdline()
        and str(cluster.file) in child.cmdline()
    )
    return found


def test_scalars_are_kept_as_on_one_machine(cluster: Cluster, project: Program) -> None:
    report = (
        "x = 0\nprint(f'loss: {x}')\nfrom hydra_sweep_runner import report\nreport(acc=x / 2)\n"
    )
    project.write(
        {
            "conf/operation/report.yaml": "# @package _global_\noperation: {script: report.py}\n",
            "conf/operation/result.yaml": "# @package _global_\noperation: {function: res.give}\n",
            "report.py": report,
            "res.py": "def give(x):\n    return {'loss': x, 'acc': x / 2}\n",
            "conf/config.yaml": "defaults: [{operation: report}, _self_]\nx: 0\n",
        }
    )
    project.run("-m", *cluster.words, "operation=report,result", "x=3,4")
    for trial in project.trials():
        x = trial["flags"]["x"]
        assert {name: each["last"] for name, each in trial["scalars"].items()} == {
            "loss": x,
            "acc": x / 2,
        }
