"""Which store a program's batches are in, wherever the program is started from."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hydra_sweep_runner.store.location import project_of_program
from tests.hydra.program import SWEEPER, Program, make_program

PROGRAM = """
    import os
    import hydra

    @hydra.main(version_base="1.3", config_path=None)
    def main(cfg):
        print("in", os.getcwd())
        return cfg.x

    if __name__ == "__main__":
        main()
"""


def typed_in(folder: Path, script: Path, *words: str, status: int = 0) -> str:
    """Start a program from a folder: all that it printed."""
    folder.mkdir(parents=True, exist_ok=True)
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), "-m", SWEEPER, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A program that has a store."""
    program = make_program(tmp_path / "project", {"src/train.py": PROGRAM})
    program.python("src/train.py", "-m", SWEEPER, "+x=1,2")
    return program


@pytest.mark.parametrize("launcher", ["runner", "basic"])
@pytest.mark.parametrize("where", ["../elsewhere", "..", "src", "deeper/down"])
def test_a_store_is_found_from_the_programs_own_folder(
    program: Program, where: str, launcher: str
) -> None:
    script, batch = program.folder / "src" / "train.py", program.newest("batch")["id"]
    here = (program.folder / where).resolve()
    chosen = f"hydra/launcher={launcher}"
    printed = typed_in(here, script, f"+restart={batch}", "+x=1,2,3", chosen)
    assert f"The store is {program.store}" in printed
    assert f"in {here}" in printed  # its jobs work where it was started
    assert not (here / "runs").exists()
    assert program.statuses("x") == {1: "completed", 2: "completed", 3: "completed"}
    assert [trial["generated_by"] for trial in program.trials()] == [batch] * 3
    first = program.trials()[0]
    assert (program.folder / first["output_dir"] / ".hydra").is_dir()  # where it was before
    typed_in(here, script, "+x=7", chosen)
    assert program.trials()[0]["flags"] == {"x": 7}
    assert Path(program.folder, program.trials()[0]["output_dir"], ".hydra").is_dir()


def test_the_printed_line_goes_on_from_there(program: Program, tmp_path: Path) -> None:
    script = program.folder / "src" / "train.py"
    script.write_text(script.read_text().replace("return cfg.x", "assert cfg.x != 5"))
    printed = typed_in(tmp_path / "elsewhere", script, "+x=4,5", status=1)
    command = printed.splitlines()[-1].partition("; to go on: ")[2]
    script.write_text(script.read_text().replace("!= 5", "!= 6"))
    ended = subprocess.run(
        ["bash", "-c", command.replace("python ", f"{sys.executable} -W ignore ", 1)],
        cwd=tmp_path / "elsewhere",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "2 trials, 2 completed" in ended.stderr


def test_a_store_that_is_named_is_the_one(program: Program, tmp_path: Path) -> None:
    script, here = program.folder / "src" / "train.py", tmp_path / "elsewhere"
    typed_in(here, script, "+x=9", "hydra.sweeper.store=mine")
    assert (here / "mine").is_dir()
    assert len(program.trials()) == 2


def test_without_a_store_it_is_made_in_the_current_folder(program: Program, tmp_path: Path) -> None:
    shutil.rmtree(program.store)
    typed_in(tmp_path / "elsewhere", program.folder / "src" / "train.py", "+x=9")
    assert (tmp_path / "elsewhere" / "runs" / ".snapshots").is_dir()


def test_stores_above_the_current_folder_do_not_count_for_programs_below_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "runs" / ".snapshots").mkdir(parents=True)
    here = tmp_path / "here"
    assert project_of_program(here / "src", here) == here
    assert project_of_program(None, here) == here
    assert project_of_program(tmp_path / "other" / "src", here) == tmp_path


@pytest.mark.parametrize("root", [".git/HEAD", "conf/config.yaml"])
def test_stores_above_a_projects_root_do_not_count(tmp_path: Path, root: str) -> None:
    (tmp_path / "runs" / ".snapshots").mkdir(parents=True)
    (tmp_path / "here" / root).parent.mkdir(parents=True)
    (tmp_path / "here" / root).touch()
    here = tmp_path / "here" / "src"
    assert project_of_program(here, here) == here


def test_needed_says_that_an_imported_module_has_changed_since(program: Program) -> None:
    helped = program.text("src/train.py").replace("import hydra", "import hydra, helper", 1)
    program.write({"src/train.py": helped, "src/helper.py": "y = 1\n"})
    script = program.folder / "src" / "train.py"
    typed_in(program.folder, script, "+x=3")
    program.write({"src/helper.py": "y = 2\n"})
    said = typed_in(program.folder, script, "+x=3", "+needed=true").splitlines()
    assert (
        "The run that is taken was made by other code (src/helper.py changed since); to run all of "
        "them again, leave +needed out"
    ) in said
