"""A pipeline's runs are told apart by the flags of what they take files from, too."""

from __future__ import annotations

from collections.abc import Iterator
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
    names = [pair["name"] for pair in ask(page, "diff", a=fit, b=score)["subjects"]["flags"]]
    assert names == ["lr"]


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
