"""A command whose file the system does not start: one line says why, before anything runs."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import MakeProject

FILES = {
    "crlf.sh": ("#!/bin/sh\r\necho hi\r\n", 0o755, "its lines end as on Windows"),
    "other.sh": ("#!/usr/bin/pyhton3\n", 0o755, "names, /usr/bin/pyhton3, is not there"),
    "bare.sh": ("echo hi\n", 0o755, "begin it with #!/bin/sh"),
    "plain.sh": ("#!/bin/sh\necho hi\n", 0o644, "chmod +x ./plain.sh"),
    "env.sh": ("#!/usr/bin/env pyhton3\n", 0o755, "names, pyhton3, is not in PATH"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_required_file_that_cannot_be_started_is_told_in_one_line(
    make_project: MakeProject, name: str
) -> None:
    content, mode, why = FILES[name]
    config = f"operation: {{command: [./{name}, '${{k}}'], requires: [{name}]}}\nk: 1\n"
    project = make_project({"conf/config.yaml": config, name: content})
    (project.folder / name).chmod(mode)
    for words in (("-m", "k=1,2,3"), ()):
        (line,) = project.run(*words, status=2).said
        assert line.startswith(f"runner: operation.command: ./{name} cannot be started: ")
        assert why in line
    assert not project.store.exists()


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_trials_own_that_cannot_be_started_is_told_by_the_failure(
    make_project: MakeProject, name: str
) -> None:
    content, mode, why = FILES[name]
    config = (
        f"operation: {{command: [./{name}, '${{k}}']}}\nk: 1\nhydra: {{job: {{chdir: false}}}}\n"
    )
    project = make_project({"conf/config.yaml": config, name: content})
    (project.folder / name).chmod(mode)
    said = project.run(status=None).said
    assert sum(why in line for line in said) == 1
    assert not any("requires" in line or "not found" in line for line in said)
