"""Settings of Hydra that have an effect in a Hydra program alone are told by `runner`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hydra.program import SWEEPER, make_program
from tests.scenarios.conftest import MakeProject

PROJECT = {"conf/config.yaml": "operation: {command: ['true', '${lr}']}\nlr: 1\n"}
FOLDERS = (
    "hydra.sweep.dir, hydra.sweep.subdir have no effect here: each run has its own folder in the "
    "store, runs/ID; another store is hydra.sweeper.store=FOLDER"
)
CALLBACKS = (
    "hydra.callbacks have no effect here: they are called in a @hydra.main program (python PROGRAM "
    "-m hydra/sweeper=runner)"
)


def test_folders_that_are_typed_are_told_to_have_no_effect(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    typed = ("hydra.sweep.dir=elsewhere/a", "hydra.sweep.subdir='x${lr}'")
    assert project.run("-m", "lr=1,2", *typed).said.count(FOLDERS) == 1
    assert not (project.folder / "elsewhere").exists()
    assert FOLDERS in project.run("-m", "lr=1,2", *typed, "+print_trials=true").said
    assert FOLDERS in project.run("+restart=last:batch").said
    (line,) = project.run("hydra.run.dir=elsewhere/b").said
    assert line.startswith("hydra.run.dir has no effect here: each run has its own folder")
    assert any(line in one for one in project.run("+restart=last").said)


def test_what_the_yaml_sets_is_told_to_have_no_effect(make_project: MakeProject) -> None:
    config = f"""{PROJECT["conf/config.yaml"]}hydra:
  sweep: {{dir: elsewhere, subdir: "${{hydra.job.override_dirname}}"}}
  callbacks: {{mine: {{_target_: no.such.Callback}}}}
"""
    project = make_project({"conf/config.yaml": config})
    for words in (("-m", "lr=1,2"), ("lr=3",)):
        said = project.run(*words).said
        assert said.count(FOLDERS) == said.count(CALLBACKS) == 1


@pytest.mark.parametrize("words", [("-m", "lr=1,2"), ("lr=3",)])
def test_nothing_is_told_of_hydras_own_settings(
    make_project: MakeProject, words: tuple[str, ...]
) -> None:
    project = make_project(PROJECT)
    typed = ("hydra.job.chdir=false", "hydra.output_subdir=conf")
    assert not any("no effect" in line for line in project.run(*words, *typed).said)


def test_a_hydra_program_has_the_folders_that_it_asks_for(tmp_path: Path) -> None:
    app = """
        import hydra

        @hydra.main(version_base="1.3")
        def main(cfg):
            open("out.txt", "w").close()

        main()
    """
    program = make_program(tmp_path, {"app.py": app})
    typed = ("+x=1", "hydra.sweep.dir=elsewhere", "hydra.sweep.subdir=a", "hydra.job.chdir=true")
    assert "no effect" not in program.python("app.py", "-m", SWEEPER, *typed).err
    assert (tmp_path / "elsewhere" / "a" / "out.txt").exists()


def test_an_option_of_hydras_that_means_nothing_here_is_a_mistake(
    make_project: MakeProject,
) -> None:
    project = make_project(PROJECT)
    (line,) = project.run("--experimental-rerun", "job.pickle", "lr=2", status=2).said
    assert line == (
        "runner: --experimental-rerun is for jobs that Hydra has pickled; +restart=ID runs a run "
        "again, in place"
    )
    assert not project.store.exists()
