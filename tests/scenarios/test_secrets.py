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


# ---- words that others make of it


def _nowhere(project: Project, *printed: str) -> None:
    assert SECRET not in "".join(printed)
    assert SECRET.encode() not in everything_in(project.store)


def test_a_failures_reason_has_the_reference(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {function: use.use}\ntoken: ${oc.env:THE_TOKEN}\n",
            "use.py": "def use(token):\n    raise ValueError(f'{token} is refused')\n",
        },
        THE_TOKEN=SECRET,
    )
    single = project.run("+retries=1", status=1)
    reason = "ValueError: ${oc.env:THE_TOKEN} is refused"
    assert single.said[-1].startswith(f"Run {project.newest('run')['id'][:8]} failed: {reason}")
    swept = project.run("-m", "token=${oc.env:THE_TOKEN}", status=1)
    for log in project.store.rglob("*.log"):
        log.unlink()  # the operation's own words, whose end is shown, too
    listed = project.run("runs", "show", project.newest("run")["id"])
    assert f"reason: {reason}" in listed.lines
    told = [line for line in [*single.said, *swept.said] if line.startswith(("Run", "Trial"))]
    _nowhere(project, *told, listed.out)


@pytest.mark.parametrize("path", ["${oc.env:THE_TOKEN}", "./${oc.env:THE_TOKEN}"])
def test_a_program_that_is_not_there_is_told_as_written(
    make_project: MakeProject, path: str
) -> None:
    project = make_project(
        {"conf/config.yaml": f"operation: {{command: ['{path}']}}\nx: 1\n"}, THE_TOKEN=SECRET
    )
    result = project.run(status=None)
    assert result.returncode in (2, 127)
    assert path in result.err
    _nowhere(project, result.err)


@pytest.mark.parametrize(
    "value",
    [
        "${oc.decode:'[${oc.env:THE_TOKEN}'}",
        "${nosuch.${oc.env:THE_TOKEN}}",
        "${${oc.env:THE_TOKEN}:}",
    ],
)
def test_what_cannot_be_resolved_is_not_repeated(make_project: MakeProject, value: str) -> None:
    files = {"conf/config.yaml": f'operation: {{command: [echo]}}\nx: "{value}"\n'}
    project = make_project(files, THE_TOKEN=SECRET)
    for words in ([], ["-m", "+y=1,2"]):
        result = project.run(*words, status=2)
        assert "x cannot be resolved" in result.err
        assert len(result.said) == 1
        _nowhere(project, result.err)


def test_a_label_keeps_the_reference(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: [echo]}
                hydra: {sweeper: {label: "${oc.env:THE_TOKEN}", tags: ["a ${oc.env:THE_TOKEN}"]}}
            """
        },
        THE_TOKEN=SECRET,
    )
    project.run()
    project.run("-m", "+x=1", "+tags=[${oc.env:THE_TOKEN}]")
    run = project.newest("run")
    assert run["label"] == "${oc.env:THE_TOKEN}"
    assert run["tags"] == ["a ${oc.env:THE_TOKEN}"]
    _nowhere(project, project.run("runs", "list").out)


def test_flags_too_large_for_the_environment_leave_no_file(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {script: use.py}
                token: ${oc.env:THE_TOKEN}
                long: ''
            """,
            "use.py": "token = long = ''\nprint(len(token), len(long))\n",
        },
        THE_TOKEN=SECRET,
    )
    assert project.run(f"long={'x' * 100_000}").lines == [f"{len(SECRET)} 100000"]
    _nowhere(project)
