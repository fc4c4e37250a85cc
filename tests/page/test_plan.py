"""A pipeline's plan as a graph, by trial or by step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from hydra_sweep_runner.page import plan as plan_module
from tests.page.conftest import client_of, open_page
from tests.scenarios.pipelines import FILES
from tests.scenarios.project import Project


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("study"))
    project.write(FILES)
    project.run("-m", "operation=study", "train.lr=0.1,0.01")
    return project


@pytest.fixture
def page(study: Project) -> Iterator[TestClient]:
    with client_of(open_page(study)) as client:
        yield client


def test_a_small_pipeline_s_graph_has_a_node_a_trial(page: TestClient, study: Project) -> None:
    batch = study.newest("batch")
    graph = page.get("/api/plan", params={"batch": batch["id"]}).json()["graph"]
    assert graph["by"] == "trial"
    steps = [node["step"] for node in graph["nodes"]]
    assert sorted(steps) == ["evaluate", "evaluate", "prepare", "report", "train", "train"]
    between = sorted((steps[one], steps[other]) for one, other in graph["edges"])
    assert between == [
        ("evaluate", "report"),
        ("evaluate", "report"),
        ("prepare", "evaluate"),
        ("prepare", "evaluate"),
        ("prepare", "train"),
        ("prepare", "train"),
        ("train", "evaluate"),
        ("train", "evaluate"),
    ]


def test_a_large_one_s_has_a_node_a_step(
    page: TestClient, study: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "MOST_NODES", 3)
    batch = study.newest("batch")
    graph = page.get("/api/plan", params={"batch": batch["id"]}).json()["graph"]
    assert graph["by"] == "step"
    trials = {node["step"]: (node["trials"], node["counts"]) for node in graph["nodes"]}
    assert trials["train"] == (2, {"completed": 2})
    steps = [node["step"] for node in graph["nodes"]]
    between = {(steps[one], steps[other]) for one, other in graph["edges"]}
    assert between == {
        ("prepare", "train"),
        ("prepare", "evaluate"),
        ("train", "evaluate"),
        ("evaluate", "report"),
    }


def test_trials_of_a_later_step_are_seen_by_the_flags_of_those_they_take_from(
    page: TestClient, study: Project
) -> None:
    batch = study.newest("batch")["id"]
    answer = page.get("/api/runs", params={"batch": batch, "step": "evaluate"}).json()
    assert "train.lr" in answer["flags"]


def test_gathering_trials_are_told_apart_by_what_they_gathered_and_taken_runs_have_a_step(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    text = FILES["conf/operation/study.yaml"]
    by = "report: {operation: plot, gathers: {runs: evaluate}, by: [prepare.rows]}"
    text = text.replace("report: {operation: plot, gathers: {runs: evaluate}}", by)
    project.write({**FILES, "conf/operation/study.yaml": text})
    project.run("operation=prepare", "rows=3")
    project.run("-m", "operation=study", "rows=3,4", "+needed=true", "+until=evaluate")
    batch = project.newest("batch")["id"]
    with client_of(open_page(project)) as page:
        nodes = page.get("/api/plan", params={"batch": batch}).json()["graph"]["nodes"]
        told = {(node["step"], node["flags"].partition(",")[0]) for node in nodes}
        assert told >= {("prepare", "rows=3"), ("prepare", "rows=4")}
        assert told >= {("report", "prepare.rows=3"), ("report", "prepare.rows=4")}
        query = {"batch": batch, "step": "prepare", "where": "prepare.rows == 3"}
        answer = page.get("/api/runs", params=query).json()
        assert answer["total"] == 1, answer
