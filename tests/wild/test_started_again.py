"""Trials that start themselves again, as distributed training does for its other ranks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wild.cases import Folder

SCRIPT = {
    "conf/config.yaml": """
        operation: {script: main.py}
        lr: 0.1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "helper.py": "def same(x):\n    return x\n",
    "main.py": """
        import os
        import subprocess
        import sys

        import helper

        lr = 0.1
        rank = int(os.environ.get("LOCAL_RANK", "0"))

        if __name__ == "__main__":
            if rank == 0:
                import __main__

                if __main__.__spec__ is None:
                    command = [sys.executable, os.path.abspath(sys.argv[0])] + sys.argv[1:]
                else:
                    command = [sys.executable, "-m", __main__.__spec__.name] + sys.argv[1:]
                env = {**os.environ, "LOCAL_RANK": "1"}
                child = subprocess.run(command, env=env, capture_output=True, text=True)
                print(child.stdout + child.stderr, end="")
                if f"rank 1 lr {lr}" not in child.stdout:
                    raise SystemExit(f"rank 1 did not run with lr {lr}: {command}")
            print("rank", rank, "lr", helper.same(lr), os.path.basename(sys.argv[0]))
    """,
}

PROGRAM = {
    "conf/config.yaml": "x: 1\ny: 1\n",
    "train.py": """
        import os
        import subprocess
        import sys

        import hydra
        from hydra.core.hydra_config import HydraConfig
        from hydra.utils import get_original_cwd, to_absolute_path

        @hydra.main(version_base=None, config_path="conf", config_name="config")
        def main(cfg):
            rank = int(os.environ.get("LOCAL_RANK", "0"))
            print("rank", rank, "x", cfg.x, "y", cfg.y, flush=True)
            if rank and cfg.x == 9:
                raise ValueError("rank 1 fails")
            if rank == 0:
                if os.environ.get("AS_MODULE"):
                    command = [sys.executable, "-m", "train", *sys.argv[1:]]
                else:
                    command = [sys.executable, to_absolute_path(sys.argv[0]), *sys.argv[1:]]
                command += [f'hydra.run.dir="{HydraConfig.get().run.dir}"']
                command += ["hydra.job.name=train_ddp_process_1", "hydra.output_subdir=null"]
                env = {**os.environ, "LOCAL_RANK": "1"}
                done = subprocess.run(
                    command, cwd=get_original_cwd(), env=env, capture_output=True, text=True
                )
                print("child", done.returncode, done.stdout, done.stderr)

        main()
    """,
}
SWEEP = "python -W ignore train.py -m hydra/sweeper=runner"


def test_a_script_that_starts_itself_for_rank_1_has_the_same_flags_there(tmp_path: Path) -> None:
    folder = Folder(tmp_path, SCRIPT)
    typed = folder.bash("runner -m lr=0.1,0.5")

    assert folder.statuses() == ["completed"] * 2
    assert "rank 1 lr 0.5 main.py" in typed.lines


def test_so_has_one_that_takes_arguments(tmp_path: Path) -> None:
    folder = Folder(tmp_path, SCRIPT)
    main = SCRIPT["main.py"].replace(
        "lr = 0.1\n",
        "import argparse\n        parser = argparse.ArgumentParser()\n"
        "        parser.add_argument('--lr', type=float)\n        lr = parser.parse_args().lr\n",
    )
    folder.write({"main.py": main})
    assert "rank 1 lr 0.5 main.py" in folder.bash("runner lr=0.5").lines


@pytest.mark.parametrize("launcher", ["", "hydra/launcher=runner"])
@pytest.mark.parametrize("how", ["", "AS_MODULE=1"])
def test_a_hydra_program_that_starts_its_command_line_again_does_that_trials_job(
    tmp_path: Path, launcher: str, how: str
) -> None:
    folder = Folder(tmp_path, PROGRAM)
    typed = folder.bash(f"{how} {SWEEP} {launcher} x=1,2 y=5")

    assert [run["kind"] for run in folder.runs()] == ["batch", "trial", "trial"]
    ranks = [line.removeprefix("child 0 ") for line in typed.lines if "rank" in line]
    assert sorted(ranks) == sorted(f"rank {rank} x {x} y 5" for x in (1, 2) for rank in (0, 1))


def test_its_failure_is_the_childs(tmp_path: Path) -> None:
    folder = Folder(tmp_path, PROGRAM)
    typed = folder.bash(f"{SWEEP} x=9")

    assert "child 1" in typed.out and "rank 1 fails" in typed.out
    assert len(folder.runs()) == 2


@pytest.mark.long
def test_in_a_restart_it_is_composed_as_the_trial_was(tmp_path: Path) -> None:
    folder = Folder(tmp_path, PROGRAM)
    folder.bash(f"{SWEEP} x=1")
    folder.write({"conf/config.yaml": "x: 7\ny: 7\n"})
    batch = folder.batches()[0]["id"]
    typed = folder.bash(f"{SWEEP} +restart={batch[:8]}")

    assert "child 0 rank 1 x 1 y 1" in typed.lines
    assert len(folder.runs()) == 2


FUNCTION = """
import os
import subprocess
import sys

import helper
from hydra.core.hydra_config import HydraConfig


def train({parameters}):
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    print("rank", rank, "lr", helper.same({lr}), HydraConfig.get().job.name, flush=True)
    if rank == 0:
        import __main__

        command = [sys.executable, "-m", __main__.__spec__.name, *sys.argv[1:]]
        command += ['hydra.run.dir="."', "hydra.output_subdir=null"]
        subprocess.run(command, env={{**os.environ, "LOCAL_RANK": "1"}}, check=True)
    return rank
"""


@pytest.mark.parametrize(
    ("parameters", "lr"), [("lr, model", "lr"), ("cfg", "cfg.lr"), ("**flags", "flags['lr']")]
)
def test_a_function_that_starts_itself_has_the_same_flags_there(
    tmp_path: Path, parameters: str, lr: str
) -> None:
    folder = Folder(
        tmp_path,
        {
            **SCRIPT,
            "conf/config.yaml": """
                operation: {function: work.train}
                lr: 0.1
                model: {depth: 3}
                hydra: {launcher: {n_jobs: 1}}
            """,
            "work.py": FUNCTION.format(parameters=parameters, lr=lr),
        },
    )
    typed = folder.bash("runner -m lr=0.1,0.5 hydra.job.name=fit")

    ranks = [line for line in typed.lines if line.startswith("rank")]
    assert ranks == [f"rank {rank} lr {lr} fit" for lr in (0.1, 0.5) for rank in (0, 1)]
    assert folder.results() == [0, 0]


def test_a_script_starts_itself_by_what_it_was_started_with(tmp_path: Path) -> None:
    main = """
        import os, sys
        x = 1
        if "AGAIN" not in os.environ:  # as those do who have to set PYTHONHASHSEED
            os.execve(sys.executable, sys.orig_argv, {**os.environ, "AGAIN": "1"})
        print("x", x)
    """
    config = "operation: {script: main.py}\nx: 1\nhydra: {launcher: {n_jobs: 1}}\n"
    folder = Folder(tmp_path, {"conf/config.yaml": config, "main.py": main})
    assert folder.bash("runner -m x=3,4").lines == ["x 3", "x 4"]
    assert folder.statuses() == ["completed"] * 2


def test_ranks_of_a_launcher_as_a_command_have_the_same_arguments(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path,
        {
            "conf/config.yaml": """
                operation:
                  command: [python, launch.py, main.py, --x, "${x}"]
                  requires: [launch.py, main.py]
                x: 1
                hydra: {launcher: {n_jobs: 1}}
            """,
            "launch.py": """
                import os, subprocess, sys
                for rank in "01":
                    subprocess.run([sys.executable, "-u", *sys.argv[1:]], check=True,
                                   env={**os.environ, "RANK": rank})
            """,
            "main.py": "import os, sys\nprint(os.environ['RANK'], sys.argv[1:])\n",
        },
    )
    typed = folder.bash("runner -m x=3,4")
    assert typed.lines == [f"{rank} ['--x', '{x}']" for x in (3, 4) for rank in (0, 1)]


@pytest.mark.parametrize("launcher", ["", "hydra/launcher=runner"])
def test_children_that_are_spawned_are_no_sweeps(tmp_path: Path, launcher: str) -> None:
    files = {
        "conf/config.yaml": "x: 1\n",
        "train.py": """
            import multiprocessing
            import hydra

            def show(x):
                print("child", x, flush=True)

            @hydra.main(version_base=None, config_path="conf", config_name="config")
            def main(cfg):
                child = multiprocessing.get_context("spawn").Process(target=show, args=(cfg.x,))
                child.start()
                child.join()
                assert child.exitcode == 0

            if __name__ == "__main__":
                main()
        """,
    }
    folder = Folder(tmp_path, files)
    typed = folder.bash(f"{SWEEP} {launcher} x=1,2")
    children = [line for line in typed.lines if line.startswith("child")]
    assert sorted(children) == ["child 1", "child 2"]
    assert [run["kind"] for run in folder.runs()] == ["batch", "trial", "trial"]


def test_another_sweep_within_a_trial_is_a_sweep(tmp_path: Path) -> None:
    folder = Folder(tmp_path, PROGRAM)
    folder.write({
        "outer.py": """
            import subprocess, sys
            subprocess.run([sys.executable, "-W", "ignore", "../../train.py", "-m",
                            "hydra/sweeper=runner", "x=3"], check=True)
        """,
        "conf/outer.yaml": "operation: {script: outer.py}\n",
    })  # fmt: skip
    folder.bash("runner --config-name=outer")
    assert sorted(run["kind"] for run in folder.runs()) == ["batch", "run", "trial"]
