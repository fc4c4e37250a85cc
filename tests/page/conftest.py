"""A project with a sweep in its store, and the page of it, asked without a network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from hydra_sweep_runner.page.application import make_application
from hydra_sweep_runner.page.site import Site, open_site
from hydra_sweep_runner.store.runs import RunStore
from tests.page.browser import open_browser, served
from tests.scenarios.project import Project

HERE = "http://127.0.0.1:8710"

FILES = {
    "conf/config.yaml": """
        operation: {script: train.py}
        lr: 0.1
        depth: 3
        opt: adam
        fixed: 7
        fail: false
    """,
    "train.py": """
        import sys
        lr = 0.1
        depth = 3
        opt = "adam"
        fixed = 7
        fail = False
        for step in range(3):
            print(f"step={step} loss={lr * depth / (step + 1)} acc={depth}")
        open("model.txt", "w").write("weights")
        if fail and depth == 3:
            sys.exit("it diverged")
    """,
}

#: Makes the page of a project's store.
OpenSite = Callable[..., Site]


def open_page(project: Project, *, read_only: bool = False) -> Site:
    """The page of a project's store."""
    return open_site(
        RunStore(project.store), project.folder, is_default_store=True, read_only=read_only
    )


def client_of(site: Site) -> TestClient:
    """Asks a page as a browser on this machine does."""
    return TestClient(make_application(site), base_url=HERE)


@pytest.fixture(scope="package")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A sweep of six trials, two of them failed, and one run on its own."""
    project = Project(tmp_path_factory.mktemp("page") / "project")
    project.folder.mkdir()
    project.write(FILES)
    words = ("-m", "lr=0.1,0.01", "depth=2,3,4", "fail=true", "+objective=loss", "+label=first")
    project.run(*words, status=1)
    project.run("lr=5")
    return project


@pytest.fixture
def project(origin: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    shutil.copytree(origin.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


@pytest.fixture(scope="package")
def page(origin: Project) -> Iterator[TestClient]:
    """The page of it, only looked at."""
    with client_of(open_page(origin)) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser, which the tests of a module share."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(origin: Project) -> Iterator[str]:
    """The address of the page of `origin`, served by the real command."""
    with served(origin) as found:
        yield found
