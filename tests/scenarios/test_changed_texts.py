"""Texts that Hydra reads as numbers, null or true: told, with the word that gives the text."""

from __future__ import annotations

import shlex

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

FILES = {
    "conf/config.yaml": """
        defaults: [model: small, _self_]
        operation: {script: train.py}
        rev: main
        lr: 0.1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/model/small.yaml": "name: s",
    "conf/model/large.yaml": "name: l",
    "train.py": """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--rev", default="main")
        parser.add_argument("--lr", type=float, default=0.1)
        parser.add_argument("--model.name")
        print("rev is", parser.parse_args().rev)
    """,
}


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(FILES)


@pytest.mark.parametrize(
    ("words", "told", "texts"),
    [
        (["rev=12e4"], "rev=12e4: as numbers, 12e4 is 120000.0", ["12e4"]),
        (
            ["-m", "rev=12e4567,34e5678,main", "model=small,large"],
            "rev=12e4567,34e5678,main: as numbers, 12e4567 is inf, 34e5678 is inf",
            ["12e4567", "34e5678", "main"],
        ),
        (["-m", "rev=1.9,1.10"], "rev=1.9,1.10: as numbers, 1.10 is 1.1", ["1.9", "1.10"]),
    ],
)
def test_a_text_that_is_read_as_another_number_is_told_with_what_gives_the_text(
    project: Project, words: list[str], told: str, texts: list[str]
) -> None:
    said = project.run(*words).said
    (line,) = (line for line in said if "as numbers" in line)
    assert line.startswith(f"{told}; as texts, like the default 'main': ")
    (typed,) = shlex.split(line.partition("like the default 'main': ")[2])
    again = project.run(*[typed if word.startswith("rev=") else word for word in words])
    assert "as numbers" not in again.err
    for text in texts:
        assert f"rev is {text}\n" in again.out


def test_numbers_of_a_flag_that_is_a_number_are_told_in_no_way_of_writing(project: Project) -> None:
    assert "as numbers" not in project.run("-m", "lr=1e-3,1_0,0.50", "rev=1.5,007").err


@pytest.mark.parametrize("value", ["null", "true"])
def test_what_gives_the_text_null_or_true_is_told(project: Project, value: str) -> None:
    (line,) = project.run(f"rev={value}", status=2).said
    (typed,) = shlex.split(line.partition("the text is written ")[2])
    assert f"rev is {value}\n" in project.run(typed).out
