"""A store is data: nothing in it is run, shown raw or followed out of its folder."""

from __future__ import annotations

import json
import os
import pickle
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.hydra.program import SWEEPER, Program
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

#: Acts on a terminal: a colour, a cleared screen, a title; an overwritten line; text that runs
#: backwards; nothing to be seen at all; the one-byte start of such commands.
ACTING = "\x1b[31m\x1b[2J\x1b]0;title\x07\r\u202e\u200b\x9b1m\x7f"

FUNCTION = {
    "conf/config.yaml": """
        operation: {function: work.work}
        x: 1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "work.py": "def work(x):\n    return {1, x}\n",
}


class Witness:
    """What writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


# ---- pickles


@pytest.mark.parametrize(
    "protocol", [pickle.HIGHEST_PROTOCOL, pytest.param(0, marks=pytest.mark.long)]
)
def test_no_command_unpickles_anything_of_a_store(
    make_project: MakeProject, tmp_path: Path, protocol: int
) -> None:
    project, witness = make_project(FUNCTION), tmp_path / "witness"
    project.run("x=5")
    project.run("-m", "x=1,2")
    planted = pickle.dumps(Witness(witness), protocol)
    pickle.loads(planted)
    assert witness.exists()  # it would tell
    witness.unlink()

    run, batch = project.newest("run"), project.newest("batch")
    trial = batch["trials"][0]
    for file in [path for path in project.store.rglob("*") if path.is_file()]:
        if file.name != "record.json":
            file.write_bytes(planted)
    for folder in [Path(run["dir"]), Path(batch["dir"]), Path(run["dir"]) / ".hydra"]:
        (folder / "planted.pickle").write_bytes(planted)
    for name in ("result.joblib", "result.pickle", "returned.pickle", "index", "index.db"):
        (Path(run["dir"]) / ".runner" / name).write_bytes(planted)
        (project.store / name).write_bytes(planted)

    every = (
        ["runs", "list"],
        ["runs", "list", "--json"],
        ["runs", "show", run["id"]],
        ["runs", "show", batch["id"], "--json"],
        [f"+restart={batch['id']}", "+print_trials=true"],
        [f"+restart={batch['id']}", "+print_trials=true", "+refresh=true"],
        [f"+restart={batch['id']}", "+needed=true", "+refresh=true"],
        [f"+restart={batch['id']}"],
        ["-m", "x=1,2,3", "+needed=true"],
        [f"+restart={run['id']}", "+refresh=true"],
        [f"+restart={trial}", "+refresh=true", "x=9"],
    )
    for words in every:
        assert project.run(*words, status=None).returncode in (0, 2)
        assert not witness.exists(), words
    for file in project.store.rglob("record.json"):
        file.write_bytes(planted)
    for words in every:
        assert project.run(*words, status=None).returncode in (0, 2)
        assert not witness.exists(), words
    listed = project.runs()
    project.delete(*(each["id"] for each in listed))
    assert not witness.exists()
    assert project.runs() == []


def test_what_a_killed_program_left_in_a_run_is_not_unpickled(tmp_path: Path) -> None:
    project, witness = Program(tmp_path / "project"), tmp_path / "witness"
    project.write(
        {
            "conf/config.yaml": "x: 1\n",
            # Whoever calls Hydra from code gets what the jobs returned.
            "sweep.py": """
                import os, sys
                from hydra._internal.hydra import Hydra
                from hydra._internal.utils import create_config_search_path

                def task(cfg):
                    if os.environ.get("DIE"):
                        os._exit(3)

                path = create_config_search_path(os.path.abspath("conf"))
                hydra = Hydra.create_main_hydra2("task", path)
                print(len(hydra.multirun("config", task, sys.argv[1:])[0]))
            """,
        }
    )
    typed = ["sweep.py", SWEEPER, "hydra/launcher=runner"]
    assert project.python(*typed, "x=1,2").lines[-1] == "2"
    batch = project.newest("batch")
    planted = pickle.dumps(Witness(witness))
    for trial in batch["trials"]:
        (project.store / trial / ".runner" / "returned.pickle").write_bytes(planted)
    again = project.python(*typed, f"+restart={batch['id']}", status=1, DIE="1")
    assert "exit status 3" in again.err
    assert not witness.exists()


# ---- shells


@pytest.mark.parametrize(
    "text",
    [
        *("; touch witness", "$(touch witness)", "`touch witness`", "| touch witness"),
        *("&& touch witness", "a\ntouch witness", "-rf", "--help", "*", "~", "'\"", "${HOME}"),
        *("> witness", "", " ", "\t", "\\", "%s", "!!"),
    ],
)
def test_a_flag_never_meets_a_shell(make_project: MakeProject, text: str) -> None:
    show = "import sys; print(repr(sys.argv[1:]))"
    command = json.dumps([sys.executable, "-c", show, "${text}", "-", "${text}"])
    project = make_project({"conf/config.yaml": f"operation: {{command: {command}}}\ntext: ''\n"})
    written = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    result = project.run(f"text='{written}'")
    assert result.lines == [repr([text, "-", text])]
    assert not list(project.folder.rglob("witness"))


# ---- names


def test_names_that_look_like_paths_lead_nowhere(make_project: MakeProject) -> None:
    project = make_project(FUNCTION)
    name = "../../../beyond"
    text = f"operation: {{function: work.work, name: {name}}}\nx: 1\n"
    project.write({"conf/config.yaml": text})
    project.run(f"+label={name}", f"+tags=[{name},/beyond]")
    project.run("-m", "x=1,2", f"+label={name}", f"+tags=[{name}]")
    above = [project.store, *project.store.parents]
    assert not any((folder / "beyond").exists() for folder in above)
    assert not [path for path in project.folder.rglob("*") if path.name == "beyond"]
    for run in project.runs():
        assert run["label"] == name
        assert Path(run["dir"]).parent == project.store
    batch = project.newest("batch")
    assert batch["operation"] == name
    project.run(f"+restart={batch['id']}")
    project.delete_all()
    assert project.runs() == []


@pytest.mark.parametrize("key", ["trials", "generated"])
def test_a_record_cannot_name_a_run_outside_its_store(
    make_project: MakeProject, tmp_path: Path, key: str
) -> None:
    project = make_project(FUNCTION)
    project.run("-m", "x=1,2")
    batch = project.newest("batch")
    outside = project.folder / "outside"
    outside.mkdir()
    (outside / "kept").write_text("here")
    file = Path(batch["dir"]) / ".runner" / "record.json"
    content = json.loads(file.read_text())
    content["batch"][key] = ["../outside"]
    file.write_text(json.dumps(content))
    for words in (["runs", "delete", batch["id"], "--trials", "--yes"], ["runs", "list"]):
        project.run(*words)
    assert (outside / "kept").read_text() == "here"


def test_a_link_in_a_store_is_no_run(make_project: MakeProject) -> None:
    project = make_project(FUNCTION)
    project.run("x=5")
    elsewhere = project.folder / "elsewhere"
    (run,) = project.runs()
    Path(run["dir"]).rename(elsewhere)
    (project.store / run["id"]).symlink_to(elsewhere)
    assert project.runs() == []
    result = project.run("runs", "delete", run["id"], "--yes", status=2)
    assert "no run" in result.err
    assert (elsewhere / ".runner" / "record.json").is_file()


# ---- terminals


@pytest.fixture(scope="module")
def acting(make_project: MakeProject) -> tuple[Project, str]:
    """A project whose values, names and failures would act on a terminal, after a run and a
    batch of it; and all that was printed by then."""
    project = make_project(
        {
            "conf/config.yaml": json.dumps(
                {
                    "operation": {"function": "work.work", "name": f"name{ACTING}"},
                    "x": f"value{ACTING}",
                    f"key{ACTING}": [f"item{ACTING}"],
                    "hydra": {"sweeper": {"label": f"label{ACTING}", "tags": [f"tag{ACTING}"]}},
                }
            ),
            "work.py": f"def work(**flags):\n    raise ValueError({'reason' + ACTING!r})\n",
        }
    )
    single = project.run(status=1)
    swept = project.run("-m", "+y=1,2", status=1)
    return project, single.err + swept.err


def _raw(text: str) -> list[str]:
    return sorted({char for char in text if not char.isprintable() and char != "\n"})


def test_the_lines_of_the_runner_are_printable(acting: tuple[Project, str]) -> None:
    _, said = acting
    own = [line for line in said.splitlines() if line.startswith(("Trial", "Run", "Init", "Batch"))]
    assert any("failed: ValueError: reason\\x1b[31m" in line for line in own)
    assert any("x=value\\x1b[31m" in line for line in own)
    assert _raw("\n".join(own)) == []


@pytest.mark.parametrize("words", ["list", "list --json", "show ID", "show ID --json"])
@pytest.mark.parametrize("kind", ["run", "batch", "trial"])
def test_what_is_listed_is_printable(acting: tuple[Project, str], words: str, kind: str) -> None:
    project, _ = acting
    run_id = project.newest(kind)["id"]
    shown = project.run("runs", *words.replace("ID", run_id).split()).out
    assert _raw(shown) == []
    assert "\\x1b" in shown or "\\u001b" in shown


def test_json_holds_the_very_characters(acting: tuple[Project, str]) -> None:
    project, _ = acting
    run = project.newest("run")
    assert run["label"] == f"label{ACTING}"
    assert run["flags"]["x"] == f"value{ACTING}"


def test_a_plan_is_printable(acting: tuple[Project, str]) -> None:
    project, _ = acting
    swept = f"x='a{ACTING}','b'".replace("\\", "\\\\")
    result = project.run("-m", swept, "+print_trials=true", status=None)
    assert _raw(result.out + result.err) == []


def test_a_restart_is_printable(acting: tuple[Project, str]) -> None:
    project, _ = acting
    config = project.folder / "conf" / "config.yaml"
    before = config.read_text()
    config.write_text(before.replace("value", "other"))
    try:
        result = project.run(f"+restart={project.newest('batch')['id']}", status=1)
    finally:
        config.write_text(before)
    own = [line for line in result.said if line.startswith(("The project's", "Restarting"))]
    assert len(own) == 2
    assert _raw("\n".join(own)) == []


def test_a_terminal_gets_no_raw_characters(acting: tuple[Project, str]) -> None:
    project, _ = acting
    status, screen = project.answer("runs", "show", project.newest("run")["id"], typed="")
    assert status == 0
    assert "\x1b[31m" not in screen
    assert "\u202e" not in screen
    status, screen = project.answer("runs", "list", typed="")
    assert "\x1b[2J" not in screen
    assert "\u202e" not in screen


def test_the_lines_of_a_batch_on_a_terminal_are_escaped(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": json.dumps(
                {"operation": {"command": ["true"], "name": f"name{ACTING}"}, "x": f"a{ACTING}"}
            )
        }
    )
    status, screen = project.answer("-m", "+y=1,2", typed="")
    assert status == 0
    assert screen.count("x=a\\x1b[31m") == 4
    for acting in ("\x1b[31m", "\x1b[2J", "\x1b]0;title", "\u202e", "\u200b", "\x9b"):
        assert acting not in screen


def test_a_path_that_acts_is_escaped(make_project: MakeProject) -> None:
    project = make_project(FUNCTION)
    store = f"store{ACTING}".replace("\r", "")
    project.run(RUNNER_STORE=store)
    project.write({"work.py": "def work(x): raise ValueError\n"})
    for words in (["x=2"], ["runs", "show", "ffffffff"], ["-m", "x=3,4"]):
        result = project.run(*words, status=None, RUNNER_STORE=store)
        own = [line for line in result.said if "store" in line]
        assert own
        assert _raw("\n".join(own)) == []
    record = next((project.folder / store).glob("*/.runner/record.json"))
    record.write_text("{")
    listed = project.run("runs", "list", RUNNER_STORE=store)
    assert _raw(listed.out) == []


# ---- permissions


@pytest.mark.parametrize("umask", ["022", "077", "002"])
def test_what_is_stored_has_the_users_umask(make_project: MakeProject, umask: str) -> None:
    project = make_project(FUNCTION)
    mask = int(umask, 8)
    before = os.umask(mask)
    try:
        project.run("x=5")
        project.run("-m", "x=1,2")
        project.run(f"+restart={project.newest('batch')['id']}")
    finally:
        os.umask(before)
    paths = [path for path in project.store.rglob("*") if not path.is_symlink()]
    assert {path.name for path in paths} >= {"record.json", "result.joblib", "output.log"}
    assert any(".snapshots" in path.parts and path.suffix == ".yaml" for path in paths)
    for path in [project.store, *paths]:
        least = 0o777 if path.is_dir() else 0o666
        assert stat.S_IMODE(path.stat().st_mode) == least & ~mask, path
