"""What tells the trials of a batch apart stands in every line about one of them."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.pipelines import FILES
from tests.scenarios.project import Project

REPEATED = {
    "conf/config.yaml": "operation: {script: bad.py}\nlr: 1\nrepeat_: 0\n",
    "bad.py": """
        import os

        lr = repeat_ = 1
        print("trying")
        if os.environ["RUNNER_REPEAT"] == "1":
            raise ValueError("no good")
    """,
}


@pytest.mark.parametrize("jobs", [1, 2])
def test_repeats_are_told_apart_in_every_line(make_project: MakeProject, jobs: int) -> None:
    project = make_project(REPEATED)
    at_once = f"hydra.launcher.n_jobs={jobs}"
    said = project.terminal("-m", "lr=5,6", "+repeat=2", at_once, "+retries=1", status=1)
    about = [line for line in said if "lr=" in line]
    beginnings = ("Initialized", "Running", "Retrying", "Trial", *(["Output"] if jobs > 1 else []))
    for lr in (5, 6):
        for repeat in (0, 1):
            told = [line.split()[0] for line in about if _tells(line, lr, repeat)]
            wanted = {*beginnings} if repeat else {*beginnings} - {"Retrying", "Trial"}
            assert {*told} == wanted, about
    assert all("repeat=" in line for line in about)


def _tells(line: str, lr: int, repeat: int) -> bool:
    return f"lr={lr}, " in line and f"repeat={repeat}" in line


def test_repeats_are_told_apart_by_watch_and_show(make_project: MakeProject) -> None:
    project = make_project(REPEATED)
    project.run("-m", "lr=5,6", "+repeat=2", "+init_trials=true")
    batch = project.newest("batch")["id"]
    shown = project.run("runs", "show", batch).lines
    trials = [line for line in shown if "pending (" in line]
    assert [line.partition("(")[2] for line in trials] == [
        "lr=5, repeat_=0, repeat=0)",
        "lr=5, repeat_=0, repeat=1)",
        "lr=6, repeat_=0, repeat=0)",
        "lr=6, repeat_=0, repeat=1)",
    ]
    project.run(f"+restart={batch}", status=1)
    watched = project.run("watch", batch).out
    assert "(lr=5, repeat=0) completed" in watched and "(lr=5, repeat=1) error" in watched
    # nothing of it where nothing is repeated
    project.run("-m", "lr=5,6")
    assert "repeat=" not in project.run("runs", "show", "last:batch").out
    assert "repeat=" not in project.run("watch", "last:batch").out


def test_a_flag_of_the_name_stands_beside_the_repeats(make_project: MakeProject) -> None:
    config = "operation: {command: ['true']}\nrepeat: 7\n"
    project = make_project({"conf/config.yaml": config})
    said = project.run("-m", "repeat=7,8", "+repeat=2").said
    running = [line.partition("(")[2] for line in said if line.startswith("Running")]
    assert running == [f"repeat={flag}, run.repeat={n})" for flag in (7, 8) for n in (0, 1)]


def test_a_pipelines_repeats_are_told_apart_and_what_is_not_repeated_has_none(
    make_project: MakeProject,
) -> None:
    project = make_project(FILES)
    said = project.run("operation=study", "-m", "rows=1", "+repeat=2").said
    running = [line for line in said if line.startswith("Running trial ")]
    assert sum("repeat=1" in line for line in running) == 3
    assert sum("repeat=0" in line for line in running) == 3
    (gathering,) = [line for line in running if "report" in line or "plot" in line]
    assert "repeat=" not in gathering


@pytest.mark.parametrize("options", [(), ("+init_trials=true",)])
def test_a_pipelines_trials_that_differ_upstream_only_are_told_apart(
    make_project: MakeProject, options: tuple[str, ...]
) -> None:
    project = make_project(FILES)
    said = project.run("operation=study", "-m", "rows=1,2", *options).said
    trained = [line for line in said if "lr=0.1" in line and not line.startswith("Trial")]
    told = ["prepare.rows=1)", "prepare.rows=2)"]
    for begin in ["Initialized"] if options else ["Initialized", "Running"]:
        ends = [line.rpartition(", ")[2] for line in trained if line.startswith(begin)]
        assert sorted(ends) == told, said


# ---- flags below a chosen config group

EDITED = {
    "conf/config.yaml": """
        defaults: [model: small, _self_]
        operation: {command: ['true']}
        optim: {lr: 0.1}
    """,
    "conf/model/small.yaml": "depth: 1\nwide: 7\n",
    "conf/model/large.yaml": "depth: 9\nwide: 7\n",
}


def test_show_tells_an_orphan_from_the_trial_that_differs_below_a_group(
    make_project: MakeProject,
) -> None:
    project = make_project(EDITED)
    project.run("-m", "optim.lr=0.1,0.2", "model=small,large")
    batch = project.newest("batch")["id"]
    before = _shown(project, batch)
    assert not any("depth" in line for line in before)
    project.write({"conf/model/small.yaml": "depth: 2\nwide: 7\n"})
    said = project.run(f"+restart={batch}", "+refresh=true", "+needed=true").said
    assert (
        "2 trials of the batch do not fit the present YAML, and are made anew: model.depth (1, now "
        "2); to have the former ones back, take that back in the YAML and refresh once more"
    ) in said
    after = _shown(project, batch)
    small = [line.partition("(")[2] for line in after if "model=small" in line]
    assert sorted(small) == [
        f"model=small, model.depth={depth}, optim.lr={lr})"
        for depth in (1, 2)
        for lr in ("0.1", "0.2")
    ]
    assert not any("wide" in line for line in after)
    project.write({"conf/model/small.yaml": EDITED["conf/model/small.yaml"]})
    said = project.run(f"+restart={batch}", "+refresh=true", "+needed=true").said
    assert any("4 to skip, 2 set aside" in line for line in said)
    assert not any("fit the present YAML" in line for line in said)


def _shown(project: Project, batch: str) -> list[str]:
    shown = project.run("runs", "show", batch).lines
    return [line for line in shown if " completed (" in line]
