"""A command is a process of its own, with all that descends from it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hydra_sweep_runner.execute.task import Hint
from hydra_sweep_runner.model import Status
from tests.execute.world import World, outcomes_of


def test_a_command_runs_without_a_shell(world: World) -> None:
    run = world.end(world.command("printf", "%s|", "a b", "$HOME", "*"))
    assert (run.state.status, world.log(run)) == (Status.COMPLETED, "a b|$HOME|*|")


@pytest.mark.parametrize(
    ("argv", "status", "reason"),
    [
        (["sh", "-c", "exit 3"], 3, "exit status 3"),
        (["sh", "-c", "kill -9 $$"], 137, "killed by signal 9 (SIGKILL), perhaps out of memory"),
        (["no-such-command", "x"], 127, "command not found: no-such-command"),
        (["./nothing.sh"], 127, "command not found: ./nothing.sh"),
        (["/etc/hostname"], 126, "command not executable: /etc/hostname"),
        (["/"], 126, "command not executable: /"),
        (["printf", "a\0b"], 126, "cannot start printf: invalid argument"),
        (["printf", "x" * 200_000], 126, "cannot start printf: argument list too long"),
    ],
)
def test_how_a_command_failed_is_told(
    world: World, argv: list[str], status: int, reason: str
) -> None:
    run = world.end(world.command(*argv))
    assert (run.state.exit_status, run.state.reason) == (status, reason)
    assert run.state.status is Status.ERROR


def test_a_working_folder_that_is_gone_is_told(world: World) -> None:
    run = world.end(world.command("true", working_dir="/nowhere"))
    assert (run.state.status, run.state.reason) == (Status.ERROR, "its working folder is gone")


def test_a_command_finds_what_it_requires_and_its_environment(world: World) -> None:
    world.write("train.sh", "echo $RUNNER_RUN_ID $PYTHONUNBUFFERED $BASE\n")
    task = world.command("sh", "train.sh", requires=("train.sh",))
    environment = {"PATH": os.environ["PATH"], "BASE": "base"}
    run = world.end(task, environment=environment)
    assert world.log(run) == f"{run.id} 1 base\n"


def test_hydras_files_are_in_the_runs_folder(world: World) -> None:
    run = world.end(world.command("ls", ".hydra"))
    assert world.log(run).split() == ["config.yaml", "hydra.yaml", "overrides.yaml"]


def test_a_command_inherits_no_descriptors_and_ignores_no_signals(
    world: World, tmp_path: Path
) -> None:
    with (tmp_path / "lock").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        script = "ls -l /proc/self/fd; grep SigIgn /proc/self/status"
        log = world.log(world.end(world.shell(script)))
    assert "lock" not in log
    assert "socket" not in log
    ignored = int(log.split("SigIgn:")[1], 16)
    assert ignored & 0x7FFFFFFF == 0  # beyond 31 are those that the C library keeps to itself


def test_locks_of_the_runner_are_not_held_by_its_children(world: World) -> None:
    task = world.shell("sleep 30 & sleep 0.3")
    with world.store.claim(task.run.id), world.executor() as executor:
        outcomes_of(executor, task)
    with world.store.claim(task.run.id):
        pass


def test_what_a_trial_leaves_behind_in_its_group_is_killed(world: World) -> None:
    began = time.monotonic()
    run = world.end(world.shell("sleep 60 & echo $!"))
    assert run.state.status is Status.COMPLETED
    assert time.monotonic() - began < 10
    pid = int(world.log(run))
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()


def test_a_descendant_in_another_session_that_holds_the_pipe_is_not_waited_for(
    world: World,
) -> None:
    began = time.monotonic()
    run = world.end(world.shell("setsid sh -c 'sleep 8' & sleep 0.1; echo done"))
    assert time.monotonic() - began < 5
    assert world.log(run) == "done\n"


def test_a_trial_that_closes_its_output_is_waited_for(world: World) -> None:
    run = world.end(world.shell("echo a; exec >&- 2>&-; sleep 0.3; exit 4"))
    assert (world.log(run), run.state.exit_status) == ("a\n", 4)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_flood_of_output_is_kept_whole(world: World, n_jobs: int) -> None:
    run = world.end(world.shell("yes 0123456789 | head -c 30000000"), n_jobs=n_jobs)
    assert (world.folder(run) / ".runner/output.log").stat().st_size == 30_000_000
    if n_jobs == 1:
        assert sum(len(data) for _, data in world.reporter.pieces) == 30_000_000
    else:
        assert sum(len(data) for _, data in world.reporter.blocks[0]) == 30_000_000


def test_output_that_is_no_text_passes_unchanged(world: World) -> None:
    run = world.end(world.command("printf", r"\377\000\r\n"))
    assert (world.folder(run) / ".runner/output.log").read_bytes() == b"\xff\x00\r\n"


def test_the_reason_of_a_failed_command_has_its_last_error_and_nothing_that_it_printed(
    world: World,
) -> None:
    def reason_of(text: str) -> str | None:
        return world.execute(world.shell(text))[0].run.state.reason

    assert reason_of("echo loss: 1; echo no good >&2; echo 3; exit 4") == "exit status 4: no good"
    assert reason_of("echo no good; exit 4") == "exit status 4"
    assert reason_of("echo fine >&2; exit 0") is None


def test_a_missing_file_gets_a_hint(world: World) -> None:
    outcome = world.execute(world.command("cat", "data.csv"))[0]
    assert outcome.run.state.reason == "exit status 1: cat: data.csv: No such file or directory"
    assert outcome.hint is not None
    assert outcome.hint.line.startswith("a file was not found: the trial works in ")
    assert world.execute(world.shell("exit 1"))[0].hint is None


def test_a_missing_file_that_is_in_the_project_is_named(world: World) -> None:
    world.write("data.csv", "1\n")
    world.write("sets/train.csv", "1\n")
    for path, named in (("data.csv", "data.csv"), ("sets/train.csv", "sets")):
        task = world.command("cat", path)
        assert world.execute(task)[0].hint == Hint(
            f"{named} is in the project, and the trial works in {task.working_dir}", lacks=named
        )
    elsewhere = world.execute(world.command("cat", "elsewhere.csv"))[0].hint
    assert elsewhere is not None and elsewhere.in_yaml and elsewhere.lacks is None
    assert elsewhere.line.endswith("in operation.requires; a restart takes that by +refresh=true")


def test_a_missing_file_of_a_folder_that_is_linked_already_is_told_as_such(world: World) -> None:
    world.write("sets/train.csv", "1\n")
    task = world.command("cat", "sets/nosuch.csv", requires=("sets",))
    path = world.project / "sets" / "nosuch.csv"
    hint = Hint(f"sets/nosuch.csv is not there: {path} does not exist")
    assert world.execute(task)[0].hint == hint


def test_a_file_that_was_missed_before_the_traceback_is_no_cause(world: World) -> None:
    traceback = "Traceback (most recent call last):\\n  File x\\nValueError: 1\\n"
    text = f"exec 2>&1; cat elsewhere.csv; printf '{traceback}'; exit 1"
    assert world.execute(world.shell(text))[0].hint is None


def test_where_a_trial_works_in_the_project_nothing_is_to_be_named(world: World) -> None:
    text = "cat elsewhere.csv; echo \"No module named 'helper'\"; exit 1"
    world.write("helper.py", "")
    assert world.execute(world.shell(text))[0].hint is not None
    in_project = replace(world.shell(text), working_dir=str(world.project))
    assert world.execute(in_project)[0].hint is None
