"""`runner runs stop`, and the other ways to stop: what ends, what goes on, what is told."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Listed, Project, by_flag, wait_until

FILES = {
    "conf/config.yaml": """
        operation: {script: main.py}
        x: 0
        hydra: {launcher: {n_jobs: 2, interrupt_grace_s: 0.5, terminate_grace_s: 0.5}}
    """,
    "main.py": """
        import os, pathlib, signal, sys, time

        x = 0
        pathlib.Path("pid").write_text(str(os.getpid()))
        if x == 7:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        project = pathlib.Path(os.environ["RUNNER_PROJECT_DIR"])
        pathlib.Path("at_work").touch()
        while x >= 5 and not (project / "go").exists():
            time.sleep(0.02)
    """,
}


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    """A project whose script works until it is told to go, if its flag is 5 or more."""
    return make_project(FILES)


def at_work(project: Project, count: int) -> list[Listed]:
    """The runs at work, when so many are."""
    wait_until(lambda: len(list(project.store.glob("*/at_work"))) >= count)
    return [run for run in project.runs() if run["status"] == "running"]


def pids(project: Project) -> list[int]:
    return [int(path.read_text()) for path in project.store.glob("*/pid")]


def is_gone(pid: int) -> bool:
    """Whether a process has ended, though whoever adopted it may not have noticed yet."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_batch_is_stopped_from_another_terminal(project: Project) -> None:
    with project.at_work("-m", "x=5,6,8,9") as process:
        at_work(project, 2)
        batch = project.newest("batch")["id"]
        told = project.run("runs", "stop", batch[:8]).said
        # Whoever has been told that it has stopped can start it again at once.
        assert process.wait(10) == 143
        printed = process.communicate()[0].splitlines()
    assert told == [
        f"Stopping {batch[:8]}: waiting for pid {process.pid} on {os.uname().nodename}",
        f"Stopped {batch[:8]}",
    ]
    assert "Stopping: waiting for what runs (asked by `runner runs stop`)" in printed
    assert printed[-1] == (
        f"Batch {batch[:8]}: 4 trials, 2 terminated, 2 pending; "
        f"to go on: runner +restart={batch[:8]} +needed=true"
    )
    statuses = {x: run["status"] for x, run in by_flag(project.runs(), "x").items()}
    assert statuses == {5: "terminated", 6: "terminated", 8: "pending", 9: "pending"}
    shown = project.show(batch)
    assert (shown["status"], shown["exit_status"]) == ("terminated", 143)
    assert "reason: stopped by `runner runs stop`" in project.run("runs", "show", batch).lines
    assert not any(psutil.pid_exists(pid) for pid in pids(project))
    (project.folder / "go").touch()
    project.run(f"+restart={batch}", "+needed=true")


def test_one_trial_is_stopped_and_the_others_go_on(project: Project) -> None:
    with project.at_work("-m", "x=5,6,0", "+retries=2") as process:
        at_work(project, 2)
        trial = by_flag(project.runs(), "x")[6]["id"]
        assert project.run("runs", "stop", trial).said[-1] == f"Stopped {trial[:8]}"
        assert by_flag(project.runs(), "x")[5]["status"] == "running"
        (project.folder / "go").touch()
        printed = process.communicate(timeout=30)[0].splitlines()
    assert process.returncode == 1
    statuses = {x: run["status"] for x, run in by_flag(project.runs(), "x").items()}
    assert statuses == {5: "completed", 6: "terminated", 0: "completed"}
    assert f"Trial {trial[:8]} was stopped by `runner runs stop`" in printed
    assert "3 trials, 2 completed, 1 terminated; to go on:" in printed[-1]
    batch = project.newest("batch")
    assert batch["status"] == "error"
    shown = project.run("runs", "show", batch["id"]).lines
    assert "reason: 1 of 3 trials not completed" in shown


def test_a_run_is_stopped(project: Project) -> None:
    with project.at_work("x=5") as process:
        (run,) = at_work(project, 1)
        project.run("runs", "stop", run["id"])
        assert process.wait(10) == 143
        printed = process.communicate()[0].splitlines()
    assert project.show(run["id"])["status"] == "terminated"
    assert printed[-1] == f"{run['id'][:8]} was stopped by `runner runs stop`"


def test_the_graces_of_a_run_on_its_own_are_those_of_the_launchers_node(
    project: Project,
) -> None:
    with project.at_work("x=7", "hydra.launcher.interrupt_grace_s=0") as process:
        at_work(project, 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(4) == 143


def test_what_ignores_every_signal_but_the_last_is_stopped_too(project: Project) -> None:
    with project.at_work("-m", "x=7") as process:
        at_work(project, 1)
        project.run("runs", "stop", project.newest("batch")["id"])
        assert process.wait(10) == 143
    assert by_flag(project.runs(), "x")[7]["status"] == "terminated"
    assert not any(psutil.pid_exists(pid) for pid in pids(project))


def test_nothing_is_stopped_if_one_of_those_named_does_not_run(project: Project) -> None:
    project.run("x=0")
    done = project.newest("run")["id"]
    with project.at_work("-m", "x=5,6,8"):
        running = at_work(project, 2)
        before = project.runs()
        pending = by_flag(before, "x")[8]["id"]
        for other, why in (
            (done, f"runner: {done[:8]} is not running: it is completed"),
            (pending, f"runner: {pending[:8]} is not running: it is pending"),
            ("ffff0000", None),
        ):
            for words in ((other, running[0]["id"]), (running[0]["id"], other)):
                refused = project.run("runs", "stop", *words, status=2)
                assert len(refused.said) == 1
                assert why in (None, refused.said[0])
        assert list(project.store.glob("*/.runner/stop")) == []
        assert project.runs() == before


def test_who_waits_in_vain_is_told_for_whom(project: Project) -> None:
    with project.at_work("-m", "x=5") as process:
        at_work(project, 1)
        batch = project.newest("batch")["id"][:8]
        process.send_signal(signal.SIGSTOP)
        said = project.run("runs", "stop", batch, "--wait=0.3", status=1).said
        process.send_signal(signal.SIGCONT)
        owner = f"pid {process.pid} on {os.uname().nodename}"
        assert said == [
            f"Stopping {batch}: waiting for {owner}",
            f"runner: {batch} has been asked to stop and is still running after 0.3 s, at {owner}",
        ]
        assert process.wait(10) == 143  # it was asked, after all


def test_a_dead_owner_needs_not_be_waited_for(project: Project) -> None:
    with project.at_work("-m", "x=5") as process:
        at_work(project, 1)
        batch = project.newest("batch")["id"]
        process.kill()
        process.wait()
    said = project.run("runs", "stop", batch, status=2).said
    assert said == [f"runner: {batch[:8]} is not running: it is terminated"]


def test_a_run_of_another_host_is_stopped_through_the_shared_folder(project: Project) -> None:
    """Its owner is one whose process cannot be looked at from here, and whose lock does not
    show."""
    code = """
import os, sys, time
from dataclasses import replace
from pathlib import Path
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store import ownership
from hydra_sweep_runner.system.processes import this_process

store = RunStore(Path(sys.argv[1]))
run_id = sys.argv[2]
with store.claim(run_id):
    os.close(ownership._held.pop())
    run = store.read(run_id)
    process = replace(this_process(now), host="ada", boot="another")
    run = replace(run, state=lifecycle.started(run.state, process, now()))
    store.write(run)
    print("at work", flush=True)
    while not store.is_asked_to_stop(run_id):
        time.sleep(0.02)
    state = lifecycle.terminated(run.state, lifecycle.STOPPED_ON_REQUEST, now())
    store.write(replace(run, state=state))
"""
    project.run("x=0")
    run_id = project.newest("run")["id"]
    with subprocess.Popen(
        [sys.executable, "-c", code, str(project.store), run_id], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        assert project.show(run_id)["status"] == "running"
        said = project.run("runs", "stop", run_id).said
        assert owner.wait(10) == 0
    assert said == [
        f"Stopping {run_id[:8]}: waiting for pid {owner.pid} on ada",
        f"Stopped {run_id[:8]}",
    ]


# Signals


def test_the_second_interrupt_ends_at_once(make_project: MakeProject) -> None:
    config = FILES["conf/config.yaml"].replace("_s: 0.5", "_s: 600")
    project = make_project({**FILES, "conf/config.yaml": config})
    with project.at_work("-m", "x=7,5,0") as process:
        at_work(project, 2)
        os.killpg(process.pid, signal.SIGINT)
        stopped = by_flag(project.runs(), "x")[5]["id"]
        wait_until(lambda: project.show(stopped)["status"] == "terminated")
        assert by_flag(project.runs(), "x")[7]["status"] == "running"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(10) == 130
    statuses = {x: run["status"] for x, run in by_flag(project.runs(), "x").items()}
    assert statuses == {7: "terminated", 5: "terminated", 0: "pending"}
    assert not any(psutil.pid_exists(pid) for pid in pids(project))


@pytest.mark.parametrize("words", [("-m", "x=5,6"), ("x=5",)], ids=["batch", "run"])
def test_the_end_of_the_terminal_stops_as_sigterm_does(
    project: Project, words: tuple[str, ...]
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE_TERMINAL, *words],
        cwd=project.folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    at_work(project, len(words))
    os.close(ours)
    assert process.wait(30) == 129
    assert {run["status"] for run in project.runs()} == {"terminated"}
    assert not any(psutil.pid_exists(pid) for pid in pids(project))


TAKE_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from hydra_sweep_runner.cli.main import main
main()
"""


def test_under_nohup_the_end_of_the_terminal_stops_nothing(project: Project) -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    code = f"{ignoring}from hydra_sweep_runner.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "-m", "x=5"], cwd=project.folder, start_new_session=True
    ) as process:
        at_work(project, 1)
        os.killpg(process.pid, signal.SIGHUP)
        for pid in pids(project):
            os.kill(pid, signal.SIGHUP)
        (project.folder / "go").touch()
        assert process.wait(30) == 0
    assert Path(project.newest("trial")["dir"], "at_work").exists()


def test_a_batch_whose_trials_lost_their_server_is_terminated_and_goes_on_later(
    project: Project,
) -> None:
    """The process that all trials descend from is killed, as the kernel may do."""
    with project.at_work("-m", "x=5,6,8") as process:
        at_work(project, 2)
        server = psutil.Process(pids(project)[0]).parent()
        assert server is not None and server.ppid() == process.pid
        server.kill()
        printed = process.communicate(timeout=30)[0].splitlines()
    batch = project.newest("batch")
    assert process.returncode == 1
    assert printed[-2:] == [
        f"Batch {batch['id'][:8]}: 3 trials, 2 terminated, 1 pending; "
        f"to go on: runner +restart={batch['id'][:8]} +needed=true",
        "runner: the process that starts the trials has died",
    ]
    statuses = {x: run["status"] for x, run in by_flag(project.runs(), "x").items()}
    assert (batch["status"], statuses) == (
        "terminated",
        {5: "terminated", 6: "terminated", 8: "pending"},
    )
    wait_until(lambda: all(is_gone(pid) for pid in pids(project)))
    (project.folder / "go").touch()
    project.run(f"+restart={batch['id']}", "+needed=true")
