"""Restarts of batches and of single runs, rule by rule."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag, ids, without_ids


def swept_values(project: Project, name: str) -> list[object]:
    """One flag's value in each planned trial of the only batch, in plan order."""
    runs = {run["id"]: run for run in project.runs()}
    (batch,) = [run for run in runs.values() if run["kind"] == "batch"]
    return [runs[trial]["flags"][name] for trial in batch["trials"]]


def batch_of(project: Project, *words: str, status: int = 0) -> str:
    """Run a sweep: the id of its batch."""
    project.run("-m", *words, status=status)
    found: str = project.newest("batch")["id"]
    return found


def test_m_is_allowed_in_a_restart(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    printed = echo.terminal("-m", f"+restart={batch}")
    assert printed[1] == f"Restarting {batch[:8]}"
    assert len(echo.runs()) == 3


def test_a_restart_remembers_the_options_of_the_last_start(echo: Project) -> None:
    batch = batch_of(echo, "x=range(0,9)", "+max_trials=2", "+random_seed=4")
    two = echo.newest("batch")["trials"]
    echo.run(f"+restart={batch}", "+max_trials=3")
    three = echo.newest("batch")["trials"]
    echo.run(f"+restart={batch}")
    assert len(two) == 2
    assert set(two) < set(three)
    assert echo.newest("batch")["trials"] == three
    assert echo.newest("batch")["random_seed"] == 4


def test_a_restart_remembers_what_was_set_in_the_sweepers_node(echo: Project) -> None:
    batch = batch_of(echo, "x=range(0,9)", "hydra.sweeper.max_trials=2")
    trials = echo.newest("batch")["trials"]
    echo.run(f"+restart={batch}")
    assert echo.newest("batch")["trials"] == trials


def test_needed_and_init_trials_hold_for_one_call(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2", "+init_trials=true")
    assert "1 2 'a'" in echo.run(f"+restart={batch}").lines
    assert echo.run(f"+restart={batch}", "+needed=true").lines == []
    assert echo.run(f"+restart={batch}").lines == ["1 2 'a'", "2 2 'a'"]


def test_flags_are_replaced_by_name(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2", "y=5,6")
    echo.run(f"+restart={batch}", "y=6", "z=b,c", "+init_trials=true")
    restarted = echo.newest("batch")
    assert restarted["flags"] == {"x": [1, 2], "y": [6], "z": ["b", "c"]}
    assert swept_values(echo, "x") == [1, 1, 2, 2]
    assert swept_values(echo, "y") == [6, 6, 6, 6]
    assert swept_values(echo, "z") == ["b", "c", "b", "c"]


@pytest.mark.parametrize("first", ["x=1,2", "++x=1,2", "x=range(1,3)"])
@pytest.mark.parametrize("then", ["x=2,3", "++x=2,3"])
def test_a_flag_is_replaced_however_it_is_written(echo: Project, first: str, then: str) -> None:
    batch = batch_of(echo, first, "+init_trials=true")
    assert echo.newest("batch")["flags"] == {"x": [1, 2]}
    assert echo.table(f"+restart={batch}", then) == ["#  x  do", "1  2  run", "2  3  create"]


def test_the_sweepers_own_params_are_replaced_by_name(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: ["true"]}
                x: 0
                y: 0
                hydra: {sweeper: {params: {x: "1,2", y: "5,6"}}, launcher: {n_jobs: 1}}
            """
        }
    )
    batch = batch_of(project, "+init_trials=true")
    project.run(f"+restart={batch}", "y=7", "+init_trials=true")
    assert swept_values(project, "x") == [1, 2]
    assert swept_values(project, "y") == [7, 7]
    project.run(f"+restart={batch}", "+init_trials=true")
    assert swept_values(project, "y") == [7, 7]


def test_a_config_group_is_replaced_by_name(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                defaults: [{model: small}, _self_]
                operation: {command: ["true"]}
                lr: 0.1
            """,
            "conf/model/small.yaml": "depth: 3\n",
            "conf/model/large.yaml": "depth: 9\n",
        }
    )
    batch = batch_of(project, "model=small,large", "+init_trials=true")
    assert swept_values(project, "model.depth") == [3, 9]
    project.run(f"+restart={batch}", "model=large", "lr=0.1,0.2", "+init_trials=true")
    assert swept_values(project, "model.depth") == [9, 9]
    assert project.newest("batch")["flags"] == {"model": ["large"], "lr": [0.1, 0.2]}


def test_orphans_keep_their_record_and_are_taken_back(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2,3")
    first = by_flag(echo.runs(), "x")
    echo.run(f"+restart={batch}", "x=2")
    without = by_flag(echo.runs(), "x")
    for x in (1, 3):
        assert without[x]["batches"] == []
        assert without[x]["generated_by"] == batch
        assert without[x]["status"] == "completed"
        assert without[x]["started"] == first[x]["started"]
    assert echo.newest("batch")["trials"] == [first[2]["id"]]
    echo.run(f"+restart={batch}", "x=3,2,1")
    again = by_flag(echo.runs(), "x")
    assert {x: run["id"] for x, run in again.items()} == {x: run["id"] for x, run in first.items()}
    assert echo.newest("batch")["trials"] == [first[x]["id"] for x in (3, 2, 1)]
    assert all(run["batches"] == [batch] for run in again.values())


@pytest.mark.parametrize("more", [[], ["+init_trials=true"]])
def test_pending_trials_that_are_no_longer_planned_are_deleted(
    echo: Project, more: list[str]
) -> None:
    batch = batch_of(echo, "x=1,2,3", "+init_trials=true")
    first = by_flag(echo.runs(), "x")
    echo.run(f"+restart={first[3]['id']}")
    echo.run(f"+restart={batch}", "x=1", *more)
    left = by_flag(echo.runs(), "x")
    assert set(left) == {1, 3}
    assert left[1]["id"] == first[1]["id"]
    assert left[3]["batches"] == []
    assert not (echo.store / first[2]["id"]).exists()


def test_init_trials_creates_what_is_missing_and_touches_nothing_else(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    before = {run["id"]: run for run in echo.runs() if run["kind"] == "trial"}
    printed = without_ids(echo.terminal(f"+restart={batch}", "x=2,3", "+init_trials=true"))
    about = "Batch: 2 trials: 1 to skip, 1 new, 1 set aside"
    assert printed == [about, "Restarting", "Initialized trial (x=3, y=2, z=a)"]
    after = {run["id"]: run for run in echo.runs() if run["kind"] == "trial"}
    (new,) = [run for id_, run in after.items() if id_ not in before]
    assert (new["flags"]["x"], new["status"]) == (3, "pending")
    for id_, run in before.items():
        assert {**after[id_], "batches": run["batches"]} == run


def test_what_was_set_aside_before_is_not_told_again(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    starts = [
        ("x=1", "1 to skip, 1 set aside"),
        ("x=1", "1 to skip"),
        ("x=3", "1 new, 1 set aside"),
        ("x=3", "1 to skip"),
        ("x=1,2", "2 to skip, 1 set aside"),
    ]
    for given, told in starts:
        first = echo.run(f"+restart={batch}", given, "+needed=true").said[0]
        assert first.endswith(f": {told}"), given


def test_deleted_trials_leave_the_batchs_list_and_are_made_anew(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    first = by_flag(echo.runs(), "x")
    echo.delete(first[1]["id"])
    assert echo.newest("batch")["trials"] == [first[2]["id"]]
    echo.run(f"+restart={batch}")
    again = by_flag(echo.runs(), "x")
    assert again[1]["id"] != first[1]["id"]
    assert again[2]["id"] == first[2]["id"]
    assert echo.newest("batch")["trials"] == [again[1]["id"], again[2]["id"]]


def test_an_equal_value_written_otherwise_is_taken_over_in_place(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    first = by_flag(echo.runs(), "x")
    result = echo.run(f"+restart={batch}", "x=1.0,2")
    assert result.lines == ["1.0 2 'a'", "2 2 'a'"]
    again = by_flag(echo.runs(), "x")
    assert {x: run["id"] for x, run in again.items()} == {x: run["id"] for x, run in first.items()}
    assert isinstance(again[1]["flags"]["x"], float)
    assert isinstance(again[2]["flags"]["x"], int)
    assert echo.run(f"+restart={batch}").lines == ["1.0 2 'a'", "2 2 'a'"]


def test_not_a_number_is_the_same_trial_again(echo: Project) -> None:
    batch = batch_of(echo, "x=nan,inf,-inf")
    before = echo.newest("batch")["trials"]
    flags = [echo.show(trial)["flags"]["x"] for trial in before]
    assert flags == ["NaN", "Infinity", "-Infinity"]
    echo.run(f"+restart={batch}")
    assert echo.newest("batch")["trials"] == before
    assert echo.newest("batch")["flags"] == {"x": ["NaN", "Infinity", "-Infinity"]}


def test_a_restart_leaves_the_files_in_the_runs_folder(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    trials = echo.newest("batch")["trials"]
    for trial in trials:
        (echo.store / trial / "checkpoint").write_text(trial)
    echo.run(f"+restart={batch}")
    assert [(echo.store / trial / "checkpoint").read_text() for trial in trials] == trials


def test_a_run_is_restarted_in_place_with_its_last_flags(echo: Project) -> None:
    assert echo.terminal("x=7", "z=b") == ["7 2 'b'"]
    run = echo.newest("run")
    assert echo.terminal(f"+restart={run['id']}") == [f"Restarting {run['id'][:8]}", "7 2 'b'"]
    assert echo.run(f"+restart={run['id']}", "x=8").lines == ["8 2 'b'"]
    assert echo.run(f"+restart={run['id']}").lines == ["8 2 'b'"]
    (listed,) = echo.runs()
    assert listed["id"] == run["id"]
    assert listed["initialized"] == run["initialized"]
    assert listed["started"] > run["started"]
    assert listed["flags"] == {"x": 8, "y": 2, "z": "b"}


def test_a_trial_that_was_changed_no_longer_matches_its_batchs_plan(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    first = by_flag(echo.runs(), "x")
    echo.run(f"+restart={first[1]['id']}", "x=9")
    echo.run(f"+restart={batch}")
    again = by_flag(echo.runs(), "x")
    assert again[9]["id"] == first[1]["id"]
    assert again[9]["batches"] == []
    assert again[1]["id"] != first[1]["id"]
    assert echo.newest("batch")["trials"] == [again[1]["id"], again[2]["id"]]


def test_a_trial_is_still_a_trial_of_its_batch_after_a_restart_on_its_own(
    echo: Project,
) -> None:
    batch = batch_of(echo, "x=1,2")
    trial = echo.newest("batch")["trials"][0]
    echo.run(f"+restart={trial}")
    shown = echo.show(trial)
    assert (shown["kind"], shown["batches"], shown["generated_by"]) == (
        "trial",
        [batch],
        batch,
    )


def test_another_operation_of_the_project_is_another_plan(echo: Project) -> None:
    batch = batch_of(echo, "operation=quadratic", "x=1.0,2.0")
    shown = echo.show(batch)
    assert shown["operation"] == "objectives.quadratic"
    before = set(ids(echo.runs()))
    echo.run(f"+restart={batch}")
    assert set(ids(echo.runs())) == before


# ---- what is not there, and what is one run


def test_a_trial_that_was_deleted_by_hand_is_told_and_made_anew_once(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    first, second = echo.newest("batch")["trials"]
    shutil.rmtree(echo.store / first)
    printed = echo.terminal(f"+restart={batch}", "+needed=true")
    told = f"The folders of 1 trial were deleted by hand ({first[:8]}): what is planned of them is "
    assert f"{told}made anew" in printed
    again = echo.newest("batch")["trials"]
    assert again[1] == second
    assert again[0] not in (first, second)
    assert not any("by hand" in line for line in echo.terminal(f"+restart={batch}"))


def test_a_command_that_brings_many_trials_back_is_not_a_line_of_their_ids(echo: Project) -> None:
    echo.run("-m", "x=range(12)", "+init_trials=true")
    batch = echo.newest("batch")["id"]
    echo.delete(batch, "--trials")
    echo.run("runs", "restore", batch)
    said = echo.run(f"+restart={batch}", "+print_trials=true").err
    assert "12 trials lie in the trash" in said
    assert "runner runs restore --list shows their ids" in said


def test_trials_in_the_trash_are_told_with_the_command_that_brings_them_back(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    first, second = echo.newest("batch")["trials"]
    echo.delete(batch, "--trials")
    echo.run("runs", "restore", batch)
    shown = echo.run("runs", "show", batch).lines
    assert f"  {first[:8]} lies in the trash: runner runs restore {first[:8]}" in shown
    typed = f"runner runs restore {first[:8]}"
    assert typed in echo.run(f"+restart={first[:8]}", status=2).err
    printed = echo.terminal(f"+restart={batch}", "+needed=true", "+print_trials=true")
    told = f"2 trials lie in the trash ({first[:8]}, {second[:8]}): what is planned of them is made"
    lines = [line for line in printed if line.startswith(told)]
    assert len(lines) == 1 and lines[0].endswith(f"{typed} {second[:8]}")
    assert not any("by hand" in line for line in printed)
    echo.run("runs", "restore", first, second)
    assert set(echo.newest("batch")["trials"]) == {first, second}


def test_a_restart_of_a_trial_that_was_deleted_by_hand_says_so(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    first = echo.newest("batch")["trials"][0]
    shutil.rmtree(echo.store / first)
    said = echo.run(f"+restart={first[:8]}", status=2).said
    assert said == [
        f"runner: {first[:8]} is a trial of the batch {batch[:8]} whose folder was deleted by "
        "hand: restart the batch, which makes what is planned of it anew"
    ]


@pytest.mark.parametrize("words", [(), ("-m",)])
def test_several_values_for_one_run_are_no_call_for_m(echo: Project, words: tuple[str]) -> None:
    echo.run("x=1")
    run = echo.newest("run")["id"]
    before = echo.tree()
    said = echo.run(*words, f"+restart={run}", "x=1,2", status=2).said
    assert said == [
        f"runner: x=1,2 gives x several values: {run[:8]} is a single run, which has one: give "
        "it one, or start a batch by -m without +restart; with its commas, one text is written "
        "'x=\"1,2\"', and a list 'x=[1,2]'"
    ]
    assert echo.tree() == before


# ---- batches that lose trials

LOST = "1 of 2 trials is missing, deleted or restarted with other flags"


def status_of(project: Project, batch: str) -> tuple[str, list[str]]:
    """A batch's status in JSON, and the rows of `runs list` that tell what is missing."""
    found = next(run for run in project.runs() if run["id"] == batch)
    rows = [line for line in project.run("runs", "list").lines if LOST in line]
    return found["status"], rows


def test_a_trial_that_leaves_its_batch_says_so(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    trial = echo.newest("batch")["trials"][0]
    printed = echo.terminal(f"+restart={trial}", "x=9")
    assert (
        f"{trial[:8]} is no longer in the batch {batch[:8]}, which plans it with other flags; to "
        f"have another made in its place: runner +restart={batch[:8]} +needed=true"
    ) in printed
    assert not any("no longer" in line for line in echo.terminal(f"+restart={trial}", "x=8"))


def lose_by_restart(project: Project, trial: str) -> None:
    project.run(f"+restart={trial}", "x=9")


def lose_by_delete(project: Project, trial: str) -> None:
    project.delete(trial)


def lose_by_hand(project: Project, trial: str) -> None:
    shutil.rmtree(project.store / trial)


@pytest.mark.parametrize("lose", [lose_by_restart, lose_by_delete, lose_by_hand])
def test_a_batch_that_has_lost_a_trial_is_not_completed(
    echo: Project, lose: Callable[[Project, str], None]
) -> None:
    batch = batch_of(echo, "x=1,2")
    trial = echo.newest("batch")["trials"][0]
    assert status_of(echo, batch) == ("completed", [])
    lose(echo, trial)
    status, rows = status_of(echo, batch)
    assert status == "error"
    assert len(rows) == 1 and rows[0].startswith(batch[:8])
    assert LOST in "\n".join(echo.run("runs", "show", batch).lines)
    echo.run(f"+restart={batch}", "+needed=true")
    assert status_of(echo, batch) == ("completed", [])
    assert len(echo.newest("batch")["trials"]) == 2


@pytest.mark.parametrize("lose", [lose_by_restart, lose_by_delete, lose_by_hand])
def test_failures_of_trials_that_a_batch_has_lost_are_told_as_of_its_end(
    make_project: MakeProject, lose: Callable[[Project, str], None]
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: fails.py}\nx: 1\n",
            "fails.py": "x = 1\nassert x != 2\n",
        }
    )
    batch = batch_of(project, "x=1,2", status=1)
    failed = project.runs("--status", "error", "--kind", "trial")[0]["id"]
    assert project.show(batch)["reason"] == "1 of 2 trials failed"
    lose(project, failed)
    assert project.show(batch)["reason"] == f"{LOST}; at its end 1 of 2 trials failed"
    status, rows = status_of(project, batch)
    assert status == "error" and len(rows) == 1
    if lose is lose_by_delete:
        project.run("runs", "restore", failed)
        assert project.show(batch)["reason"] == "1 of 2 trials failed"


def test_a_batch_from_which_a_restart_has_taken_trials_is_complete(echo: Project) -> None:
    batch = batch_of(echo, "x=1,2")
    echo.run(f"+restart={batch}", "x=2", "+needed=true")
    assert status_of(echo, batch) == ("completed", [])
