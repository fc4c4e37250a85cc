"""docs/pipelines.md: its project is whole, and does what the page says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.scenarios.conftest import MakeProject, make_project
from tests.scenarios.pipelines import steps
from tests.scenarios.project import Project

__all__ = ["make_project"]

PAGE = Path(__file__).parents[2] / "docs" / "pipelines.md"
_FILE = re.compile(
    r"```(?:yaml|python)\n# (?P<name>[\w./]+\.(?:yaml|py))\n(?P<text>.*?)```", re.DOTALL
)


def project_of_the_page(make_project: MakeProject) -> Project:
    text = PAGE.read_text(encoding="utf-8")
    project = make_project({"conf/config.yaml": ""})
    for name, content in _FILE.findall(text):
        path = project.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return project


def test_the_three_steps_of_the_page_run_as_it_says(make_project: MakeProject) -> None:
    project = project_of_the_page(make_project)
    project.run()
    assert Counter(map(len, steps(project).values())) == {1: 3}
    sweep = ("-m", "rows=10,100", "train.lr=0.1,0.01")
    assert len(project.run(*sweep, "+print_trials=true").out.splitlines()) == 1 + 7
    printed = project.run(*sweep).out.splitlines()
    found = {name: len(runs) for name, runs in steps(project).items()}
    assert found == {"prepare": 2, "train": 4, "report": 1}
    assert [line.split()[:2] for line in printed[-4:]] == [
        ["10", "0.1"],
        ["10", "0.01"],
        ["100", "0.1"],
        ["100", "0.01"],
    ]
    alone = project.run("operation=train", status=1).err
    assert "clean.csv" in alone
