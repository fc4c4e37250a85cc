"""Mistakes in commands, configurations, operations and stores: a table, and one test.

Each gets one line that names the mistake, exit status 2, nothing on standard output, and
leaves every file of the project and its store as it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

#: A project that is all right, before a row's own files are put over it.
FILES = {
    "conf/config.yaml": """
        defaults: [{operation: script}, _self_]
        x: 1
        y: 2
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/operation/script.yaml": "# @package _global_\noperation: {script: main.py}\n",
    "main.py": "x = 1\ny = 2\nprint(x, y)\n",
    "work.py": "number = 1\ndef work(x, y):\n    return x\n",
    "a_file": "not a folder",
}


@dataclass(frozen=True)
class Row:
    """What is typed, what the one line has to hold, and what is wrong in the project.

    `{run}`, `{trial}`, `{batch}` and `{twin}` stand for ids in the store; the last one for
    digits that two runs begin with. `operation` is YAML in place of the good operation.
    """

    typed: str
    says: str
    operation: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


IDS = [
    Row("+restart=ffffffff", "ffffffff"),
    Row("+restart=ffffffffffffffffffffffffffffffff", "ffffffffffffffffffffffffffffffff"),
    Row("+restart=12e45678", "12e45678"),
    Row("+restart=0123456789", "0123456789"),
    Row("+restart=../x", "../x"),
    Row("+restart=/etc/passwd", "/etc/passwd"),
    Row("+restart=xyz", "xyz"),
    Row("+restart=a", "four"),
    Row("+restart=", "no run id"),
    Row("+restart={twin}", "{twin}"),
    Row("-m +restart=ffffffff x=1,2", "ffffffff"),
    Row("runs show ffffffff", "ffffffff"),
    Row("runs show ../x", "../x"),
    Row("runs show {twin}", "{twin}"),
    Row("runs show", "ID"),
    Row("runs delete ffffffff --yes", "ffffffff"),
    Row("runs delete {trial} ffffffff --yes", "ffffffff"),
    Row("runs delete {trial} ../x --yes", "../x"),
    Row("runs delete {trial}", "--yes"),
    Row("runs delete --yes", "ID"),
]

OVERRIDES = [
    Row("nosuch=1", "nosuch"),
    Row("model.depth=1", "model"),
    Row("-m nosuch=1,2", "nosuch"),
    Row("-m +nosuch=1,2", "nosuch"),
    Row("+nosuch=1", "nosuch"),
    Row("+max_trial=3", "max_trial"),
    Row("+model.depth=3", "model.depth"),
    Row("~nosuch", "nosuch"),
    Row("x=1,2", "x=1,2"),
    Row("x=[1", "x=[1"),
    Row("-m x=range(1", "range(1"),
    Row("-m x=interval(0,1)", "interval"),
    Row("operation=nosuch", "nosuch"),
    Row("-m operation=script,nosuch", "nosuch"),
    Row("hydra.launcher.nosuch=1", "nosuch"),
    Row("hydra.sweeper.nosuch=1", "nosuch"),
    Row("hydra/launcher=nosuch", "nosuch"),
    Row("+restart={batch} nosuch=1", "nosuch"),
    Row("+restart={batch} y=1 nosuch=1,2", "nosuch"),
    Row("+restart={run} nosuch=1", "nosuch"),
    Row("+restart={run} x=1,2", "x=1,2"),
    Row("+restart={trial} x=1,2", "x=1,2"),
    Row("x=${{nosuch}}", "nosuch"),
    Row("x=${{oc.env:NO_SUCH_NAME}}", "NO_SUCH_NAME"),
]

OPTIONS = [
    Row("-m x=1,2 +max_trials=0", "max_trials=0"),
    Row("-m x=1,2 +max_trials=-1", "max_trials=-1"),
    Row("-m x=1,2 +max_trials=1.5", "max_trials=1.5"),
    Row("-m x=1,2 +max_trials=many", "max_trials=many"),
    Row("-m x=1,2 +max_trials=true", "max_trials=true"),
    Row("-m x=1,2 hydra.sweeper.max_trials=0", "max_trials=0"),
    Row("+restart={batch} +max_trials=0", "max_trials=0"),
    Row("-m x=1,2 +random_seed=-1", "random_seed=-1"),
    Row("-m x=1,2 +random_seed=4294967296", "random_seed=4294967296"),
    Row("-m x=1,2 +random_seed=abc", "random_seed=abc"),
    Row("+random_seed=4294967296", "random_seed=4294967296"),
    Row("-m x=1,2 +needed=maybe", "needed=maybe"),
    Row("-m x=1,2 +init_trials=2", "init_trials=2"),
    Row("-m x=1,2 +print_trials=x", "print_trials=x"),
    Row("-m x=1,2 +refresh=1", "refresh=1"),
    Row("-m x=1,2 +timeout=-1", "timeout=-1"),
    Row("-m x=1,2 +retries=-1", "retries=-1"),
    Row("-m x=1,2 +max_trials=1,2", "max_trials"),
    Row("-m x=1,2 +label=[a]", "label"),
    Row("-m x=1,2 hydra.launcher.n_jobs=0", "n_jobs"),
    Row("-m x=1,2 hydra.launcher.n_jobs=two", "n_jobs"),
    Row("-m x=1,2 hydra.launcher.interrupt_grace_s=-1", "interrupt_grace_s"),
    Row("-m x=1,2 hydra.launcher.terminate_grace_s=soon", "terminate_grace_s"),
    Row("x=1 hydra.launcher.terminate_grace_s=true", "terminate_grace_s"),
    Row("+print_trials=true", "-m"),
    Row("+init_trials=true", "-m"),
]

COMMANDS = [
    Row("frobnicate", "frobnicate"),
    Row("runs frobnicate", "frobnicate"),
    Row("runs list --nosuch", "--nosuch"),
    Row("runs list -n many", "many"),
    Row("runs list -n 0", "0"),
    Row("--nosuch", "--nosuch"),
    Row("--config-name=nosuch", "nosuch"),
    Row("--config-dir=nosuch", "nosuch"),
    Row("--config-dir=a_file", "a_file"),
]

OPERATIONS = [
    Row("", "nosuch.py", operation="{script: nosuch.py}"),
    Row("-m x=1,2", "nosuch.py", operation="{script: nosuch.py}"),
    Row("", "conf", operation="{script: conf}"),
    Row("", "function", operation="{script: main.py, function: work.work}"),
    Row("", "command", operation="{script: main.py, command: [ls]}"),
    Row("-m x=1,2", "function", operation="{function: work.work, command: [ls]}"),
    Row("", "script", operation="{}"),
    Row("", "script", operation="{name: nothing}"),
    Row("", "scirpt", operation="{scirpt: main.py}"),
    Row("", "colour", operation="{script: main.py, colour: red}"),
    Row("", "operation", operation="main.py"),
    Row("", "script", operation="{script: [main.py]}"),
    Row("", "command", operation="{command: ls -l}"),
    Row("", "command", operation="{command: []}"),
    Row("", "nosuch", operation="{function: nosuch.work}"),
    Row("-m x=1,2", "nosuch", operation="{function: nosuch.work}"),
    Row("", "work.nosuch", operation="{function: work.nosuch}"),
    Row("", "work.number", operation="{function: work.number}"),
    Row("", "work", operation="{function: work}"),
    Row("", "elsewhere", operation="{script: main.py, flags_to: elsewhere}"),
    Row("", "nosuch.csv", operation="{script: main.py, requires: [nosuch.csv]}"),
    Row("-m x=1,2", "nosuch.csv", operation="{script: main.py, requires: [nosuch.csv]}"),
    Row("", "requires", operation="{script: main.py, requires: 3}"),
    Row("", "x", operation="{script: main.py}", files={"main.py": "y = 2\n"}),
    Row("+x=1", "operation", files={"conf/config.yaml": "y: 1\n"}),
]

YAML = [
    Row("", "config.yaml", files={"conf/config.yaml": "x: [1\n"}),
    Row("-m x=1,2", "config.yaml", files={"conf/config.yaml": "x: 1\n\ty: 2\n"}),
    Row("", "script.yaml", files={"conf/operation/script.yaml": "operation: }\n"}),
    Row("+restart={batch} +refresh=true", "config.yaml", files={"conf/config.yaml": "x: [\n"}),
    Row("", "config", files={"conf/config.yaml": "- a\n- b\n"}),
    Row("", "y", files={"conf/config.yaml": "operation: {script: main.py}\nx: 1\ny: ???\n"}),
    Row(
        "-m x=1,2",
        "nosuch",
        files={"conf/config.yaml": "operation: {script: main.py}\nx: 1\ny: ${nosuch}\n"},
    ),
    Row("", "nosuch", files={"conf/config.yaml": "defaults: [{nosuch: a}]\n"}),
]

STORES = [
    Row("hydra.sweeper.store=a_file", "a_file"),
    Row("-m x=1,2 hydra.sweeper.store=a_file", "a_file"),
    Row("-m x=1,2 hydra.sweeper.store=a_file/below", "a_file"),
    Row("-m x=1,2", "a_file", environment={"RUNNER_STORE": "a_file"}),
    Row("hydra.sweeper.store=/proc/nosuch/runs", "/proc/nosuch"),
    Row("-m x=1,2 hydra.sweeper.store=/proc/nosuch/runs", "/proc/nosuch"),
    Row("+restart={batch} hydra.sweeper.store=a_file", "a_file"),
    Row("runs list --store a_file", "a_file"),
    Row("runs list --json --store a_file/below", "a_file"),
    Row("runs list", "a_file", environment={"RUNNER_STORE": "a_file"}),
]

TABLE = [*IDS, *OVERRIDES, *OPTIONS, *COMMANDS, *OPERATIONS, *YAML, *STORES]


@pytest.fixture(scope="module")
def good(make_project: MakeProject) -> tuple[Project, dict[str, str]]:
    """A project with a run, a batch of two trials, and a run with a twin; ids by name."""
    project = make_project(FILES)
    project.run("x=7")
    project.run("x=8")
    first, second = project.runs()
    twin = first["id"][:8] + second["id"][8:]
    _rename(Path(second["dir"]), second["id"], twin)
    project.run("-m", "x=3,4")
    batch = project.newest("batch")
    assert len(project.runs()) == 5
    names = {
        "run": first["id"],
        "twin": twin[:6],
        "batch": batch["id"],
        "trial": batch["trials"][0],
    }
    return project, names


def _rename(folder: Path, old: str, new: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
    folder.rename(folder.with_name(new))


def _named(row: Row) -> str:
    wrong = "; ".join([row.operation or "", *row.files.values(), *row.environment.values()])
    return f"{row.typed} [{wrong}]".encode("unicode_escape").decode()


@pytest.mark.parametrize("row", TABLE, ids=_named)
def test_a_mistake_gets_one_line_and_changes_nothing(
    good: tuple[Project, dict[str, str]], tmp_path: Path, row: Row
) -> None:
    origin, names = good
    project = Project(tmp_path / "project", {"PYTHONDONTWRITEBYTECODE": "1"})
    shutil.copytree(origin.folder, project.folder, symlinks=True)
    project.write(row.files)
    if row.operation is not None:
        text = f"# @package _global_\noperation: {row.operation}\n"
        project.write({"conf/operation/script.yaml": text})
    before = project.tree()

    words = row.typed.format(**names).split(" ") if row.typed else []
    result = project.run(*words, status=None, **row.environment)

    assert "Traceback" not in result.err
    assert row.says.format(**names) in result.err
    assert len(result.said) == 1, result.err
    assert result.returncode == 2
    assert result.out == ""
    assert project.tree() == before


def test_a_folder_without_a_project_is_told_so(tmp_path: Path) -> None:
    for words in ([], ["-m", "x=1,2"], ["+restart=ffffffff"]):
        result = Project(tmp_path).run(*words, status=2)
        assert len(result.said) == 1
        assert result.out == ""
        assert list(tmp_path.iterdir()) == []
    assert "conf" in Project(tmp_path).run(status=2).err


def test_a_store_without_write_permission_is_told_so(make_project: MakeProject) -> None:
    project = make_project(FILES)
    project.store.mkdir()
    project.store.chmod(0o555)
    # Root may write anywhere but in a folder of the kernel's.
    writable = os.access(project.store, os.W_OK)
    words = ["hydra.sweeper.store=/proc"] if writable else []
    try:
        result = project.run("-m", "x=1,2", *words, status=2)
    finally:
        project.store.chmod(0o755)
    assert len(result.said) == 1
    assert "writ" in result.err
    assert list(project.store.iterdir()) == []


def test_every_row_is_there_once() -> None:
    assert len({_named(row) for row in TABLE}) == len(TABLE) >= 60
