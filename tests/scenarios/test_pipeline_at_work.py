"""A pipeline at work: what others may do meanwhile, and how it is brought to an end."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.pipelines import FILES, ran, started, steps
from tests.scenarios.project import TIMEOUT_S, Project, wait_until

STUDY = "operation=study"

#: Training that says that it is at work, and waits until `go` is there if HELD has its `lr`.
_WAITING = """
import os, time
project = pathlib.Path(os.environ["RUNNER_PROJECT_DIR"])
(project / f"at-work-{a.lr}").touch()
while str(a.lr) in os.environ.get("HELD", "") and not (project / "go").exists():
    time.sleep(0.02)
"""


@pytest.fixture
def study(make_project: MakeProject) -> Project:
    return make_project({**FILES, "train.py": FILES["train.py"] + _WAITING})


@contextmanager
def training(
    study: Project, *words: str, status: int = 0, held: str = "0.1 0.2"
) -> Iterator[subprocess.Popen[str]]:
    """A command of which a trial with `lr=0.1` trains while the context lasts; it ends then."""
    with study.at_work(*words, HELD=held) as process:
        wait_until((study.folder / "at-work-0.1").exists)
        yield process
        (study.folder / "go").touch()
        printed, _ = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == status, printed


# ---- the guard


def test_a_run_that_another_at_work_takes_files_from_can_be_neither_restarted_nor_deleted(
    study: Project,
) -> None:
    with training(study, "-m", STUDY, "train.lr=0.1"):
        found = steps(study)
        prepare, train = found["prepare"][0]["id"], found["train"][0]["id"]
        said = f"train {train[:8]}, which is at work, takes files from it"
        restart = study.run(f"+restart={prepare}", status=2).err
        assert f"{prepare[:8]} cannot be restarted: {said}" in restart
        delete = study.run("runs", "delete", prepare, "--dependents", "--yes", status=2).err
        assert f"{prepare[:8]} cannot be deleted: {said}" in delete
    assert [run["status"] for runs in steps(study).values() for run in runs] == ["completed"] * 4


def test_nor_by_a_restart_of_its_batch(study: Project) -> None:
    study.run("-m", STUDY, "train.lr=0.1")
    (study.folder / "at-work-0.1").unlink()
    found, batch = steps(study), study.newest("batch")["id"]
    prepare, train = found["prepare"][0]["id"], found["train"][0]["id"]
    with training(study, f"+restart={train}"):
        before = started(study)
        said = study.run(f"+restart={batch}", status=2).err
        assert f"{prepare[:8]} cannot be restarted: train {train[:8]}, which is at work" in said
        assert started(study) == before
        study.run(f"+restart={batch}", "+print_trials=true")


def test_nor_one_that_was_run_on_its_own_and_taken_into_a_batch(study: Project) -> None:
    study.run("operation=prepare", "rows=10")
    alone = study.newest("run")["id"]
    with training(study, "-m", STUDY, "train.lr=0.1", "+needed=true"):
        assert study.newest("batch")["trials"][0] == alone
        assert "which is at work" in study.run(f"+restart={alone}", status=2).err
    table = json.loads(Path(steps(study)["report"][0]["dir"], "table.json").read_text())
    assert table[0]["prepare.rows"] == 10
    said = study.run(f"+restart={alone}").err
    assert f"3 runs that take files from {alone[:8]} are out of date now" in said


def test_a_trial_is_not_restarted_alone_before_what_it_takes_from_is_completed(
    study: Project,
) -> None:
    study.run("-m", STUDY, "+init_trials=true")
    found = steps(study)
    train = study.run(f"+restart={found['train'][0]['id']}", status=2).err
    assert f"clean.txt is taken from prepare {found['prepare'][0]['id'][:8]}, which is pen" in train
    report = study.run(f"+restart={found['report'][0]['id']}", status=2).err
    assert f"runs is taken from evaluate {found['evaluate'][0]['id'][:8]}, which is pen" in report
    assert {run["status"] for runs in steps(study).values() for run in runs} == {"pending"}


# ---- ends


def test_a_stopped_pipeline_leaves_the_rest_pending_and_goes_on(study: Project) -> None:
    with study.at_work("-m", STUDY, "train.lr=0.1,0.2", HELD="0.1 0.2") as process:
        wait_until((study.folder / "at-work-0.1").exists)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    statuses = Counter(run["status"] for runs in steps(study).values() for run in runs)
    assert statuses["completed"] == 1  # prepare
    assert statuses["terminated"] in (1, 2)
    assert set(statuses) == {"completed", "terminated", "pending"}
    before, batch = started(study), study.newest("batch")["id"]
    study.run(f"+restart={batch}", "+needed=true")
    assert Counter(ran(study, before)) == {"train": 2, "evaluate": 2, "report": 1}


def test_a_stopped_trial_is_a_reason_for_what_depends_on_it(study: Project) -> None:
    words = ("-m", STUDY, "train.lr=0.1,0.2", "hydra.launcher.n_jobs=1")
    with training(study, *words, status=1):
        trial = steps(study)["train"][0]["id"]
        study.run("runs", "stop", trial)
        (study.folder / "go").touch()
    found = steps(study)
    assert [run["status"] for run in found["train"]] == ["terminated", "completed"]
    reason = f"not started: train {trial[:8]} was stopped"
    assert [run["reason"] for run in found["evaluate"]] == [reason, None]
    assert found["report"][0]["reason"] == reason


def test_after_a_failure_nothing_more_is_started_under_fail_fast(study: Project) -> None:
    study.write({"train.py": FILES["train.py"] + "assert a.lr < 1\n"})
    words = ("train.lr=2,0.1,0.2", "+fail_fast=true", "hydra.launcher.n_jobs=1")
    study.run("-m", STUDY, *words, status=1)
    found = steps(study)
    assert [run["status"] for run in found["train"]] == ["error", "pending", "pending"]
    before, batch = started(study), study.newest("batch")["id"]
    study.write({"train.py": FILES["train.py"]})
    study.run(f"+restart={batch}", "+needed=true")
    assert Counter(ran(study, before)) == {"train": 3, "evaluate": 3, "report": 1}


def test_a_worker_starts_what_is_ready_without_a_barrier_between_levels(study: Project) -> None:
    """The second model waits for nobody: what depends on the first is done meanwhile."""
    words = ("-m", STUDY, "train.lr=0.1,0.2", "hydra.launcher.n_jobs=2")
    with training(study, *words, held="0.1"):
        statuses = ["pending", "completed"]
        wait_until(lambda: [run["status"] for run in steps(study)["evaluate"]] == statuses)


def test_a_shell_of_the_batch_s_own_folder_is_no_obstacle(study: Project) -> None:
    """Links are made anew in place, whatever is there: a folder, a file, a broken link."""
    study.run("-m", STUDY, "train.lr=0.1")
    batch, evaluate = study.newest("batch")["id"], Path(steps(study)["evaluate"][0]["dir"])
    (evaluate / "model.txt").unlink()
    (evaluate / "model.txt").mkdir()
    (evaluate / "model.txt" / "mine").touch()
    (evaluate / "data.txt").unlink()
    (evaluate / "data.txt").symlink_to("nowhere")
    study.run(f"+restart={batch}", "+from=evaluate")
    assert (evaluate / "model.txt").is_symlink()
    assert (evaluate / "data.txt").read_text() == "x\n" * 10
