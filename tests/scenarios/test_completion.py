"""`runner completion`: what a shell offers for a line that somebody types."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    """A project with a batch of two; nothing changes it."""
    made: Project = make_project(
        {
            "conf/config.yaml": """
                defaults: [_self_, {operation: fit}]
                depth: 3
            """,
            "conf/operation/fit.yaml": """
                # @package _global_
                operation: {name: fit, script: fit.py}
                lr: 0.1
            """,
            "conf/operation/other.yaml": """
                # @package _global_
                operation: {name: other, script: fit.py}
            """,
            "fit.py": "lr = depth = 0\nopen('model', 'w')\n",
        }
    )
    made.run("-m", "lr=1,2")
    return made


def answers(project: Project, line: str) -> list[str]:
    return project.run("completion", "--answer", line).lines


def test_commands_options_and_their_values_are_completed(project: Project) -> None:
    assert {"runs", "compare", "depth="} <= set(answers(project, "runner "))
    assert answers(project, "runner runs de") == ["delete"]
    assert answers(project, "runner runs list --st") == ["--status", "--step", "--store"]
    assert answers(project, "runner runs list --status te") == ["terminated"]
    assert answers(project, "runner runs list --operation ") == ["fit"]
    assert answers(project, "runner nothing runs ") == answers(project, "runner nothing compare ")


def test_ids_and_files_are_completed(project: Project) -> None:
    trial = project.newest("trial")["id"]
    for words in ("runs show", "runs diff last", "runs tag", "runs log", "compare"):
        assert answers(project, f"runner {words} {trial[:5]}") == [trial[:8]]
    assert answers(project, f"runner runs show {trial[:20]}") == [trial]
    assert answers(project, f"runner +restart={trial[:4]}") == [f"+restart={trial[:8]}"]
    assert "model" in answers(project, f"runner runs path {trial[:8]} mo")
    assert answers(project, f"runner runs show {trial[:5]} --store nowhere ") == []


def test_overrides_are_completed_by_hydra_and_run_options_by_us(project: Project) -> None:
    assert answers(project, "runner operation=") == ["operation=fit", "operation=other"]
    assert answers(project, "runner -m dep") == ["depth="]
    assert answers(project, "runner +nee") == ["+needed="]


def test_bash_completes_words_with_equal_signs(project: Project, tmp_path: Path) -> None:
    runner = tmp_path / "runner"
    runner.write_text(f'#!/bin/sh\nexec {sys.executable} -m hydra_sweep_runner "$@"\n')
    runner.chmod(0o755)
    trial = project.newest("trial")["id"]
    script = f"""
        eval "$({runner} completion bash)"
        COMP_WORDS=({runner} + restart = {trial[:4]}) COMP_CWORD=4
        COMP_LINE="runner +restart={trial[:4]}" COMP_POINT=${{#COMP_LINE}}
        _runner_complete
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-c", script], cwd=project.folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [trial[:8]]


def test_the_readme_names_the_line_that_installs_it() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert 'eval "$(runner completion bash)"' in readme
    assert "zsh" in readme and "runner completion fish | source" in readme


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_can_read_its_script(shell: str, project: Project) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = project.run("completion", shell).out
    assert subprocess.run([shell, "-n"], input=script, text=True, check=False).returncode == 0


def test_another_shell_is_a_mistake(project: Project) -> None:
    assert "bash, zsh, fish" in project.run("completion", "tcsh", status=2).said[0]
