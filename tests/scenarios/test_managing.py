"""`runner runs delete`, `restore`, `purge`, `label`, `tag`, `note`, `log`, `files` and `path`."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Listed, Project, ids


def batch_of(project: Project, *words: str) -> tuple[str, dict[object, str]]:
    """Run a batch: its id, and its trials' ids by the value of x."""
    project.run("-m", *words)
    batch = project.newest("batch")
    trials = {run["flags"]["x"]: run["id"] for run in project.runs("--batch", batch["id"])}
    return batch["id"], trials


def test_a_deleted_run_comes_back_whole_under_its_id(echo: Project) -> None:
    echo.run("x=1")
    run = echo.newest("run")
    (Path(run["dir"]) / "weights").write_bytes(b"abc")
    assert echo.delete(run["id"][:8]) == ["Deleted 1 run(s)"]
    assert echo.runs() == []
    twice = echo.run("runs", "restore", run["id"], run["id"][:8], status=2)
    assert twice.said == [f"runner: {run['id'][:8]}: this run is given twice"]
    assert echo.terminal("runs", "restore", run["id"][:8]) == ["Restored 1 run(s)"]
    assert echo.runs() == [run]
    assert (Path(run["dir"]) / "weights").read_bytes() == b"abc"


def test_there_may_be_nothing_to_bring_back(echo: Project) -> None:
    echo.run("x=1")
    assert "Restored 0 run(s)" in echo.run("runs", "restore", status=0).err
    assert "Purged 0 run(s)" in echo.run("runs", "purge", "--yes", status=0).err


def test_restore_without_ids_brings_all_back(echo: Project) -> None:
    batch, _ = batch_of(echo, "x=1,2,3")
    before = echo.runs()
    echo.delete(batch, "--trials")
    assert echo.runs() == []
    assert echo.terminal("runs", "restore") == ["Restored 4 run(s)"]
    assert echo.runs() == before
    assert echo.terminal("runs", "restore") == ["Restored 0 run(s)"]


def test_trials_deleted_one_by_one_return_to_their_places_in_the_plan(echo: Project) -> None:
    batch, trials = batch_of(echo, "x=1,2,3,4")
    planned = echo.show(batch)["trials"]
    echo.delete(trials[1])
    echo.delete(trials[2], trials[4])
    lost = echo.show(batch)
    assert (lost["trials"], lost["status"]) == ([trials[3]], "error")
    echo.run("runs", "restore")
    back = echo.show(batch)
    assert (back["trials"], back["status"]) == (planned, "completed")


def test_a_trial_whose_batch_was_restarted_since_comes_back_as_an_orphan(echo: Project) -> None:
    batch, trials = batch_of(echo, "x=1,2")
    echo.delete(trials[1])
    echo.run(f"+restart={batch}", "+needed=true")
    plan = echo.show(batch)["trials"]
    said = echo.run("runs", "restore", trials[1]).said
    assert said[0] == f"{trials[1][:8]} is an orphan: the batch was restarted since"
    assert echo.show(batch)["trials"] == plan
    assert echo.show(trials[1])["batches"] == []
    # What is in the plan is preferred; without it the orphan is taken up again.
    (other,) = set(plan) - {trials[2]}
    echo.delete(other)
    echo.run(f"+restart={batch}", "+needed=true")
    assert set(echo.show(batch)["trials"]) == {trials[1], trials[2]}


def test_of_two_deletions_of_one_id_the_last_comes_back_and_the_first_stays(echo: Project) -> None:
    echo.run("x=1")
    run = echo.newest("run")
    folder = Path(run["dir"])
    copy = echo.folder / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    echo.delete(run["id"])
    copy.rename(folder)
    (folder / "second").touch()
    echo.delete(run["id"])
    echo.run("runs", "restore")
    assert (folder / "second").exists()
    refused = echo.run("runs", "restore", run["id"], status=2)
    assert "a run of this id is there" in refused.err
    assert echo.terminal("runs", "purge", "--yes") == ["Purged 1 run(s)"]


def test_purge_takes_what_is_older_and_asks_first(echo: Project) -> None:
    echo.run("x=1")
    echo.delete(echo.newest("run")["id"])
    assert echo.terminal("runs", "purge", "--older", "1d", "--yes") == ["Purged 0 run(s)"]
    refused = echo.run("runs", "purge", status=2)
    assert len(refused.said) == 1 and "--yes" in refused.err
    assert echo.run("runs", "purge", "--older", "soon", "--yes", status=2).said == [
        "runner: --older soon: not an age; give 30d, 12h or 45m"
    ]
    assert echo.terminal("runs", "purge", "--yes") == ["Purged 1 run(s)"]
    assert list((echo.store / ".trash").iterdir()) == []
    assert echo.terminal("runs", "restore") == ["Restored 0 run(s)"]


def test_filters_and_ids_combine_with_and(echo: Project) -> None:
    batch, trials = batch_of(echo, "x=1,2,3")
    assert echo.terminal("runs", "delete", "--where", "x > 1", "--yes") == ["Deleted 2 run(s)"]
    said = echo.terminal("runs", "delete", batch, trials[1], "--kind", "trial", "--yes")
    assert said == [f"{batch[:8]} does not match --kind trial: it stays", "Deleted 1 run(s)"]
    assert ids(echo.runs()) == [batch]
    said = echo.terminal("runs", "delete", "--status", "running", "--yes")
    assert said == [
        "No run of 1 matches --status running (status has: error)",
        "No run is meant: nothing was deleted",
    ]
    said = echo.terminal("runs", "delete", batch, "--kind", "run", "--yes")
    assert said == [
        f"{batch[:8]} does not match --kind run: it stays",
        "No run is meant: nothing was deleted",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--where", "x > 5"), "No run of 4 matches --where 'x > 5'"),
        (
            ("--where", "status == 'failed'"),
            "No run of 4 matches --where \"status == 'failed'\" (status has: completed)",
        ),
        (
            ("--where", "x == '1'"),
            "No run of 4 matches --where \"x == '1'\" (x has numbers, written without quotes: 1, "
            "2, 3)",
        ),
        (("--kind", "trial", "--label", "a"), "No run of 4 matches --kind trial --label a"),
        (("--operation", "ecoh"), "No run of 4 matches --operation ecoh (operation has: echo)"),
    ],
)
def test_filters_that_select_nothing_say_so(
    echo: Project, words: tuple[str, ...], told: str
) -> None:
    batch_of(echo, "x=1,2,3")
    for command in (("runs", "list"), ("runs", "list", "--json")):
        said = echo.run(*command, *words).said
        assert said[0].replace("echo.py", "echo") == told, command
    (said,) = echo.run("runs", "export", "e.zip", *words, status=2).said
    assert said.replace("echo.py", "echo") == f"runner: {told}: nothing was exported"
    assert not (echo.folder / "e.zip").exists()
    assert echo.run("compare", "--where", "x > 5").said == ["No run of 4 matches --where 'x > 5'"]


def test_a_status_of_another_tool_is_answered_with_ours(echo: Project) -> None:
    for typed, ours in {"failed": "error", "done": "completed", "runing": "running"}.items():
        said = echo.run("runs", "list", "--status", typed, status=2).said
        assert said[-1].startswith(f"runner: --status {typed}: give one of pending, ")
        assert said[-1].endswith(f" (did you mean {ours}?)")


def test_a_file_of_each_trial_of_a_batch_is_found(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: work.py}\nx: 1\n",
            "work.py": """
                x = 1
                open("a b.csv", "w").write(f"{x}\\n")
                if x > 1:
                    open("more.csv", "w").write(f"{x}\\n")
            """,
        }
    )
    project.run("-m", "x=1,2,3")
    trials = project.newest("batch")["trials"]
    path = ("runs", "path", "last:batch")
    expected = [str(project.store / run_id / "a b.csv") for run_id in trials]
    assert project.run(*path, "a b.csv", "--trials").lines == expected
    assert project.run(*path, "a b.csv", "--trials", "-0").out == "".join(
        f"{each}\0" for each in expected
    )
    chosen = project.run(*path, "a b.csv", "--trials", "--where", "x > 1").lines
    assert chosen == expected[1:]
    folders = project.run(*path, "--trials").lines
    assert folders == [str(project.store / run_id) for run_id in trials]
    for run_id in trials:
        (project.store / run_id / "loss [1].txt").touch()
    assert len(project.run(*path, "loss [1].txt", "--trials").lines) == len(trials)
    some = project.run(*path, "more.csv", "--trials")
    assert some.lines == [str(project.store / run_id / "more.csv") for run_id in trials[1:]]
    assert some.said == [f"1 of 3 trials have no more.csv: {trials[0][:8]}"]
    assert len(project.run(*path, "*.csv", "--trials").lines) == 5
    for words, told in {
        ("none.csv", "--trials"): "none of the 3 trials of batch",
        ("../x", "--trials"): "none of the 3 trials of batch",
        ("a b.csv", "--where", "x > 1"): "add --trials",
        ("a b.csv", "--trials", "--where", "x > 7"): "No run of 4 matches --where 'x > 7'",
    }.items():
        assert told in project.run(*path, *words, status=2).err
    assert "is no batch" in project.run("runs", "path", "last", "--trials", status=2).err
    for name in ("../*/.runner/*", "*/../../*"):
        said = project.run(*path, name, "--trials", status=2)
        assert (said.out, "leads out" in said.err) == ("", True)


def test_of_a_deleted_run_it_is_told_how_it_comes_back(echo: Project) -> None:
    echo.run("x=1")
    run = echo.newest("run")["id"]
    echo.run("runs", "delete", run, "--yes")
    for typed in (run[:8], run):
        (line,) = echo.run("runs", "show", typed, status=2).said
        restore = f"runner runs restore {typed}"
        assert line.endswith(f"in {echo.store}, but a deleted one does: {restore}")
    echo.run(*restore.split()[1:])
    echo.run("runs", "show", run)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("delete", "--yes"), "give ids or filters"),
        (("delete", "{run}", "{run:.6}", "--yes"), "given twice"),
        (("delete", "--where", "x >", "--yes"), "x >"),
        (("delete", "--where", "x == 9 or 1", "--yes"), "1 alone is no condition: x == 9 or x =="),
        (("delete", "--where", "x", "--yes"), "in a shell in quotes: --where 'x > "),
        (("delete", "--where", "started > 2026-11-29", "--yes"), "quotes: started > '2026-11-29'"),
        (("export", "e.zip", "--where", "x == 9 or 1"), "1 alone is no condition"),
        (("restore", "{run}"), "no deleted run begins with"),
        (("tag", "{run}"), "+TAG"),
        (("tag", "+a"), "ids of runs"),
        (("tag", "{run}", "+a", "-a"), "added and removed"),
        (("tag", "{run}", "+"), "a tag has a name"),
        (("label", "{run}"), "give the label after the id: runner runs label {run} TEXT"),
        (("label", "{run}", "{run}", "text"), "given twice"),
        (("tag", "{run}", "{run:.6}", "+a"), "given twice"),
        (("stop", "{run}", "{run:.6}"), "given twice"),
        (("path", "{run}", "../x"), "not in the folder"),
        (("path", "{run}", "/etc/passwd"), "not in the folder"),
        (("path", "{run}", "nothing"), "no such file"),
        (("log", "{batch}"), "is a batch"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    walked: Project, words: tuple[str, ...], told: str
) -> None:
    known = {kind: walked.newest(kind)["id"] for kind in ("run", "batch")}
    before = walked.tree()
    refused = walked.run("runs", *(word.format(**known) for word in words), status=2)
    assert len(refused.said) == 1
    assert told.format(**known) in refused.err
    assert walked.tree() == before


@pytest.fixture(scope="module")
def walked(copy_optimizers: Callable[[], Project]) -> Project:
    """A run and a batch of two; nothing changes it."""
    project = copy_optimizers()
    project.run("x=0.5")
    project.run("-m", "x=1,2")
    return project


def test_deleting_a_batch_says_what_becomes_of_its_trials(echo: Project) -> None:
    batch, _ = batch_of(echo, "x=1,2")
    echo.run(f"+restart={batch}", "x=2,3")
    said = echo.terminal("runs", "delete", batch, "--yes")
    assert said == [f"{batch[:8]} is a batch; its 3 trials stay", "Deleted 1 run(s)"]
    echo.run("runs", "restore")
    said = echo.terminal("runs", "delete", batch, "--trials", "--yes")
    assert said == [
        f"{batch[:8]} is a batch; with its 3 trials, 1 of them orphans",
        "Deleted 4 run(s)",
    ]


def test_a_trial_that_another_batch_has_too_is_told_when_it_goes_with_one(echo: Project) -> None:
    first, _ = batch_of(echo, "x=1,2")
    second, _ = batch_of(echo, "x=2,3", "+needed=true")
    said = echo.terminal("runs", "delete", second, "--trials", "--yes")
    assert said[:-1] == [
        f"batch {first[:8]}, which stays, loses 1 of its trials, which is in its plan, too"
    ]
    echo.run("runs", "restore")
    said = echo.terminal("runs", "delete", first, second, "--trials", "--yes")
    assert said == ["Deleted 5 run(s)"]


def test_a_batch_that_only_filters_select_is_told(echo: Project) -> None:
    older, _ = batch_of(echo, "x=1,2")
    batch, trials = batch_of(echo, "x=3,4")
    echo.delete(trials[3])  # which makes an error of the batch
    told = (
        f"--status error selects the batch {batch[:8]}, too (with --kind trial none); to have it "
        f"back: runner runs restore {batch[:8]}; last:batch is {older[:8]} then"
    )
    _, screen = echo.answer("runs", "delete", "--status", "error", typed="n\n")
    assert told in " ".join(screen.split())
    said = echo.terminal("runs", "delete", "--status", "error", "--yes")
    assert said == [f"{batch[:8]} is a batch; its 1 trial stays", told, "Deleted 1 run(s)"]
    assert echo.terminal("runs", "restore", batch[:8]) == ["Restored 1 run(s)"]
    # Where it was meant, nothing is told.
    said = echo.terminal("runs", "delete", "--status", "error", "--kind", "batch", "--yes")
    assert said == [f"{batch[:8]} is a batch; its 1 trial stays", "Deleted 1 run(s)"]


def test_who_is_asked_is_shown_the_runs(echo: Project) -> None:
    _, trials = batch_of(echo, "x=1,2")
    status, screen = echo.answer("runs", "delete", "--where", "x == 2", typed="n\n")
    assert status == 1
    assert trials[2][:8] in screen and trials[1][:8] not in screen
    assert "Delete 1 run?" in screen
    assert len(echo.runs()) == 3


def test_the_table_above_the_question_fits_the_terminal(echo: Project) -> None:
    batch_of(echo, f"x={'long' * 12},short")
    _, screen = echo.answer("runs", "delete", "--kind", "trial", typed="n\n", columns=70)
    table, _, _ = re.sub(r"\x1b\[[\d;]*m", "", screen).partition("Delete 2 runs?")
    lines = [line.strip() for line in table.splitlines()]
    assert sum("…" in line for line in lines) == 1 and all(len(line) <= 70 for line in lines)


def test_no_more_is_deleted_than_was_shown_and_confirmed(echo: Project) -> None:
    batch_of(echo, "x=1,2")
    command = [sys.executable, "-m", "hydra_sweep_runner"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*command, "runs", "delete", "--where", "x == 2"],
        cwd=echo.folder,
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as asking:
        assert asking.stderr is not None
        while (shown := asking.stderr.read(1)) != b"?":
            assert shown, "it ended without a question"
        echo.run("x=2")
        os.write(ours, b"y\n")
        assert asking.stderr.read().endswith(b"Deleted 1 run(s)\n")
    os.close(ours)
    os.close(theirs)
    left = [run["kind"] for run in echo.runs("--where", "x == 2")]
    assert left == ["run"]


def test_labels_tags_and_notes_change_no_identity_and_a_restart_keeps_them(echo: Project) -> None:
    echo.run("x=1", "+tags=[draft]")
    run = echo.newest("run")["id"]
    echo.run("runs", "label", run[:8], "in the paper")
    assert echo.terminal("runs", "tag", run, "+best", "-draft", "+hard") == ["Changed 1 run(s)"]
    echo.run("runs", "note", run, "one\ntwo \x1b[31m")
    assert echo.terminal("runs", "note", run) == ["one", "two \\x1b[31m"]
    echo.run(f"+restart={run}")
    shown = echo.show(run)
    assert shown["label"] == "in the paper"
    assert shown["tags"] == ["best", "hard"]
    assert shown["note"] == "one\ntwo \x1b[31m"
    echo.run("x=1", "+needed=true")
    assert len(echo.runs()) == 1
    echo.run("runs", "label", run, "")
    echo.run("runs", "tag", run, "-best", "-hard")
    echo.run("runs", "note", run, "")
    shown = echo.show(run)
    assert (shown["label"], shown["tags"], shown["note"]) == (None, [], None)


def test_a_restart_of_a_batch_keeps_what_its_trials_were_given_by_hand(echo: Project) -> None:
    echo.run("-m", "x=1,2", "+label=first", "+tags=[draft]")
    one, two = echo.newest("batch")["trials"]
    echo.run("runs", "label", one, "in the paper")
    echo.run("runs", "tag", one, "+best", "-draft")
    echo.run("+restart=last:batch", "+label=second", "+tags=[draft,checked]")
    shown = echo.show(one), echo.show(two)
    assert [run["label"] for run in shown] == ["in the paper", "second"]
    assert [run["tags"] for run in shown] == [["checked", "best"], ["draft", "checked"]]
    echo.run(f"+restart={one}")
    assert (echo.show(one)["label"], echo.show(one)["tags"]) == (
        "in the paper",
        ["checked", "best"],
    )
    echo.run(f"+restart={one}", "+label=mine", "+tags=[draft]")
    assert (echo.show(one)["label"], echo.show(one)["tags"]) == ("mine", ["draft"])


def test_what_a_start_gives_is_not_taken_for_given_by_hand(make_project: MakeProject) -> None:
    config = 'operation: {command: [echo, "${x}"]}\nx: 0\nhydra: {sweeper: {label: LABEL}}\n'
    project = make_project({"conf/config.yaml": config.replace("LABEL", "old")})
    project.run("-m", "x=1,2")
    project.run("x=3")
    run = project.newest("run")["id"]
    project.write({"conf/config.yaml": config.replace("LABEL", "new")})
    for again in (f"+restart={project.newest('batch')['id']}", f"+restart={run}"):
        project.run(again, "+refresh=true")
    assert [one["label"] for one in project.runs()] == ["new"] * 4
    project.run("+restart=last:batch", "+only=failed", "+label=last")  # runs none
    project.run("+restart=last:batch")
    assert {one["label"] for one in project.runs("--kind", "trial")} == {"last"}


@pytest.fixture
def slow(make_project: MakeProject) -> Project:
    """A command that prints, waits for a file, and prints again."""
    script = """
        import os, sys, time
        print("begun", os.environ["RUNNER_RESTARTED"], flush=True)
        while not os.path.exists("go"):
            time.sleep(0.01)
        sys.stdout.write("x" * 3_000_000 + "\\nended\\n")
    """
    return make_project(
        {
            "conf/config.yaml": """
                operation: {name: slow, script: slow.py}
            """,
            "slow.py": script,
        }
    )


def test_a_log_is_followed_to_the_end_of_the_run(slow: Project) -> None:
    with slow.at_work() as runner:
        run = _when_running(slow)
        with slow.at_work("runs", "log", run["id"], "-f") as following:
            assert following.stdout is not None
            assert following.stdout.readline() == "begun 0\n"
            (Path(run["dir"]) / "go").touch()
            reading = Thread(target=runner.communicate)  # it passes the output on, too
            reading.start()
            rest = following.stdout.read()
            assert following.wait(60) == 0
            reading.join()
        assert runner.returncode == 0
    assert rest == "x" * 3_000_000 + "\nended\n"
    assert slow.run("runs", "log", run["id"]).out == "begun 0\n" + rest
    assert slow.run("runs", "log", run["id"], "-f").out == "begun 0\n" + rest


def test_that_a_run_has_printed_nothing_is_said(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": "operation: {command: ['true']}\nx: 1\n"})
    project.run("-m", "x=1")
    project.run("-m", "x=2", "+init_trials=true")
    waiting, ended = (run["id"] for run in project.runs("--kind", "trial"))
    for run_id, told in (
        (ended, "printed nothing in its last start"),
        (waiting, "was not started yet"),
    ):
        for words in ((), ("-f",)):
            log = project.run("runs", "log", run_id, *words)
            assert (log.out, log.said) == ("", [f"trial {run_id[:8]} {told}"])


def test_what_is_kept_with_a_run_at_work_is_its_owners(slow: Project) -> None:
    with slow.at_work() as runner:
        run = _when_running(slow)
        for words in (("label", run["id"], "a"), ("tag", run["id"], "+a"), ("delete", run["id"])):
            refused = slow.run("runs", *words, *(["--yes"] * (words[0] == "delete")), status=2)
            assert "is at work" in refused.err
        (Path(run["dir"]) / "go").touch()
        runner.communicate()
        assert runner.returncode == 0


def _when_running(project: Project) -> Listed:
    while True:
        runs = project.runs("--status", "running")
        if runs and Path(runs[0]["log"]).exists() and Path(runs[0]["log"]).read_bytes():
            return runs[0]
        time.sleep(0.05)


def test_files_are_listed_with_sizes_and_where_links_lead(echo: Project) -> None:
    echo.run("x=1")
    run = echo.newest("run")
    folder = Path(run["dir"])
    (folder / "a\nb").write_bytes(b"12345")
    (folder / "deep").mkdir()
    (folder / "deep" / "leaf").write_bytes(b"1")
    (folder / "link").symlink_to("/etc/hosts")
    listed = echo.run("runs", "files", run["id"]).lines
    assert listed[0].split() == ["size", "file"]
    assert "   5  a\\nb" in listed and "   1  deep/leaf" in listed
    assert any(line.endswith("link -> /etc/hosts") for line in listed)
    assert not any(".runner" in line for line in listed)
    assert any(
        "record.json" in line for line in echo.run("runs", "files", run["id"], "--all").lines
    )


def test_a_path_is_absolute(echo: Project) -> None:
    echo.run("x=1")
    run = echo.newest("run")
    assert echo.run("runs", "path", run["id"]).lines == [run["dir"]]
    (Path(run["dir"]) / "out.txt").touch()
    assert echo.run("runs", "path", run["id"], "./out.txt").lines == [f"{run['dir']}/out.txt"]
