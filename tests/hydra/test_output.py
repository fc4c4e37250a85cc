"""Where the log and the files of a program's trials are found, under every launcher."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hydra_sweep_runner import Store
from hydra_sweep_runner.errors import Mistake
from tests.hydra.program import SWEEPER, Program, make_program
from tests.scenarios.project import Listed, wait_until

LAUNCHERS = ("basic", "joblib", "runner", "submitit_local")

PROGRAM = """
    import logging
    import time
    from pathlib import Path

    import hydra
    from hydra.core.hydra_config import HydraConfig

    log = logging.getLogger(__name__)

    @hydra.main(version_base="1.3", config_path="conf", config_name="config")
    def main(cfg):
        out = Path(HydraConfig.get().runtime.output_dir)
        log.info("training with lr %s", cfg.lr)
        (out / "metrics.csv").write_text(f"lr\\n{cfg.lr}\\n")
        (out / "checkpoints").mkdir(exist_ok=True)
        (out / "checkpoints" / "last.ckpt").write_text("weights")
        while cfg.wait and not Path(cfg.wait).exists():
            time.sleep(0.05)
        log.info("trained with lr %s", cfg.lr)
        if cfg.lr > 1:
            raise ValueError("diverged")

    if __name__ == "__main__":
        main()
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    files = {"train.py": PROGRAM, "conf/config.yaml": "lr: 0.1\nwait: null\n"}
    return make_program(tmp_path / "program", files)


def sweep(program: Program, launcher: str, *words: str, status: int = 0) -> list[Listed]:
    """Run a sweep, and return its trials."""
    program.python("train.py", "-m", SWEEPER, f"hydra/launcher={launcher}", *words, status=status)
    return program.trials()


def output_dir(program: Program, trial: Listed) -> Path:
    """The absolute path of a trial's output folder."""
    return program.folder / str(trial["output_dir"])


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_the_log_of_a_trial_has_what_its_job_logged(program: Program, launcher: str) -> None:
    trials = sweep(program, launcher, "lr=0.1,0.2")
    for trial in trials:
        result = program.run("runs", "log", trial["id"])
        assert f"trained with lr {trial['flags']['lr']}" in result.out
        assert Path(trial["log"]).is_file()
        if launcher != "runner":
            path = output_dir(program, trial) / "train.log"
            assert trial["log"] == str(path)
            line = f"The log that the job of trial {trial['id'][:8]} wrote itself: {path}"
            assert result.err.splitlines() == [line]


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_the_files_of_a_trial_are_those_of_its_output_folder(
    program: Program, launcher: str
) -> None:
    for trial in sweep(program, launcher, "lr=0.1,0.2"):
        listed = program.run("runs", "files", trial["id"]).lines
        names = [line.split(maxsplit=1)[1] for line in listed[1:]]
        own = [".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml"]
        assert names == [*own, "checkpoints/last.ckpt", "metrics.csv", "train.log"]
        folder = output_dir(program, trial)
        assert program.run("runs", "path", trial["id"]).lines == [str(folder)]
        path = program.run("runs", "path", trial["id"], "metrics.csv").lines[0]
        assert Path(path).read_text(encoding="utf-8") == f"lr\n{trial['flags']['lr']}\n"


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_the_log_of_a_failed_trial_ends_with_its_failure(program: Program, launcher: str) -> None:
    (trial,) = sweep(program, launcher, "lr=7", status=1)
    printed = program.run("runs", "log", trial["id"]).out
    assert printed.index("training with lr 7") < printed.index("Traceback")
    assert printed.splitlines()[-1] == "ValueError: diverged"
    assert program.run("runs", "log", trial["id"], "-f").out == printed
    shown = program.run("runs", "show", trial["id"]).lines
    assert shown[-1] == "  ValueError: diverged"


def test_the_log_of_a_trial_at_work_is_followed_to_its_end(program: Program) -> None:
    words = ("train.py", "-m", SWEEPER, "hydra/launcher=basic", "wait=go", "lr=7")
    with program.python_at_work(*words):
        wait_until(lambda: any(run["output_dir"] for run in program.runs("--kind", "trial")))
        (trial,) = program.runs("--kind", "trial")
        with program.at_work("runs", "log", trial["id"], "-f") as following:
            assert following.stdout is not None
            lines = [following.stdout.readline() for _ in range(2)]
            (program.folder / "go").touch()
            lines += following.stdout.readlines()
            assert following.wait() == 0
    assert lines[0].startswith(f"The log that the job of trial {trial['id'][:8]} wrote itself: ")
    assert "training with lr 7" in lines[1]
    assert "trained with lr 7" in lines[2]
    assert lines[-1] == "ValueError: diverged\n"


def test_a_log_that_the_jobs_logging_names_otherwise_is_found(program: Program) -> None:
    program.write(
        {
            "conf/hydra/job_logging/quiet.yaml": """
                version: 1
                formatters: {plain: {format: "%(message)s"}}
                handlers:
                  file:
                    class: logging.FileHandler
                    formatter: plain
                    filename: ${hydra.runtime.output_dir}/logs.txt
                root: {level: INFO, handlers: [file]}
                disable_existing_loggers: false
            """
        }
    )
    (trial,) = sweep(program, "basic", "lr=0.1", "hydra/job_logging=quiet")
    assert trial["log"] == str(output_dir(program, trial) / "logs.txt")
    printed = program.run("runs", "log", trial["id"]).out
    assert printed == "training with lr 0.1\ntrained with lr 0.1\n"


def test_a_trial_whose_job_logs_to_no_file_says_that_it_has_no_log(program: Program) -> None:
    (trial,) = sweep(program, "basic", "lr=0.1", "hydra/job_logging=stdout")
    assert trial["log"] is None
    result = program.run("runs", "log", trial["id"])
    assert result.out == ""
    assert result.err.splitlines() == [
        f"trial {trial['id'][:8]} has no log: its launcher showed its output, and its logging "
        "wrote no file"
    ]


def test_an_output_folder_that_is_gone_is_told(program: Program) -> None:
    (trial,) = sweep(program, "basic", "lr=0.1")
    folder = output_dir(program, trial)
    shutil.rmtree(folder)
    for words in (("log",), ("files",), ("path",), ("path", "metrics.csv")):
        result = program.run("runs", words[0], trial["id"], *words[1:], status=2)
        assert result.err.splitlines() == [
            f"runner: trial {trial['id'][:8]}: its output folder is not there any more: {folder}"
        ]
    assert program.trials()[0]["log"] is None
    shown = program.run("runs", "show", trial["id"]).lines
    assert f"output: {trial['output_dir']} (not there any more)" in shown


@pytest.mark.parametrize("name", ["all.tar.gz", "all.zip", "folder"])
def test_an_export_takes_the_output_folders_along(program: Program, name: str) -> None:
    (trial, _) = sweep(program, "basic", "lr=0.1,0.2", "hydra.sweep.dir=out")
    checkpoints = output_dir(program, trial) / "checkpoints"
    (checkpoints / "best").symlink_to("last.ckpt")
    (checkpoints / "data").symlink_to("/etc/hosts")
    (checkpoints / "sideways").symlink_to("../../1")
    archive = program.folder.parent / name
    said = program.run("runs", "export", str(archive)).said
    assert said[-1] == "Exported 3 run(s)"
    assert "checkpoints/data" in said[0] and "sideways" in said[0] and "best" not in said[0]
    files = {file: program.text(file) for file in ("train.py", "conf/config.yaml")}
    files["out/0/metrics.csv"] = "of another sweep\n"
    there = make_program(program.folder.parent / "there", files)
    there.run("runs", "import", str(archive))
    words = ("--where", "lr == 0.1", "--json")
    (imported,) = json.loads(there.run("runs", "list", *words).out)
    assert Path(imported["output_dir"]).is_relative_to(there.store / trial["id"])
    there.store.rename(there.folder / "moved")
    words = ("--store", "moved")
    (path,) = there.run("runs", "path", trial["id"], "metrics.csv", *words).lines
    assert Path(path).is_relative_to(there.folder / "moved" / trial["id"])
    assert Path(path).read_text() == "lr\n0.1\n"
    assert "training with lr 0.1" in there.run("runs", "log", trial["id"], *words).out
    listed = there.run("runs", "files", trial["id"], *words).out
    assert "checkpoints/last.ckpt" in listed and "best" in listed and "data" not in listed
    again = ("train.py", "-m", SWEEPER, f"+restart={trial['generated_by']}")
    there.python(*again, "lr=0.1,0.3", "hydra.sweeper.store=moved")
    log = there.run("runs", "log", trial["id"], *words).out
    assert log.count("trained with lr 0.1") == 2
    assert there.text("out/0/metrics.csv") == "of another sweep\n"
    assert there.text("out/2/metrics.csv") == "lr\n0.3\n"
    assert not (there.folder / "out" / "1").exists()
    once_more = program.folder.parent / f"again-{name}"
    there.run("runs", "export", str(once_more), *words)
    last = make_program(program.folder.parent / "last", {"train.py": PROGRAM})
    last.run("runs", "import", str(once_more))
    assert last.run("runs", "path", trial["id"], "checkpoints/last.ckpt").lines


def test_an_export_tells_which_output_folders_stay_behind(program: Program) -> None:
    (trial,) = sweep(program, "basic", "lr=0.1")
    shutil.rmtree(output_dir(program, trial))
    here = ("hydra.sweep.dir=.", "hydra.sweep.subdir=.")
    sweep(program, "basic", "lr=0.2", *here)
    said = program.run("runs", "export", str(program.folder.parent / "all.zip")).said
    assert said == [
        f"Output folder {output_dir(program, trial)}: not there any more, and not exported",
        f"Output folder {program.folder}: holds the project or the store, and is not exported",
        "Exported 4 run(s)",
    ]


def test_output_folders_that_stay_are_told_when_runs_are_deleted(program: Program) -> None:
    first, second = sweep(program, "basic", "lr=0.1,0.2", "hydra.sweep.dir=out")
    batch = program.newest("batch")["id"]
    said = program.run("runs", "delete", first["id"], "--yes").said
    assert said == ["1 output folder of the program stays: out/0", "Deleted 1 run(s)"]
    said = program.run("runs", "delete", second["id"], batch, "--yes").said
    (line,) = (line for line in said if "output folder" in line)
    assert line.endswith("output folders of the program stay: out")
    said = program.run("runs", "purge", "--yes").said
    assert said == ["2 output folders of the program stay: out/1, out/0", "Purged 3 run(s)"]
    assert program.text("out/0/metrics.csv") and program.text("out/1/metrics.csv")


def test_a_trial_that_is_pending_has_neither_log_nor_files(program: Program) -> None:
    (trial,) = sweep(program, "basic", "lr=0.1", "+init_trials=true")
    assert trial["log"] is None
    assert program.run("runs", "log", trial["id"]).out == ""
    assert program.run("runs", "files", trial["id"]).out == ""
    assert program.run("runs", "path", trial["id"]).lines == [trial["dir"]]


def test_a_batchs_files_are_those_of_all_its_jobs(program: Program) -> None:
    sweep(program, "basic", "lr=0.1,0.2", "hydra.sweep.dir=out")
    names = [line.split()[1] for line in program.run("runs", "files", "last:batch").lines[1:]]
    assert [name for name in names if name.endswith(".csv")] == ["0/metrics.csv", "1/metrics.csv"]


def test_a_run_in_python_has_its_output_folder_log_and_files(program: Program) -> None:
    sweep(program, "basic", "lr=0.1,0.2")
    for run in Store(program.store).runs(kind="trial"):
        assert run.output_dir is not None
        assert run.output_dir.is_absolute()
        assert run.path("metrics.csv").read_text(encoding="utf-8") == f"lr\n{run.flags['lr']}\n"
        assert f"trained with lr {run.flags['lr']}" in run.log()
        assert {"metrics.csv", "train.log", "checkpoints/last.ckpt"} <= set(run.files)
        with pytest.raises(Mistake, match="not in the folder"):
            run.path("../escaped")


def test_the_output_is_found_from_a_store_elsewhere_and_after_a_move(program: Program) -> None:
    store = program.folder.parent / "elsewhere" / "store"
    (trial,) = sweep_into(program, store)
    words = ("--store", str(store))
    path = program.run("runs", "path", trial["id"], "metrics.csv", *words).lines[0]
    assert Path(path) == output_dir(program, trial) / "metrics.csv"

    (trial,) = sweep(program, "basic", "lr=0.3")
    program.folder.rename(program.folder.parent / "moved")
    moved = Program(program.folder.parent / "moved", program.environment)
    path = moved.run("runs", "path", trial["id"], "metrics.csv").lines[0]
    assert Path(path).read_text(encoding="utf-8") == "lr\n0.3\n"
    assert path.startswith(str(moved.folder))


def sweep_into(program: Program, store: Path) -> list[Listed]:
    """Run a sweep with a store that is named, and return its trials."""
    program.python("train.py", "-m", SWEEPER, "lr=0.2", f"hydra.sweeper.store={store}")
    return program.runs("--store", str(store), "--kind", "trial")


def test_records_that_do_not_name_the_log_show_it_nevertheless(program: Program) -> None:
    (trial,) = sweep(program, "basic", "lr=0.1")
    (output_dir(program, trial) / "other.log").write_text("no log of the job\n", encoding="utf-8")
    record = Path(trial["dir"]) / ".runner" / "record.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    del content["job"]["log"], content["job"]["project"]
    record.write_text(json.dumps(content), encoding="utf-8")
    assert "trained with lr 0.1" in program.run("runs", "log", trial["id"]).out


def test_a_failure_is_not_told_twice_in_a_row(program: Program) -> None:
    program.write({"exits.py": EXITS})
    words = ("exits.py", "-m", SWEEPER, "hydra/launcher=joblib", "+how=refused,well")
    said = program.python(*words, status=1).said
    assert [line for line in said if line.startswith("  ")] == []


def test_two_trials_differ_in_the_files_of_their_output_folders(program: Program) -> None:
    one, other = sweep(program, "basic", "lr=0.1,0.2")
    lines = program.run("runs", "diff", one["id"], other["id"]).lines
    assert lines[lines.index("files:") + 1 :] == ["  metrics.csv: 7 bytes each, with other content"]


EXITS = """
    import argparse
    import sys

    import hydra

    @hydra.main(version_base="1.3", config_path=None, config_name=None)
    def main(cfg):
        if cfg.how == "text":
            sys.exit("diverged: lr too large\\nsee the log")
        if cfg.how == "status":
            sys.exit(3)
        if cfg.how == "refused":
            argparse.ArgumentParser(prog="train.py").error("argument --lr: too large")

    if __name__ == "__main__":
        main()
"""


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_the_reason_of_a_job_has_what_it_said_at_its_end(tmp_path: Path, launcher: str) -> None:
    program = make_program(tmp_path / "program", {"train.py": EXITS})
    trials = sweep(program, launcher, "+how=text,status,refused", status=1)
    assert [trial["reason"] for trial in trials] == [
        "exit status 1: diverged: lr too large",
        "exit status 3",
        "exit status 2: train.py: error: argument --lr: too large",
    ]
    printed = program.run("runs", "log", trials[0]["id"]).out
    assert printed.endswith("diverged: lr too large\nsee the log\n")


def test_the_basic_launcher_names_each_job_once(program: Program) -> None:
    printed = program.python("train.py", "-m", SWEEPER, "hydra/launcher=basic", "lr=0.1,0.2").out
    jobs = [line.rpartition("#")[2] for line in printed.splitlines() if "#" in line]
    assert jobs == ["0 : lr=0.1", "1 : lr=0.2"]
    assert "Launching" not in printed
