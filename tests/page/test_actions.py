"""What the page changes: each action shows its command, and does what that does."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from hydra_sweep_runner.page import actions, guard
from hydra_sweep_runner.page.site import Site, open_site
from hydra_sweep_runner.store.runs import RunStore
from tests.page.conftest import client_of, open_page
from tests.scenarios.project import Project, wait_until

FAILS_ON_WISH = """
    import os, pathlib, sys
    lr = 0.1
    if pathlib.Path(os.environ["RUNNER_PROJECT_DIR"], "broken").exists():
        sys.exit("broken")
"""


class Page:
    """A page with its token."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client: TestClient = client_of(site)

    def act(self, name: str, expected: int = 200, *, do: bool = False, **given: Any) -> Any:
        answer = self.client.post(
            f"/api/actions/{name}",
            json={**given, "do": do},
            headers={guard.TOKEN: self.site.token},
        )
        assert answer.status_code == expected, answer.text
        return answer.json()


@pytest.fixture
def page(project: Project) -> Iterator[Page]:
    page = Page(open_page(project))
    yield page
    page.site.project.starts.close()


def as_bash_reads(command: str) -> list[str]:
    """The words of a command line."""
    shell = ["bash", "-c", f"printf '%s\\0' {command}"]
    return subprocess.run(shell, check=True, capture_output=True, text=True).stdout.split("\0")[:-1]


def test_nothing_is_done_before_it_is_confirmed(project: Project, page: Page) -> None:
    batch = project.newest("batch")["id"]
    before = project.tree()
    for name, given in (
        ("restart", {"only": "failed"}),
        ("tag", {"add": ["a"]}),
        ("label", {"text": "b"}),
        ("note", {"text": "c"}),
        ("delete", {"trials": True}),
    ):
        assert page.act(name, ids=[batch], **given)["question"]
    assert project.tree() == before


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("tag", {"add": ["best", "two words"], "remove": ["draft"]}),
        ("label", {"text": "the one; in the 'paper'"}),
        ("note", {"text": "diverged\nafter that"}),
        ("delete", {}),
    ],
)
def test_the_command_that_is_shown_does_the_same(
    project: Project, page: Page, name: str, given: dict[str, Any]
) -> None:
    run = project.newest("run")["id"]
    other = project.newest("trial")["id"]
    command = page.act(name, ids=[run], **given)["command"]
    assert "\n" not in command
    words = as_bash_reads(command.replace(run[:8], other[:8]))
    assert words[:3] == ["runner", "runs", name]
    project.run(*words[1:])
    page.act(name, ids=[run], do=True, **given)
    left = {each["id"]: each for each in project.runs()}
    if name == "delete":
        assert run not in left and other not in left
    else:
        key = {"tag": "tags"}.get(name, name)
        assert left[run][key] == left[other][key] == (given.get("text") or ["best", "two words"])


def test_the_failed_are_restarted_by_the_runner_s_own_command(project: Project, page: Page) -> None:
    batch = project.newest("batch")["id"]
    script = project.folder / "train.py"
    script.write_text(script.read_text().replace("sys.exit", "print"))
    told = page.act("restart", ids=[batch], only="failed", do=True)
    assert told["command"] == f"runner +restart={batch[:8]} +only=failed"
    said = told["done"][-1]  # a batch that has ended by then says how
    assert said == f"Started: batch {batch[:8]}" or said.startswith(f"Batch {batch[:8]}"), said
    wait_until(lambda: project.newest("batch")["status"] == "completed")
    assert {run["status"] for run in project.runs("--kind", "trial")} == {"completed"}
    (start,) = page.client.get("/api/store").json()["starts"]
    assert start["command"] == told["command"]


def test_to_go_on_with_a_batch_that_a_rule_ended_lifts_the_rule_as_the_command_says(
    project: Project, page: Page
) -> None:
    rule = ("+objective=loss", "hydra.sweeper.stop=[{objective: '< 1'}]")
    said = project.run("-m", "lr=0.1,0.2,0.3,0.4", *rule, "hydra.launcher.n_jobs=1").err
    batch = project.newest("batch")["id"]
    assert len(project.runs("--batch", batch, "--status", "pending")) == 3
    told = page.act("restart", ids=[batch], needed=True)
    assert told["command"].endswith(" hydra.sweeper.stop=null")
    assert said.splitlines()[-1].endswith(f"; to go on: {told['command']}")
    assert any("stopping rule" in line for line in told["lines"])
    assert page.act("restart", ids=[batch])["command"] == f"runner +restart={batch[:8]}"
    page.act("restart", ids=[batch], needed=True, do=True)
    wait_until(lambda: len(project.runs("--batch", batch, "--status", "completed")) == 4)
    wait_until(lambda: project.newest("batch")["status"] == "completed")
    again = page.act("restart", ids=[batch], needed=True)["command"]
    assert again == f"runner +restart={batch[:8]} +needed=true"


def test_to_go_on_with_a_search_that_a_rule_ended_lifts_the_rule_and_proposes_the_rest(
    project: Project, page: Page
) -> None:
    search = ("lr=interval(0.1,0.2)", "+optimizer=tpe", "+max_trials=3", "+objective=loss")
    rule = "hydra.sweeper.stop=[{objective: '< 1'}]"
    said = project.run("-m", *search, rule, "hydra.launcher.n_jobs=1").err
    batch = project.newest("batch")["id"]
    assert len(project.runs("--batch", batch)) == 1
    told = page.act("restart", ids=[batch], needed=True)
    assert f"The search goes on by {told['command']}" in said.splitlines()
    page.act("restart", ids=[batch], needed=True, do=True)
    wait_until(lambda: len(project.runs("--batch", batch, "--status", "completed")) == 3)
    wait_until(lambda: project.newest("batch")["status"] == "completed")
    assert page.act("restart", ids=[batch], needed=True)["command"].endswith(" +needed=true")


def test_a_restart_that_replaces_results_says_so_before(project: Project, page: Page) -> None:
    batch = project.newest("batch")["id"]
    (told, _) = page.act("restart", ids=[batch])["lines"]
    assert told.startswith("4 trials have completed and would run again: results and scalars are")
    for spared in ({"only": "failed"}, {"needed": True}):
        assert len(page.act("restart", ids=[batch], **spared)["lines"]) == 1
    trials = project.runs("--batch", batch)
    completed = next(run["id"] for run in trials if run["status"] == "completed")
    failed = next(run["id"] for run in trials if run["status"] == "error")
    (told, _) = page.act("restart", ids=[completed])["lines"]
    assert told.startswith("It has completed: its result and its scalars are replaced")
    assert len(page.act("restart", ids=[failed])["lines"]) == 1


def test_several_runs_are_restarted_by_a_command_each_one_after_the_other(
    project: Project, page: Page
) -> None:
    failed = project.runs("--kind", "trial", "--status", "error")
    alone = project.newest("run")
    made = sorted([*failed, alone], key=lambda run: str(run["initialized"]))
    told = page.act("restart", ids=[run["id"] for run in reversed(made)], do=True)
    assert told["question"] == "Restart 3 runs?"
    assert told["command"].splitlines() == [f"runner +restart={run['id'][:8]}" for run in made]
    completed, in_turn, _ = told["lines"]
    assert completed.startswith("1 run has completed and would run again: results and scalars are")
    assert in_turn.startswith("One after the other, also if one fails")
    wait_until(lambda: page.client.get("/api/store").json()["starts"][0]["status"] is not None)
    (start,) = page.client.get("/api/store").json()["starts"]
    assert (start["status"], start["not_begun"]) == (1, 0)
    again = {run["id"]: run for run in project.runs()}
    ends = [again[run["id"]]["stopped"] for run in made]
    assert ends == sorted(ends)
    assert all(again[run["id"]]["started"] > run["started"] for run in made)
    assert [again[run["id"]]["status"] for run in made] == [run["status"] for run in made]


def test_to_stop_one_of_several_restarts_ends_the_rest_which_is_told(project: Project) -> None:
    project.write(
        {
            "conf/config.yaml": "operation: {script: wait.py}\nx: 1\n",
            "wait.py": """
                import os, time
                x = 1
                if os.environ["RUNNER_RESTARTED"] == "1":
                    time.sleep(60)
            """,
        }
    )
    project.run("-m", "x=1,2,3")
    page = Page(open_page(project))
    ids = [run["id"] for run in project.runs("--kind", "trial", "--where", "x in [1, 2, 3]")]
    page.act("restart", ids=ids, do=True)
    (at_work,) = project.runs("--status", "running")
    page.act("stop", ids=[at_work["id"]], do=True)
    wait_until(lambda: page.client.get("/api/store").json()["starts"][0]["status"] is not None)
    (start,) = page.client.get("/api/store").json()["starts"]
    assert (start["status"], start["not_begun"]) == (143, 2)
    statuses = {run["id"]: run["status"] for run in project.runs() if run["id"] in ids}
    assert statuses == dict.fromkeys(ids, "completed") | {at_work["id"]: "terminated"}
    page.site.project.starts.close()


def test_of_several_runs_one_that_cannot_be_restarted_is_told_and_none_is(
    project: Project, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [run["id"] for run in project.runs("--kind", "trial")]
    before = project.tree()
    assert "no run" in page.act("restart", 404, ids=[*ids, "abcd" * 8], do=True)["error"]
    monkeypatch.setattr(actions, "_MOST_RESTARTS", 5)
    error = page.act("restart", 400, ids=ids, do=True)["error"]
    assert error == "restart: 6 runs at once; 5 are the most: restart their batch"
    assert project.tree() == before


def test_a_script_that_ends_with_2_was_not_refused(project: Project, page: Page) -> None:
    script = project.folder / "train.py"
    script.write_text(script.read_text().replace('"it diverged"', "2"))
    (one, _) = project.runs("--kind", "trial", "--status", "error")
    page.act("restart", ids=[one["id"]], do=True)
    wait_until(lambda: page.client.get("/api/store").json()["starts"][0]["status"] is not None)
    (start,) = page.client.get("/api/store").json()["starts"]
    assert (start["status"], start["not_begun"]) == (2, 0)


def test_a_restart_that_is_a_mistake_is_told_in_its_words(project: Project, page: Page) -> None:
    batch = project.newest("batch")["id"]
    (project.folder / "train.py").unlink()
    error = page.act("restart", 400, ids=[batch], do=True)["error"]
    assert "train.py" in error


def test_what_is_at_work_is_stopped_and_neither_restarted_nor_deleted(project: Project) -> None:
    project.write(
        {
            "conf/config.yaml": "operation: {script: wait.py}\nx: 1\n",
            "wait.py": "import time\nx = 1\nprint('at work', flush=True)\ntime.sleep(60)\n",
        }
    )
    page = Page(open_page(project))
    with project.at_work("-m", "x=1,2", "hydra.launcher.n_jobs=1") as process:
        wait_until(lambda: project.runs("--status", "running", "--kind", "trial"))
        batch = project.newest("batch")["id"]
        assert "at work" in page.act("restart", 409, ids=[batch])["error"]
        assert "at work" in page.act("delete", 409, ids=[batch], do=True)["error"]
        said = f"{batch[:8]} is at work: its label can be changed when it has ended"
        assert page.act("label", 409, ids=[batch], text="x")["error"] == said
        told = page.act("stop", ids=[batch])
        assert told["command"] == f"runner runs stop {batch[:8]}"
        done = page.act("stop", ids=[batch], do=True)["done"][-1]
        assert done in (f"Stopped {batch[:8]}", f"batch {batch[:8]} has been asked to stop")
        process.wait(timeout=30)
    assert "is not running" in page.act("stop", 400, ids=[batch])["error"]
    assert project.newest("batch")["status"] == "terminated"


def test_what_takes_its_time_to_stop_keeps_nobody_waiting(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_STOP_S", 0.1)
    project.write(
        {
            "conf/config.yaml": "operation: {script: wait.py}\n",
            "wait.py": """
                import signal, time
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                print("at work", flush=True)
                time.sleep(60)
            """,
        }
    )
    page = Page(open_page(project))
    with project.at_work("hydra.launcher.interrupt_grace_s=2") as process:
        wait_until(lambda: project.runs("--status", "running"))
        run = project.newest("run")["id"]
        done = page.act("stop", ids=[run], do=True)["done"]
        assert done[-1] == f"run {run[:8]} has been asked to stop"
        process.wait(timeout=60)
    assert project.newest("run")["status"] == "terminated"


def test_what_was_deleted_comes_back(project: Project, page: Page) -> None:
    run = project.newest("run")["id"]
    assert page.act("note", ids=[run], text="x", do=True)["done"] == ["Changed 1 run"]
    again = page.act("note", ids=[run], text="x", do=True)["done"]
    assert again == ["Nothing to change: it is so already"]
    done = page.act("delete", ids=[run], do=True)["done"]
    assert done == ["Deleted 1 run: runner runs restore brings it back"]
    assert run not in {each["id"] for each in project.runs()}
    assert page.act("restore", ids=[run])["command"] == f"runner runs restore {run[:8]}"
    page.act("restore", ids=[run], do=True)
    assert run in {each["id"] for each in project.runs()}


def test_another_store_than_the_project_s_is_named_in_each_command(project: Project) -> None:
    moved = project.folder / "elsewhere"
    project.store.rename(moved)
    site = open_site(RunStore(moved), project.folder, is_default_store=False)
    page = Page(site)
    batch = page.client.get("/api/store").json()["batches"][0]["id"]
    assert page.act("label", ids=[batch], text="x")["command"].endswith(f"x --store {moved}")
    told = page.act("restart", ids=[batch], needed=True)
    assert told["command"].endswith("+needed=true hydra.sweeper.store=elsewhere")
    assert project.run(*shlex.split(told["command"])[1:], status=None).returncode in (0, 1)
    assert not project.store.exists()


@pytest.mark.parametrize(
    ("name", "given", "status", "said"),
    [
        ("nothing", {}, 404, "no such action"),
        ("stop", {}, 400, "give the ids"),
        ("stop", {"ids": "abc"}, 400, "list of texts"),
        ("stop", {"ids": ["abcd" * 8]}, 404, "no run"),
        ("restart", {"ids": [], "only": "some"}, 400, "give the ids"),
        ("tag", {"ids": ["last"], "add": []}, 400, "give +TAG"),
        ("label", {"ids": ["last"], "text": 3}, 400, "give a text"),
        ("label", {"ids": ["last"], "text": "x" * 20_000}, 400, "at most"),
        ("delete", {"ids": ["last"], "trials": "yes"}, 400, "true or false"),
        ("restart", {"ids": ["last"], "only": "some"}, 400, "only is failed"),
    ],
)
def test_what_is_asked_wrongly_changes_nothing(
    project: Project, page: Page, name: str, given: dict[str, Any], status: int, said: str
) -> None:
    before = project.tree()
    assert said in page.act(name, status, do=True, **given)["error"]
    assert project.tree() == before


@pytest.mark.parametrize("config", ["config_path=None", "config_path='conf', config_name='app'"])
def test_the_failed_of_a_hydra_program_are_restarted_by_the_program(
    project: Project, page: Page, config: str
) -> None:
    project.write(
        {
            "conf/app.yaml": "{}",
            "app.py": f"""
                import os, hydra
                @hydra.main(version_base=None, {config})
                def main(cfg):
                    if cfg.x == 2 and not os.path.exists("mended"):
                        raise ValueError("not yet")
                if __name__ == "__main__":
                    main()
            """,
        }
    )
    words = [sys.executable, "app.py", "-m", "hydra/sweeper=runner", "+x=1,2"]
    subprocess.run(words, cwd=project.folder, check=False, capture_output=True)
    batch = project.newest("batch")
    assert batch["status"] == "error"
    (project.folder / "mended").touch()
    told = page.act("restart", ids=[batch["id"]], only="failed", do=True)
    name = "--config-name=app " if "app" in config else ""
    restart = f"-m hydra/sweeper=runner +restart={batch['id'][:8]} +only=failed"
    assert told["command"] == f"python app.py {name}{restart}"
    wait_until(lambda: page.client.get("/api/store").json()["starts"][0]["status"] == 0)
    assert project.newest("batch")["status"] == "completed"


def test_what_a_hydra_program_cannot_restart_is_told(project: Project, page: Page) -> None:
    project.write(
        {
            "app.py": """
                import hydra
                @hydra.main(version_base=None, config_path=None)
                def main(cfg):
                    return 1
                if __name__ == "__main__":
                    main()
            """
        }
    )
    subprocess.run(
        [sys.executable, "app.py", "-m", "hydra/sweeper=runner", "+x=1,2"],
        cwd=project.folder,
        check=True,
        capture_output=True,
    )
    batch = project.newest("batch")["id"]
    trial = project.newest("trial")["id"]
    assert batch[:8] in page.act("restart", 400, ids=[trial])["error"]
    (project.folder / "app.py").rename(project.folder / "other.py")
    error = page.act("restart", 400, ids=[batch])["error"]
    assert error == f"{project.folder / 'app.py'}, the program of {batch[:8]}, is not there"


def test_to_go_on_is_the_command_that_the_batch_s_last_line_names(
    project: Project, page: Page
) -> None:
    def goes_on() -> str:
        batch = project.newest("batch")["id"]
        return str(page.act("restart", ids=[batch], needed=True)["command"])

    project.write({"conf/config.yaml": "operation: {script: train.py}\nlr: 0.1\n"})
    project.write({"train.py": FAILS_ON_WISH})
    project.run("-m", "lr=1,2,3", "hydra.launcher.n_jobs=1")
    (project.folder / "broken").touch()
    project.run("+restart=last:batch", "+fail_fast=true", status=1)
    assert goes_on().endswith("+needed=true")
    (project.folder / "broken").unlink()
    project.run(*goes_on().split()[1:])
    (project.folder / "broken").touch()
    project.write({"train.py": FAILS_ON_WISH + "    print('new')\n"})
    said = project.run("+restart=last:batch", "+fail_fast=true", status=1).said
    assert said[-1].endswith("+needed=strict") and said[-1].endswith(goes_on())
    batch = project.newest("batch")["id"]
    told = page.act("restart", ids=[batch], needed=True)
    assert told["question"].endswith("what has completed by the present code excepted?")
    said = project.run("+restart=last:batch", "+needed=true", "+fail_fast=true", status=1).said
    assert said[-1].endswith("+needed=true") and said[-1].endswith(goes_on())
    project.run("+restart=last:batch", "+fail_fast=true", status=1)
    (project.folder / "broken").unlink()
    project.run(*goes_on().split()[1:])
    assert len(project.runs("--batch", batch, "--status", "completed")) == 3
    assert goes_on().endswith("+needed=true")  # nothing was left
