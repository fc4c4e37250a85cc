"""A batch as a study, in memory, in optuna-dashboard."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from hydra_sweep_runner.page.optuna_study import fill_study
from hydra_sweep_runner.store.runs import RunStore
from tests.scenarios.project import Project

FILES = {
    "conf/config.yaml": "operation: {function: lib.f}\nx: 1\nlr: 0.1\nopt: a\n",
    "lib.py": """
        def f(x, lr, opt):
            if x == 3:
                raise ValueError("no")
            return {"loss": x * lr, "acc": x}
    """,
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("searched"))
    project.write(FILES)
    words = ("x=1,2,3", "lr=0.001,0.1", "opt=a,b", "+objective=-loss")
    project.run("-m", *words, status=1)
    return project


def test_a_study_has_the_trials_of_the_plan_with_what_varies_and_the_objective(
    searched: Project,
) -> None:
    import optuna
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    batch = searched.newest("batch")
    study = fill_study(optuna.storages.InMemoryStorage(), RunStore(searched.store), batch["id"])
    assert study.direction is optuna.study.StudyDirection.MAXIMIZE
    assert [trial.user_attrs["id"] for trial in study.trials] == batch["trials"]
    first, last = study.trials[0], study.trials[-1]
    assert first.params == {"x": 1, "lr": 0.001, "opt": "a"} and first.value == 0.001
    assert first.distributions == {
        "x": IntDistribution(1, 3),
        "lr": FloatDistribution(0.001, 0.1, log=True),
        "opt": CategoricalDistribution(("a", "b")),
    }
    assert last.state is optuna.trial.TrialState.FAIL and last.value is None
    assert study.best_value == 0.2


def test_trials_that_were_not_started_wait(searched: Project, tmp_path: Path) -> None:
    import optuna

    project = Project(tmp_path)
    project.write(FILES)
    project.run("-m", "x=1,2", "+init_trials=true")
    batch = project.newest("batch")["id"]
    study = fill_study(optuna.storages.InMemoryStorage(), RunStore(project.store), batch)
    assert [trial.state for trial in study.trials] == [optuna.trial.TrialState.WAITING] * 2


def test_it_is_served_to_this_machine_alone_until_ctrl_c(searched: Project) -> None:
    batch = searched.newest("batch")["id"]
    with searched.at_work("page", "--optuna", batch[:8]) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}api/studies/0", timeout=30) as answer:
            assert len(json.load(answer)["trials"]) == 12
        request = urllib.request.Request(address, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=30)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130


def test_what_is_no_batch_and_what_is_not_installed_is_told(
    searched: Project, tmp_path: Path
) -> None:
    trial = searched.newest("trial")["id"]
    said = searched.run("page", "--optuna", trial, status=2).said
    assert said == [f"runner: --optuna {trial}: is no batch; give the id of one"]
    (tmp_path / "optuna_dashboard.py").write_text("raise ImportError('no')")
    batch = searched.newest("batch")["id"]
    result = searched.run_process("page", "--optuna", batch, status=2, PYTHONPATH=str(tmp_path))
    assert "pip install optuna-dashboard" in result.err and len(result.said) == 1
