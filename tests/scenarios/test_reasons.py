"""Why a trial failed, in its line, in lists and in expressions: for whatever ends a process."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

SCRIPT = """
    import argparse
    import sys

    parser = argparse.ArgumentParser(prog="train.py")
    parser.add_argument("--how", default="well")
    parser.add_argument("--lr", type=float, default=0.1)
    given = parser.parse_args()
    if given.how == "text":
        print("the last that it printed")
        raise SystemExit("diverged: lr too large\\nsee the log")
    if given.how == "status":
        print("the last that it printed")
        sys.exit(3)
    if given.how == "refused":
        parser.error("argument --lr: too large")
    if given.how == "exception":
        raise ValueError("no good")
    if given.how == "anything":
        sys.exit(["a", "list"])
"""

FUNCTION = """
    import argparse
    import sys

    def train(how, lr):
        if how == "text":
            sys.exit("diverged: lr too large\\nsee the log")
        if how == "status":
            sys.exit(3)
        if how == "refused":
            argparse.ArgumentParser(prog="train.py").error("argument --lr: too large")
        if how == "exception":
            raise ValueError("no good")
        if how == "anything":
            sys.exit(["a", "list"])
"""

REASONS = {
    "text": (1, "exit status 1: diverged: lr too large"),
    "status": (3, "exit status 3"),
    "refused": (2, "exit status 2: train.py: error: argument --lr: too large"),
    "exception": (1, "exit status 1: ValueError: no good"),
    "anything": (1, "exit status 1: ['a', 'list']"),
}
SWEPT = "how=text,status,refused,exception,anything"


def reasons(project: Project) -> dict[str, tuple[int, str]]:
    """Exit status and reason of each trial, by the way in which it ended."""
    trials = project.runs("--kind", "trial")
    return {run["flags"]["how"]: (run["exit_status"], run["reason"]) for run in trials}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_scripts_reason_has_what_it_said_at_its_end(
    make_project: MakeProject, n_jobs: int
) -> None:
    project = make_project(
        {"conf/config.yaml": "operation: {script: train.py}\nhow: well\nlr: 0.1\n"}
        | {"train.py": SCRIPT}
    )
    said = project.run("-m", SWEPT, f"hydra.launcher.n_jobs={n_jobs}", status=1).said
    assert reasons(project) == REASONS
    by_how = {run["flags"]["how"]: run["id"] for run in project.runs("--kind", "trial")}
    log = f"(log: runs/{by_how['text']}/.runner/output.log)"
    assert (
        f"Trial {by_how['text'][:8]} failed: exit status 1 {log} (how=text; diverged: lr too large)"
    ) in said
    assert not list((project.store / by_how["text"] / ".runner").glob("exit*"))


def test_a_functions_reason_has_what_it_said_at_its_end(make_project: MakeProject) -> None:
    project = make_project(
        {"conf/config.yaml": "operation: {function: work.train}\nhow: well\nlr: 0.1\n"}
        | {"work.py": FUNCTION}
    )
    project.run("-m", SWEPT, status=1)
    assert reasons(project) == {**REASONS, "exception": (1, "ValueError: no good")}


def test_a_text_of_an_earlier_attempt_is_no_reason_of_a_later_one(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: train.py}\nlr: 0.1\n",
            "train.py": """
                import os, sys
                lr = 0.1
                if not os.path.exists("tried"):
                    open("tried", "w").close()
                    sys.exit("the first time")
                print("again")
                sys.exit(1)
            """,
        }
    )
    project.run("+retries=1", status=1)
    (run,) = project.runs()
    assert run["attempts"][0]["reason"] == "exit status 1: the first time"
    assert run["reason"] == "exit status 1"


def test_reasons_are_a_column_and_stand_in_expressions(make_project: MakeProject) -> None:
    project = make_project(
        {"conf/config.yaml": "operation: {script: train.py}\nhow: well\nlr: 0.1\n"}
        | {"train.py": SCRIPT}
    )
    project.run("-m", "how=text,well,refused", "hydra.launcher.n_jobs=1", status=1)
    listed = project.run("runs", "list", "--kind", "trial", "--columns", "how,reason").lines
    assert [line.split(maxsplit=1) for line in listed[1:]] == [
        ["refused", "exit status 2: train.py: error: argument --lr: too large"],
        ["well"],
        ["text", "exit status 1: diverged: lr too large"],
    ]
    (found,) = project.runs("--where", "'diverged' in reason")
    assert found["flags"]["how"] == "text"
    assert len(project.runs("--kind", "trial", "--where", "reason == null")) == 1
    shown = project.run("runs", "show", "last:batch").lines
    assert any(
        line.endswith("error (how=text, lr=0.1): exit status 1: diverged: lr too large")
        for line in shown
    )
