"""What a search draws in the logarithm has a logarithmic axis, on the page and in a plot."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.testclient import TestClient

from tests.installed import needs
from tests.page.browser import needs_browser, served, tab
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


@pytest.mark.long
@needs("matplotlib")
def test_the_picture_of_a_search_differs_from_one_whose_draws_nobody_knows(
    searched: Project, tmp_path: Path
) -> None:
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


#: The places of the runs whose lines are drawn as chosen, and what is marked on the axes.
CHOSEN = """() => {
  const drawing = document.querySelector("[data-chart=parallel] .drawing");
  return echarts.getInstanceByDom(drawing).getModel().getSeries()[0]
    .getRawIndicesByActiveState("active");
}"""


def drag_first_axis(page: Page, share: float) -> None:
    """Mark the first axis of the parallel coordinates from below its lower end on, up to a share
    of its height, or beyond its upper end."""
    box = page.locator("[data-chart=parallel] canvas").first.bounding_box()
    assert box is not None
    x, top, bottom = box["x"] + 60, box["y"] + 46, box["y"] + box["height"] - 26
    page.mouse.move(x, bottom + 3)
    page.mouse.down()
    page.mouse.move(x, (top + bottom) / 2, steps=3)
    page.mouse.move(x, bottom - (bottom - top) * share, steps=3)
    page.mouse.up()


@needs_browser
@pytest.mark.parametrize(("share", "count"), [(1.1, 5), (0.5, 3)])
def test_a_mark_up_to_the_end_of_an_axis_holds_the_value_there(
    browser: Browser, searched: Project, share: float, count: int
) -> None:
    rates = ["0.0001", "0.001", "0.003", "0.3", "1"]
    label = f"wide {count}"
    searched.run("-m", f"lr={','.join(rates)}", "+objective=loss", f"+label={label!r}")
    batch = searched.runs("--kind", "batch", "--label", label)[0]["id"][:8]
    with (
        served(searched) as address,
        tab(browser, f"{address}/?batch={batch}&view=plots") as page,
    ):
        expect(page.locator("[data-chart=parallel] canvas").first).to_be_visible()
        drag_first_axis(page, share)
        expect(page.locator("#count")).to_have_text(
            "5 runs" if count == 5 else f"{count} of 5 runs"
        )
        expect(page.locator("#filter-rest .chip", has_text="lr")).to_contain_text("0.0001 ≤ lr")
        assert len(page.evaluate(CHOSEN)) == count
        drawn = page.evaluate(CHOSEN)
        with tab(browser, page.url) as again:
            expect(again.locator("[data-chart=parallel] canvas").first).to_be_visible()
            assert again.evaluate(CHOSEN) == drawn
