"""Run options as they are typed: contract section 2, what it says of `only`, null and slips."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hydra.program import SWEEPER, make_program
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag

#: Fails as long as a file of the trial's name lies in the project, and notes each start.
SCRIPT = """
    import os
    from pathlib import Path

    x = 0
    here = Path(os.environ["RUNNER_PROJECT_DIR"])
    with (here / "ran.txt").open("a") as log:
        print(x, file=log)
    if (here / f"bad-{x}").exists():
        raise SystemExit(3)
"""


@pytest.fixture
def failing(make_project: MakeProject) -> Project:
    """Three trials, of which the second fails as long as `bad-2` is there."""
    return make_project(
        {
            "conf/config.yaml": "operation: {script: work.py}\nx: 0\n",
            "work.py": SCRIPT,
            "bad-2": "",
        }
    )


def ran(project: Project) -> list[str]:
    """The trials that were started, in their order, since this was asked the last time."""
    path = project.folder / "ran.txt"
    found = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return found


# ---- only=failed


def test_only_failed_runs_those_alone_that_failed(failing: Project) -> None:
    failing.run("-m", "x=1,2,3", "hydra.launcher.n_jobs=1", status=1)
    batch = failing.newest("batch")
    ran(failing)
    (failing.folder / "bad-2").unlink()
    printed = failing.terminal(f"+restart={batch['id']}", "+only=failed")
    assert ran(failing) == ["2"]
    assert "Skipping 2 trials that have not failed" in printed
    again = failing.newest("batch")
    assert (again["id"], again["status"], again["trials"]) == (
        batch["id"],
        "completed",
        batch["trials"],
    )


def test_only_failed_leaves_what_never_started_and_what_was_stopped(failing: Project) -> None:
    words = ("x=1,2,3", "+fail_fast=true", "hydra.launcher.n_jobs=1")
    failing.run("-m", *words, status=1)
    batch = failing.newest("batch")["id"]
    ran(failing)
    (failing.folder / "bad-2").unlink()
    said = failing.run(f"+restart={batch}", "+only=failed").said
    assert ran(failing) == ["2"]
    assert said[-1].endswith(
        f"3 trials, 2 completed, 1 pending; to go on: runner +restart={batch[:8]} +needed=true"
    )
    ended = failing.show(batch)
    assert (ended["status"], ended["reason"]) == ("completed", "1 of 3 trials not completed")
    runs = by_flag([run for run in failing.runs() if run["kind"] == "trial"], "x")
    assert {x: run["status"] for x, run in runs.items()} == {
        1: "completed",
        2: "completed",
        3: "pending",
    }


def test_only_failed_creates_new_trials_of_the_plan_and_does_not_run_them(
    failing: Project,
) -> None:
    failing.run("-m", "x=1,2", status=1)
    batch = failing.newest("batch")["id"]
    ran(failing)
    failing.run(f"+restart={batch}", "x=2,4", "+only=failed", status=1)
    assert ran(failing) == ["2"]
    again = failing.newest("batch")
    runs = {run["id"]: run for run in failing.runs()}
    planned = [(runs[trial]["flags"]["x"], runs[trial]["status"]) for trial in again["trials"]]
    assert planned == [(2, "error"), (4, "pending")]


def test_only_failed_holds_for_the_one_call(failing: Project) -> None:
    failing.run("-m", "x=1,2", status=1)
    batch = failing.newest("batch")["id"]
    failing.run(f"+restart={batch}", "+only=failed", status=1)
    ran(failing)
    failing.run(f"+restart={batch}", status=1)
    assert sorted(ran(failing)) == ["1", "2"]


def test_only_failed_with_nothing_failed_starts_nothing(failing: Project) -> None:
    failing.run("-m", "x=1,3")
    batch = failing.newest("batch")["id"]
    ran(failing)
    failing.run(f"+restart={batch}", "+only=failed")
    assert ran(failing) == []


@pytest.mark.parametrize(("x", "starts"), [("2", ["2"]), ("1", [])])
def test_only_failed_runs_one_run_again_if_it_failed(
    failing: Project, x: str, starts: list[str]
) -> None:
    failing.run(f"x={x}", status=3 if starts else 0)
    run = failing.newest("run")["id"]
    ran(failing)
    failing.run(f"+restart={run}", "+only=failed", status=3 if starts else 0)
    assert ran(failing) == starts


@pytest.mark.parametrize("words", [("x=1",), ("-m", "x=1,2")])
def test_only_failed_is_for_a_restart(failing: Project, words: tuple[str, ...]) -> None:
    said = failing.run(*words, "+only=failed", status=2).said
    assert said == [
        "runner: +only=failed is for a restart: add +restart=ID, or leave it out",
    ]
    assert not failing.store.exists()


# ---- null


def test_null_takes_a_remembered_option_back(echo: Project) -> None:
    echo.run("-m", "x=range(0,5)", "+max_trials=2", "+label=first", "+tags=a,b")
    batch = echo.newest("batch")["id"]
    echo.run(f"+restart={batch}", "+max_trials=null", "+label=null", "+tags=null")
    for _ in range(2):
        found = echo.newest("batch")
        assert len(found["trials"]) == 5
        assert (found["label"], found["tags"]) == (None, [])
        echo.run(f"+restart={batch}")


def test_null_takes_back_an_option_of_a_run(echo: Project) -> None:
    echo.run("+label=first")
    run = echo.newest("run")["id"]
    echo.run(f"+restart={run}", "hydra.sweeper.label=null")
    assert echo.newest("run")["label"] is None
    echo.run(f"+restart={run}")
    assert echo.newest("run")["label"] is None


# ---- added flags

PLAIN = {"conf/config.yaml": "operation: {command: ['true']}\nlr: 1\n"}


@pytest.mark.parametrize("added", ["+extra=1", "++extra=1", "+extra=1,2"])
def test_a_flag_that_a_start_added_is_taken_back(make_project: MakeProject, added: str) -> None:
    project = make_project(PLAIN)
    project.run("-m", "lr=1,2", added)
    batch = project.newest("batch")["id"]
    project.run(f"+restart={batch}", "~extra")
    for _ in range(2):
        found = project.newest("batch")
        assert found["flags"] == {"lr": [1, 2]}
        planned = [run for run in project.runs() if run["id"] in found["trials"]]
        assert [run["flags"].keys() for run in planned] == [{"lr"}, {"lr"}]
        project.run(f"+restart={batch}")


def test_a_flag_that_a_restart_of_a_run_added_is_taken_back(make_project: MakeProject) -> None:
    project = make_project(PLAIN)
    project.run("lr=2")
    run = project.newest("run")["id"]
    project.run(f"+restart={run}", "+extra=1")
    assert project.newest("run")["flags"] == {"lr": 2, "extra": 1}
    project.run(f"+restart={run}", "~extra")
    assert project.newest("run")["flags"] == {"lr": 2}


# ---- slips


@pytest.mark.parametrize("first", [(), ("-m",)])
def test_an_added_flag_that_is_a_slip_of_an_option_is_a_mistake(
    echo: Project, first: tuple[str, ...]
) -> None:
    said = echo.run(*first, "+neded=true", status=2).said
    assert said == [
        "runner: +neded=true: there is no run option neded; did you mean +needed=true? (A flag "
        "of that name is added by ++neded=true)"
    ]
    assert not echo.store.exists()


def test_a_slip_on_a_restart_changes_nothing(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    before = echo.tree()
    said = echo.run(f"+restart={batch}", "+max_trial=1", status=2).said
    assert "did you mean +max_trials=1?" in said[0]
    assert echo.tree() == before


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_a_slip_below_the_sweeper_is_a_mistake_however_it_is_added(
    echo: Project, sign: str
) -> None:
    typed = f"{sign}hydra.sweeper.max_trial=1"
    told = (
        f"runner: {typed}: hydra.sweeper has no setting 'max_trial'; did you mean "
        "hydra.sweeper.max_trials=1?"
    )
    for words in (("-m", "x=1,2"), ()):
        assert echo.run(*words, typed, status=2).said == [told]
    assert not echo.store.exists()
    echo.run("x=1")
    before = echo.tree()
    assert echo.run("+restart=last", typed, status=2).said == [told]
    assert echo.tree() == before
    echo.run("-m", "x=1,2", f"{sign}hydra.sweeper.max_trials=1")
    assert len(echo.newest("batch")["trials"]) == 1


def test_a_slip_below_the_sweeper_is_a_mistake_in_a_hydra_program(tmp_path: Path) -> None:
    app = """
        import hydra

        @hydra.main(version_base="1.3")
        def main(cfg):
            pass

        main()
    """
    program = make_program(tmp_path, {"app.py": app})
    typed = "+hydra.sweeper.optimizer_option.x=1"
    (line,) = program.python("app.py", "-m", SWEEPER, typed, status=2).said
    assert "did you mean hydra.sweeper.optimizer_options.x=1?" in line
    assert not program.store.exists()


GROUPS = {
    "conf/config.yaml": "operation: {command: [echo, '${lr}']}\nlr: 0.1\n",
    "conf/experiment/fine.yaml": "# @package _global_\nlr: 0.01\n",
    "conf/model/sub/wide.yaml": "width: 3\n",
}


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("+experimnt=fine", "there is no config group experimnt; did you mean +experiment=fine?"),
        ("+experiments=fine", "did you mean +experiment=fine?"),
        ("+model/sbu=wide", "there is no config group model/sbu; did you mean +model/sub=wide?"),
        ("+model/other=wide", "there is no config group model/other (a flag of that name is added"),
    ],
)
def test_an_added_flag_that_was_meant_to_choose_a_config_is_a_mistake(
    make_project: MakeProject, typed: str, says: str
) -> None:
    project = make_project(GROUPS)
    (line,) = project.run("-m", typed, "lr=1,2", status=2).said
    assert line.startswith(f"runner: {typed}: ") and says in line
    assert not project.store.exists()


def test_an_added_flag_near_a_group_that_has_no_such_config_is_a_flag(
    make_project: MakeProject,
) -> None:
    project = make_project(GROUPS)
    project.run("+experimnt=other")
    assert project.newest("run")["flags"] == {"lr": 0.1, "experimnt": "other"}
    project.run("++experimnt=fine")
    assert project.newest("run")["flags"] == {"lr": 0.1, "experimnt": "fine"}


def test_two_pluses_insist_on_a_flag(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": "operation: {command: [echo, '${neded}']}\n"})
    assert project.run("++neded=true").lines == ["true"]
    assert project.newest("run")["flags"] == {"neded": True}
    run = project.newest("run")["id"]
    project.run(f"+restart={run}")
    assert project.newest("run")["flags"] == {"neded": True}


# ---- config groups of an option's name

GROUP = {
    "conf/config.yaml": "operation: {command: [echo, '${size}']}\n",
    "conf/label/small.yaml": "# @package _global_\nsize: 1\n",
    "conf/label/large.yaml": "# @package _global_\nsize: 9\n",
    "conf/tag/big.yaml": "# @package _global_\nsize: 99\n",
}


def test_a_config_group_of_an_option_s_name_is_chosen_by_plus(make_project: MakeProject) -> None:
    project = make_project(GROUP)
    assert project.run("+label=small", "hydra.sweeper.label=told").lines == ["1"]
    run = project.newest("run")
    assert (run["flags"], run["label"]) == ({"size": 1}, "told")
    assert project.run(f"+restart={run['id']}", "+label=large").lines == ["9"]
    again = project.newest("run")
    assert (again["flags"], again["label"]) == ({"size": 9}, "told")


def test_a_config_group_whose_name_is_like_an_option_s_is_no_slip(
    make_project: MakeProject,
) -> None:
    assert make_project(GROUP).run("+tag=big").lines == ["99"]


def test_a_program_s_config_group_of_an_option_s_name_is_hydra_s(make_project: MakeProject) -> None:
    folder = make_project({}).folder
    program = make_program(
        folder / "program",
        {
            "train.py": """
                import hydra

                @hydra.main(version_base="1.3", config_path="conf", config_name="config")
                def main(cfg):
                    print("size", cfg.size)

                main()
            """,
            "conf/config.yaml": "lr: 1\n",
            "conf/label/small.yaml": "# @package _global_\nsize: 1\n",
            "conf/label/large.yaml": "# @package _global_\nsize: 9\n",
        },
    )
    words = ("train.py", "-m", SWEEPER, "+label=small,large", "hydra.sweeper.label=told")
    program.python(*words)
    assert sorted(run["flags"]["size"] for run in program.trials()) == [1, 9]
    assert {run["label"] for run in program.runs()} == {"told"}
    batch = program.newest("batch")["id"]
    program.python("train.py", "-m", SWEEPER, f"+restart={batch}", "+label=large")
    runs = {run["id"]: run for run in program.runs()}
    assert [runs[trial]["flags"]["size"] for trial in runs[batch]["trials"]] == [9]
