"""What a search draws in the logarithm has a logarithmic axis, on the page and in a plot."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.page.conftest import client_of, open_page
from tests.scenarios.project import Project, ids

FILES = {
    "conf/config.yaml": "operation: {script: train.py}\nlr: 0.1\nmom: 0.5\n",
    "train.py": "lr = 0.1\nmom = 0.5\nprint(f'loss: {lr * mom}')\n",
}
#: Of a narrow interval: by their values alone no axis would be logarithmic.
IN_LOG = ("lr=tag(log,interval(0.02,0.09))", "mom=interval(0.2,0.9)")


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A search by the logarithm, a grid of the same flag, and a run on its own."""
    project = Project(tmp_path_factory.mktemp("axes"))
    project.write(FILES)
    options = ("+max_trials=3", "+random_seed=1", "+objective=loss")
    project.run("-m", *IN_LOG, *options, "+label=search")
    project.run("-m", "lr=0.03,0.05", "+objective=loss", "+label=grid")
    project.run("lr=0.04")
    return project


def log_axes(data: dict[str, Any]) -> dict[str, bool]:
    return {axis["name"]: axis["log"] for axis in data["axes"]}


def on_page(project: Project, **given: str) -> dict[str, bool]:
    client: TestClient
    with client_of(open_page(project)) as client:
        answer = client.get("/api/charts", params={"objective": "loss", **given})
    return log_axes(answer.json()["data"])


def in_plot(project: Project, file: Path, *words: str) -> dict[str, bool]:
    project.run("compare", *words, "--min", "loss", "--plot", str(file))
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', file.read_text())
    assert held is not None
    return log_axes(json.loads(held[1]))


def test_axes_are_logarithmic_for_a_search_and_for_all_runs_while_batches_agree(
    searched: Project, tmp_path: Path
) -> None:
    wanted = {"lr": True, "mom": False}
    batch = searched.runs("--kind", "batch", "--label", "search")[0]["id"]
    plot = tmp_path / "plot.html"
    assert on_page(searched, batch=batch) == in_plot(searched, plot, batch) == wanted
    assert on_page(searched) == in_plot(searched, plot) == wanted
    grid = searched.runs("--kind", "batch", "--label", "grid")[0]["id"]
    assert on_page(searched, batch=grid) == in_plot(searched, plot, grid) == {"lr": False}
    searched.run("-m", "lr=interval(0.02,0.09)", "+max_trials=1")
    assert on_page(searched) == in_plot(searched, plot) == {"lr": False, "mom": False}
    assert on_page(searched, where="label == 'search'")["lr"]


def test_the_picture_of_a_search_differs_from_one_whose_draws_nobody_knows(
    searched: Project, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    batch = searched.runs("--kind", "batch", "--label", "search")[0]["id"]
    trials = ids(searched.runs("--batch", batch))

    def drawn() -> bytes:
        file = tmp_path / "plot.png"
        searched.run("compare", *trials, "--min", "loss", "--plot", str(file))
        return file.read_bytes()

    in_log = drawn()
    assert drawn() == in_log
    searched.run("runs", "delete", batch, "--yes")
    assert drawn() != in_log
    searched.run("runs", "restore", batch)
    assert drawn() == in_log
