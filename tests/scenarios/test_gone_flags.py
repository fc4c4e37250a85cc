"""A flag that was given once, and that script and YAML have no more: every hint leads out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.hydra.program import SWEEPER, make_program
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag

SWEPT = {
    "conf/config.yaml": "operation: {script: a.py}\nlr: 0.1\nseed: 1\n",
    "a.py": "lr = 0.1\nseed = 1\nprint('loss:', lr)\n",
}
RENAMED = {name: text.replace("lr", "rate") for name, text in SWEPT.items()}


def typed_as_printed(line: str, begin: str) -> list[str]:
    """The words of the command line that a line tells, from `begin` on."""
    words = re.search(rf"{re.escape(begin)}\S*(?: '[^']*'| \S+=\S+)*", line)
    assert words is not None, line
    return shlex.split(words[0])


def test_a_flag_that_was_renamed_is_taken_back_as_each_line_says(
    make_project: MakeProject,
) -> None:
    project = make_project(SWEPT)
    project.run("-m", "lr=0.1,0.2")
    batch = project.newest("batch")["id"][:8]
    project.write(RENAMED)
    restart = (f"+restart={batch}", "+needed=true")
    (line,) = project.run(*restart, status=2).said
    assert "has no module-level variable 'lr'" in line
    assert line.endswith(
        "+refresh=true '~lr' takes the new values (if lr is now rate, with rate=0.1,0.2)"
    )
    (line,) = project.run(*restart, "rate=0.1,0.2", status=2).said
    assert line.endswith("the project's present YAML has it, and +refresh=true '~lr' takes that")
    words = typed_as_printed(line, "+refresh=true")
    (line,) = project.run(*restart, "rate=0.1,0.2", "+refresh=true", status=2).said
    assert line == (
        f"runner: lr=0.1,0.2: given to {batch} at an earlier start, but there is no flag lr any "
        "more (there are rate, seed); to take it back: '~lr'"
    )
    said = project.run(*restart, "rate=0.1,0.2", *words).said
    assert any("2 new, 2 set aside" in line for line in said)
    assert project.newest("batch")["flags"] == {"rate": [0.1, 0.2]}
    assert any("2 to skip" in line for line in project.run(*restart).said)


def test_former_trials_come_back_as_the_line_after_a_renaming_says(
    make_project: MakeProject,
) -> None:
    project = make_project(SWEPT)
    project.run("-m", "lr=0.1,0.2")
    project.write(RENAMED)
    restart = ("+restart=last:batch", "+refresh=true")
    said = project.run(*restart, "~lr", "rate=0.1,0.2").said
    (line,) = [one for one in said if one.startswith("No trial of the batch fits")]
    assert line.endswith("refresh once more, with lr=0.1,0.2 '~rate'")
    project.write(SWEPT)
    words = shlex.split(line.partition("once more, with ")[2])
    said = project.run(*restart, "+needed=true", *words).said
    assert any("2 trials: 2 to skip, 2 set aside" in line for line in said)


def test_all_flags_that_are_gone_are_told_at_once(make_project: MakeProject) -> None:
    project = make_project(SWEPT)
    project.run("-m", "lr=0.1,0.2", "seed=5")
    config = "operation: {script: a.py}\nother: 1\n"
    project.write({"a.py": "other = 1\n", "conf/config.yaml": config})
    (line,) = project.run("+restart=last:batch", "+refresh=true", status=2).said
    assert line.startswith("runner: lr=0.1,0.2 seed=5: given to ")
    assert line.endswith("to take them back: '~lr' '~seed'")
    project.run("+restart=last:batch", "+refresh=true", "~lr", "~seed")
    assert project.newest("batch")["flags"] == {}
    project.run("+restart=last:batch")


def test_an_added_flag_that_the_script_has_lost_is_taken_back_as_the_line_says(
    make_project: MakeProject,
) -> None:
    project = make_project({**SWEPT, "a.py": "lr = seed = x = 1\n"})
    project.run("-m", "lr=0.1,0.2", "+x=1")
    project.write({"a.py": "lr = seed = 1\n"})
    (line,) = project.run("+restart=last:batch", status=2).said
    assert line.endswith("; x was added at an earlier start: '~x' takes it back")
    project.write({"a.py": "lr = seed = rate = 1\n"})
    project.write({"conf/config.yaml": RENAMED["conf/config.yaml"]})
    (line,) = project.run("+restart=last:batch", status=2).said
    assert "+refresh=true '~lr' '~x' takes the new values" in line
    project.run("+restart=last:batch", *typed_as_printed(line, "+refresh=true"))
    assert project.newest("trial")["flags"] == {"rate": 0.1, "seed": 1}


def test_what_a_run_on_its_own_and_a_trial_were_given_is_taken_back(
    make_project: MakeProject,
) -> None:
    project = make_project(SWEPT)
    project.run("lr=0.3")
    project.run("-m", "lr=0.1,0.2")
    project.write(RENAMED)
    for kind in ("run", "trial"):
        run = project.newest(kind)["id"]
        (line,) = project.run(f"+restart={run}", "+refresh=true", status=2).said
        assert line.endswith("to take it back: '~lr'")
        (line,) = project.run(f"+restart={run}", status=2).said
        project.run(f"+restart={run}", *typed_as_printed(line, "+refresh=true"))
        assert project.show(run)["flags"] == {"rate": 0.1, "seed": 1}


def test_a_restart_that_works_tells_how_the_present_yaml_is_taken(
    make_project: MakeProject,
) -> None:
    project = make_project({**SWEPT, "a.py": "lr = rate = seed = 1\n"})
    project.run("-m", "lr=0.1,0.2")
    project.write({"conf/config.yaml": RENAMED["conf/config.yaml"]})
    said = project.run("+restart=last:batch").said
    (line,) = [one for one in said if "YAML has changed" in one]
    assert line.endswith("+refresh=true '~lr' (if lr is now rate, with rate=0.1,0.2)")
    project.run("+restart=last:batch", *typed_as_printed(line, "+refresh=true"))


def test_a_flag_of_a_group_that_was_taken_out_is_taken_back(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "defaults: [model: a, _self_]\noperation: {command: ['true']}\n",
            "conf/model/a.yaml": "depth: 1",
            "conf/model/b.yaml": "depth: 2",
        }
    )
    project.run("-m", "model=a,b", "model.depth=3")
    project.write({"conf/model/a.yaml": "wide: 1", "conf/model/b.yaml": "wide: 2"})
    (line,) = project.run("+restart=last:batch", "+refresh=true", status=2).said
    assert line.endswith("to take it back: '~model.depth'")
    project.run("+restart=last:batch", "+refresh=true", "~model.depth")
    assert {*by_flag(project.runs("--batch", "last:batch"), "model.wide")} == {1, 2}
    # the whole group goes, with what was chosen of it
    project.write({"conf/config.yaml": "operation: {command: ['true']}\n"})
    project.run("+restart=last:batch", "+refresh=true", "~model")
    assert project.newest("batch")["flags"] == {}


def test_a_flag_that_is_there_is_deleted_as_ever(make_project: MakeProject) -> None:
    project = make_project({**SWEPT, "a.py": "lr = seed = 1\n"})
    project.run("-m", "lr=0.1,0.2")
    project.run("+restart=last:batch", "~lr")
    assert project.newest("trial")["flags"] == {"seed": 1}
    (line,) = project.run("+restart=last:batch", "~other", status=2).said
    assert "'other' does not exist" in line


def test_a_steps_flag_that_is_gone_is_taken_back(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "defaults: [operation: null, _self_]\n",
            "conf/operation/study.yaml": """
                # @package _global_
                operation: {steps: {prepare: {}, train: {after: [prepare]}}}
            """,
            "conf/operation/prepare.yaml": _step("rows: 1"),
            "conf/operation/train.yaml": _step("lr: 1"),
        }
    )
    project.run("operation=study", "-m", "train.lr=1,2", "prepare.rows=5")
    project.write({"conf/operation/train.yaml": _step("rate: 1")})
    (line,) = project.run("+restart=last:batch", "+refresh=true", status=2).said
    assert line.startswith("runner: train.lr=1,2: given to ")
    assert line.endswith("to take it back: '~train.lr'")
    project.run("+restart=last:batch", "+refresh=true", "~train.lr", "train.rate=3,4")
    flags = {"operation": ["study"], "prepare.rows": [5], "train.rate": [3, 4]}
    assert project.newest("batch")["flags"] == flags


def _step(flags: str) -> str:
    return f"# @package _global_\noperation: {{command: ['true']}}\n{flags}\n"


def test_a_hydra_programs_flag_that_is_gone_is_taken_back(tmp_path: Path) -> None:
    program = make_program(
        tmp_path,
        {
            "conf/config.yaml": "x: 1\nwd: 0.1\n",
            "app.py": """
                import hydra

                @hydra.main(version_base=None, config_path="conf", config_name="config")
                def main(cfg):
                    print(cfg)

                main()
            """,
        },
    )
    words = ("app.py", "-m", SWEEPER)
    program.python(*words, "x=1,2")
    program.write({"conf/config.yaml": "x: 1\nweight_decay: 0.1\n"})
    restart = (*words, "+restart=last:batch", "+refresh=true", "+needed=true")
    said = program.python(*restart, "weight_decay=0.1").said
    (line,) = [one for one in said if one.startswith("No trial of the batch fits")]
    assert line.endswith("refresh once more, with '~weight_decay'")
    program.write({"conf/config.yaml": "x: 1\nwd: 0.1\n"})
    (line,) = program.python(*restart, status=2).said
    assert line.endswith("to take it back: '~weight_decay'")
    said = program.python(*restart, "~weight_decay").said
    assert any("2 trials: 2 to skip, 2 set aside" in line for line in said)
    assert _flags_given(program) == {"x": [1, 2]}


def _flags_given(project: Project) -> dict[str, object]:
    flags = project.newest("batch")["flags"]
    assert isinstance(flags, dict)
    return flags
