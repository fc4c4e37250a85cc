"""Each sample's README tells the truth: its transcript is typed and compared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples.transcript import match_ids, read_transcript, typed

ROOT = Path(__file__).parents[2]

SAMPLES = sorted(path.parent for path in ROOT.glob("samples/*/conf"))


def _terminal(command: str, folder: Path) -> list[str]:
    """What a shell in `folder` prints for a command, both streams together."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": programs},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.stdout.splitlines()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_readme_of_a_sample_shows_what_happens(sample: Path, tmp_path: Path) -> None:
    folder = tmp_path / sample.name
    shutil.copytree(sample, folder, ignore=shutil.ignore_patterns("runs", "__pycache__"))
    steps = read_transcript((sample / "README.md").read_text(encoding="utf-8"))
    assert steps
    ids: dict[str, str] = {}
    for step in steps:
        command = typed(step.command, ids)
        printed = _terminal(command, folder)
        found = match_ids(step.expected, printed, ids)
        said = "\n".join(["$ " + command, *printed, "-- expected --", *step.expected])
        assert found is not None, said
        ids = found


def test_every_sample_has_a_readme() -> None:
    assert SAMPLES
    assert all((sample / "README.md").is_file() for sample in SAMPLES)


def test_the_repository_itself_is_a_project(tmp_path: Path) -> None:
    for name in ("conf", "samples"):
        ignored = shutil.ignore_patterns("runs", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    printed = _terminal("runner -m x=1,2 y=2,3", tmp_path)
    assert sorted(line for line in printed if line.endswith("'a'")) == [
        "1 2 'a'",
        "1 3 'a'",
        "2 2 'a'",
        "2 3 'a'",
    ]
