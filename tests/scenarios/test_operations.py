"""Scripts, functions and commands: how flags reach them and what they find around them."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Listed, Project, by_flag

LOOK = """
    import json, os

    names = [name for name in os.environ if name.startswith("RUNNER_")]
    seen = {name: os.environ[name] for name in names}
    seen["cwd"] = os.getcwd()
    seen["entries"] = sorted(os.listdir())
    with open(os.path.join(os.environ["RUNNER_RUN_DIR"], "seen.json"), "w") as file:
        json.dump(seen, file)
"""


def looking(make_project: MakeProject, more: str = "") -> Project:
    """A project whose operation writes down what it finds around it."""
    config = f"""
        operation: {{script: look.py, requires: [data, notes.txt]}}
        hydra: {{launcher: {{n_jobs: 1}}{more}}}
    """
    files = {"data/part/numbers.csv": "1,2\n", "notes.txt": "notes", "look.py": LOOK}
    return make_project({"conf/config.yaml": config, **files})


def seen_by(run: Listed) -> dict[str, object]:
    """What a run of the looking script wrote down."""
    seen = json.loads(Path(run["dir"], "seen.json").read_text())
    assert isinstance(seen, dict)
    return seen


def test_an_operation_finds_itself_in_its_environment(make_project: MakeProject) -> None:
    project = looking(make_project)
    project.run()
    run = project.newest("run")
    seen = seen_by(run)
    assert "RUNNER_BATCH_ID" not in seen
    assert seen["RUNNER_RUN_ID"] == run["id"]
    assert seen["RUNNER_RUN_DIR"] == run["dir"]
    assert seen["RUNNER_RANDOM_SEED"] == str(run["random_seed"])
    assert Path(str(seen["RUNNER_PROJECT_DIR"])).samefile(project.folder)
    assert seen["RUNNER_RESTARTED"] == "0"
    project.run(f"+restart={run['id']}")
    assert seen_by(run)["RUNNER_RESTARTED"] == "1"


def test_a_trial_finds_its_batch_and_its_own_seed(make_project: MakeProject) -> None:
    project = looking(make_project)
    project.run("-m")
    batch, trial = project.newest("batch"), project.newest("trial")
    seen = seen_by(trial)
    assert seen["RUNNER_BATCH_ID"] == batch["id"]
    assert seen["RUNNER_RUN_ID"] == trial["id"]
    assert seen["RUNNER_RANDOM_SEED"] == str(trial["random_seed"])
    assert trial["random_seed"] != batch["random_seed"]


def test_a_trial_that_was_only_initialised_is_not_restarted_when_it_first_runs(
    make_project: MakeProject,
) -> None:
    project = looking(make_project)
    project.run("-m", "+init_trials=true")
    project.run(f"+restart={project.newest('batch')['id']}")
    assert seen_by(project.newest("trial"))["RUNNER_RESTARTED"] == "0"


def test_an_operation_works_in_its_runs_folder_with_links_to_what_it_requires(
    make_project: MakeProject,
) -> None:
    project = looking(make_project)
    project.run()
    run = project.newest("run")
    seen = seen_by(run)
    assert Path(str(seen["cwd"])).samefile(run["dir"])
    assert {"data", "notes.txt"} <= set(seen["entries"])  # type: ignore[call-overload]
    assert Path(run["dir"], "data", "part", "numbers.csv").samefile(
        project.folder / "data" / "part" / "numbers.csv"
    )
    assert Path(run["dir"], "notes.txt").is_symlink()


@pytest.mark.parametrize("in_yaml", [True, False])
def test_without_chdir_an_operation_works_in_the_projects_folder(
    make_project: MakeProject, in_yaml: bool
) -> None:
    project = looking(make_project, ", job: {chdir: false}" if in_yaml else "")
    project.run(*([] if in_yaml else ["hydra.job.chdir=false"]))
    run = project.newest("run")
    assert Path(str(seen_by(run)["cwd"])).samefile(project.folder)


def test_globals_take_the_flags_values(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {script: main.py}
                number: 1.5
                text: "1"
                nothing: null
                sure: true
                several: [1, a, null]
            """,
            "main.py": """
                import sys
                from dataclasses import dataclass
                number: float = 0
                text = sure = ""
                nothing = 1
                several = [9]
                untouched = 7
                @dataclass
                class Seen:
                    values: tuple
                print(repr((number, text, nothing, sure, several, untouched)))
                print(__name__, Seen.__module__, sys.argv[1:], __file__)
            """,
        }
    )
    script = project.folder / "main.py"
    assert project.run().lines == [
        "(1.5, '1', None, True, [1, 'a', None], 7)",
        f"__main__ __main__ [] {script}",
    ]


ARGUMENTS = {
    "conf/config.yaml": """
        operation: {script: main.py, flags_to: args}
        lr: 0.1
        name: two words
        verbose: true
        quiet: false
        nothing: null
        layers: [64, 32]
        model: {depth: 3}
    """,
    "main.py": "import json, sys\nlr = 5\nprint(json.dumps(sys.argv[1:]))\n",
}


def test_arguments_are_given_by_name(make_project: MakeProject) -> None:
    assert json.loads(make_project(ARGUMENTS).run().out) == [
        *("--lr", "0.1"),
        *("--name", "two words"),
        "--verbose",
        *("--layers", "64", "32"),
        *("--model.depth", "3"),
    ]


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ("import argparse; argparse.ArgumentParser().add_argument('--x')", "['--x', '7'] 0"),
        ("from argparse import *; p = ArgumentParser(); p.add_argument('--x')", "['--x', '7'] 0"),
        ("import argparse; ns = argparse.Namespace()", "[] 7"),
        ("import os, json", "[] 7"),
        ("# import argparse", "[] 7"),
    ],
)
def test_a_script_that_parses_arguments_gets_arguments(
    make_project: MakeProject, imports: str, expected: str
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: main.py}\nx: 7\n",
            "main.py": f"{imports}\nimport sys\nx = 0\nprint(sys.argv[1:], x)\n",
        }
    )
    assert project.run().lines == [expected]


def test_a_script_is_a_real_main(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: sub/main.py}\nx: 2\n",
            "sub/beside.py": "factor = 10\n",
            "sub/main.py": """
                import multiprocessing
                import pickle

                from beside import factor

                x = 0

                class Point:
                    pass

                def double(value):
                    return 2 * value

                if __name__ == "__main__":
                    pickle.loads(pickle.dumps(Point()))
                    with multiprocessing.get_context("spawn").Pool(1) as pool:
                        print(pool.map(double, [x, factor]))
                    raise ValueError("on purpose")
            """,
        }
    )
    result = project.run(status=1)
    assert result.lines == ["[4, 20]"]
    assert 'raise ValueError("on purpose")' in result.err
    assert f'File "{project.folder / "sub" / "main.py"}", line 18' in result.err
    assert "/hydra_sweep_runner/" not in result.err


FUNCTIONS = {
    "conf/config.yaml": """
        defaults: [{operation: plain}, _self_]
        x: 2
        model: {depth: 3}
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/operation/plain.yaml": "# @package _global_\noperation: {function: work.plain}\n",
    "conf/operation/whole.yaml": "# @package _global_\noperation: {function: work.whole}\n",
    "conf/operation/other.yaml": "# @package _global_\noperation: {function: work.other}\n",
    "conf/operation/fails.yaml": "# @package _global_\noperation: {function: work.fails}\n",
    "work.py": """
        import os

        class Thing:
            def __init__(self, size):
                self.size = size

        def plain(x, model):
            print("working on", x)
            return {"x": x, "depth": model["depth"], "at": [1.5, None, True]}

        def whole(cfg):
            return f"{type(cfg).__name__} {cfg.model.depth}"

        def other(x, model):
            return {1, 2, x}

        def fails(x, model):
            raise ValueError("no such luck")
    """,
}


@pytest.fixture(scope="module")
def functions(make_project: MakeProject) -> Project:
    """A project with several functions as operations."""
    return make_project(FUNCTIONS)


def test_a_function_gets_the_flags_and_its_result_is_kept(functions: Project) -> None:
    assert functions.run("x=5").lines == ["working on 5"]
    run = functions.newest("run")
    assert run["result"] == {"x": 5, "depth": 3, "at": [1.5, None, True]}
    assert run["operation"] == "work.plain"
    assert run["exit_status"] == 0


def test_a_function_of_one_parameter_cfg_gets_the_whole_configuration(
    functions: Project,
) -> None:
    functions.run("operation=whole")
    assert functions.newest("run")["result"] == "DictConfig 3"


def test_a_result_that_json_cannot_hold_is_kept_with_joblib(functions: Project) -> None:
    functions.run("operation=other")
    run = functions.newest("run")
    assert run["status"] == "completed"
    assert run["result"] is None
    (file,) = Path(run["dir"]).rglob("result.joblib")
    assert joblib.load(file) == {1, 2}


def test_each_trial_of_a_sweep_over_a_function_has_its_result(functions: Project) -> None:
    functions.run("-m", "x=1,2")
    trials = [functions.show(trial) for trial in functions.newest("batch")["trials"]]
    assert [trial["result"]["x"] for trial in trials] == [1, 2]


def test_an_exception_in_a_function_is_shown_as_its_own(functions: Project) -> None:
    result = functions.run("operation=fails", status=1)
    assert "ValueError: no such luck" in result.err
    run = functions.newest("run")
    assert (run["status"], run["exit_status"]) == ("error", 1)


def test_a_command_is_interpolated_and_never_meets_a_shell(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: [printf, "%s|", "${x}", "$(id)", "a b", "${model.depth}"]}
                x: "; echo no"
                model: {depth: 3}
            """
        }
    )
    assert project.run().out == "; echo no|$(id)|a b|3|"
    assert project.newest("run")["operation"] == "printf"


def test_an_operation_can_have_a_name(make_project: MakeProject) -> None:
    project = make_project(
        {"conf/config.yaml": 'operation: {name: nothing, command: ["true"]}\nx: 1\n'}
    )
    project.run()
    assert project.newest("run")["operation"] == "nothing"


def test_a_file_that_is_not_found_is_told_with_the_folders_where_it_is_and_where_it_is_not(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: main.py}\nfile: data.csv\n",
            "main.py": "file = ''\nopen(file)\n",
            "data.csv": "1\n",
        }
    )
    said = project.run(status=1).said
    folder = project.newest("run")["dir"]
    assert (
        f"data.csv is in the project, and the trial works in {folder}: name it in "
        "operation.requires: [data.csv] (a restart takes it by +refresh=true)"
    ) in said
    said = project.run("file=other.csv", status=1).said
    folder = project.newest("run")["dir"]
    assert (
        f"a file was not found: the trial works in {folder}; if it is a file of the project in "
        f"{project.folder}, name it in operation.requires; a restart takes that by +refresh=true"
    ) in said


def test_a_required_file_that_is_removed_during_a_sweep_fails_what_starts_without_it(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": (
                "operation: {command: [sh, go.sh, '${x}'], requires: [go.sh, 'in/${data}.txt']}\n"
                "x: 1\ndata: words\n"
            ),
            "go.sh": 'if [ $1 = 2 ]; then rm "$RUNNER_PROJECT_DIR/in/words.txt"; fi; wc in/*.txt\n',
            "in/words.txt": "a b\n",
        }
    )
    project.run("-m", "x=1,2,3", "hydra.launcher.n_jobs=1", "+retries=1", status=1)
    runs = by_flag(project.runs("--kind", "trial"), "x")
    reason = "in/words.txt, named in operation.requires, is not in the project any more"
    assert runs[1]["status"] == "completed" and runs[2]["reason"] == reason  # at its second attempt
    assert (runs[3]["status"], runs[3]["reason"]) == ("error", reason)
    project.write({"in/words.txt": "a b\n"})
    said = project.run("+restart=last:batch", "+only=failed", "x=1,3").said
    assert said[-1].endswith("2 trials, 2 completed")


def test_what_an_operation_prints_is_kept_in_its_folder(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    for x, trial in by_flag(echo.runs(), "x").items():
        assert Path(trial["dir"], ".runner/output.log").read_text() == f"{x} 2 'a'\n"


def test_the_files_that_hydra_writes_are_there(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    for x, trial in by_flag(echo.runs(), "x").items():
        folder = Path(trial["dir"], ".hydra")
        written = {path.name for path in folder.iterdir()}
        assert {"config.yaml", "hydra.yaml", "overrides.yaml"} <= written
        assert f"x: {x}\n" in (folder / "config.yaml").read_text()


def test_one_run_has_the_first_of_the_launchers_devices(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": "operation: {command: [env]}\nx: 1\n"})
    result = project.run("hydra.launcher.devices=[3,5]")
    assert "CUDA_VISIBLE_DEVICES=3" in result.lines
    (line,) = project.run("hydra.launcher.devices=3", status=2).said
    assert line.startswith("runner: hydra.launcher.devices=3: give a list of devices")


def test_one_run_refuses_a_launchers_backend(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": "operation: {command: [env]}\nx: 1\n"})
    words = ("hydra.launcher.backend=dask", "hydra.launcher.address=tcp://127.0.0.1:1")
    assert project.run(*words, status=2).said == [
        "runner: hydra.launcher.backend=dask is for the trials of a batch: add -m, or take it "
        "back with hydra.launcher.backend=null"
    ]
    assert not project.store.exists()


def test_a_variable_of_the_shells_reaches_the_shell(make_project: MakeProject) -> None:
    command = r"for i in 1 2; do echo \${i} $i ${x}; done"
    project = make_project(
        {"conf/config.yaml": f"operation: {{command: [bash, -c, '{command}']}}\nx: 5\n"}
    )
    assert project.run().lines == ["1 1 5", "2 2 5"]
