"""Projects to type commands in: copies of the samples, and ones made of a few files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.scenarios.project import Project

SAMPLES = Path(__file__).parents[2] / "samples"

#: Makes a project of text files, by their path; extra words are its environment.
MakeProject = Callable[..., Project]


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> MakeProject:
    """A function that makes a new project of the files that it is given."""

    def make(files: Mapping[str, str], **environment: str) -> Project:
        project = Project(tmp_path_factory.mktemp("project"), environment)
        project.write(files)
        return project

    return make


@pytest.fixture(scope="session")
def copy_optimizers(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """A function that makes a new copy of `samples/optimizers`."""

    def copy() -> Project:
        folder = tmp_path_factory.mktemp("optimizers") / "project"
        ignored = shutil.ignore_patterns("runs", "__pycache__")
        shutil.copytree(SAMPLES / "optimizers", folder, ignore=ignored)
        return Project(folder)

    return copy


@pytest.fixture
def echo(copy_optimizers: Callable[[], Project]) -> Project:
    """A copy of `samples/optimizers` for one test; its operation is `echo.py`."""
    return copy_optimizers()
