"""A flag that a command does not receive is told; one that it receives in any way is not."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

HINT = "no argument of the command"


def _project(make_project: MakeProject, operation: str, more: str = "") -> Project:
    config = f"operation: {operation}\nlr: 0.1\nmodel: {{depth: 3}}\n{more}"
    jobs = "" if "hydra:" in more else "hydra: {launcher: {n_jobs: 1}}\n"
    return make_project({"conf/config.yaml": config + jobs})


def test_a_sweep_over_what_the_command_does_not_name_says_that_all_trials_do_the_same(
    make_project: MakeProject,
) -> None:
    project = _project(make_project, "{command: [echo, hello]}")
    told = [line for line in project.run("-m", "lr=1,2").said if HINT in line]
    assert told == [
        "lr is in no argument of the command, so all trials do the same: write "
        'operation.command: [echo, hello, "${lr}"] (a command finds its flags in '
        ".hydra/config.yaml, too)"
    ]
    assert HINT in project.run("-m", "lr=1,2", "+print_trials=true").err
    assert HINT in project.run("+restart=last:batch").err
    assert HINT in project.run("lr=3").err
    assert HINT in project.run("+restart=last").err


@pytest.mark.parametrize("word", ["$lr", "{lr}", "--lr=$lr"])
def test_an_argument_that_looks_like_a_flag_of_another_tool_is_told(
    make_project: MakeProject, word: str
) -> None:
    told = f"{word} reaches the command as it is: the value of the flag lr is written ${{lr}}"
    project = _project(make_project, f"{{command: [echo, '{word}', '$HOME', 'a $lr']}}")
    assert told in project.run().said
    assert project.run("-m", "model.depth=1,2").said.count(told) == 1


def test_an_option_and_its_value_in_one_argument_are_told(make_project: MakeProject) -> None:
    project = _project(make_project, "{command: [echo, '--lr ${lr}', 'a ${lr}', '--s ${lr} x']}")
    said = project.run("-m", "lr=1,2").said
    assert [line for line in said if "one argument" in line] == [
        "--lr ${lr} is one argument, with a blank in it; an option and its value are two: --lr, "
        '"${lr}"'
    ]


@pytest.mark.parametrize(
    ("word", "meant"), [('"$lr"', '"${lr}"'), ("--lr=$lr", '"--lr=${lr}"'), ('"{lr}"', '"${lr}"')]
)
def test_the_command_that_is_suggested_has_the_flag_where_it_was_meant(
    make_project: MakeProject, word: str, meant: str
) -> None:
    project = _project(make_project, f"{{command: [echo, {word}]}}")
    (line,) = [line for line in project.run("-m", "lr=1,2").said if "in no argument" in line]
    _, _, written = line.partition("write operation.command: ")
    assert written.startswith(f"[echo, {meant}] (")
    again = project.run("+restart=last:batch", "+print_trials=true")
    assert line in again.said
    other = _project(make_project, f"{{command: {written.partition(' (a command')[0]}}}")
    assert [one.strip("-lr=") for one in other.run("-m", "lr=1,2").lines] == ["1", "2"]


def test_a_list_for_a_plain_argument_is_told_with_how_it_is_given(
    make_project: MakeProject,
) -> None:
    project = _project(make_project, "{command: [echo, '${lr}']}")
    (line,) = project.run("lr=[4,8]", status=2).said
    assert "values of a flag are swept by -m NAME=4,8, and given to an option" in line
    assert not project.store.exists()


def test_a_flag_that_is_in_no_argument_is_told_once_for_all_trials(
    make_project: MakeProject,
) -> None:
    project = _project(make_project, '{command: [echo, {--lr: "${lr}"}]}')
    for words in (["+print_trials=true"], [], ["+restart=last:batch"]):
        sweep = ["lr=1,2,3", "+v=2"] if "+restart=last:batch" not in words else []
        said = project.run("-m", *sweep, *words).said
        assert len([line for line in said if HINT in line]) == 1, said


@pytest.mark.parametrize(
    "words",
    [["sh", "-c", """echo "it's $0" '\\n'"""], ["echo", "a: b", "#", "-", "x, y", "é\n", "--a=@b"]],
)
def test_what_is_to_be_written_is_yaml_with_the_command_s_own_words(
    make_project: MakeProject, words: list[str]
) -> None:
    project = _project(make_project, json.dumps({"command": words}))
    (told,) = [line for line in project.run("lr=3").said if HINT in line]
    written = told.partition("operation.command: ")[2].partition(" (a command")[0]
    assert yaml.safe_load(written) == [*words, "${lr}"]


def test_a_swept_group_that_the_command_does_not_receive_is_told_once_by_a_flag_of_it(
    make_project: MakeProject,
) -> None:
    project = _project(make_project, '{command: [echo, "${lr}"]}')
    config = project.folder / "conf" / "config.yaml"
    config.write_text(f"defaults: [size: a, _self_]\n{config.read_text()}")
    project.write({"conf/size/a.yaml": "wide: 1", "conf/size/b.yaml": "wide: 2"})
    (told,) = [line for line in project.run("-m", "size=a,b", "lr=1").said if HINT in line]
    assert told.startswith("size is in no argument of the command, so all trials do the same")
    written = told.partition("operation.command: ")[2].partition(" (a command")[0]
    assert yaml.safe_load(written) == ["echo", "${lr}", "${size.wide}"]
    config.write_text(config.read_text().replace('"${lr}"]', '"${lr}", "${size.wide}"]'))
    assert project.run("-m", "size=a,b", "lr=1").lines == ["1 1", "1 2"]


def test_only_the_flags_that_were_given_are_told(make_project: MakeProject) -> None:
    project = _project(make_project, '{command: [echo, "${lr}"]}')
    assert HINT not in project.run("-m", "lr=1,2").err
    said = project.run("-m", "lr=1,2", "model.depth=4").err
    assert "model.depth is in no argument of the command: write" in said
    assert 'operation.command: [echo, "${lr}", "${model.depth}"]' in said
    long = _project(make_project, f'{{command: [echo, "${{lr}}", {"x" * 60}]}}')
    assert '[echo, …, "${model.depth}"]' in long.run("model.depth=4").err


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ('{command: [echo, "--lr=${lr}"]}', ""),
        ('{command: [echo, {--lr: "${lr}"}]}', ""),
        ('{command: [echo, "${both}"]}', "both: '${lr}-${model.depth}'\n"),
        ('{command: [echo, "${oc.select:lr,3}"]}', ""),
        ('{command: [echo, "${m.twice}"]}', "m: {twice: '${..lr}'}\n"),
        ("{command: [env]}", "hydra: {job: {env_set: {LR: '${lr}'}}, launcher: {n_jobs: 1}}\n"),
        ('{command: [echo, "${hydra:job.override_dirname}"]}', ""),
    ],
)
def test_a_flag_that_reaches_the_command_in_any_way_is_not_told(
    make_project: MakeProject, operation: str, more: str
) -> None:
    project = _project(make_project, operation, more)
    assert HINT not in project.run("-m", "lr=1,2").err


def test_a_config_group_that_the_command_does_not_see_is_told(make_project: MakeProject) -> None:
    files = {
        "conf/model/small.yaml": "depth: 1\n",
        "conf/model/large.yaml": "depth: 9\n",
        "conf/config.yaml": "defaults: [model: small, _self_]\noperation: {command: [echo]}\n",
    }
    project = make_project(files)
    assert f"model is in {HINT}, so all" in project.run("-m", "model=small,large").err
    named = {"conf/config.yaml": files["conf/config.yaml"].replace("echo", 'echo,"${model.depth}"')}
    project.write(named)
    assert HINT not in project.run("-m", "model=small,large").err


def test_flags_of_scripts_and_functions_are_left_to_their_own_checks(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {"conf/config.yaml": "operation: {script: a.py}\nlr: 1\n", "a.py": "lr = 1\n"}
    )
    assert HINT not in project.run("-m", "lr=1,2").err


def test_a_step_of_a_pipeline_that_is_a_command_is_told_about_its_own_flags(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "defaults: [{operation: study}, _self_]\n",
            "conf/operation/study.yaml": (
                "# @package _global_\noperation: {name: study, steps: {fit: {}, look: {}}}\n"
            ),
            "conf/operation/fit.yaml": "# @package _global_\noperation: {command: [ls]}\nlr: 1\n",
            "conf/operation/look.yaml": (
                '# @package _global_\noperation: {command: [echo, "${x}"]}\nx: 1\n'
            ),
        }
    )
    said = project.run("-m", "fit.lr=1,2", "look.x=1,2").said
    assert [line.partition(" is")[0] for line in said if HINT in line] == ["lr"]


def test_a_switch_is_written_as_an_option_that_is_given_or_left_out(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {"conf/config.yaml": 'operation: {command: [echo, {--lr: "${lr}"}]}\nlr: 1\namp: false\n'}
    )
    said = project.run("-m", "amp=false,true").err
    hint = '[echo, {--lr: "${lr}"}, {--amp: "${amp}"}]'
    assert f"write operation.command: {hint} (" in said
    config = project.folder / "conf" / "config.yaml"
    config.write_text(config.read_text().replace('[echo, {--lr: "${lr}"}]', hint))
    assert project.run("amp=true").out == "--lr 1 --amp\n"
    assert project.run("-m", "amp=false,true", "hydra.launcher.n_jobs=1").out == (
        "--lr 1\n--lr 1 --amp\n"
    )
    assert project.run("+restart=last", "hydra.launcher.n_jobs=1").out == "--lr 1 --amp\n"


PIPELINE = {
    "conf/config.yaml": "defaults: [{operation: pipe}, _self_]\nhydra: {launcher: {n_jobs: 1}}\n",
    "conf/operation/pipe.yaml": """
        # @package _global_
        operation: {name: pipe, steps: {prep: , fit: {inputs: [prep/d.txt]}}}
        rows: 7
        depth: 2
        fit: {depth: "${depth}"}
    """,
    "conf/operation/prep.yaml": """
        # @package _global_
        operation: {name: prep, command: [sh, -c, 'echo "$0" > d.txt', "${rows}"]}
        rows: 1
    """,
    "conf/operation/fit.yaml": """
        # @package _global_
        operation: {name: fit, command: [echo, "${lr}", "${depth}"]}
        lr: 1
        depth: 1
    """,
}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-m", "rows=1,2"], ["rows reaches no step of the pipeline; did you mean prep.rows?"]),
        (["+fitt.lr=3"], ["fitt.lr reaches no step of the pipeline; did you mean fit.lr?"]),
        (
            ["-m", "+size=1,2"],
            [
                "size reaches no step of the pipeline; a step takes it by STEP: {FLAG: ${size}} "
                "in the pipeline's YAML"
            ],
        ),
        (["-m", "depth=1,2", "prep.rows=3"], []),
    ],
)
def test_a_flag_of_a_pipeline_that_reaches_no_step_is_told(
    make_project: MakeProject, words: list[str], told: list[str]
) -> None:
    project = make_project(PIPELINE)
    said = project.run(*words).said
    assert [line for line in said if "reaches no step" in line] == told
