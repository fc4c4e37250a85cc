"""Mistakes in commands, configurations, operations, records and stores: one test over all.

Each gets one line that names the mistake, exit status 2, nothing on standard output, and
leaves every file of the project and its store as it was. The table is `mistakes.TABLE`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import hydra
import pytest
from _pytest.mark import ParameterSet

from tests.scenarios.conftest import MakeProject
from tests.scenarios.forked import Result
from tests.scenarios.mistakes import BY_HYDRA, FILES, TABLE, Row
from tests.scenarios.project import Project


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


@pytest.fixture(scope="module")
def whole(good: tuple[Project, dict[str, str]]) -> dict[str, tuple[str, bytes]]:
    """All that is in the good project."""
    return good[0].tree()


def _environment(row: Row) -> dict[str, str]:
    return {"PYTHONDONTWRITEBYTECODE": "1", **row.environment}


def _rename(folder: Path, old: str, new: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
    folder.rename(folder.with_name(new))


def _in_a_copy(good: tuple[Project, dict[str, str]], folder: Path, row: Row) -> Project:
    origin, names = good
    project = Project(folder, _environment(row))
    shutil.copytree(origin.folder, project.folder, symlinks=True)
    project.write(row.files)
    if row.operation is not None:
        text = f"# @package _global_\noperation: {row.operation}\n"
        project.write({"conf/operation/script.yaml": text})
    if row.damage is not None:
        row.damage.do(project.folder, names)
    return project


def _words(row: Row, names: dict[str, str]) -> list[str]:
    return row.typed.format(**names).split(" ") if row.typed else []


def _check(result: Result, says: str) -> None:
    assert "Traceback" not in result.err
    assert says in result.err
    assert len(result.said) == 1, result.err
    assert result.err[:-1].isprintable()
    assert result.returncode == 2
    assert result.out == ""


def _rows() -> list[ParameterSet]:
    """All rows. On another line of Hydra than 1.3, those that are not about Hydra are for
    `make test-full`."""
    rest = [pytest.mark.long] if not hydra.__version__.startswith("1.3") else []
    return [pytest.param(row, id=row.name, marks=[] if row in BY_HYDRA else rest) for row in TABLE]


@pytest.mark.parametrize("row", _rows())
def test_a_mistake_gets_one_line_and_changes_nothing(
    good: tuple[Project, dict[str, str]],
    whole: dict[str, tuple[str, bytes]],
    tmp_path: Path,
    row: Row,
) -> None:
    if row.is_typed_only:
        project, before = Project(good[0].folder, _environment(row)), whole
    else:
        project = _in_a_copy(good, tmp_path / "project", row)
        before = project.tree()
    result = project.run(*_words(row, good[1]), status=None)
    _check(result, row.says.format(**good[1]))
    assert project.tree() == before


@pytest.mark.parametrize("row", TABLE[:: len(TABLE) // 6], ids=lambda row: row.name)
def test_a_process_of_its_own_says_the_same(
    good: tuple[Project, dict[str, str]], tmp_path: Path, row: Row
) -> None:
    project = _in_a_copy(good, tmp_path / "project", row)
    words = _words(row, good[1])
    assert project.run_process(*words, status=2) == project.run(*words, status=2)


def test_a_folder_without_a_project_is_told_so(tmp_path: Path) -> None:
    for words in ([], ["-m", "x=1,2"], ["+restart=ffffffff"]):
        result = Project(tmp_path).run(*words, status=2)
        assert len(result.said) == 1
        assert result.out == ""
        assert list(tmp_path.iterdir()) == []
    assert "conf" in Project(tmp_path).run(status=2).err


def test_a_folder_below_a_project_is_told_where_the_project_is(make_project: MakeProject) -> None:
    project = make_project({**FILES, "scripts/a.txt": ""})
    below = Project(project.folder / "scripts")
    for words in ([], ["-m", "x=1,2"], ["+restart=last"]):
        (line,) = below.run(*words, status=2).said
        assert line.endswith(f"there is a project in {project.folder}: start runner there")


def test_a_folder_with_a_hydra_program_is_told_how_it_is_started(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"train.py": "import hydra\n@hydra.main()\ndef main(cfg): ...\n"})
    (line,) = project.run("-m", "x=1,2", status=2).said
    assert "train.py is a Hydra program: python train.py -m hydra/sweeper=runner" in line


def test_a_folder_with_a_hydra_program_in_src_is_told_how_it_is_started(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        {
            "src/train.py": "import hydra\n@hydra.main()\ndef main(cfg): ...\n",
            "src/other.py": "x = 1\n",
            "configs/config.yaml": "x: 1\n",
        }
    )
    (line,) = project.run("-m", "x=1,2", status=2).said
    assert "src/train.py is a Hydra program: python src/train.py -m hydra/sweeper=runner" in line


def test_a_list_in_the_yaml_s_sweep_is_told_to_be_one_value(make_project: MakeProject) -> None:
    config = FILES["conf/config.yaml"] + "          sweeper: {params: {x: [1, 2]}}\n"
    config = config.replace("{launcher: {n_jobs: 1}}", "")
    project = make_project({**FILES, "conf/config.yaml": config})
    said = project.run("-m").err
    assert (
        "params.x is one value, the list [1, 2]; its elements are swept over by x: '1, 2'" in said
    )


def test_a_range_whose_step_leaves_one_value_is_told(make_project: MakeProject) -> None:
    project = make_project(FILES)
    said = project.run("-m", "x=range(0.1,0.5)", "+print_trials=true").said
    assert said == [
        "x=range(0.1,0.5) has one value, 0.1, as its step is 1: a smaller step gives more, "
        "x=range(0.1,0.5,STEP), and random ones come from x=interval(0.1,0.5)"
    ]
    for whole in ("x=range(1,2)", "x=range(0.1,0.5,0.1)", "x=0.1"):
        assert project.run("-m", whole, "+print_trials=true").said == []


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
    assert len({row.name for row in TABLE}) == len(TABLE) >= 90


def test_a_file_among_the_configs_that_hydra_refuses_to_list_does_not_matter(
    make_project: MakeProject,
) -> None:
    files = {"conf/config.yaml": "operation: {command: [echo, hello]}\n", "conf/old.yml": "x: 2\n"}
    project = make_project(files)
    project.run("+y=2")
    assert [run["status"] for run in project.runs()] == ["completed"]
