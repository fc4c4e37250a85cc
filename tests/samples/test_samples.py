"""Each sample's README tells the truth: its transcript is typed and compared."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.samples.terminal import play, printed_by

ROOT = Path(__file__).parents[2]

SAMPLES = sorted(path.parent for path in ROOT.glob("samples/*/conf"))
#: These train models: the README at the root shows the first of them, and is played in any case.
_TRAINING = {"digits", "hydra_app", "study"}


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(path, id=path.name, marks=[pytest.mark.long] if path.name in _TRAINING else [])
        for path in SAMPLES
    ],
)
def test_the_readme_of_a_sample_shows_what_happens(sample: Path, tmp_path: Path) -> None:
    folder = tmp_path / sample.name
    shutil.copytree(
        sample, folder, ignore=shutil.ignore_patterns("runs", "multirun", "outputs", "__pycache__")
    )
    play((sample / "README.md").read_text(encoding="utf-8"), folder)


def test_every_sample_has_a_readme() -> None:
    assert SAMPLES
    assert all((sample / "README.md").is_file() for sample in SAMPLES)


def test_the_repository_itself_is_a_project(tmp_path: Path) -> None:
    for name in ("conf", "samples"):
        ignored = shutil.ignore_patterns("runs", "multirun", "outputs", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    printed = printed_by("runner -m x=1,2 y=2,3", tmp_path)
    assert sorted(line for line in printed if line.endswith("'a'")) == [
        "1 2 'a'",
        "1 3 'a'",
        "2 2 'a'",
        "2 3 'a'",
    ]
