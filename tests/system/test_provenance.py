"""Under which code a run was started."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from hydra_sweep_runner import __version__
from hydra_sweep_runner.model import Provenance
from hydra_sweep_runner.system import provenance
from hydra_sweep_runner.system.provenance import code_changes, read_provenance

#: Runs git in a folder and returns what it printed.
Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    def run(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def checkout(tmp_path: Path, git: Git) -> Path:
    """A repository with one commit of `train.py`."""
    git("init", "--quiet")
    (tmp_path / "train.py").write_text("x = 1\n")
    git("add", "train.py")
    git("commit", "--quiet", "--message", "first")
    return tmp_path


# ---- git


def test_a_clean_checkout_has_its_commit_and_is_not_dirty(checkout: Path, git: Git) -> None:
    code = read_provenance(checkout, [])
    assert (code.commit, code.dirty) == (git("rev-parse", "HEAD"), False)


def test_a_change_makes_it_dirty_staged_or_not(checkout: Path, git: Git) -> None:
    (checkout / "train.py").write_text("x = 2\n")
    assert read_provenance(checkout, []).dirty is True
    git("add", "train.py")
    assert read_provenance(checkout, []).dirty is True
    git("commit", "--quiet", "--message", "second")
    assert read_provenance(checkout, []).dirty is False


def test_a_file_that_git_does_not_know_does_not_as_runs_are_such_files(checkout: Path) -> None:
    (checkout / "runs").mkdir()
    (checkout / "runs" / "output.log").write_text("1")
    assert read_provenance(checkout, []).dirty is False


def test_a_project_below_the_top_of_a_checkout_has_its_commit_too(checkout: Path, git: Git) -> None:
    (checkout / "deep").mkdir()
    assert read_provenance(checkout / "deep", []).commit == git("rev-parse", "HEAD")


def test_a_checkout_without_a_commit_has_none(tmp_path: Path, git: Git) -> None:
    git("init", "--quiet")
    code = read_provenance(tmp_path, [])
    assert (code.commit, code.dirty) == (None, False)


def test_a_project_that_is_reached_by_a_link_has_its_commit(
    checkout: Path, git: Git, tmp_path_factory: pytest.TempPathFactory
) -> None:
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    (checkout / "deep").mkdir()
    link.symlink_to(checkout / "deep")
    assert read_provenance(link, []).commit == git("rev-parse", "HEAD")


def test_a_worktree_and_a_repository_that_the_environment_names_have_their_commit(
    checkout: Path,
    git: Git,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    git("worktree", "add", "--quiet", str(elsewhere / "tree"))
    assert read_provenance(elsewhere / "tree", []).commit == git("rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(checkout / ".git"))
    assert read_provenance(elsewhere, []).commit == git("rev-parse", "HEAD")


def test_outside_of_any_repository_git_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    (tmp_path / "git").write_text(f"#!/bin/sh\ntouch {started}\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert read_provenance(tmp_path, []).commit is None
    assert not started.exists()
    (tmp_path / ".git").mkdir()
    read_provenance(tmp_path, [])
    assert started.exists()


def test_a_file_named_like_a_header_confuses_nobody(checkout: Path, git: Git) -> None:
    name = "# branch.oid 0000"
    (checkout / name).write_text("1")
    git("add", name)
    code = read_provenance(checkout, [])
    assert (code.commit, code.dirty) == (git("rev-parse", "HEAD"), True)


def test_outside_a_checkout_nothing_is_known(tmp_path: Path) -> None:
    code = read_provenance(tmp_path, [])
    assert (code.commit, code.dirty) == (None, None)


def test_without_git_nothing_is_known(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    code = read_provenance(checkout, [])
    assert (code.commit, code.dirty) == (None, None)


def test_a_git_that_does_not_answer_is_not_waited_for(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (checkout / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(checkout), prepend=":")
    monkeypatch.setattr(provenance, "GIT_TIMEOUT_S", 0.1)
    code = read_provenance(checkout, [])
    assert (code.commit, code.dirty) == (None, None)


# ---- sources and versions


def test_sources_have_their_digest_by_their_path_in_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    inside, outside = project / "code" / "train.py", tmp_path / "library.py"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(b"x = 1\n")
    outside.write_bytes(b"")
    code = read_provenance(project, [inside, outside, project / "missing.py", project / "code"])
    assert code.sources.keys() == {"code/train.py", str(outside), "code"}  # folders count, too
    assert {name: code.sources[name] for name in ("code/train.py", str(outside))} == {
        "code/train.py": hashlib.sha256(b"x = 1\n").hexdigest(),
        str(outside): hashlib.sha256(b"").hexdigest(),
    }


def test_versions_are_those_in_use(tmp_path: Path) -> None:
    assert read_provenance(tmp_path, []).versions == {
        "python": platform.python_version(),
        "hydra-core": metadata.version("hydra-core"),
        "runner": __version__,
    }


# ---- changes

A, B = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [
        (Provenance(), Provenance(), []),
        (Provenance(commit=A), Provenance(commit=A), []),
        (Provenance(commit=A), Provenance(commit=B), ["commit aaaaaaaa, now bbbbbbbb"]),
        (Provenance(commit=A), Provenance(), []),
        (Provenance(), Provenance(commit=B), []),
        (Provenance(sources={"t.py": "1"}), Provenance(sources={"t.py": "1"}), []),
        (Provenance(sources={"t.py": "1"}), Provenance(sources={"t.py": "2"}), ["t.py differs"]),
        (Provenance(sources={"t.py": "1"}), Provenance(sources={"u.py": "2"}), []),
        (
            Provenance(commit=A, sources={"t.py": "1", "u.py": "1"}),
            Provenance(commit=B, sources={"u.py": "2", "t.py": "2"}),
            ["u.py differs", "t.py differs", "commit aaaaaaaa, now bbbbbbbb"],
        ),
        (Provenance(commit=A, dirty=False), Provenance(commit=A, dirty=True), []),
    ],
)
def test_changes_are_told_where_both_sides_are_known(
    before: Provenance, now: Provenance, changes: list[str]
) -> None:
    assert code_changes(before, now) == changes
