"""What an operation requires is linked into its run's folder, and nothing else is touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.attempt.requires import check_requires, make_links


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "data" / "in").mkdir(parents=True)
    (folder / "data" / "in" / "a.csv").write_text("a")
    (folder / "train.sh").write_text("echo")
    return folder


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def test_files_and_folders_are_found_under_their_names(project: Path, run_dir: Path) -> None:
    make_links(project, run_dir, ["train.sh", "data/in/a.csv"])
    assert (run_dir / "train.sh").readlink() == project / "train.sh"
    assert (run_dir / "data" / "in" / "a.csv").read_text() == "a"
    assert not (run_dir / "data").is_symlink()


def test_what_lies_in_a_linked_folder_needs_no_link(project: Path, run_dir: Path) -> None:
    (project / "data" / "in" / "b").symlink_to("a.csv")
    make_links(project, run_dir, ["data/in/b", "data", "data/in"])
    assert (run_dir / "data").is_symlink()
    assert (project / "data" / "in" / "b").readlink() == Path("a.csv")


def test_a_stale_link_is_made_anew_and_what_the_run_made_stays(
    project: Path, run_dir: Path
) -> None:
    (run_dir / "data").symlink_to(run_dir / "nowhere")
    (run_dir / "train.sh").write_text("mine")
    make_links(project, run_dir, ["data", "train.sh"])
    assert (run_dir / "data").readlink() == project / "data"
    assert (run_dir / "train.sh").read_text() == "mine"


def test_nothing_is_written_through_a_link(project: Path, run_dir: Path) -> None:
    (run_dir / "data").symlink_to(project / "data")
    (project / "data" / "x").write_text("")
    make_links(project, run_dir, ["data/in/a.csv"])
    assert not (project / "data" / "in" / "a.csv").is_symlink()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nothing", "operation.requires: 'nothing' does not exist in {project}"),
        ("/etc/passwd", "operation.requires: '/etc/passwd' is not relative to the project's"),
        ("../run", "operation.requires: '../run' leads out of the project's folder {project}"),
        ("data/../../run", "leads out of the project's folder"),
        (".", "is the project itself"),
        ("", "is the project itself"),
        (".runner", "cannot be linked: runs keep their own .runner there"),
        ("./.hydra/x", "cannot be linked: runs keep their own .hydra there"),
    ],
)
def test_a_name_that_cannot_be_linked_is_a_mistake(project: Path, name: str, expected: str) -> None:
    with pytest.raises(Mistake) as caught:
        check_requires(project, ["data", name])
    assert expected.format(project=project) in str(caught.value)


def test_what_is_in_the_project_is_no_mistake(project: Path) -> None:
    check_requires(project, ["data", "data/in/a.csv", "./train.sh", "data/../train.sh"])


@pytest.mark.parametrize(
    ("name", "meant"),
    [("trian.sh", "; did you mean train.sh?"), ("data/in/b.csv", ""), ("train.py", "train.sh?")],
)
def test_a_name_that_is_not_there_is_answered_with_one_that_is_like_it_before_its_ending(
    project: Path, name: str, meant: str
) -> None:
    with pytest.raises(Mistake) as caught:
        check_requires(project, [name])
    assert str(caught.value).endswith(meant or f"does not exist in {project}")


@pytest.mark.parametrize(
    ("requires", "meant"),
    [
        (["calib.csv"], ""),  # lib.sh, of another kind, is not like it
        (["points_set.csv"], "; did you mean points.csv?"),
        (["points.csv", "points_set.csv"], ""),  # it is named already
        (["points.tsv"], "; did you mean points.csv?"),
    ],
)
def test_what_is_named_already_or_is_unlike_was_not_meant(
    project: Path, requires: list[str], meant: str
) -> None:
    (project / "lib.sh").touch()
    (project / "points.csv").touch()
    with pytest.raises(
        Mistake, match=f" does not exist in {re.escape(str(project))}{re.escape(meant)}$"
    ):
        check_requires(project, requires)
