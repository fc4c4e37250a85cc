"""What comes from the environment reaches the operation and is written down nowhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag, ids

SECRET = "correct-horse-battery-staple"

CONFIG = """
    token: ${oc.env:THE_TOKEN}
    nested: {address: "https://me:${oc.env:THE_TOKEN}@example.org"}
    x: 1
    hydra: {launcher: {n_jobs: 1}}
"""

OPERATIONS = {
    "script": "operation: {script: use.py, flags_to: args}",
    "function": "operation: {function: use.use}",
    "command": (
        f"operation: {{command: [{sys.executable}, use.py, --token, '${{token}}'], "
        "requires: [use.py]}"
    ),
}

USE = """
    import os, sys

    def use(token, nested, x):
        assert nested["address"] == f"https://me:{token}@example.org"
        return len(token)

    if __name__ == "__main__":
        token = sys.argv[sys.argv.index("--token") + 1]
        print("the right one:", token == os.environ["THE_TOKEN"])
"""


def everything_in(folder: Path) -> bytes:
    """The bytes of all files below a folder, and their names."""
    return b"\n".join(
        bytes(path) + (path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")
    )


@pytest.fixture(scope="module", params=list(OPERATIONS))
def project(request: pytest.FixtureRequest, make_project: MakeProject) -> Project:
    """A project whose flags hold a secret, after a run and a batch."""
    config = f"    {OPERATIONS[request.param]}{CONFIG}"
    project = make_project({"conf/config.yaml": config, "use.py": USE}, THE_TOKEN=SECRET)
    single = project.run()
    swept = project.run("-m", "x=1,2", "token=${oc.env:THE_TOKEN}")
    preview = project.run("-m", "token=${oc.env:THE_TOKEN},b", "+print_trials=true")
    listed = project.run("runs", "list")
    for result in (single, swept, preview, listed):
        assert SECRET not in result.out + result.err
    if request.param != "function":
        assert single.lines == ["the right one: True"]
    return project


def test_the_secret_is_in_no_file_of_the_store(project: Project) -> None:
    stored = everything_in(project.store)
    assert b"oc.env:THE_TOKEN" in stored
    assert SECRET.encode() not in stored


def test_the_list_gives_the_reference(project: Project) -> None:
    run = project.newest("run")
    assert run["flags"]["token"] == "${oc.env:THE_TOKEN}"
    assert run["flags"]["nested.address"] == "https://me:${oc.env:THE_TOKEN}@example.org"
    assert SECRET not in project.run("runs", "list", "--json").out


def test_a_restart_resolves_the_reference_anew(project: Project) -> None:
    run = project.newest("run")
    project.run(f"+restart={run['id']}", THE_TOKEN="another one")
    assert project.show(run["id"])["status"] == "completed"


def test_the_reference_is_the_trials_identity(project: Project) -> None:
    batch = project.newest("batch")
    before = set(ids(project.runs()))
    project.run(f"+restart={batch['id']}", THE_TOKEN="another one")
    assert set(ids(project.runs())) == before
    assert project.show(batch["id"])["trials"] == batch["trials"]


def test_two_references_are_two_trials_though_they_resolve_alike(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {"conf/config.yaml": 'operation: {command: ["true"]}\nt: ""\n'}, ONE="same", TWO="same"
    )
    project.run("-m", "t=${oc.env:ONE},${oc.env:TWO}", "+init_trials=true")
    assert set(by_flag(project.runs(), "t")) == {"${oc.env:ONE}", "${oc.env:TWO}"}
