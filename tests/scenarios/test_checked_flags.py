"""A value that the script would refuse is a mistake before anything runs, and in the preview."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

SCRIPT = """
    import argparse
    def get_parser():
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)
        parser.add_argument("--opt", choices=["sgd", "adam"], default="sgd")
        return parser
    print(get_parser().parse_args())
"""
CONFIG = "operation: {script: train.py}\nlr: 0.1\nopt: sgd\nhydra: {launcher: {n_jobs: 1}}\n"


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project({"conf/config.yaml": CONFIG, "train.py": SCRIPT})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lr=0.1,abc", "lr=abc: --lr of train.py takes a number (type=float)"),
        ("opt=sgd,adamw", "opt=adamw: --opt of train.py takes one of sgd, adam"),
        ("lr=[0.1,0.2]", "lr=[0.1,0.2]: --lr of train.py takes one value; to sweep over them: "),
        ("+op=adam", "train.py has no option --op, and would take it for --opt: give the flag opt"),
        ("+trials=t.csv", "t.csv, row 2: lr=abc: --lr of train.py takes a number (type=float)"),
        ("+trials=first.csv", "first.csv, row 1: lr=abc: --lr of train.py takes a number"),
    ],
)
def test_a_preview_refuses_what_the_start_refuses_in_the_same_words(
    project: Project, words: str, said: str
) -> None:
    project.write({"t.csv": "lr,opt\n0.1,sgd\nabc,adam\n", "first.csv": "lr\nabc\n"})
    before = project.tree()
    previewed = project.run("-m", words, "+print_trials=true", status=2)
    started = project.run("-m", words, status=2)
    assert previewed.said == started.said and previewed.out == ""
    assert len(started.said) == 1 and started.said[0].startswith(f"runner: {said}")
    assert project.tree() == before


def test_the_preview_of_a_restart_refuses_what_the_restart_refuses(project: Project) -> None:
    project.run("-m", "lr=0.1,0.2")
    words = ("+restart=last:batch", "lr=0.1,abc")
    previewed = project.run(*words, "+print_trials=true", status=2)
    assert previewed.said == project.run(*words, status=2).said
    assert "lr=abc: --lr of train.py takes a number" in previewed.err


def test_a_value_that_is_still_to_be_given_is_previewed(make_project: MakeProject) -> None:
    config = CONFIG.replace("lr: 0.1", "lr: ???")
    project = make_project({"conf/config.yaml": config, "train.py": SCRIPT})
    project.run("-m", "opt=sgd,adam", "+print_trials=true")
    said = project.run("-m", "opt=sgd,adam", status=2).err
    assert "lr" in said and "takes a number" not in said


def test_combinations_that_come_again_are_counted_as_those_that_are_left_out(
    project: Project,
) -> None:
    again = "left out, which the plan has already: each is kept once"
    assert f"2 combinations are {again}" in project.run("-m", "lr=0.1,0.1,0.10").said
    assert f"1 combination is {again}" in project.run("-m", "lr=0.1,0.2,0.1").said


def test_an_option_of_a_batch_that_is_given_to_one_run_is_told(project: Project) -> None:
    told = "on one run: a batch of trials is started with -m"
    said = project.run("lr=0.2", "+max_trials=2", "+fail_fast=true").said
    assert f"+max_trials, +fail_fast have no effect {told}" in said
    assert f"+objective has no effect {told}" in project.run("+restart=last", "+objective=lr").said
    assert told not in project.run("+restart=last").err
    assert told not in project.run("-m", "lr=0.1,0.2", "+max_trials=1").err
    trial = project.runs("--kind", "trial")[0]["id"]
    assert told not in project.run(f"+restart={trial}").err


@pytest.mark.parametrize("also", ["", "+print_trials=true"])
def test_a_value_that_a_search_may_propose_later_is_refused_at_its_start(
    project: Project, also: str
) -> None:
    words = ("lr=interval(0,1)", "opt=sgd,adam,adamw", "+optimizer=tpe", "+random_seed=1")
    said = project.run("-m", *words, *also.split(), status=2).err
    assert said.startswith("runner: opt=adamw: --opt of train.py takes one of sgd, adam")
    assert project.runs() == []


def test_no_flag_is_suggested_that_the_script_would_not_take(make_project: MakeProject) -> None:
    files = {
        "conf/config.yaml": "operation: {script: main.py}\nlr: 1\n",
        "main.py": """
            import argparse
            parser = argparse.ArgumentParser()
            parser.add_argument("--lr", type=float)
            parser.parse_args()
        """,
    }
    project = make_project(files)
    for words in (["learning_rate=2"], ["-m", "learning_rate=2,3"]):
        (line,) = project.run(*words, status=2).said
        assert line.endswith("unknown flag 'learning_rate'; there are lr")
    # Where the source does not show all options, the flag may be one.
    project.write({"main.py": "import argparse, more\nparser = more.make()\nparser.parse_args()\n"})
    (line,) = project.run("learning_rate=2", status=2).said
    assert line.endswith("(to add one: +learning_rate=2)")
