"""What somebody does who has typed `runner page` for the first time, while a sweep is at work."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.browser import confirm, needs_browser, rectangles, rows, served, tab
from tests.scenarios.project import Project, by_flag, wait_until

pytestmark = needs_browser

FILES = {
    "conf/config.yaml": "operation: {script: train.py}\nlr: 0.1\nbatch_size: 32\n",
    "train.py": """
        import os, pathlib, time
        lr = 0.1
        batch_size = 32
        project = pathlib.Path(os.environ["RUNNER_PROJECT_DIR"])
        print(f"training with lr={lr}", flush=True)
        for step in range(3):
            print(f"step={step} loss={(lr + 0.2) / (step + 1)}", flush=True)
        while not (project / f"go-{lr}").exists():
            time.sleep(0.02)
        if lr == 1 and not (project / "mended").exists():
            raise FloatingPointError("loss is NaN")
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(FILES)
    return project


def let_go(project: Project, *rates: str) -> None:
    """Let the trials with these learning rates come to their end."""
    for rate in rates:
        (project.folder / f"go-{rate}").touch()


def chip(page: Page, status: str) -> str:
    return page.locator(f".chip[data-status='{status}']").inner_text()


def test_the_best_of_a_sweep_at_work_is_found_its_log_opened_and_the_failed_restarted(
    browser: Browser, project: Project
) -> None:
    let_go(project, "0.1", "1", "0.05")
    with project.at_work("-m", "lr=0.1,1,0.05,0.01", "hydra.launcher.n_jobs=1") as sweep:
        wait_until(lambda: len(project.runs("--status", "completed")) == 2)
        batch = project.newest("batch")["id"][:8]
        best = by_flag(project.runs("--status", "completed"), "lr")[0.05]["id"]
        with served(project) as address, tab(browser, address) as page:
            failed = page.locator(".tabulator-row", has_text="error")
            expect(failed).to_contain_text("FloatingPointError: loss is NaN")
            page.locator("#choose-objective").select_option("loss")
            page.locator(".chip[data-status=completed]").click()
            expect(page.locator(".tabulator-row").first).to_have_attribute("data-id", best)
            expect(page.locator(".sort .arrow", has_text="▲")).to_have_count(1)
            page.locator(".best-run").click()
            page.locator("#drawer [role=tab]", has_text="Log").click()
            expect(page.locator("#drawer .log")).to_contain_text("training with lr=0.05")
            page.keyboard.press("Escape")
            page.locator(".chip[data-status=completed]").click()
            restart = page.locator("#head button", has_text="Restart the failed (1)")
            expect(restart).to_be_disabled()
            expect(page.locator("#head")).to_contain_text("when the batch has ended")
            (project.folder / "mended").touch()
            let_go(project, "0.01")
            expect(restart).to_be_enabled()
            sweep.wait(timeout=60)
            page.locator(".tabulator-row", has_text="error").click()
            log = page.locator("#drawer .log")
            expect(log).to_contain_text("loss is NaN")
            restart.click()
            assert confirm(page, "Restart") == f"runner +restart={batch} +only=failed"
            expect(page.locator("#drawer .status").first).to_contain_text("completed")
            expect(page.locator("#drawer [role=tab][aria-selected=true]")).to_have_text("Log")
            expect(log).not_to_contain_text("loss is NaN")
            expect(log).to_contain_text("training with lr=1")
            expect(page.locator("#toast")).to_contain_text(batch)
            expect(page.locator(".chip[data-status=completed]")).to_contain_text("4 completed")


def test_a_button_that_is_pressed_while_news_come_acts(browser: Browser, project: Project) -> None:
    let_go(project, "0.1")
    with project.at_work("-m", "lr=0.1,0.05,0.01", "hydra.launcher.n_jobs=1"):
        wait_until(lambda: len(project.runs("--status", "completed")) == 1)
        with served(project) as address, tab(browser, address) as page:
            assert chip(page, "completed") == "✓ 1 completed"
            page.locator(".chip[data-status=completed]").hover()
            page.mouse.down()
            let_go(project, "0.05")
            expect(page.locator(".chip[data-status=completed]")).to_have_text("✓ 2 completed")
            page.mouse.up()
            expect(page.locator("#count")).to_have_text("2 runs")
            assert "status=completed" in page.url
        let_go(project, "0.01")


def test_an_axis_is_brushed_while_news_come(browser: Browser, project: Project) -> None:
    let_go(project, "0.1")
    with project.at_work("-m", "lr=0.1,0.05,0.01", "hydra.launcher.n_jobs=1"):
        wait_until(lambda: len(project.runs("--status", "completed")) == 1)
        with served(project) as address, tab(browser, address) as page:
            page.keyboard.press("2")
            drawing = page.locator("[data-chart=parallel] canvas").first
            expect(drawing).to_be_visible()
            expect(page.locator(".view.of-plots > p")).to_contain_text("1 of 3 runs has no loss")
            box = drawing.bounding_box()
            assert box is not None
            x, top, bottom = box["x"] + box["width"] - 80, box["y"] + 46, box["y"] + 334
            page.mouse.move(x, bottom + 3)
            page.mouse.down()
            page.mouse.move(x, bottom - 40, steps=4)
            let_go(project, "0.05")
            expect(page.locator(".chip[data-status=completed]")).to_have_text("✓ 2 completed")
            page.mouse.move(x, (top + bottom) / 2, steps=4)
            page.mouse.up()
            expect(page.locator("#count")).to_have_text("1 of 3 runs")
            wait_until(lambda: len(rectangles(page)) == 1)
            let_go(project, "0.01")
            expect(page.locator(".chip[data-status=completed]")).to_have_text("✓ 3 completed")
            expect(page.locator(".view.of-plots > p")).not_to_contain_text("has no loss")
            assert len(rectangles(page)) == 1 and "brush=" in page.url


def test_what_the_drawer_tells_leaves_its_room_in_the_table_to_what_is_compared(
    browser: Browser, project: Project
) -> None:
    let_go(project, "0.1", "1")
    project.run("-m", "lr=0.1,1", status=1)
    with served(project) as address, tab(browser, address) as page:
        titles = page.locator(".tabulator-header .sort")
        assert "reason" in titles.all_inner_texts()
        page.locator(".tabulator-row", has_text="error").click()
        expect(titles.filter(has_text="reason")).to_have_count(0)
        shown = [title.strip() for title in titles.all_inner_texts()]
        assert shown == ["id", "status", "lr", "loss", "duration"]
        last = page.locator(".tabulator-header .sort").last.bounding_box()
        table = page.locator(".tabulator").bounding_box()
        assert last is not None and table is not None
        assert last["x"] + last["width"] <= table["x"] + table["width"]
        expect(page.locator("#drawer .reason")).to_contain_text("loss is NaN")
        page.keyboard.press("Escape")
        expect(titles.filter(has_text="reason")).to_have_count(1)


def test_a_restart_of_what_has_completed_says_that_its_result_is_replaced(
    browser: Browser, project: Project
) -> None:
    let_go(project, "0.1")
    project.run("lr=0.1")
    with served(project) as address, tab(browser, address) as page:
        assert len(rows(page)) == 1
        page.locator(".tabulator-row .status").click()
        page.locator("#drawer button", has_text="Restart").click()
        expect(page.locator("dialog")).to_contain_text("its result and its scalars are replaced")
        page.keyboard.press("Escape")
        assert project.newest("run")["status"] == "completed"
