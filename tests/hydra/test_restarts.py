"""Restarts of a program's batches: the contract's semantics, in the program's own folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.hydra.program import SWEEPER, Program, make_program

MAIN = """
    import os
    import sys
    from pathlib import Path

    import hydra
    from hydra.core.hydra_config import HydraConfig

    @hydra.main(version_base="1.3", config_path="conf", config_name="config")
    def main(cfg):
        out = Path(HydraConfig.get().runtime.output_dir)
        with (out / "ran.log").open("a") as log:
            print(cfg.lr, cfg.size, os.environ["RUNNER_RESTARTED"], file=log)
        if cfg.lr == cfg.bad:
            raise ValueError("bad")
        return os.environ["RUNNER_RUN_ID"]

    if __name__ == "__main__":
        main()
"""
CONFIG = """
    defaults: [_self_, {model: small}]
    lr: 0.1
    bad: null
    hydra:
      sweep: {dir: "out/${now:%H-%M-%S-%f}", subdir: "n${hydra.job.num}"}
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return make_program(
        tmp_path / "program",
        {
            "train.py": MAIN,
            "conf/config.yaml": CONFIG,
            "conf/model/small.yaml": "# @package _global_\nsize: 1\n",
            "conf/model/large.yaml": "# @package _global_\nsize: 9\n",
        },
    )


def sweep(program: Program, *words: str, status: int = 0) -> list[str]:
    """Run a sweep, and return what the runner said."""
    return program.python("train.py", "-m", SWEEPER, *words, status=status).said


def folders(program: Program) -> dict[str, str]:
    """What each output folder of the one sweep holds of the jobs that ran in it."""
    (out,) = program.folder.glob("out/*")
    return {path.parent.name: path.read_text() for path in sorted(out.glob("*/ran.log"))}


def number_of(program: Program, folder: str) -> int:
    (path,) = program.folder.glob(f"out/*/{folder}/.hydra/hydra.yaml")
    number = yaml.safe_load(path.read_text())["hydra"]["job"]["num"]
    assert isinstance(number, int)
    return number


@pytest.mark.parametrize("launcher", ["basic", "joblib", "runner"])
def test_a_restarted_trial_has_its_old_folder_and_number(program: Program, launcher: str) -> None:
    sweep(program, f"hydra/launcher={launcher}", "lr=0.1,0.2,0.3,0.4", "bad=0.3", status=1)
    batch = program.newest("batch")["id"]
    before = program.trials()
    sweep(program, f"+restart={batch}", "lr=0.4,0.5,0.3", status=1)
    after = program.trials()
    assert [trial["flags"]["lr"] for trial in after] == [0.4, 0.5, 0.3]
    assert [after[0]["id"], after[2]["id"]] == [before[3]["id"], before[2]["id"]]
    assert folders(program) == {
        "n0": "0.1 1 0\n",
        "n1": "0.2 1 0\n",
        "n2": "0.3 1 0\n0.3 1 1\n",
        "n3": "0.4 1 0\n0.4 1 1\n",
        "n4": "0.5 1 0\n",
    }
    assert [number_of(program, folder) for folder in ("n2", "n3", "n4")] == [2, 3, 4]


def test_no_trial_gets_the_number_of_one_that_was_deleted(program: Program) -> None:
    sweep(program, "lr=0.1,0.2")
    batch, (_, last) = program.newest("batch")["id"], program.trials()
    program.delete(last["id"])
    sweep(program, f"+restart={batch}", "lr=0.1,0.7", "+needed=true")
    new = program.trials()[1]
    shutil.rmtree(program.store / new["id"])
    sweep(program, f"+restart={batch}", "lr=0.1,0.8", "+needed=true")
    assert folders(program) == {
        "n0": "0.1 1 0\n",
        "n1": "0.2 1 0\n",
        "n2": "0.7 1 0\n",
        "n3": "0.8 1 0\n",
    }
    program.run("runs", "restore", last["id"])
    sweep(program, f"+restart={batch}", "lr=0.2,0.8")
    assert folders(program)["n1"] == "0.2 1 0\n0.2 1 1\n"


def test_a_new_trial_whose_folder_has_files_of_another_job_is_told(program: Program) -> None:
    named = "hydra.sweep.subdir=${hydra.job.override_dirname}"
    said = sweep(program, named, "lr=0.1,0.2")
    assert not any("files of other jobs" in line for line in said)
    batch, (trial, _) = program.newest("batch")["id"], program.trials()
    program.delete(trial["id"])
    said = sweep(program, f"+restart={batch}")
    told = "1 new trial has an output folder with files of other jobs, which stay there: "
    assert f"{told}{trial['output_dir']}" in said
    (folder,) = program.folder.glob("out/*")
    elsewhere = f"hydra.sweep.dir={folder}"
    said = sweep(program, elsewhere, named, "lr=0.1,0.2,0.3")
    (told,) = (line for line in said if "files of other jobs" in line)
    assert told.startswith("2 new trials have output folders with files of other jobs")


MAKES_A_FOLDER = MAIN.replace("with (out", '(out / "made").mkdir()\n        with (out')


@pytest.mark.parametrize("launcher", ["basic", "runner"])
def test_files_of_an_earlier_start_are_told_and_deleting_the_trials_gives_new_folders(
    program: Program, launcher: str
) -> None:
    program.write({"train.py": MAKES_A_FOLDER})
    chosen = f"hydra/launcher={launcher}"
    sweep(program, chosen, "lr=0.1,0.2", "bad=0.2", status=1)
    batch = program.newest("batch")["id"]
    again = (f"+restart={batch}", "+needed=true")
    said = sweep(program, *again, status=1)
    (folder,) = program.folder.glob("out/*/n1")
    (hint,) = (line for line in said if line.startswith("a restart leaves the files"))
    assert hint.endswith(f"or clear {folder}")
    program.run("runs", "delete", "--batch", batch, "--status", "error", "--yes")
    sweep(program, *again, status=1)
    assert list(folders(program)) == ["n0", "n1", "n2"]


@pytest.mark.long
def test_settings_that_another_launcher_has_no_place_for_are_dropped(program: Program) -> None:
    settings = ("hydra.launcher.n_jobs=2", "hydra.launcher.interrupt_grace_s=1")
    sweep(program, "hydra/launcher=runner", *settings, "lr=0.1,0.2")
    batch = program.newest("batch")["id"]
    said, _ = sweep(program, f"+restart={batch}", "hydra/launcher=joblib", "+print_trials=true")
    assert said == (
        "Dropped, as the chosen launcher has no such setting: hydra.launcher.interrupt_grace_s=1"
    )
    said = sweep(program, f"+restart={batch}", "hydra/launcher=basic")[0]
    assert said.endswith(f"no such setting: {', '.join(settings)}")
    assert not any("Dropped" in line for line in sweep(program, f"+restart={batch}"))
    assert folders(program) == {
        f"n{n}": f"0.{n + 1} 1 0\n" + f"0.{n + 1} 1 1\n" * 2 for n in (0, 1)
    }


def test_the_copy_kept_with_the_batch_is_composed(program: Program) -> None:
    sweep(program, "lr=0.1,0.2", "+label=first")
    batch = program.newest("batch")["id"]
    program.write({"conf/model/small.yaml": "# @package _global_\nsize: 5\n"})
    said = sweep(program, f"+restart={batch}")
    assert any("size (1, now 5)" in line and "+refresh=true" in line for line in said)
    assert [trial["flags"]["size"] for trial in program.trials()] == [1, 1]
    assert set(folders(program)["n0"].splitlines()) == {"0.1 1 0", "0.1 1 1"}
    sweep(program, f"+restart={batch}", "+refresh=true")
    assert [trial["flags"]["size"] for trial in program.trials()] == [5, 5]
    assert program.newest("batch")["label"] == "first"


def test_output_folders_that_are_gone_are_told_where_their_trials_are_skipped(
    program: Program,
) -> None:
    sweep(program, "lr=0.1,0.2,0.3")
    folders = [program.folder / trial["output_dir"] for trial in program.trials()]
    for folder in folders[:2]:
        shutil.rmtree(folder)
    told = (
        "The output folders of 2 completed trials are not there any more; to run such again, leave "
        "+needed out"
    )
    assert told in sweep(program, "+restart=last:batch", "+needed=true")
    assert told in sweep(program, "lr=0.1,0.2,0.3", "+needed=true")
    assert told not in sweep(program, "+restart=last:batch")


def test_nothing_is_run_twice_where_only_what_is_needed_is(program: Program) -> None:
    sweep(program, "lr=0.1,0.2", "model=small,large")
    batch = program.newest("batch")["id"]
    said = sweep(program, f"+restart={batch}", "+needed=true")
    assert said == [
        f"Batch {batch[:8]}: 4 trials: 4 to skip",
        f"Restarting {batch[:8]}",
        "Skipping 4 completed trials",
        f"Batch {batch[:8]}: 4 trials, 4 completed",
    ]
    sweep(program, "lr=0.1,0.3", "+needed=true")
    assert [trial["generated_by"] == batch for trial in program.trials()] == [True, False]


def test_a_plan_is_printed_and_nothing_is_made(program: Program) -> None:
    before = program.tree()
    shown = program.python(
        "train.py", "-m", SWEEPER, "lr=0.1,0.2", "model=small,large", "+print_trials=true"
    )
    assert shown.lines == [
        "#  lr   model",
        "1  0.1  small",
        "2  0.1  large",
        "3  0.2  small",
        "4  0.2  large",
    ]
    assert program.tree() == before


def test_trials_are_only_initialized_where_that_is_asked(program: Program) -> None:
    sweep(program, "lr=0.1,0.2", "+init_trials=true")
    assert set(program.statuses("lr").values()) == {"pending"}
    assert not program.folder.joinpath("out").exists()
    sweep(program, f"+restart={program.newest('batch')['id']}")
    assert set(program.statuses("lr").values()) == {"completed"}


def test_options_and_the_store_are_hydras_settings_too(program: Program) -> None:
    more = ["hydra.sweeper.store=elsewhere", "hydra.sweeper.max_trials=2"]
    said = sweep(program, "lr=range(0,100)", *more, "+random_seed=7")
    listed = program.runs("--store", "elsewhere")
    assert len([run for run in listed if run["kind"] == "trial"]) == 2
    assert not program.store.exists()
    batch = next(run["id"] for run in listed if run["kind"] == "batch")
    assert said[-1] == f"Batch {batch[:8]}: 2 trials, 2 completed"
    sweep(program, f"+restart={batch}", "hydra.sweeper.store=elsewhere", "+needed=true")


def test_mistakes_are_told_in_one_line(program: Program) -> None:
    sweep(program, "lr=0.1,0.2")
    batch = program.newest("batch")
    mistakes = {
        f"+restart={batch['trials'][0]}": "is a trial: a Hydra program restarts whole batches; its "
        f"batch: python train.py -m {SWEEPER} +restart={batch['id'][:8]} +needed=true (this "
        "trial is completed, and runs again if deleted before: runner runs delete "
        f"{batch['trials'][0][:8]} --yes)",
        "+restart=ffffffff": "no run begins with 'ffffffff'",
        "model=huge": "huge",
        "lr=interval(1,0)": "give the lower one first",
        "lr=choice()": "lr",
        "+max_trials=0": "must be an integer of at least 1",
        "hydra.sweeper.max_batch_size=0": "must be an integer of at least 1",
    }
    for word, told in mistakes.items():
        result = program.python("train.py", "-m", SWEEPER, word, status=None)
        if result.returncode == 2:
            (line,) = result.said
            assert line.startswith("runner: ") and told in line
        else:  # Hydra was first to see it
            assert result.returncode == 1 and told in result.err


def test_who_owns_a_batch_restarts_it(program: Program) -> None:
    sweep(program, "lr=0.1,0.2")
    batch = program.newest("batch")["id"]
    program.write({"other.py": MAIN})
    other = program.python("other.py", "-m", SWEEPER, f"+restart={batch}", status=2)
    assert other.said == [f"runner: {batch[:8]} is of train.py, not of other.py"]
    program.write({"conf/config.yaml": CONFIG + "\n    operation: {script: train.py}\n"})
    ours = program.run(f"+restart={batch}", status=2)
    start = f"python train.py --config-name=config -m {SWEEPER}"
    told = f"is of the Hydra program train.py: restart it there: {start} +restart={batch[:8]}"
    assert ours.said[0].endswith(told)
    words = ("+needed=true", "lr=0.1,0.3")
    ours = program.run(f"+restart={batch}", *words, status=2)
    assert ours.said[0].endswith(f"{told} {' '.join(words)}")
    of_trial = program.run(f"+restart={program.newest('batch')['trials'][0]}", status=2).said[0]
    command = f"{start} +restart={batch[:8]} +needed=true (this trial is "
    assert f"restart its batch there: {command}" in of_trial


def test_every_source_of_the_configuration_is_kept(program: Program, tmp_path: Path) -> None:
    program.write(
        {
            "extra/other.yaml": """
                defaults: [config, {override model: huge}, _self_]
                hydra: {searchpath: ["file://${oc.env:PWD}/more"]}
            """,
            "extra/model/huge.yaml": "# @package _global_\nsize: 90\n",
            "more/kind/a.yaml": "name: a\n",
        }
    )
    options = ("--config-dir", "extra", "--config-name", "other")
    here = str(program.folder)
    program.python("train.py", *options, "-m", SWEEPER, "lr=0.1,0.2", "+kind=a", PWD=here)
    before = [trial["flags"] for trial in program.trials()]
    assert before[0] == {"lr": 0.1, "bad": None, "size": 90, "kind.name": "a"}
    program.write({"extra/model/huge.yaml": "broken: [", "more/kind/a.yaml": "name: b\n"})
    batch = program.newest("batch")["id"]
    sweep(program, f"+restart={batch}")
    assert [trial["flags"] for trial in program.trials()] == before
    assert set(folders(program)) == {"n0", "n1"}
    sweep(program, f"+restart={batch}", "+needed=true")


def test_where_a_trials_output_is_can_be_looked_up(program: Program) -> None:
    sweep(program, "lr=0.1")
    (trial,) = program.trials()
    (folder,) = program.folder.glob("out/*/n0")
    assert (
        f"output: {folder.relative_to(program.folder)}"
        in program.run("runs", "show", trial["id"]).lines
    )


# ---- taking back


def planned_sizes(program: Program) -> list[object]:
    """The flag `extra` of each planned trial of the only batch; None where it is not there."""
    runs = {run["id"]: run for run in program.runs()}
    (batch,) = [run for run in runs.values() if run["kind"] == "batch"]
    return [runs[trial]["flags"].get("extra") for trial in batch["trials"]]


@pytest.mark.parametrize("first", ["+extra=1", "++extra=1", "+extra=1,2"])
def test_an_added_flag_is_taken_back_by_a_restart(program: Program, first: str) -> None:
    sweep(program, "lr=0.1,0.2", first)
    batch = program.newest("batch")["id"]
    sweep(program, f"+restart={batch}", "~extra")
    assert planned_sizes(program) == [None, None]
    assert "extra" not in program.newest("batch")["flags"]
    sweep(program, f"+restart={batch}")
    assert planned_sizes(program) == [None, None]


def test_an_added_group_is_taken_back_by_a_restart(program: Program) -> None:
    (program.folder / "conf/more").mkdir()
    (program.folder / "conf/more/big.yaml").write_text("# @package _global_\nextra: 7\n")
    sweep(program, "lr=0.1,0.2", "+more=big")
    assert planned_sizes(program) == [7, 7]
    batch = program.newest("batch")["id"]
    sweep(program, f"+restart={batch}", "~more")
    assert planned_sizes(program) == [None, None]


def test_what_was_never_added_cannot_be_taken_back(program: Program) -> None:
    sweep(program, "lr=0.1,0.2")
    batch = program.newest("batch")["id"]
    before = program.tree()
    said = sweep(program, f"+restart={batch}", "~nothing", status=2)
    assert len(said) == 1
    assert "nothing" in said[0]
    assert program.tree() == before


def test_a_new_sweep_refuses_a_deletion_of_nothing_as_hydra_does(program: Program) -> None:
    result = program.python("train.py", "-m", SWEEPER, "lr=0.1,0.2", "~nothing", status=1)
    assert "Could not delete from config. 'nothing' does not exist." in result.err


STRUCTURED = """
    from dataclasses import dataclass
    import hydra
    from hydra.core.config_store import ConfigStore

    @dataclass
    class Config:
        lr: float = 0.1
        clip: float = 1.0

    ConfigStore.instance().store(name="NAME", node=Config)

    @hydra.main(version_base=None, config_path=FOLDER, config_name="config")
    def main(cfg):
        if cfg.lr > LIMIT:
            raise RuntimeError("nan loss")

    if __name__ == "__main__":
        main()
"""


@pytest.mark.parametrize(
    ("name", "folder", "config"),
    [("config", "None", ""), ("schema", "'conf'", "defaults: [schema, _self_]\n")],
)
def test_a_changed_default_of_a_dataclass_is_told_as_what_makes_trials_new(
    tmp_path: Path, name: str, folder: str, config: str
) -> None:
    code = STRUCTURED.replace("NAME", name).replace("FOLDER", folder).replace("LIMIT", "0.5")
    files = {"train.py": code} | ({"conf/config.yaml": config} if config else {})
    program = make_program(tmp_path / "structured", files)
    sweep(program, "lr=0.1,0.2,0.9", status=1)
    before = {trial["id"] for trial in program.trials()}
    told = "No trial of the batch fits the present program, so all are new: clip (1.0, now 5.0); "
    again = ("+restart=last:batch", "+needed=true")
    assert "so all are new" not in "".join(sweep(program, *again, "+print_trials=true"))
    program.write({"train.py": code.replace("1.0", "5.0").replace("0.5", "5")})
    for way in (("+only=failed",), ("+needed=true",)):
        said = sweep(program, "+restart=last:batch", *way, "+print_trials=true")
        assert len([line for line in said if line.startswith(told)]) == 1
    said = sweep(program, "+restart=last:batch", "lr=7,8", "+print_trials=true")
    assert not [line for line in said if "fits the present" in line]
    said = sweep(program, "+restart=last:batch", "+only=failed")
    assert len([line for line in said if line.startswith(told)]) == 1
    sweep(program, *again, "clip=1.0")
    assert {trial["id"] for trial in program.trials()} == before
