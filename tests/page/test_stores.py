"""The page of stores of all kinds: every view of each can be looked at, and nothing complains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.browser import count, needs_browser, served, tab
from tests.scenarios.pipelines import FILES as STUDY
from tests.scenarios.project import Project

pytestmark = needs_browser

LONG = "a_flag_with_a_very_long_name." * 6 + "end"
FUNCTION = {
    "conf/config.yaml": "operation: {function: lib.f}\nx: 1\n",
    "lib.py": """
        def f(**flags):
            if flags["x"] == 3:
                raise ValueError("no\\n" * 50)
            return {"loss": flags["x"] ** 2, "val/acc @1": 1.0}
    """,
}


def nothing(project: Project) -> None:
    project.write(FUNCTION)


def one_run(project: Project) -> None:
    project.write(FUNCTION)
    project.run("x=2")


def no_trial_yet(project: Project) -> None:
    project.write(FUNCTION)
    project.run("-m", "x=1,2", "+init_trials=true")


def a_search(project: Project) -> None:
    project.write(FUNCTION)
    project.run("-m", "x=interval(0.0,1.0)", "+max_trials=4", "+objective=loss")


def a_pipeline(project: Project) -> None:
    project.write(STUDY)
    project.run("-m", "operation=study", "train.lr=0.1,0.01")


def odd_names(project: Project) -> None:
    project.write(FUNCTION)
    project.write({"conf/config.yaml": f"operation: {{function: lib.f}}\nx: 1\n{LONG!r}: a\n"})
    project.write({"lib.py": FUNCTION["lib.py"]})
    long_value = "v" * 3000
    project.run("-m", "x=1,2,3", f"+text={long_value},b", "+objective=val/acc @1", status=None)


def a_damaged_record(project: Project) -> None:
    project.write(FUNCTION)
    project.run("-m", "x=1,2")
    damaged = project.newest("batch")["trials"][0]
    (project.store / damaged / ".runner" / "record.json").write_text("{")


def look_at_all(page: Page) -> None:
    for key, name in zip("2341", ("plots", "curves", "plan", "table"), strict=True):
        page.keyboard.press(key)
        expect(page.locator(f".view.of-{name}")).to_be_visible()
        expect(page.locator(f".view.of-{name} > *").first).to_be_attached()
        expect(page.locator("#trouble")).to_be_hidden()


@pytest.mark.parametrize(
    ("fill", "counted"),
    [
        (nothing, "0 runs"),
        pytest.param(one_run, "1 run", marks=pytest.mark.long),
        pytest.param(no_trial_yet, "2 runs", marks=pytest.mark.long),
        (a_search, "4 runs"),
        (a_pipeline, "6 runs"),
        (odd_names, "6 runs"),
        (a_damaged_record, "2 runs"),
    ],
)
def test_every_view_of_it_can_be_looked_at(
    browser: Browser, tmp_path: Path, fill: Callable[[Project], None], counted: str
) -> None:
    project = Project(tmp_path)
    fill(project)
    with served(project) as address, tab(browser, address) as page:
        assert count(page) == counted
        look_at_all(page)
        page.locator("#all-flags").check()
        expect(page.locator("#count")).to_have_text(counted)
        first = page.locator(".tabulator-row .status", has_not_text="unreadable").first
        if counted != "0 runs":
            first.click()
            expect(page.locator("#drawer h2")).to_be_visible()


def test_a_page_that_was_opened_before_the_first_run_shows_the_first_sweep(
    browser: Browser, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    nothing(project)
    with served(project) as address, tab(browser, address) as page:
        expect(page.locator(".nothing").first).to_contain_text("Nothing has been run yet")
        expect(page.locator(".nothing code").last).to_have_text("runner -m lr=0.1,0.01")
        page.keyboard.press("3")
        expect(page.locator(".curves")).to_contain_text("No run here has reported a number yet")
        page.keyboard.press("1")
        project.run("-m", "x=1,2")
        expect(page.locator("#count")).to_have_text("2 runs")
        expect(page.locator(".entry.here")).to_contain_text(project.newest("batch")["id"][:8])


def test_a_search_s_best_so_far_is_drawn_against_the_trials(
    browser: Browser, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    a_search(project)
    with served(project) as address, tab(browser, address) as page:
        page.keyboard.press("2")
        card = page.locator("[data-chart=best]")
        expect(card).to_contain_text("Best (least) loss so far")
        expect(card.locator("canvas").first).to_be_visible()
        expect(page.locator("[data-chart=parallel]")).to_contain_text(
            "the least loss, which is the best, is at the top"
        )
        expect(page.locator(".best-run")).to_contain_text("x=")
        page.locator("#choose-objective").select_option("-loss")
        expect(card).to_contain_text("Best (greatest) loss so far")
        page.locator(".entry.all").click()  # there nobody has said what is the best
        expect(card).to_contain_text("Least loss so far")
        expect(page.locator("#choose-objective")).to_have_value("")


def test_a_damaged_record_is_told_at_the_side_and_the_others_are_shown(
    browser: Browser, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    a_damaged_record(project)
    with served(project) as address, tab(browser, address, is_clean=False) as page:
        expect(page.locator(".damaged")).to_have_count(1)
        expect(page.locator(".chip[data-status=unreadable]")).to_contain_text("1 unreadable")
        page.locator(".tabulator-row", has_text="unreadable").click()
        expect(page.locator("#drawer [role=alert]")).to_contain_text("record.json")
        page.locator(".tabulator-row", has_text="completed").click()
        expect(page.locator("#drawer")).to_contain_text("Scalars")
