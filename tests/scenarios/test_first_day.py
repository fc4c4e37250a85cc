"""What somebody sees on the first day: choices of groups, failures, retries, blocks of output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.hydra.program import SWEEPER, make_program
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

GROUPS = {
    "conf/config.yaml": """
        defaults: [model: resnet, trainer: cpu, _self_]
        operation: {script: train.py}
        lr: 0.1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/model/resnet.yaml": "{name: resnet, depth: 50}",
    "conf/model/mlp.yaml": "{name: mlp, depth: 3}",
    "conf/trainer/cpu.yaml": "{device: cpu}",
    "conf/trainer/gpu.yaml": "{device: gpu}",
    "train.py": """
        import argparse

        parser = argparse.ArgumentParser()
        for name in ("lr", "model.name", "model.depth", "trainer.device", "wide"):
            parser.add_argument(f"--{name}")
        given = parser.parse_args()
        print(f"loss: {given.lr}")
    """,
}


@pytest.fixture(scope="module")
def grouped(make_project: MakeProject) -> tuple[Project, list[str]]:
    """A sweep over two config groups and a flag, and what it said."""
    project = make_project(GROUPS)
    words = ("-m", "model=resnet,mlp", "trainer=gpu,cpu", "lr=0.1", "+random_seed=1")
    return project, project.run(*words).said


def test_swept_groups_stand_in_lines_as_they_were_chosen(
    grouped: tuple[Project, list[str]],
) -> None:
    _, said = grouped
    shown = [line.partition(" (")[2] for line in said if line.startswith("Running trial ")]
    assert shown == [
        "model=resnet, trainer=gpu, lr=0.1)",
        "model=resnet, trainer=cpu, lr=0.1)",
        "model=mlp, trainer=gpu, lr=0.1)",
        "model=mlp, trainer=cpu, lr=0.1)",
    ]


def test_swept_groups_stand_in_lists_and_tables_as_they_were_chosen(
    grouped: tuple[Project, list[str]],
) -> None:
    project, _ = grouped
    listed = project.run("runs", "list", "--kind", "trial").out
    assert "model=mlp, trainer=gpu, lr=0.1" in listed
    assert "depth" not in listed
    batch = project.newest("batch")["id"]
    assert "(model=mlp, trainer=gpu, lr=0.1)" in project.run("runs", "show", batch).out
    compared = project.run("compare", batch).lines
    assert compared[0].split() == ["id", "model", "trainer", "loss"]
    assert {tuple(line.split()[1:3]) for line in compared[1:]} == {
        (model, trainer) for model in ("resnet", "mlp") for trainer in ("gpu", "cpu")
    }
    assert "(model=mlp, trainer=gpu)" in project.run("watch", batch).out


def test_runs_are_found_by_what_was_chosen(grouped: tuple[Project, list[str]]) -> None:
    project, _ = grouped
    found = project.runs("--where", "model == 'mlp' and model.depth == 3")
    assert [run["choices"]["model"] for run in found] == ["mlp", "mlp"]


def test_choices_and_overrides_are_in_the_json(grouped: tuple[Project, list[str]]) -> None:
    project, _ = grouped
    runs = {run["id"]: run for run in project.runs()}
    batch = project.newest("batch")
    first = runs[batch["trials"][0]]
    assert first["choices"] == {"model": "resnet", "trainer": "gpu"}
    assert first["overrides"] == ["model=resnet", "trainer=gpu", "lr=0.1"]
    assert first["flags"]["model.depth"] == 50
    assert batch["choices"] == {"model": ["resnet", "mlp"], "trainer": ["gpu", "cpu"]}
    project.run("model=mlp", "lr=3")
    assert project.newest("run")["choices"] == {"model": "mlp", "trainer": "cpu"}


def test_a_flag_below_a_chosen_group_stands_beside_it_if_it_was_given(
    make_project: MakeProject,
) -> None:
    project = make_project(GROUPS)
    said = project.run("-m", "model=resnet,mlp", "model.depth=7").said
    running = [line for line in said if line.startswith("Running trial ")]
    assert all(re.search(r"\(model=(resnet|mlp), model\.depth=7, ", line) for line in running)


def test_a_flag_below_a_chosen_group_stands_beside_it_where_its_config_was_edited(
    make_project: MakeProject,
) -> None:
    project = make_project(GROUPS)
    sweep = ("-m", "model=resnet,mlp", "lr=0.1,0.2")
    said = [*project.run(*sweep).said]
    project.write({"conf/model/mlp.yaml": "{name: mlp, depth: 4}"})
    said += project.run(*sweep).said
    assert not any("depth" in line for line in said)
    compared = project.run("compare").lines
    assert compared[0].split() == ["id", "model", "model.depth", "lr", "loss"]
    assert {tuple(line.split()[1:3]) for line in compared[1:]} == {
        ("resnet", "50"),
        ("mlp", "3"),
        ("mlp", "4"),
    }
    assert project.run("compare", "--csv", "-").lines[0].startswith("id,status,model,model.depth,")
    listed = project.run("runs", "list", "--kind", "trial").lines[1:]
    assert sum("model=mlp, model.depth=4, lr=0.1" in line for line in listed) == 1
    assert sum("model=mlp, model.depth=3, lr=0.1" in line for line in listed) == 1
    # one batch's lists show what was chosen alone
    batch = project.newest("batch")["id"]
    assert project.run("compare", batch).lines[0].split() == ["id", "model", "lr", "loss"]
    assert "depth" not in project.run("runs", "list", "--batch", batch).out


def test_a_flag_that_an_experiment_sets_below_a_chosen_group_stands_beside_it(
    make_project: MakeProject,
) -> None:
    deep = "# @package _global_\nmodel: {depth: 9}"
    project = make_project({**GROUPS, "conf/experiment/deep.yaml": deep})
    project.run("-m", "model=resnet,mlp")
    project.run("-m", "model=resnet,mlp", "+experiment=deep")
    compared = project.run("compare").lines
    assert {"model", "model.depth", "experiment"} <= {*compared[0].split()}
    listed = project.run("runs", "list", "--kind", "trial").out
    assert "model=mlp, model.depth=9" in listed and "model=mlp, model.depth=3" in listed


def test_a_flag_below_a_group_that_lacked_it_stands_beside_it(make_project: MakeProject) -> None:
    project = make_project(GROUPS)
    project.run("-m", "model=resnet,mlp")
    project.write(
        {"conf/model/mlp.yaml": "{name: mlp, depth: 3, rate: 7}"},
    )
    project.write({"train.py": GROUPS["train.py"].replace('"wide"', '"wide", "model.rate"')})
    project.run("-m", "model=resnet,mlp")
    assert project.run("compare").lines[0].split() == ["id", "model", "model.rate", "loss"]


def test_in_a_preview_and_a_restart_groups_stand_as_they_were_chosen(
    make_project: MakeProject,
) -> None:
    project = make_project(GROUPS)
    table = project.table("-m", "model=resnet,mlp", "lr=1,2")
    assert table[0].split() == ["#", "model", "lr"]
    assert [line.split()[1] for line in table[1:]] == ["resnet", "resnet", "mlp", "mlp"]


def test_names_that_differ_come_first_where_not_all_flags_are_shown(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            **GROUPS,
            "conf/config.yaml": """
                defaults: [model: resnet, _self_]
                operation: {script: train.py, flags_to: globals}
                a: 1
                b: 2
                c: 3
                d: 4
                e: 5
                f: 6
                g: 7
                lr: 0.1
                hydra: {launcher: {n_jobs: 1}}
            """,
            "conf/model/resnet.yaml": "# @package _global_\nwide: 8",
            "conf/model/mlp.yaml": "# @package _global_\nwide: 9",
            "train.py": "a = b = c = d = e = f = g = lr = wide = 0\n",
        }
    )
    said = project.run("-m", "c=5", "lr=1,2", "model=mlp,resnet", "a=7").said
    assert next(line for line in said if line.startswith("Running")).endswith(
        "train.py (lr=1, model=mlp, c=5, a=7)"
    )


def test_a_swept_operation_stands_in_lines_and_a_chosen_one_does_not(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "defaults: [operation: one]\nhydra: {launcher: {n_jobs: 1}}",
            "conf/operation/one.yaml": "# @package _global_\noperation: {script: one.py}\nx: 1",
            "conf/operation/two.yaml": "# @package _global_\noperation: {script: two.py}\nx: 1",
            "one.py": "x = 0\n",
            "two.py": "x = 0\nassert not x\n",
        }
    )
    said = project.run("-m", "operation=one", "x=1,2").said
    assert [line.partition(" (")[2] for line in said if "Initialized" in line] == ["x=1)", "x=2)"]
    said = project.run("-m", "operation=one,two", status=1).said
    shown = [line.partition(" (")[2] for line in said if "Initialized" in line]
    assert shown == ["operation=one, x=1)", "operation=two, x=1)"]
    assert any(line.endswith("(operation=two; AssertionError)") for line in said)


def test_a_hydra_programs_groups_stand_as_they_were_chosen(tmp_path: Path) -> None:
    program = make_program(
        tmp_path,
        {
            "conf/config.yaml": "defaults: [model: resnet, _self_]\nlr: 0.1",
            "conf/model/resnet.yaml": "{name: resnet, depth: 50}",
            "conf/model/mlp.yaml": "{name: mlp, depth: 3}",
            "train.py": dedent(
                """
                import hydra
                @hydra.main(version_base="1.3", config_path="conf", config_name="config")
                def main(cfg):
                    return cfg.lr
                if __name__ == "__main__":
                    main()
                """
            ),
        },
    )
    said = program.python("train.py", "-m", SWEEPER, "model=resnet,mlp", "lr=0.1").said
    assert sum(line.endswith("train.py (model=mlp, lr=0.1)") for line in said) == 1
    assert [trial["choices"] for trial in program.trials()] == [
        {"model": "resnet"},
        {"model": "mlp"},
    ]
    assert program.trials()[1]["overrides"] == ["model=mlp", "lr=0.1"]


# ---- failures, retries, blocks


FAILS = {
    "conf/config.yaml": """
        operation: {script: fails.py}
        x: 0
        seed: 4
        hydra: {launcher: {n_jobs: 2}}
    """,
    "fails.py": """
        x = 0
        seed = 0
        print(f"loss: {x}")
        print("working on", x)
        if x == 2:
            raise ValueError(f"no good: {seed}")
    """,
}


def test_side_by_side_each_block_of_output_begins_with_its_trial(
    make_project: MakeProject,
) -> None:
    project = make_project(FAILS)
    printed = project.terminal("-m", "x=0,1,3")
    for trial in project.runs("--kind", "trial"):
        x = trial["flags"]["x"]
        place = printed.index(f"Output of trial {trial['id'][:8]} (x={x}):")
        assert printed[place + 1 : place + 3] == [f"loss: {x}", f"working on {x}"]


def test_a_trial_without_output_has_no_heading(make_project: MakeProject) -> None:
    project = make_project({**FAILS, "fails.py": "x = 0\nseed = 0\n"})
    assert not any("Output of" in line for line in project.terminal("-m", "x=0,1,3"))


def test_a_failures_line_has_the_flags_that_vary_and_the_exception(
    make_project: MakeProject,
) -> None:
    project = make_project(FAILS)
    said = project.run("-m", "x=1,2", status=1).said
    failed = project.runs("--status", "error", "--kind", "trial")[0]
    assert next(line for line in said if " failed: " in line) == (
        f"Trial {failed['id'][:8]} failed: exit status 1 "
        f"(log: runs/{failed['id']}/.runner/output.log) (x=2; ValueError: no good: 4)"
    )


def test_retries_are_told(make_project: MakeProject) -> None:
    project = make_project(FAILS)
    said = project.run("-m", "x=1,2", "+retries=2", status=1).said
    failed = project.runs("--status", "error", "--kind", "trial")[0]["id"][:8]
    assert [line for line in said if line.startswith("Retrying")] == [
        f"Retrying trial {failed} (x=2), attempt 2 of 3: exit status 1",
        f"Retrying trial {failed} (x=2), attempt 3 of 3: exit status 1",
    ]
    said = project.run("x=2", "+retries=1", status=1).said
    run = project.newest("run")["id"][:8]
    assert f"Retrying run {run}, attempt 2 of 2: exit status 1" in said


@pytest.mark.parametrize("launcher", ["runner", "basic"])
def test_retries_of_a_hydra_program_are_told(tmp_path: Path, launcher: str) -> None:
    program = make_program(
        tmp_path,
        {
            "train.py": dedent(
                """
                import hydra
                @hydra.main(version_base="1.3", config_path=None)
                def main(cfg):
                    if cfg.x == 2:
                        raise ValueError("no good")
                if __name__ == "__main__":
                    main()
                """
            ),
        },
    )
    words = ("-m", SWEEPER, f"hydra/launcher={launcher}", "+x=1,2", "+retries=1")
    said = program.python("train.py", *words, status=1).said
    failed = program.trials()[1]["id"][:8]
    assert f"Retrying trial {failed} (x=2), attempt 2 of 2: ValueError: no good" in said


def test_on_a_terminal_a_success_has_a_line_and_the_best_is_shown(
    make_project: MakeProject,
) -> None:
    project = make_project(FAILS)
    status, screen = project.answer("-m", "x=3,1", "+objective=loss", typed="")
    assert status == 0
    assert re.search(r"Trial [0-9a-f]{8} completed in \d+\.\d s \(x=3\): loss=3", screen)
    assert re.search(r"Trial [0-9a-f]{8} completed in \d+\.\d s \(x=1\): loss=1", screen)
    assert "left" not in screen  # nobody can tell from two


def test_the_progress_line_shows_the_best_so_far_of_a_grid(make_project: MakeProject) -> None:
    project = make_project(
        {
            **FAILS,
            "fails.py": """
                import os
                import time
                from pathlib import Path

                x = 0
                seed = 0
                print(f"loss: {x}")
                if x == 9:
                    time.sleep(1)  # for the line to be drawn
            """,
        }
    )
    words = ("-m", "x=3,1,9", "+objective=loss", "hydra.launcher.n_jobs=1")
    _, screen = project.answer(*words, typed="")
    assert "best loss 1" in screen


def test_the_progress_line_of_a_plain_sweep_calls_nothing_best(make_project: MakeProject) -> None:
    files = {
        "conf/config.yaml": "operation: {function: lib.work}\nx: 1\n",
        "lib.py": "import time\n\ndef work(x):\n    time.sleep(x)\n    return -x\n",
    }
    words = ("-m", "x=0,1", "hydra.launcher.n_jobs=1")
    project = make_project(files)
    _, screen = project.answer(*words, typed="")
    assert "1 running" in screen and "best" not in screen
    _, screen = project.answer(*words, "+objective=-result", typed="")
    assert "best result 0" in screen


# ---- output that nobody reads


COUNTS = """
    import hydra

    @hydra.main(version_base="1.3", config_path=None)
    def main(cfg):
        for number in range(3):
            print("working", cfg.x, number, flush=True)
        return cfg.x

    if __name__ == "__main__":
        main()
"""


def piped(project: Project, command: str) -> int:
    """The exit status of a command of a shell's whose output is read by nobody."""
    script = f"({command}) | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=project.folder,
        env={**os.environ, **project.environment, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "bug" not in ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.returncode


RUNNER = "sleep 0.2; $PYTHON -m hydra_sweep_runner"


@pytest.mark.parametrize(
    "words",
    [
        "runs list",
        "runs list --json",
        "--help",
        "--cfg job",
        "--info",
        "-m x=1,2 +print_trials=true",
    ],
)
def test_a_command_that_only_prints_ends_as_after_sigpipe(
    make_project: MakeProject, words: str
) -> None:
    project = make_project(FAILS)
    project.run("x=1")
    assert piped(project, f"{RUNNER} {words}") == 141


@pytest.mark.parametrize(("x", "status"), [("1", 0), ("2", 1)])
def test_with_a_closed_pipe_a_batch_goes_on_and_ends_as_it_ends(
    make_project: MakeProject, x: str, status: int
) -> None:
    project = make_project(FAILS)
    assert piped(project, f"{RUNNER} -m x=0,{x},3 2>&1") == status
    assert {run["status"] for run in project.runs("--kind", "trial", "--where", "x != 2")} == {
        "completed"
    }


@pytest.mark.parametrize(
    "launcher", ["runner", "basic", pytest.param("joblib", marks=pytest.mark.long)]
)
def test_with_a_closed_pipe_a_hydra_program_goes_on(tmp_path: Path, launcher: str) -> None:
    program = make_program(tmp_path, {"train.py": COUNTS})
    words = f"train.py -m {SWEEPER} hydra/launcher={launcher} +x=1,2"
    assert piped(program, f"sleep 0.2; $PYTHON -W ignore {words} 2>&1") == 0
    assert set(program.statuses("x").values()) == {"completed"}
    assert [trial["result"] for trial in program.trials()] == [1, 2]


@pytest.mark.parametrize("launcher", ["runner", "basic"])
def test_with_a_full_disk_behind_its_output_a_hydra_program_goes_on(
    tmp_path: Path, launcher: str
) -> None:
    program = make_program(tmp_path, {"train.py": COUNTS})
    words = f"train.py -m {SWEEPER} hydra/launcher={launcher} +x=1,2"
    typed = subprocess.run(
        ["bash", "-c", f"{sys.executable} {words} >/dev/full"],
        cwd=program.folder,
        env={**os.environ, **program.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (typed.returncode, set(program.statuses("x").values())) == (0, {"completed"})
    assert "Traceback" not in typed.stderr and "a bug of" not in typed.stderr
    (said,) = [line for line in typed.stderr.splitlines() if "standard output is given up" in line]
    assert "(No space left on device)" in said
    assert ("under hydra/launcher=runner only" in said) is (launcher != "runner")


def test_a_preview_of_a_hydra_program_ends_as_after_sigpipe(tmp_path: Path) -> None:
    program = make_program(tmp_path, {"train.py": COUNTS})
    words = f"train.py -m {SWEEPER} +x=1,2 +print_trials=true"
    assert piped(program, f"sleep 0.2; $PYTHON -W ignore {words}") == 141


@pytest.mark.parametrize("where", [">/dev/full", "1</dev/null"])
def test_a_list_that_cannot_be_written_is_told_in_a_line(
    make_project: MakeProject, where: str
) -> None:
    project = make_project(FAILS)
    project.run("x=1")
    ended = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m hydra_sweep_runner runs list {where}"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 74
    (line,) = ended.stderr.splitlines()
    assert line.startswith("runner: standard output cannot be written: ")


# ---- YAML that is likely to mean a sweep


LIKE_A_SWEEP = {
    "conf/config.yaml": """
        operation: {script: fails.py}
        x: 0.1,0.2
        seed: 4
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/experiment/grid.yaml": """
        # @package _global_
        hydra: {sweeper: {params: {x: "1,3"}}}
    """,
    "fails.py": "x = 0\nseed = 0\nprint(x)\n",
}


def test_a_text_like_a_sweep_gets_a_hint(make_project: MakeProject) -> None:
    project = make_project(LIKE_A_SWEEP)
    hint = (
        "x is one text in the YAML, '0.1,0.2': its values are swept by -m x=0.1,0.2, or from "
        "hydra.sweeper.params"
    )
    assert project.run().said == [hint]
    assert hint in project.run("-m", "seed=1,2").said
    assert hint in project.run("-m", "seed=1,2", "+print_trials=true").said
    assert hint not in project.run("-m", "x=1,3").said
    assert project.run("x='0.1,0.2'").said == []


def test_the_hint_on_a_text_with_blanks_can_be_pasted(make_project: MakeProject) -> None:
    config = LIKE_A_SWEEP["conf/config.yaml"].replace("0.1,0.2", "2, 3")
    project = make_project({**LIKE_A_SWEEP, "conf/config.yaml": config})
    (hint,) = project.run().said
    assert "is one text in the YAML, '2, 3': its values are swept by -m 'x=2, 3', or" in hint
    assert sorted(project.run("-m", "x=2, 3").lines) == ["2", "3"]


def test_a_text_that_is_the_scripts_own_default_gets_none(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {script: train.py}
                layers: 64,32
                lr: 0.1
                hydra: {launcher: {n_jobs: 1}}
            """,
            "train.py": """
                import argparse

                parser = argparse.ArgumentParser()
                parser.add_argument("--layers", default="64,32")
                parser.add_argument("--lr", type=float, default=0.1)
                print(parser.parse_args())
            """,
        }
    )
    assert project.run("lr=0.2").said == []
    assert not any("one text" in line for line in project.run("-m", "lr=0.2,0.3").said)
    config = project.folder / "conf/config.yaml"
    config.write_text(config.read_text().replace("64,32", "64,16"))
    (told,) = project.run("lr=0.2").said
    assert told.startswith("layers is one text in the YAML, '64,16': its values are swept by")


PACKAGE_HINT = (
    "experiment/fine.yaml sets experiment.lr and leaves lr as it is: with `# @package _global_` as "
    "its first line it sets that"
)
EXPERIMENTS = {
    "conf/config.yaml": "operation: {command: [echo, '${lr}']}\nlr: 1\n",
    "conf/experiment/fine.yaml": "lr: 3\n",
    "conf/experiment/good.yaml": "# @package _global_\nlr: 3\n",
    "conf/model/big.yaml": "{lr: 3, depth: 4}\n",
}


SETS_HYDRA = {
    "conf/config.yaml": "defaults: [experiment: null, _self_]\n" + EXPERIMENTS["conf/config.yaml"],
    "conf/experiment/grid.yaml": 'hydra: {sweeper: {params: {lr: "1,3"}}}\n',
}
HYDRA_HINT = (
    "experiment/grid.yaml sets experiment.hydra.sweeper.params, which has no effect: with "
    "`# @package _global_` as its first line it sets hydra.sweeper.params"
)


@pytest.mark.parametrize("way", [(), ("-m",), ("-m", "+print_trials=true")])
def test_an_experiment_that_sets_nothing_of_hydras_gets_a_hint(
    make_project: MakeProject, way: tuple[str, ...]
) -> None:
    project = make_project(SETS_HYDRA)
    said = project.run(*way, "experiment=grid").said
    assert said.count(HYDRA_HINT) == 1
    (project.folder / "a.py").write_text("lr = 1\n")
    config = SETS_HYDRA["conf/config.yaml"].replace("command: [echo, '${lr}']", "script: a.py")
    (project.folder / "conf/config.yaml").write_text(config)
    (line,) = project.run(*way, "experiment=grid", status=2).said
    assert "experiment/grid.yaml sets experiment.hydra.sweeper.params.lr, not hydra.s" in line
    assert line.endswith("it lacks its first line, `# @package _global_`")


@pytest.mark.parametrize("way", [(), ("-m",), ("-m", "+print_trials=true")])
def test_an_experiment_that_leaves_the_projects_flags_as_they_are_gets_a_hint(
    make_project: MakeProject, way: tuple[str, ...]
) -> None:
    project = make_project(EXPERIMENTS)
    assert project.run(*way, "+experiment=fine").said.count(PACKAGE_HINT) == 1
    assert "first line" not in project.run(*way, "+experiment=good", "+model=big").err


def test_an_experiment_that_leaves_a_programs_flags_as_they_are_gets_a_hint(
    tmp_path: Path,
) -> None:
    code = COUNTS.replace("config_path=None", 'config_path="conf", config_name="config"')
    program = make_program(
        tmp_path, {**EXPERIMENTS, "conf/config.yaml": "x: 1\nlr: 1\n", "train.py": code}
    )
    said = program.python("train.py", "-m", SWEEPER, "+experiment=fine,good").said
    assert said.count(PACKAGE_HINT) == 1
    program.write({"conf/experiment/grid.yaml": SETS_HYDRA["conf/experiment/grid.yaml"]})
    said = program.python("train.py", "-m", SWEEPER, "+experiment=grid").said
    assert said.count(HYDRA_HINT) == 1


@pytest.mark.parametrize("choice", ["experiment=good,fine", "experiment=fine", "+experiment=fine"])
def test_an_experiment_among_the_defaults_that_leaves_a_programs_flags_as_they_are_gets_a_hint(
    tmp_path: Path, choice: str
) -> None:
    code = COUNTS.replace("config_path=None", 'config_path="conf", config_name="config"')
    defaults = "" if choice.startswith("+") else "defaults: [_self_, {experiment: null}]\n"
    files = {
        **EXPERIMENTS,
        "conf/config.yaml": f"{defaults}x: 1\nlr: 1\n",
        "conf/experiment/both.yaml": "lr: ${lr}\n",
        "conf/experiment/more.yaml": "lr: 3\nname: more\n",
        "train.py": code,
    }
    program = make_program(tmp_path, files)
    said = program.python("train.py", "-m", SWEEPER, choice, "x=1,2").said
    assert said.count(PACKAGE_HINT) == 1
    group = choice.partition("=")[0]
    said = program.python("train.py", "-m", SWEEPER, f"{group}=good,both,more", "x=1,2").said
    assert not [line for line in said if "first line" in line]


@pytest.mark.parametrize("words", [("-m", "x=1", "x=3"), ("x=1", "x=3")])
def test_a_flag_that_is_given_twice_gets_a_hint(
    make_project: MakeProject, words: tuple[str, ...]
) -> None:
    project = make_project({**LIKE_A_SWEEP, "conf/config.yaml": FAILS["conf/config.yaml"]})
    hint = "x is given 2 times, and the last one counts, x=3; several values are swept by -m x=1,3"
    assert project.run(*words).said.count(hint) == 1
    for once in (("x=3", "x=3"), ("-m", "~x", "+x=3"), ("+restart=last:batch", "x=1")):
        assert "times" not in project.run(*once).err


def test_mappings_that_are_given_apart_are_merged_and_get_no_hint(
    make_project: MakeProject,
) -> None:
    config = "operation: {command: [echo, '${m.a}', '${m.b}']}\nm: {a: 0, b: 0}\n"
    project = make_project({"conf/config.yaml": config})
    ended = project.run("m={a: 1}", "m={b: 2}")
    assert "1 2" in ended.lines
    assert "the last one counts" not in ended.err


def test_a_sweep_experiment_without_m_gets_a_hint(make_project: MakeProject) -> None:
    project = make_project({**LIKE_A_SWEEP, "conf/config.yaml": FAILS["conf/config.yaml"]})
    assert project.run("+experiment=grid").said == [
        "This is one run: hydra.sweeper.params (x) has an effect with -m alone, or where the YAML "
        "has hydra.mode: MULTIRUN"
    ]
    said = project.run("-m", "+experiment=grid").said
    assert not [line for line in said if "This is one run" in line]
