"""A search on a Dask cluster: the same plan as on this machine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.dask import Cluster
from tests.hydra.program import Program

pytest.importorskip("optuna", reason="optuna is not installed: pip install --group dev")


def test_a_search_on_a_cluster_is_the_one_of_this_machine(
    cluster: Cluster, project: Program
) -> None:
    cluster.have(2)
    words = (
        "-m",
        "operation=function",
        "operation.function=loss.loss",
        "x=interval(-5,5)",
        "+optimizer=tpe",
        "+max_trials=12",
        "+random_seed=5",
    )
    project.write({"loss.py": "def loss(x, wait, then):\n    return (x - 1) ** 2\n"})
    project.run(*words, *cluster.words)
    there = plan_of(project)
    assert len(there) == len(set(there)) == 12
    assert project.run("verify", project.newest("batch")["id"]).out.endswith("0 differ\n")
    project.run(*words, "+window=2", "hydra.launcher.n_jobs=1")
    assert plan_of(project) == there


def plan_of(project: Program) -> list[Any]:
    return [trial["flags"]["x"] for trial in project.trials()]
