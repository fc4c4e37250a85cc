"""A run's log in a real browser: long ones are read in parts, and nothing is left out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.browser import needs_browser, served, tab
from tests.scenarios.project import Project, wait_until

pytestmark = needs_browser

FILES = {
    "conf/config.yaml": "operation: {script: talk.py, scalars: false}\ncount: 12000\nmore: 0\n",
    "talk.py": """
        import os, pathlib, time
        count = 12000
        more = 0
        def talk(name, number):
            for n in range(number):
                print(f"{name} {n} \u00fc\u20ac\U0001d11e " + "x" * (n % 90))
        talk("line", count)
        print("y" * 300_000)
        talk("end", 3)
        while more and not pathlib.Path(os.environ["RUNNER_PROJECT_DIR"], "go").exists():
            time.sleep(0.02)
        talk("more", more)
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(FILES)
    return project


def shown(page: Page) -> list[str]:
    lines = page.locator("#drawer .log-line").evaluate_all("all => all.map((l) => l.textContent)")
    assert isinstance(lines, list)
    return lines


def whole_log(page: Page) -> list[str]:
    """The lines after all that stands before the first one was loaded."""
    earlier = page.locator("#drawer button", has_text="Earlier lines")
    log = page.locator("#drawer .log")

    def beginning() -> object:
        return log.evaluate("log => [log.childElementCount, log.firstChild.textContent]")

    def load() -> None:
        before = beginning()
        earlier.click()
        wait_until(lambda: beginning() != before)

    while earlier.is_visible():
        load()
    return shown(page)


def as_seen(text: str) -> list[str]:
    """The lines of a log as the page shows them: long ones are cut."""
    return [
        line if len(line) <= 4000 else f"{line[:4000]}\u2026 ({len(line) - 4000:,} more characters)"
        for line in text.splitlines()
    ]


@contextmanager
def at_work(
    browser: Browser, project: Project, *words: str
) -> Iterator[tuple[Page, Path, Callable[[str], None]]]:
    """A run at work, its log in a tab as far as it goes, the log's file, and what lets it grow up
    to a last line, and end."""
    with project.at_work(*words) as process:
        assert process.stdout is not None
        Thread(target=process.stdout.read, daemon=True).start()
        wait_until(lambda: project.runs("--status", "running"))
        run = project.newest("run")
        with (
            served(project) as address,
            tab(browser, f"{address}/?run={run['id']}&tab=log") as page,
        ):
            last = page.locator("#drawer .log-line").last

            def grow(line: str) -> None:
                (project.folder / "go").touch()
                expect(last).to_contain_text(line)
                process.wait(timeout=60)

            expect(last).to_contain_text("end 2")
            yield page, Path(run["log"]), grow


def test_a_long_log_is_read_from_its_end_to_its_beginning_and_saved_whole(
    browser: Browser, project: Project
) -> None:
    project.run("count=4000")
    run = project.newest("run")
    log = Path(run["log"]).read_bytes()
    with served(project) as address, tab(browser, f"{address}/?run={run['id']}&tab=log") as page:
        expect(page.locator("#drawer .log-line").last).to_contain_text("end 2")
        assert len(shown(page)) < 1000
        assert whole_log(page) == as_seen(log.decode())
        with page.expect_download() as saved:
            page.locator("#drawer a", has_text="Save").click()
        assert saved.value.suggested_filename == f"{run['id'][:8]}.log"
        assert Path(saved.value.path()).read_bytes() == log


def test_a_log_is_shown_to_its_last_line(browser: Browser, project: Project) -> None:
    project.write({"talk.py": "count = more = 0\nfor n in range(60): print('line', n)\n"})
    project.run()
    run = project.newest("run")["id"]
    with served(project) as address, tab(browser, f"{address}/?run={run}&tab=log") as page:
        expect(page.locator("#drawer .log-line").last).to_have_text("line 59")
        left = "log => Math.round(log.scrollHeight - log.clientHeight - log.scrollTop)"
        wait_until(lambda: page.locator("#drawer .log").evaluate(left) == 0)


def test_what_is_dropped_of_a_log_that_grows_can_be_loaded_again(
    browser: Browser, project: Project
) -> None:
    with at_work(browser, project, "count=3000", "more=9000") as (page, log, grow):
        grow("more 8999")
        assert 5000 <= len(shown(page)) < 12_000
        assert whole_log(page) == as_seen(log.read_text())


def test_earlier_lines_that_were_asked_for_stay_while_the_log_grows(
    browser: Browser, project: Project
) -> None:
    with at_work(browser, project, "count=9000", "more=5") as (page, log, grow):
        loaded = whole_log(page)
        assert len(loaded) > 9000
        grow("more 4")
        assert shown(page) == as_seen(log.read_text())
