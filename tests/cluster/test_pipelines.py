"""Pipelines on a Dask cluster: as on one machine, whichever worker has a trial."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.cluster.dask import Cluster, end_of, worker_of
from tests.hydra.program import Program
from tests.scenarios.pipelines import FILES, ran, started, steps
from tests.scenarios.project import Project, wait_until

STUDY = "operation=study"

#: Training that tells where it is, and with LOOSE unset waits until somebody says `go`.
_WAITING = """
import os, time
from pathlib import Path
project = Path(os.environ["RUNNER_PROJECT_DIR"])
with open(project / "starts", "a") as file:
    file.write(f"{os.getpid()}\\n")
while not (project / "go").exists():
    time.sleep(0.02)
"""


@pytest.fixture(autouse=True)
def _two_workers(cluster: Cluster) -> None:
    cluster.have(2)


@pytest.fixture
def study(tmp_path: Path) -> Program:
    program = Program(tmp_path / "project")
    program.write(FILES)
    return program


def pids(project: Program) -> list[int]:
    """The processes of training that were started, in their order."""
    return [int(word) for word in project.text("starts").split()]


def gathered(project: Project) -> list[dict[str, object]]:
    """What the report found: the flags of each run, in their order."""
    report = steps(project)["report"][0]
    table: list[dict[str, object]] = json.loads(Path(report["dir"], "table.json").read_text())
    return table


def test_a_sweep_finds_its_inputs_and_gathers_as_on_one_machine(
    cluster: Cluster, study: Program
) -> None:
    printed = study.terminal("-m", *cluster.words, STUDY, "train.lr=0.1,0.01", "rows=3,4")
    assert printed[-1].endswith("11 trials, 11 completed")
    found = steps(study)
    assert {name: len(runs) for name, runs in found.items()} == {
        "prepare": 2,
        "train": 4,
        "evaluate": 4,
        "report": 1,
    }
    assert [(row["train.lr"], row["prepare.rows"]) for row in gathered(study)] == [
        (0.1, 3),
        (0.1, 4),
        (0.01, 3),
        (0.01, 4),
    ]
    for run in found["evaluate"]:
        upstream = study.show(run["inputs"]["model.txt"]["run"])
        assert (Path(run["dir"]) / "model.txt").resolve().parent == Path(upstream["dir"]).resolve()
        assert run["inputs"]["model.txt"]["attempt"] == 1


def test_what_depends_on_a_failed_trial_waits_and_a_restart_does_the_rest(
    cluster: Cluster, study: Program
) -> None:
    study.write({"train.py": FILES["train.py"] + "assert a.lr < 1\n"})
    printed = study.terminal("-m", *cluster.words, STUDY, "train.lr=2,0.1", status=1)
    failed = steps(study)["train"][0]
    reason = f"not started: train {failed['id'][:8]} failed"
    assert f"2 trials {reason}" in printed
    assert [run["status"] for run in steps(study)["evaluate"]] == ["pending", "completed"]
    study.write({"train.py": FILES["train.py"]})
    before, batch = started(study), study.newest("batch")["id"]
    study.run(f"+restart={batch}", "+needed=true")
    assert sorted(ran(study, before)) == ["evaluate", "report", "train"]
    assert [row["train.lr"] for row in gathered(study)] == [2, 0.1]


def test_copies_partial_gathers_and_missing_files_are_as_on_one_machine(
    cluster: Cluster, study: Program
) -> None:
    text = FILES["conf/operation/study.yaml"]
    wired = text.replace(
        "[prepare/clean.txt]", "[{clean.txt: prepare/clean.txt, copy: true}, prepare]", 1
    )
    wired = wired.replace("{runs: evaluate}", "{runs: evaluate, partial: true}")
    study.write(
        {
            "conf/operation/study.yaml": wired,
            "train.py": "import os\n" + FILES["train.py"] + 'if a.lr > 1: os.remove("model.txt")\n',
            "evaluate.sh": 'cp "$RUNNER_INPUTS" inputs.json\n' + FILES["evaluate.sh"],
        }
    )
    study.run("-m", *cluster.words, STUDY, "train.lr=2,0.1", status=1)
    found = steps(study)
    failed, train = found["train"]
    assert failed["reason"] == "it has not made model.txt, which evaluate takes from it"
    assert found["evaluate"][0]["reason"] == f"not started: train {failed['id'][:8]} failed"
    assert not Path(train["dir"], "clean.txt").is_symlink()
    assert Path(train["dir"], "prepare").is_symlink()
    said = json.loads(Path(found["evaluate"][1]["dir"], "inputs.json").read_text())
    assert said["model.txt"]["id"] == train["id"]
    assert said["model.txt"]["inputs"]["clean.txt"]["flags"] == {"rows": 10}
    assert [row["train.lr"] for row in gathered(study)] == [0.1]


@pytest.mark.long
def test_a_batch_goes_on_elsewhere_than_it_began(cluster: Cluster, study: Program) -> None:
    study.run("-m", *cluster.words, STUDY, "train.lr=0.1")
    before, batch = started(study), study.newest("batch")["id"]
    here = ("hydra.launcher.backend=null", "hydra.launcher.address=null")
    study.run(f"+restart={batch}", *here, "train.lr=0.1,0.2", "+needed=true")
    assert ran(study, before) == ["train", "evaluate", "report"]
    study.run(f"+restart={batch}", *cluster.words, "+needed=true")
    assert [row["train.lr"] for row in gathered(study)] == [0.1, 0.2]
    assert study.newest("batch")["status"] == "completed"


@pytest.mark.long
def test_a_step_s_own_limits_hold(cluster: Cluster, study: Program) -> None:
    text = FILES["conf/operation/study.yaml"]
    limits = "[prepare/clean.txt], n_jobs: 1, retries: 1, timeout: 30}"
    study.write(
        {
            "conf/operation/study.yaml": text.replace("[prepare/clean.txt]}", limits, 1),
            "train.py": FILES["train.py"]
            + "import os, sys, time\n"
            + 'taken = os.environ["RUNNER_PROJECT_DIR"] + "/taken"\n'
            + "os.mkdir(taken)\n"  # fails beside another
            + "time.sleep(0.3)\n"
            + "os.rmdir(taken)\n"
            + 'first = not os.path.exists("been")\n'
            + 'open("been", "w").close()\n'
            + "sys.exit(first)\n",
        }
    )
    study.run("-m", *cluster.words, STUDY, "train.lr=0.1,0.2,0.3")
    assert [len(run["attempts"]) for run in steps(study)["train"]] == [1, 1, 1]


def test_a_lost_worker_s_trial_is_run_again_and_taken_as_it_is_then(
    cluster: Cluster, study: Program
) -> None:
    study.write({"train.py": FILES["train.py"] + _WAITING})
    words = ("-m", *cluster.words, STUDY, "train.lr=0.1,0.2")
    with study.at_work(*words) as process:
        wait_until(lambda: len(pids(study)) == 2)
        lost = pids(study)[0]
        psutil.Process(worker_of(lost)).kill()
        wait_until(lambda: not psutil.pid_exists(lost))
        (study.folder / "go").touch()
        status, printed = end_of(process)
    assert status == 0, printed
    assert "was run again: the worker at it was lost" in "\n".join(printed)
    found = steps(study)
    assert Counter(run["status"] for runs in found.values() for run in runs) == {"completed": 6}
    attempts = {run["inputs"]["model.txt"]["attempt"] for run in found["evaluate"]}
    assert attempts == {1, 2}
    cluster.have(2)
    before, batch = started(study), study.newest("batch")["id"]
    study.run(f"+restart={batch}", "+needed=true")
    assert ran(study, before) == []


def test_a_runner_that_was_killed_is_gone_on_with(cluster: Cluster, study: Program) -> None:
    study.write({"train.py": FILES["train.py"] + _WAITING})
    with study.at_work("-m", *cluster.words, STUDY, "train.lr=0.1,0.2") as process:
        wait_until(lambda: len(pids(study)) == 2)
        process.kill()
        process.wait()
    wait_until(lambda: not any(map(psutil.pid_exists, pids(study))))
    wait_until(lambda: "running" not in {run["status"] for run in study.trials()})
    (study.folder / "go").touch()
    before, batch = started(study), study.newest("batch")["id"]
    printed = study.terminal(f"+restart={batch}", "+needed=true")
    assert printed[-1].endswith("6 trials, 6 completed")
    assert Counter(ran(study, before)) == {"train": 2, "evaluate": 2, "report": 1}
