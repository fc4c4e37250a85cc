"""A pipeline's runs are told apart by the flags of what they take files from, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from tests.page.browser import needs_browser, served, tab
from tests.page.conftest import client_of, open_page
from tests.scenarios.project import Project

FILES = {
    "conf/config.yaml": "defaults: [{operation: pipe}, _self_]",
    "conf/operation/pipe.yaml": """
        # @package _global_
        operation:
          name: pipe
          steps:
            prep:
            fit: {inputs: [prep/d.txt]}
            score: {inputs: [fit/m.txt, prep/d.txt]}
    """,
    "conf/operation/prep.yaml": """
        # @package _global_
        operation: {name: prep, command: [sh, -c, 'echo "$0" > d.txt', "${rows}"]}
        rows: 1
        seed: 7
    """,
    "conf/operation/fit.yaml": """
        # @package _global_
        operation: {name: fit, command: [sh, fit.sh, "${lr}"], requires: [fit.sh]}
        lr: 1
    """,
    "fit.sh": 'echo "loss: $(cat d.txt)$1" | tee m.txt',
    "conf/operation/score.yaml": """
        # @package _global_
        operation: {name: score, command: [sh, -c, 'cat m.txt']}
    """,
}


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("pipe"))
    project.write(FILES)
    project.run("-m", "prep.rows=1,2", "fit.lr=1,2", "+objective=loss")
    return project


@pytest.fixture(scope="module")
def page(pipe: Project) -> Iterator[TestClient]:
    with client_of(open_page(pipe)) as client:
        yield client


def ask(page: TestClient, name: str, **parameters: Any) -> Any:
    answer = page.get(f"/api/{name}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_curve_is_told_by_its_own_flags_then_by_those_of_upstream(
    page: TestClient, pipe: Project
) -> None:
    ids = [run["id"] for run in pipe.runs("--step", "fit")]
    curves = ask(page, "series", scalar="loss", run=ids)["curves"]
    assert sorted(curve["flags"] for curve in curves) == [
        "lr=1, prep.rows=1",
        "lr=1, prep.rows=2",
        "lr=2, prep.rows=1",
        "lr=2, prep.rows=2",
    ]


def test_a_step_without_flags_of_its_own_is_told_by_those_of_upstream(
    page: TestClient, pipe: Project
) -> None:
    ids = [run["id"] for run in pipe.runs("--step", "score")]
    curves = ask(page, "series", scalar="loss", run=ids)["curves"]
    assert {curve["flags"] for curve in curves} == {
        f"prep.rows={rows}, fit.lr={lr}" for rows in (1, 2) for lr in (1, 2)
    }


def test_the_drawer_has_all_flags_of_upstream(page: TestClient, pipe: Project) -> None:
    where = ("--step", "score", "--where", "fit.lr == 2 and prep.rows == 1")
    (run,) = pipe.runs(*where)
    found = ask(page, "run", id=run["id"])
    assert found["flags"] == []
    assert {flag["name"]: flag["value"] for flag in found["upstream"]} == {
        "prep.rows": 1,
        "prep.seed": 7,
        "fit.lr": 2,
    }


def test_a_difference_names_the_flags_of_upstream_that_differ(
    page: TestClient, pipe: Project
) -> None:
    one, other = (
        pipe.runs("--step", "fit", "--where", f"lr == 2 and prep.rows == {rows}")[0]["id"]
        for rows in (1, 2)
    )
    found = ask(page, "diff", a=one, b=other)
    assert found["subjects"]["flags"] == [{"name": "prep.rows", "a": 1, "b": 2}]
    assert "  prep.rows: 1 -> 2" in pipe.run("runs", "diff", one, other).lines


def test_what_only_one_of_two_runs_takes_from_is_no_difference_of_flags(
    page: TestClient, pipe: Project
) -> None:
    fit, score = (
        pipe.runs("--step", step, "--where", f"{name} == 1 and prep.rows == 1")[0]["id"]
        for step, name in (("fit", "lr"), ("score", "fit.lr"))
    )
    flags = ask(page, "diff", a=fit, b=score)["subjects"]["flags"]
    assert flags == [{"name": "lr", "a": 1, "b": None}]


def test_a_trial_of_the_plan_is_told_first_by_what_tells_it_from_others_of_its_step(
    page: TestClient, pipe: Project
) -> None:
    trials = ask(page, "plan", batch=pipe.newest("batch")["id"])["trials"]
    told: dict[str, set[str]] = {}
    for trial in trials:
        told.setdefault(trial["step"], set()).add(trial["flags"])
    pairs = [(rows, lr) for rows in (1, 2) for lr in (1, 2)]
    assert told["prep"] == {"rows=1", "rows=2"}
    assert told["fit"] == {f"lr={lr}, prep.rows={rows}" for rows, lr in pairs}
    assert told["score"] == {f"prep.rows={rows}, fit.lr={lr}" for rows, lr in pairs}


def test_an_unknown_step_is_told_as_the_command_tells_it(page: TestClient, pipe: Project) -> None:
    found = ask(page, "runs", batch="last:batch", step="scor")
    assert found["total"] == 0 and found["batch"] == pipe.newest("batch")["id"]
    (told,) = found["told"]
    assert told == "no run matches (step has: score, fit, prep)"
    assert "(step has: score, fit, prep)" in pipe.run("runs", "list", "--step", "scor").err


def test_a_brush_on_a_flag_of_upstream_keeps_what_the_filter_keeps(page: TestClient) -> None:
    kept = [
        {row["id"] for row in ask(page, "runs", **asked)["rows"]}
        for asked in ({"where": "prep.rows >= 2"}, {"brush": '["prep.rows", 2, 9]'})
    ]
    assert kept[0] == kept[1] and len(kept[0]) == 5  # a prep, and two fits with their scores


#: The places of edges that lie behind a node, away from its border.
HIDDEN = """() => {
  const nodes = [...document.querySelectorAll(".node > rect:first-of-type")]
    .map((node) => node.getBoundingClientRect());
  const isIn = ({ x, y }) => nodes.some((box) =>
    x > box.left + 1 && x < box.right - 1 && y > box.top + 1 && y < box.bottom - 1);
  return [...document.querySelectorAll(".edge")].flatMap((edge) => {
    const steps = Array.from({ length: 200 }, (_, at) => (at / 199) * edge.getTotalLength());
    return steps.map((at) => edge.getPointAtLength(at).matrixTransform(edge.getScreenCTM()))
      .filter(isIn).map(({ x, y }) => [x, y]);
  });
}"""

#: What of the text in the nodes is past their borders.
OUTSIDE = """() => [...document.querySelectorAll(".node")].flatMap((node) => {
  const box = node.querySelector("rect").getBoundingClientRect();
  return [...node.querySelectorAll("div")].filter((line) => {
    const { right, bottom } = line.getBoundingClientRect();
    return right > box.right || bottom > box.bottom;
  }).map((line) => line.textContent);
})"""


@needs_browser
def test_in_the_plan_each_edge_is_seen_and_no_text_runs_past_its_node(
    browser: Browser, pipe: Project
) -> None:
    with served(pipe) as address, tab(browser, f"{address}/?view=plan") as page:
        page.goto(f"{address}/?batch={pipe.newest('batch')['id'][:8]}&view=plan")
        expect(page.locator(".edge")).to_have_count(12)
        assert page.evaluate(HIDDEN) == []
        assert page.evaluate(OUTSIDE) == []
        flags = page.locator(".node .flags", has_text="fit.lr=2")
        expect(flags).to_have_count(2)
        for at in range(2):
            assert flags.nth(at).evaluate("line => line.scrollHeight <= line.clientHeight")
        tiles = page.locator(".squares").bounding_box()
        boxes = [tile.bounding_box() for tile in page.locator(".square").all()]
        assert tiles is not None
        rights = [box["x"] + box["width"] for box in boxes if box is not None]
        assert max(rights) == pytest.approx(tiles["x"] + tiles["width"], abs=2)


@needs_browser
def test_the_only_step_of_a_curve_stands_in_the_middle_of_its_axis(
    browser: Browser, pipe: Project
) -> None:
    with served(pipe) as address, tab(browser, f"{address}/?step=fit&view=curves") as page:
        box = page.locator(".curves .u-over").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
        expect(page.locator(".legend .at-step")).to_have_text("step 0")
        point = page.locator(".curves .u-cursor-pt").first.bounding_box()
        assert point is not None
        middle = point["x"] + point["width"] / 2
        assert middle == pytest.approx(box["x"] + box["width"] / 2, abs=2)


@needs_browser
def test_the_bars_of_a_large_plan_s_steps_have_room(browser: Browser, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(FILES)
    project.run("-m", f"fit.lr={','.join(map(str, range(30)))}", "+init_trials=true")
    with served(project) as address, tab(browser, address) as page:
        page.keyboard.press("4")
        bars = page.locator(".step-list .bar")
        expect(bars).to_have_count(3)
        box = bars.first.bounding_box()
        assert box is not None and box["width"] > 200


@needs_browser
def test_the_chip_of_the_best_says_the_flags_that_vary_in_full(
    browser: Browser, pipe: Project
) -> None:
    with served(pipe) as address, tab(browser, f"{address}/?step=fit") as page:
        page.locator("#choose-objective").select_option("loss")
        chip = page.locator(".best-run")
        expect(chip).to_contain_text("lr=1, prep.rows=1")
        expect(chip).to_have_attribute("title", "Open the best run: lr=1, prep.rows=1")
        assert chip.evaluate("chip => chip.scrollWidth <= chip.clientWidth")
        chip.click()
        section = page.locator("#drawer section", has_text="Flags upstream")
        expect(section.locator("tr", has_text="prep.rows")).to_contain_text("1")


@needs_browser
def test_beside_an_open_run_steps_stand_without_their_operations(
    browser: Browser, pipe: Project
) -> None:
    with served(pipe) as address, tab(browser, address) as opened:
        titles = opened.locator(".tabulator-header .sort")
        assert {"operation", "step"} <= {title.strip() for title in titles.all_inner_texts()}
        opened.locator(".tabulator-row .status").first.click()
        expect(titles.filter(has_text="operation")).to_have_count(0)
        expect(titles.filter(has_text="step")).to_have_count(1)
        table = opened.locator(".tabulator").bounding_box()
        for name in ("lr", "rows"):
            title = titles.filter(has_text=name).first.bounding_box()
            assert title is not None and table is not None
            assert title["x"] + title["width"] <= table["x"] + table["width"]
