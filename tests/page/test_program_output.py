"""A Hydra program's trial on the page: its log and its files lie in its output folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.hydra.program import SWEEPER, Program, make_program
from tests.hydra.test_output import PROGRAM, sweep
from tests.page.browser import needs_browser, served, tab
from tests.page.conftest import client_of, open_page
from tests.scenarios.project import wait_until


@pytest.fixture
def program(tmp_path: Path) -> Program:
    files = {"train.py": PROGRAM, "conf/config.yaml": "lr: 0.1\nwait: null\n"}
    return make_program(tmp_path / "program", files)


def test_the_page_shows_the_log_and_the_files_of_a_trial(program: Program) -> None:
    (trial,) = sweep(program, "basic", "lr=0.1")
    with client_of(open_page(program, read_only=True)) as page:
        asked = {"id": trial["id"]}
        assert "trained with lr 0.1" in page.get("/api/log", params=asked).json()["text"]
        names = [file["path"] for file in page.get("/api/files", params=asked).json()["files"]]
        assert {"metrics.csv", "train.log", "checkpoints/last.ckpt"} <= set(names)
        shown = page.get("/api/file", params={**asked, "path": "metrics.csv"})
        assert shown.json()["text"] == "lr\n0.1\n"
        outside = page.get("/api/file", params={**asked, "path": "../../../train.py"})
        assert outside.status_code >= 400


@pytest.mark.parametrize("launcher", ["basic", pytest.param("joblib", marks=pytest.mark.long)])
def test_the_log_of_a_failed_trial_is_that_of_its_job_then_its_failure(
    program: Program, launcher: str
) -> None:
    (trial,) = sweep(program, launcher, "lr=7", status=1)
    printed = program.run("runs", "log", trial["id"]).out
    assert printed.index("trained with lr 7") < printed.index("ValueError: diverged")
    with client_of(open_page(program, read_only=True)) as page:
        asked = {"id": trial["id"]}
        shown = page.get("/api/log", params=asked).json()
        assert shown["text"] == printed and shown["ended"]
        assert page.get("/download", params={**asked, "log": "1"}).text == printed
        middle = printed.index("trained with")
        earlier = {**asked, "offset": 5, "most": middle - 5, "file": shown["file"], "earlier": "1"}
        assert page.get("/api/log", params=earlier).json()["text"] == printed[5:middle]


@needs_browser
def test_a_log_that_is_looked_at_goes_on_with_the_failure(
    browser: Browser, program: Program
) -> None:
    words = ("train.py", "-m", SWEEPER, "hydra/launcher=basic", "wait=go", "lr=7")
    with program.python_at_work(*words):
        wait_until(lambda: any(run["output_dir"] for run in program.runs("--kind", "trial")))
        (trial,) = program.runs("--kind", "trial")
        with (
            served(program) as address,
            tab(browser, f"{address}/?run={trial['id']}&tab=log") as page,
        ):
            lines = page.locator("#drawer .log-line")
            expect(lines).to_have_count(1)
            lines.first.evaluate("line => { line.id = 'first'; }")
            (program.folder / "go").touch()
            expect(lines.last).to_have_text("ValueError: diverged")
            texts = lines.all_inner_texts()
            assert "training with lr 7" in texts[0] and "trained with lr 7" in texts[1]
            assert page.locator("#first").count() == 1  # nothing was shown anew
