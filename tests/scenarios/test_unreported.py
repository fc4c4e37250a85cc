"""An objective that no trial reports is told, with what the trials report."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

WORK = """
    def train(lr, says=True):
        if says:
            print(f"loss: {lr}")
            print(f"accuracy: {1 - lr}")
"""


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    config = (
        "operation: {function: work.train}\nlr: 0.1\nsays: true\nhydra: {launcher: {n_jobs: 1}}\n"
    )
    return make_project({"conf/config.yaml": config, "work.py": WORK})


def _told(project: Project, *words: str) -> list[str]:
    said = project.run("-m", *words).said
    return [line.partition(" reported ")[2] for line in said if " reported no " in line]


def test_a_misspelt_objective_of_a_grid_is_told_once_with_the_nearest_scalar_first(
    project: Project,
) -> None:
    told = [
        "no acc, the objective: it reported accuracy, loss "
        "(+objective=accuracy, or -accuracy to maximise it)"
    ]
    assert _told(project, "lr=0.1,0.2", "+objective=-acc") == told
    assert _told(project, "lr=interval(0,1)", "+max_trials=3", "+objective=-acc") == told


def test_an_objective_in_the_yaml_is_checked_too_and_at_a_restart(project: Project) -> None:
    path = project.folder / "conf" / "config.yaml"
    path.write_text(path.read_text() + "  sweeper: {objective: -acc}\n")
    text = path.read_text().replace("hydra: {launcher: {n_jobs: 1}}", "hydra:")
    path.write_text(text)
    assert len(_told(project, "lr=0.1,0.2")) == 1
    assert len(_told(project, "+restart=last:batch")) == 1


def test_an_objective_that_is_reported_or_that_nobody_named_is_not_told(project: Project) -> None:
    assert _told(project, "lr=0.1,0.2", "+objective=-accuracy") == []
    assert _told(project, "lr=0.1,0.2") == []


def test_a_rule_that_judges_by_a_result_that_no_trial_has_is_told(project: Project) -> None:
    told = _told(project, "lr=0.1,0.2", "hydra.sweeper.stop=[{patience: 3}]")
    assert told == [
        "no result, the objective: it reported loss, accuracy "
        "(+objective=loss, or -loss to maximise it)"
    ]


def test_a_trial_without_any_scalar_says_how_one_is_reported(project: Project) -> None:
    told = _told(project, "lr=0.1,0.2", "says=false", "+objective=loss")
    assert told == [
        "no loss, the objective: it reported no scalars (a printed line `loss: 0.5` is one)"
    ]


def test_a_pipeline_is_told_at_its_end_if_none_of_its_steps_reports_the_objective(
    make_project: MakeProject,
) -> None:
    step = "# @package _global_\noperation: {function: work.%s}\nlr: 0.1\n"
    project = make_project(
        {
            "conf/config.yaml": "defaults: [{operation: study}, _self_]\n",
            "conf/operation/study.yaml": (
                "# @package _global_\noperation: {name: study, steps: {one: {}, two: {}}}\n"
            ),
            "conf/operation/one.yaml": step % "train",
            "conf/operation/two.yaml": step % "other",
            "work.py": WORK + "\n    def other(lr):\n        return {'score': lr}\n",
        }
    )
    words = ("one.lr=1,2", "hydra.launcher.n_jobs=1")
    assert _told(project, *words, "+objective=score") == []
    assert len(_told(project, *words, "+objective=scor")) == 1
    # Several objectives may be those of several steps.
    assert _told(project, *words, "+objective=[score,loss]") == []
    (line,) = _told(project, *words, "+objective=[score,nosuch]")
    assert line.startswith("no nosuch, the objective: it reported ")


def test_a_trial_whose_objective_is_not_finite_counts_as_failed_and_a_line_says_so(
    make_project: MakeProject,
) -> None:
    """It stays completed, and the exit status is 0. A plain grid without an objective has none."""
    project = make_project(
        {
            "conf/config.yaml": "operation: {function: work.f}\nx: 1\n"
            "hydra: {launcher: {n_jobs: 1}}\n",
            "work.py": "def f(x):\n    return float('nan') if x < 3 else x\n",
        }
    )

    def told(*words: str) -> int:
        said = project.run("-m", *words).said
        ending = " has no finite result: it counts as failed for the search"
        return sum(line.endswith(ending) for line in said)

    assert told("x=interval(1,2)", "+max_trials=2") == 2
    assert told("x=1,2,3", "+optimizer=random") == 2
    assert told("x=1,2,3", "+objective=result") == 2
    assert told("x=1,2,3", "hydra.sweeper.stop=[{patience: 9}]") == 2
    assert told("x=1,2,3") == 0
    assert {run["status"] for run in project.runs()} == {"completed"}


def test_a_comparison_by_a_scalar_where_none_is_reported_says_how_one_is(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: train.py}\nlr: 0.1\n",
            "train.py": "lr = 1\nprint('Epoch 0: loss:', lr)\n",
        }
    )
    project.run("-m", "lr=1,2")
    (line,) = project.run("compare", "--min", "loss", status=2).said
    assert "scalars: none (what is returned, report(loss=0.25), and a printed line with" in line
    assert "`loss: 0.25`; of other lines operation.scalars, a regular expression," in line
