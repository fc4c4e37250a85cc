"""A pipeline's batch is restarted from the page so that nothing stays out of date."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.page.browser import confirm, needs_browser, served, tab
from tests.page.conftest import client_of, open_page
from tests.page.test_actions import Page
from tests.page.test_upstream import FILES, ask
from tests.scenarios.project import Project


def pipe(folder: Path) -> Project:
    """The pipeline, not run yet."""
    project = Project(folder)
    project.write(FILES)
    return project


def pipe_with_a_failure(tmp_path: Path) -> Project:
    """Both fits were made and scored; then the second one was made again and failed."""
    project = pipe(tmp_path)
    project.run("-m", "fit.lr=1,2", "hydra.launcher.n_jobs=1")
    project.write({"fit.sh": FILES["fit.sh"] + "; test $1 = 1"})
    project.run("+restart=last:batch", "+from=fit", status=1)
    project.write({"fit.sh": FILES["fit.sh"]})
    return project


@needs_browser
def test_restarting_the_failed_of_a_pipeline_makes_anew_what_depends_on_them(
    browser: Browser, tmp_path: Path
) -> None:
    project = pipe_with_a_failure(tmp_path)
    batch = project.newest("batch")["id"]
    with served(project) as address, tab(browser, address) as page:
        page.goto(f"{address}/?batch={batch}")
        page.locator("#head button", has_text="Run what is needed").click()
        # the fit that came before the failed one was made by the code of that start, too
        command = page.locator("dialog .command")
        expect(command).to_have_text(f"runner +restart={batch[:8]} +needed=strict")
        page.keyboard.press("Escape")
        page.locator("#head button", has_text="Restart the failed (1)").click()
        assert confirm(page, "Restart") == f"runner +restart={batch[:8]} +needed=true"
        expect(page.locator(".chip[data-status=completed]")).to_contain_text("5 completed")
        page.locator("#head button", has_text="Run what is needed").click()
        assert confirm(page, "Restart") == f"runner +restart={batch[:8]} +needed=true"
    said = project.run("+restart=last:batch", "+needed=true", "+print_trials=true").err
    assert f"Batch {batch[:8]}: 5 trials: 5 to skip" in said


def test_restarting_one_trial_says_before_how_many_are_out_of_date_then(
    tmp_path: Path,
) -> None:
    project = pipe(tmp_path)
    project.run("-m", "fit.lr=1,2")
    runs = {run["step"]: run["id"] for run in project.runs("--kind", "trial")}
    page = Page(open_page(project))
    try:
        lines = page.act("restart", ids=[runs["prep"]])["lines"]
        assert "4 completed runs take files from that: they are out of date then" in lines
        lines = page.act("restart", ids=[runs["fit"]])["lines"]
        assert "1 completed run takes files from that: it is out of date then" in lines
        for ids in ([runs["score"]], [project.newest("batch")["id"]]):
            assert "out of date" not in str(page.act("restart", ids=ids)["lines"])
        told = page.act("restart", ids=[project.newest("batch")["id"]], needed=True)
        assert told["question"].endswith("what is completed and up to date excepted?")
    finally:
        page.site.project.starts.close()


def test_the_plan_and_a_run_say_that_a_completed_trial_is_out_of_date(tmp_path: Path) -> None:
    project = pipe_with_a_failure(tmp_path)
    stale = {
        trial: why
        for trial in project.newest("batch")["trials"]
        if (why := project.show(trial)["out_of_date"])
    }
    assert stale
    with client_of(open_page(project)) as page:
        plan = ask(page, "plan", batch=project.newest("batch")["id"])
        told = {one["id"]: one["reason"] for one in plan["trials"] if one["status"] == "completed"}
        assert {one: why for one, why in told.items() if why is not None} == {
            trial: f"out of date: {why}" for trial, why in stale.items()
        }
        for trial, why in stale.items():
            assert ask(page, "run", id=trial)["reason"] == f"out of date: {why}"
