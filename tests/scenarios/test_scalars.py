"""What runs report: contract section 8, by the command that a user types."""

from __future__ import annotations

import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from hydra_sweep_runner.store.scalars import read_series
from tests.hydra.program import SWEEPER, Program
from tests.installed import needs
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Listed, Project, wait_until

TRAIN = """
import sys, time
from pathlib import Path
from hydra_sweep_runner import report

epochs = 3
fail = False
for epoch in range(epochs):
    print(f"step={epoch} loss={1 / (epoch + 1)}, acc: 0.5", flush=True)
print("err: 2", file=sys.stderr)
report({"val/loss": 0.25}, step=7)
report(val=float("nan"), on=True)
print("last: 9", end="")
if fail:
    raise KeyError(3)
"""
FUNCTION = """
def train(lr):
    print(f"seen: {lr}")
    return {"loss": lr / 2, "deep": {"n": 3}, "on": True, "name": "x"}

def joblibs(lr):
    from fractions import Fraction
    return {"loss": Fraction(lr), "model": {1, 2}}

def number(lr):
    import numpy
    return numpy.float32(lr)
"""


def summary(
    values: list[float], steps: list[float] | None = None
) -> dict[str, int | float | str | None]:
    """What JSON has of a series."""
    steps = list(range(len(values))) if steps is None else steps
    return {
        "first": values[0],
        "last": values[-1],
        "min": min(values),
        "max": max(values),
        "count": len(values),
        "step": steps[-1],
        "min_step": steps[values.index(min(values))],
        "max_step": steps[values.index(max(values))],
    }


def series(run: Listed, name: str) -> list[tuple[float, float]]:
    return read_series(Path(run["dir"]), name)


@pytest.fixture
def script(make_project: MakeProject) -> Project:
    return make_project(
        {
            "conf/config.yaml": "operation: {script: train.py}\nepochs: 3\nfail: false\n",
            "train.py": TRAIN,
        }
    )


def test_a_script_reports_by_what_it_prints_and_by_its_file(script: Project) -> None:
    script.run()
    (run,) = script.runs()
    assert run["scalars"] == {
        "loss": summary([1.0, 0.5, 1 / 3]),
        "acc": summary([0.5, 0.5, 0.5]),
        "err": summary([2.0], [2]),
        "val/loss": summary([0.25], [7]),
        "last": summary([9.0], [2]),
        "val": summary([0.0], [0])
        | dict.fromkeys(["first", "last"], "NaN")
        | dict.fromkeys(["min", "max", "min_step", "max_step"]),
    }
    assert series(run, "loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert math.isnan(series(run, "val")[0][1])
    assert not Path(run["dir"], ".runner/reported.jsonl").exists()
    kept = Path(run["dir"], ".runner/scalars.jsonl").read_text().splitlines()
    assert '["loss",1,0.5]' in kept and '["val/loss",7,0.25]' in kept


def test_the_key_of_an_error_is_no_scalar_and_what_came_before_it_stays(script: Project) -> None:
    script.run("fail=true", status=1)
    (run,) = script.runs()
    assert "KeyError" not in run["scalars"] and run["scalars"]["loss"]["count"] == 3


def test_a_restart_begins_the_scalars_anew(script: Project) -> None:
    script.run("epochs=5")
    (before,) = script.runs()
    assert len(series(before, "loss")) == 5
    script.run(f"+restart={before['id']}", "epochs=2")
    (after,) = script.runs()
    assert after["scalars"]["loss"] == summary([1.0, 0.5])
    assert series(after, "loss") == [(0, 1.0), (1, 0.5)]
    script.run(f"+restart={before['id']}", "epochs=0")
    (last,) = script.runs()
    assert "loss" not in last["scalars"] and series(last, "loss") == []


def test_a_retry_begins_them_anew_too(script: Project) -> None:
    script.run("fail=true", "+retries=2", status=1)
    (run,) = script.runs()
    assert run["scalars"]["loss"]["count"] == 3 and len(series(run, "loss")) == 3


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_trials_side_by_side_report_each_for_itself(script: Project, jobs: str) -> None:
    script.run("-m", "epochs=1,2,3,4", f"hydra.launcher.n_jobs={jobs}")
    for run in script.runs("--kind", "trial"):
        assert run["scalars"]["loss"]["count"] == run["flags"]["epochs"]


@needs("numpy")
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("lib.train", {"seen": 0.5, "loss": 0.25, "deep.n": 3}),
        ("lib.number", {"result": 0.5}),
        ("lib.joblibs", {"loss": 0.5}),
    ],
)
def test_a_function_reports_by_what_it_returns(
    make_project: MakeProject, function: str, expected: dict[str, float]
) -> None:
    config = f"operation: {{function: {function}}}\nlr: 0.5\n"
    project = make_project({"conf/config.yaml": config, "lib.py": FUNCTION})
    project.run()
    project.run("-m", "lr=0.5")
    for run in project.runs():
        if run["kind"] != "batch":
            assert {name: each["last"] for name, each in run["scalars"].items()} == expected


def test_a_command_reports_by_what_it_prints_and_appends(make_project: MakeProject) -> None:
    code = 'printf "loss: 1\\rloss: 0.5\\r"; echo \'{"step": 2, "acc": 1}\' >> $RUNNER_SCALARS'
    config = f"operation:\n  command: [bash, -c, {json.dumps(code)}]\n"
    project = make_project({"conf/config.yaml": config})
    project.run()
    (run,) = project.runs()
    assert run["scalars"] == {"loss": summary([1, 0.5]), "acc": summary([1], [2])}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("false", set()),
        ("true", {"loss"}),
        (r"'(?P<name>[a-z]+) is (?P<value>\S+)'", {"acc"}),
    ],
)
def test_the_operation_says_which_lines_report(
    make_project: MakeProject, setting: str, expected: set[str]
) -> None:
    config = f"operation:\n  script: x.py\n  scalars: {setting}\n"
    script = 'print("loss: 1")\nprint("now acc is 0.5")\n'
    project = make_project({"conf/config.yaml": config, "x.py": script})
    project.run()
    (run,) = project.runs()
    assert set(run["scalars"]) == expected


@pytest.mark.parametrize("setting", ["'('", r"'(?P<name>\w+)'", "3", "[a]"])
def test_a_form_that_is_none_is_told_before_anything_is_created(
    make_project: MakeProject, setting: str
) -> None:
    config = f"operation:\n  script: x.py\n  scalars: {setting}\n"
    project = make_project({"conf/config.yaml": config, "x.py": ""})
    result = project.run(status=2)
    assert "operation.scalars" in result.err and "Traceback" not in result.err
    assert not project.store.exists()


def test_they_can_be_read_while_the_run_is_at_work_and_stay_when_the_runner_is_killed(
    make_project: MakeProject,
) -> None:
    script = """
    import time
    from hydra_sweep_runner import report
    for step in range(3):
        print(f"step={step} loss={step / 2}", flush=True)
        report(step=step, acc=step)
    time.sleep(600)
    """
    project = make_project({"conf/config.yaml": "operation: {script: x.py}\n", "x.py": script})

    def found() -> Any:
        return project.runs()[0]["scalars"] if project.store.exists() and project.runs() else {}

    with project.at_work() as process:
        wait_until(lambda: found().get("acc", {}).get("count") == 3)
        (run,) = project.runs()
        assert run["status"] == "running"
        assert run["scalars"] == {"loss": summary([0, 0.5, 1]), "acc": summary([0, 1, 2])}
        wait_until(lambda: len(series(run, "loss")) == len(series(run, "acc")) == 3)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    wait_until(lambda: project.runs()[0]["status"] == "terminated")
    assert project.runs()[0]["scalars"]["acc"] == summary([0, 1, 2])


def test_a_long_series_is_kept_evenly_with_its_ends_and_extremes(make_project: MakeProject) -> None:
    script = """
    for i in range(250_000):
        print(f"loss: {-7 if i == 123_457 else 9 if i == 200_001 else i % 5}")
    """
    project = make_project({"conf/config.yaml": "operation: {script: x.py}\n", "x.py": script})
    project.run()
    (run,) = project.runs()
    assert run["scalars"]["loss"]["count"] == 250_000
    kept = series(run, "loss")
    steps = [step for step, _ in kept]
    assert set(steps) == {*range(0, 250_000, 4), 123_457, 200_001, 249_999}
    assert steps == sorted(steps) and dict(kept)[123_457] == -7 and dict(kept)[200_001] == 9


PROGRAM = """
import logging, sys
import hydra

@hydra.main(version_base=None, config_path=None)
def main(cfg):
    for step in range(3):
        print(f"step={step} loss={cfg.x / (step + 1)}")
    print("err: 1", file=sys.stderr)
    from hydra_sweep_runner import report
    report(val=7)
    return {"acc": 0.5}

main()
"""


@pytest.mark.parametrize(
    "launcher",
    ["basic", "runner", pytest.param("joblib", marks=pytest.mark.long)],
)
def test_a_hydra_program_reports_under_any_launcher(tmp_path: Path, launcher: str) -> None:
    project = Program(tmp_path)
    project.write({"main.py": PROGRAM})
    project.python("main.py", "-m", SWEEPER, f"hydra/launcher={launcher}", "+x=1,2")
    trials = project.trials()
    assert [trial["flags"]["x"] for trial in trials] == [1, 2]
    for trial in trials:
        x = trial["flags"]["x"]
        assert trial["scalars"]["loss"] == summary([x, x / 2, x / 3])
        assert series(trial, "loss") == [(0, x), (1, x / 2), (2, x / 3)]
        last = {name: each["last"] for name, each in trial["scalars"].items()}
        assert last == {"loss": x / 3, "err": 1, "val": 7, "acc": 0.5}
    project.python(
        *("main.py", "-m", SWEEPER, f"hydra/launcher={launcher}"),
        f"+restart={project.newest('batch')['id']}",
    )
    assert {trial["scalars"]["loss"]["count"] for trial in project.trials()} == {3}


def test_an_operation_that_empties_its_folder_loses_no_scalars(make_project: MakeProject) -> None:
    script = """
    import os, shutil, time
    from hydra_sweep_runner import report
    print("loss: 1", flush=True)
    report(acc=1)
    time.sleep(1.5)  # until what there is has been kept
    for name in os.listdir("."):
        shutil.rmtree(name)
    print("loss: 2", flush=True)
    time.sleep(1.5)
    report(acc=2)
    """
    project = make_project({"conf/config.yaml": "operation: {script: x.py}\n", "x.py": script})
    project.run()
    (run,) = project.runs()
    assert run["status"] == "completed"
    assert run["scalars"] == {"loss": summary([1, 2]), "acc": summary([1, 2])}
    assert series(run, "loss") == [(0, 1), (1, 2)] and series(run, "acc") == [(0, 1), (1, 2)]
