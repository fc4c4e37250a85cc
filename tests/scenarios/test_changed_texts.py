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


def test_a_restart_tells_such_texts_and_flags_that_are_given_twice_as_a_start_does(
    project: Project,
) -> None:
    project.run("-m", "rev=main,other")
    for words in (["+restart=last:batch", "rev=12e4,x"], ["+restart=last", "rev=12e4"]):
        assert "as numbers, 12e4 is 120000.0" in project.run(*words).err
    said = project.run("+restart=last:batch", "lr=1", "lr=2").err
    assert "lr is given 2 times, and the last one counts, lr=2" in said
    assert "as numbers" not in said  # what earlier starts were given was told then


def test_what_the_script_takes_for_a_text_is_told_where_the_yaml_has_a_number(
    project: Project,
) -> None:
    project.write({"conf/config.yaml": "operation: {script: train.py}\nrev: 5\nlr: 0.1\n"})
    assert "as texts, like the default 'main': " in project.run("rev=12e4").err


def test_numbers_of_a_flag_that_is_a_number_are_told_in_no_way_of_writing(project: Project) -> None:
    assert "as numbers" not in project.run("-m", "lr=1e-3,1_0,0.50", "rev=1.5,007").err


@pytest.mark.parametrize("value", ["null", "true"])
def test_what_gives_the_text_null_or_true_is_told(project: Project, value: str) -> None:
    (line,) = project.run(f"rev={value}", status=2).said
    (typed,) = shlex.split(line.partition("the text is written ")[2])
    assert f"rev is {value}\n" in project.run(typed).out


IN_YAML = {
    "conf/config.yaml": """
        operation: {script: train.py}
        mode: 0644
        rev: 1.10  # the branch
        names: [mon, on, 1e-3, "7"]
        lr: 1e-3
        tag: "1.10"
        plain: 1.5
        base: 1e3
        of_base: ${base}
        sizes: [1e2]
    """,
    "conf/other/notes.yaml": "mode: [",
    "train.py": """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--mode", default="0600")
        parser.add_argument("--rev", default="main")
        parser.add_argument("--names", nargs="*", default=["mon"])
        parser.add_argument("--lr", type=float, default=0.1)
        parser.add_argument("--tag", default="1.0")
        parser.add_argument("--plain", default="")
        parser.add_argument("--base", type=float)
        parser.add_argument("--of_base", default="")
        parser.add_argument("--sizes", type=float, nargs="*", default=[])
        print(vars(parser.parse_args()))
    """,
}


@pytest.mark.parametrize("words", [(), ("-m", "lr=1,2")])
def test_a_text_that_yaml_reads_as_a_number_is_told_with_how_the_text_is_written(
    make_project: MakeProject, words: tuple[str, ...]
) -> None:
    project = make_project(IN_YAML)
    said = [line for line in project.run(*words).said if "as YAML reads it" in line]
    assert [line.partition(" in the YAML")[0] for line in said] == ["mode", "rev", "names"]
    assert "as YAML reads it, 0644 is 420; as a text, like the default" in said[0]

    config = [line.rpartition(" it is written ")[2] for line in said]
    rest = ["operation: {script: train.py}", "lr: 1e-3", 'tag: "1.10"', "plain: 1.5"]
    project.write({"conf/config.yaml": "\n".join([*rest, *config])})
    again = project.run("lr=1")

    assert "as YAML reads it" not in again.err
    assert "'mode': '0644', 'rev': '1.10', 'names': ['mon', 'on', '1e-3', '7']" in again.out


def test_a_restart_that_takes_the_present_yaml_tells_such_texts_of_it(
    project: Project,
) -> None:
    project.run("-m", "lr=1,2")
    project.write({"conf/config.yaml": "operation: {script: train.py}\nrev: 1.10\nlr: 0.1\n"})
    for run in ("last:batch", "last"):
        assert "as YAML reads it" not in project.run(f"+restart={run}").err
    for run in ("last:batch", "last"):
        said = project.run(f"+restart={run}", "+refresh=true", status=None).err
        assert said.count("rev in the YAML: as YAML reads it, 1.10 is 1.1") == 1


def test_a_flag_that_is_given_is_not_told_for_the_yaml(make_project: MakeProject) -> None:
    project = make_project(IN_YAML)
    said = project.run("mode='0600'", "rev=main", "names=[a]").err
    assert "as YAML reads it" not in said
