"""`runner runs list`, `show` and `delete`."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.project import Listed, Project, by_flag, ids

KEYS = {
    "id",
    "operation",
    "kind",
    "batches",
    "generated_by",
    "flags",
    "status",
    "initialized",
    "started",
    "stopped",
    "exit_status",
    "result",
    "random_seed",
    "trials",
    "label",
    "tags",
    "dir",
}
LATER = {
    "reason",
    "log",
    "output_dir",
    "overrides",
    "choices",
    "attempts",
    "commit",
    "duration",
    "scalars",
    "step",
    "inputs",
    "repeat",
    "note",
}

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(\+00:00|Z)")


@pytest.fixture(scope="module")
def project(copy_optimizers: Callable[[], Project]) -> Project:
    """A run, a batch of two and a batch that was only initialised; nothing changes it."""
    project = copy_optimizers()
    project.run("x=0.5", "+label=one run", "+tags=[single]")
    project.run("-m", "x=1,2", "y=2")
    project.run("-m", "operation=branin", "x1=3,4", "+init_trials=true")
    return project


@pytest.fixture(scope="module")
def runs(project: Project) -> list[Listed]:
    """What the list gives of them."""
    return project.runs()


def test_every_key_is_always_there(runs: list[Listed]) -> None:
    assert len(runs) == 7
    assert all(set(run) == KEYS | LATER for run in runs)


def test_the_newest_is_first_by_its_last_start(runs: list[Listed]) -> None:
    times = [run["started"] or run["initialized"] for run in runs]
    assert times == sorted(times, reverse=True)


def test_ids_are_32_hexadecimal_digits(runs: list[Listed]) -> None:
    assert all(re.fullmatch("[0-9a-f]{32}", run["id"]) for run in runs)
    assert len(set(ids(runs))) == 7


def test_times_are_utc_with_microseconds(runs: list[Listed]) -> None:
    for run in runs:
        for key in ("initialized", "started", "stopped"):
            assert run[key] is None or TIME.fullmatch(run[key])


def test_a_run_is_told(project: Project, runs: list[Listed]) -> None:
    run = runs[-1]
    told = {key: run[key] for key in sorted(KEYS) if key not in _VARYING}
    assert told == {
        "operation": "echo.py",
        "kind": "run",
        "batches": [],
        "generated_by": None,
        "flags": {"x": 0.5, "y": 2, "z": "a"},
        "status": "completed",
        "exit_status": 0,
        "result": None,
        "trials": None,
        "label": "one run",
        "tags": ["single"],
    }
    assert isinstance(run["random_seed"], int)
    assert Path(run["dir"]) == project.store.resolve() / run["id"]
    assert Path(run["log"]).read_text().startswith("0.5")
    assert run["overrides"] == ["x=0.5"]
    assert 0 < run["duration"] < 60
    assert run["initialized"] <= run["started"] <= run["stopped"]


def test_a_batch_is_told(runs: list[Listed]) -> None:
    batch, trials = runs[5], runs[4:2:-1]
    told = {key: batch[key] for key in sorted(KEYS) if key not in _VARYING}
    assert told == {
        "operation": "echo.py",
        "kind": "batch",
        "batches": [],
        "generated_by": None,
        "flags": {"x": [1, 2], "y": [2]},
        "status": "completed",
        "exit_status": batch["exit_status"],
        "result": None,
        "trials": ids(trials),
        "label": None,
        "tags": [],
    }


def test_a_pending_trial_is_told(runs: list[Listed]) -> None:
    trial, batch = runs[0], runs[2]
    told = {key: trial[key] for key in sorted(KEYS) if key not in _VARYING}
    assert told == {
        "operation": "objectives.branin",
        "kind": "trial",
        "batches": [batch["id"]],
        "generated_by": batch["id"],
        "flags": {"x1": 4, "x2": 0.0},
        "status": "pending",
        "exit_status": None,
        "result": None,
        "trials": None,
        "label": None,
        "tags": [],
    }
    assert (trial["started"], trial["stopped"]) == (None, None)


_VARYING = {"id", "initialized", "started", "stopped", "random_seed", "dir"}


def test_the_table_shows_the_newest_first_and_goes_to_standard_output(
    project: Project, runs: list[Listed]
) -> None:
    result = project.run("runs", "list")
    shown = [line for line in result.lines if re.search(r"\b[0-9a-f]{8}\b", line)]
    assert [re.findall(r"\b[0-9a-f]{8}\b", line)[0] for line in shown] == [
        run["id"][:8] for run in runs
    ]
    for line, run in zip(shown, runs, strict=True):
        assert run["operation"] in line
        assert run["status"] in line
    assert result.err == ""


def test_the_table_can_be_cut(project: Project, runs: list[Listed]) -> None:
    lines = project.run("runs", "list", "-n", "2").out
    assert [run["id"][:8] in lines for run in runs] == [True] * 2 + [False] * 5


def test_the_table_has_twenty_rows_unless_all_are_wanted(echo: Project) -> None:
    echo.run("-m", "x=range(0,25)", "+init_trials=true")
    listed = [run["id"][:8] for run in echo.runs()]
    assert len(listed) == 26
    first = echo.run("runs", "list").out
    assert sum(id_ in first for id_ in listed) == 20
    every = echo.run("runs", "list", "--all").out
    assert sum(id_ in every for id_ in listed) == 26


def test_a_list_of_nothing_is_empty(echo: Project) -> None:
    assert echo.runs() == []
    echo.run("runs", "list")
    assert not echo.store.exists()


def test_show_takes_any_unique_prefix_of_four_digits(project: Project, runs: list[Listed]) -> None:
    for run in (runs[0], runs[5]):
        for length in (4, 8, 32):
            assert run.items() <= project.show(run["id"][:length]).items()
        text = project.run("runs", "show", run["id"][:5]).out
        assert run["id"] in text
        assert run["status"] in text


def test_json_is_readable_by_a_strict_parser(echo: Project) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    echo.run("-m", "x=nan,inf,-inf,1e300", "+init_trials=true")
    text = echo.run("runs", "list", "--json").out
    runs = json.loads(text, parse_constant=refuse)
    assert {run["flags"]["x"] for run in runs if run["kind"] == "trial"} == {
        "NaN",
        "Infinity",
        "-Infinity",
        1e300,
    }


def test_deleting_takes_all_or_none(echo: Project) -> None:
    echo.run("-m", "x=1,2,3")
    runs = echo.runs()
    unknown = next(id_ for id_ in ("0" * 32, "1" * 32) if id_ not in ids(runs))
    before = echo.tree()
    refused = echo.run("runs", "delete", *ids(runs), unknown, "--yes", status=2)
    assert unknown[:8] in refused.err
    assert refused.out == ""
    assert echo.tree() == before
    deleted = echo.terminal("runs", "delete", runs[0]["id"][:8], runs[1]["id"], "--yes")
    assert deleted == ["Deleted 2 run(s)"]
    assert ids(echo.runs()) == ids(runs)[2:]
    assert not (echo.store / runs[0]["id"]).exists()


def test_off_a_terminal_nothing_is_deleted_without_yes(echo: Project) -> None:
    echo.run()
    run = echo.newest("run")["id"]
    refused = echo.run("runs", "delete", run, status=2)
    assert len(refused.said) == 1
    assert "--yes" in refused.err
    assert ids(echo.runs()) == [run]


def test_on_a_terminal_the_answer_counts(echo: Project) -> None:
    echo.run()
    run = echo.newest("run")["id"]
    _, screen = echo.answer("runs", "delete", run, typed="n\n")
    assert "?" in screen
    assert ids(echo.runs()) == [run]
    status, screen = echo.answer("runs", "delete", run, typed="y\n")
    assert status == 0
    assert "Deleted 1 run(s)" in screen
    assert echo.runs() == []


def test_deleting_a_batch_leaves_its_trials(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    before = by_flag(echo.runs(), "x")
    assert echo.delete(echo.newest("batch")["id"])[-1] == "Deleted 1 run(s)"
    after = by_flag(echo.runs(), "x")
    assert {x: run["id"] for x, run in after.items()} == {x: run["id"] for x, run in before.items()}
    assert all(run["kind"] == "trial" and run["batches"] == [] for run in after.values())


def test_deleting_a_batch_with_trials_deletes_both(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    echo.run("x=7")
    batch = echo.newest("batch")["id"]
    printed = echo.terminal("runs", "delete", batch, "--trials", "--yes")
    assert printed == ["Deleted 3 run(s)"]
    assert list(by_flag(echo.runs(), "x")) == [7]


def test_a_damaged_record_is_listed_as_unreadable_with_its_path(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    runs = echo.runs()
    damaged = runs[0]
    records = [path for path in Path(damaged["dir"]).rglob("record.json") if path.is_file()]
    (record,) = records
    record.write_bytes(record.read_bytes()[:40])
    listed = {run["id"]: run for run in echo.runs()}
    assert listed[damaged["id"]]["status"] == "unreadable"
    assert set(listed[damaged["id"]]) == KEYS | LATER
    assert listed[runs[1]["id"]] == runs[1]
    told = echo.run("runs", "list")
    assert "unreadable" in told.out
    assert damaged["id"] in told.out + told.err
    assert record.stat().st_size == 40


def test_what_is_no_run_in_the_stores_folder_is_no_run(echo: Project) -> None:
    echo.run()
    (echo.store / "notes").mkdir()
    (echo.store / "notes.txt").write_text("mine")
    assert len(echo.runs()) == 1


def test_a_store_that_was_copied_holds_the_same_runs(echo: Project, tmp_path: Path) -> None:
    echo.run("-m", "x=1,2")
    before = echo.runs()
    moved = Project(tmp_path / "elsewhere")
    shutil.copytree(echo.folder, moved.folder, symlinks=True)
    shutil.rmtree(echo.folder)
    after = moved.runs()
    moving = {"dir": None, "log": None}
    assert [run | moving for run in after] == [run | moving for run in before]
    assert [Path(run["dir"]) for run in after] == [
        moved.store.resolve() / run["id"] for run in after
    ]
    assert moved.run(f"+restart={moved.newest('batch')['id']}").lines == ["1 2 'a'", "2 2 'a'"]
    assert set(ids(moved.runs())) == set(ids(before))


def test_nothing_is_unpickled_on_listing_showing_or_restarting(echo: Project) -> None:
    trap = echo.folder / "sprung"
    echo.run("-m", "operation=branin", "x1=1.0,2.0")
    runs = echo.runs()
    trials = by_flag(runs, "x1")
    for run in runs:
        for place in (Path(run["dir"]), *Path(run["dir"]).glob(".*/")):
            (place / "result.joblib").write_bytes(pickle.dumps(Trap(str(trap))))
    echo.runs()
    echo.run("runs", "list")
    for run in runs:
        echo.show(run["id"])
        echo.run("runs", "show", run["id"])
    echo.run(f"+restart={trials[1.0]['id']}")
    echo.run(f"+restart={echo.newest('batch')['id']}", "+needed=true")
    echo.run("-m", "operation=branin", "x1=1.0,2.0", "+needed=true")
    assert not trap.exists()


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def test_last_is_the_newest_run_and_last_batch_the_newest_batch(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    echo.run("x=3")
    run = echo.newest("run")["id"]
    assert echo.show("last")["id"] == run
    assert echo.show("last:batch")["id"] == batch
    assert echo.run("+restart=last:batch", "+needed=true").said[1] == f"Restarting {batch[:8]}"


def test_last_of_nothing_is_a_mistake(echo: Project) -> None:
    for word in ("last", "last:batch"):
        assert "there is none" in echo.run("runs", "show", word, status=2).err
        assert "there is none" in echo.run(f"+restart={word}", status=2).err
