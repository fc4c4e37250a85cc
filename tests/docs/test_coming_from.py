"""The commands of ours that docs/coming_from.md shows can be typed."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.docs.test_docs import ROOT
from tests.hydra.program import Program
from tests.scenarios.project import Project

PAGE = (ROOT / "docs" / "coming_from.md").read_text(encoding="utf-8")

PROGRAM = {
    "conf/config.yaml": "lr: 0.1\n",
    "train.py": """
        import hydra

        @hydra.main(version_base=None, config_path="conf", config_name="config")
        def main(cfg):
            return cfg.lr

        if __name__ == "__main__":
            main()
    """,
}


def commands(first: str) -> list[str]:
    """The commands in the right column of the page's tables that begin with a word."""
    rows = [line.split("|")[2] for line in PAGE.splitlines() if line.startswith("| ")]
    spans = [span for row in rows for span in re.findall(r"`([^`]+)`", row)]
    return [span for span in spans if span.startswith(first) and "…" not in span]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the sample with a batch in it."""
    folder = tmp_path_factory.mktemp("coming") / "project"
    ignored = shutil.ignore_patterns("runs", "__pycache__")
    shutil.copytree(ROOT / "samples" / "optimizers", folder, ignore=ignored)
    project = Project(folder)
    project.run("-m", "x=1,2")
    return project


@pytest.mark.parametrize("command", dict.fromkeys(commands("runner ")))
def test_a_command_of_the_page_does_what_it_is_there_for(
    origin: Project, tmp_path: Path, command: str
) -> None:
    project = Project(tmp_path / "project")
    shutil.copytree(origin.folder, project.folder, symlinks=True)
    batch = project.newest("batch")["id"]
    words = shlex.split(command.replace("ID", batch[:8]))[1:]
    result = project.run(*words, status=None)
    if words[:2] == ["runs", "stop"]:  # nothing is at work here, and it says so
        assert (result.returncode, "is not running" in result.err) == (2, True)
    else:
        assert result.returncode == 0, result


def test_the_commands_for_a_program_work_one_after_another(tmp_path: Path) -> None:
    project = Program(tmp_path)
    project.write(PROGRAM)
    typed = commands("python ")
    assert len(typed) >= 5
    batch = ""
    for command in typed:
        project.python(*shlex.split(command.replace("ID", batch))[1:])
        batch = batch or project.newest("batch")["id"][:8]
    assert {run["status"] for run in project.runs()} == {"completed"}
    assert len(project.show(batch)["trials"]) == 3
