"""The config groups of a program's trials: what was chosen for each, by override or by default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hydra_sweep_runner import Store
from tests.hydra.program import SWEEPER, Program, make_program

MANY = {f"extra{number}": number for number in range(30)}

FILES = {
    "train.py": """
        import hydra

        @hydra.main(version_base="1.3", config_path="conf", config_name="config")
        def main(cfg):
            print(f"loss: {cfg.optimizer.lr}")

        if __name__ == "__main__":
            main()
    """,
    "conf/config.yaml": "defaults: [model: mlp, optimizer: sgd, experiment: null, _self_]\n"
    + "".join(f"{name}: {value}\n" for name, value in MANY.items()),
    "conf/model/mlp.yaml": "name: mlp\nwidth: 64\n",
    "conf/model/resnet.yaml": "name: resnet\nwidth: 32\nblocks: 2\n",
    "conf/optimizer/sgd.yaml": "name: sgd\nlr: 0.1\n",
    "conf/optimizer/adam.yaml": "name: adam\nlr: 0.001\n",
    "conf/experiment/big.yaml": """
        # @package _global_
        defaults: [{override /model: resnet}]
        extra3: 33
    """,
}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return make_program(tmp_path / "program", FILES)


def sweep(program: Program, *words: str) -> None:
    program.python("train.py", "-m", SWEEPER, *words)


def test_all_choices_are_recorded_and_found(program: Program) -> None:
    sweep(program, "optimizer.lr=0.1,0.2")
    sweep(program, "model=mlp,resnet")
    sweep(program, "experiment=big")
    trials = program.runs("--kind", "trial")
    assert [trial["choices"] for trial in trials] == [
        {"model": "resnet", "optimizer": "sgd", "experiment": "big"},
        {"model": "resnet", "optimizer": "sgd", "experiment": None},
        *[{"model": "mlp", "optimizer": "sgd", "experiment": None}] * 3,
    ]
    assert len(program.runs("--kind", "trial", "--where", "model == 'mlp'")) == 3
    assert len(program.runs("--kind", "trial", "--where", "experiment == null")) == 4
    assert program.newest("batch")["choices"] == {"experiment": ["big"]}


def test_lists_show_choices_where_they_vary_and_no_flags_below_them(program: Program) -> None:
    sweep(program, "optimizer.lr=0.1,0.2")
    listed = program.run("runs", "list", "--kind", "trial").lines
    assert [line.split("  ")[-2].strip() for line in listed[1:]] == [
        "optimizer.lr=0.2",
        "optimizer.lr=0.1",
    ]
    sweep(program, "model=resnet")
    listed = program.run("runs", "list", "--kind", "trial").lines
    assert "model=resnet" in listed[1]
    assert "model=mlp, optimizer.lr=0.2" in listed[2]
    assert not any("width" in line or "extra" in line for line in listed)
    compared = program.run("compare").lines
    assert compared[0].split() == ["id", "model", "optimizer.lr", "loss"]


def test_a_flag_below_a_default_choice_is_shown_where_it_was_given(program: Program) -> None:
    sweep(program, "model=mlp")
    sweep(program, "model.width=64,128")
    listed = program.run("runs", "list", "--kind", "trial").lines
    assert ["model.width=128" in line for line in listed] == [False, True, False, False]
    assert ["model.width=64" in line for line in listed] == [False, False, True, True]


def test_a_flag_below_a_group_has_one_column_where_batches_with_and_without_a_choice_are_compared(
    program: Program,
) -> None:
    sweep(program, "optimizer.lr=0.1,0.2")
    sweep(program, "optimizer=sgd,adam")
    head = program.run("compare", "--min", "loss", "--csv", "-").lines[0]
    assert head == "id,status,optimizer,optimizer.lr,loss"


def test_the_swept_flags_stand_first_wherever_a_trial_is_shown(program: Program) -> None:
    words = ("train.py", "-m", SWEEPER, "optimizer.lr=0.1,0.2", "extra29=1,2")
    said = program.python(*words).said
    flags = "optimizer.lr=0.1, extra29=1"
    assert next(line for line in said if line.startswith("Running")).endswith(f"({flags})")
    batch = program.newest("batch")
    first = batch["trials"][0]
    listed = program.run("runs", "list", "--kind", "trial").lines
    assert flags in next(line for line in listed if line.startswith(first[:8]))
    assert f"  {first[:8]} completed ({flags})" in program.run("runs", "show", batch["id"]).lines
    shown = program.run("runs", "show", first).lines
    assert shown[shown.index("flags:") + 1 : shown.index("flags:") + 3] == [
        "  optimizer.lr: 0.1 (sweep)",
        "  extra29: 1 (sweep)",
    ]
    assert any(f"({flags})" in line for line in program.run("watch", batch["id"]).lines)


def test_a_mapping_for_a_group_is_shown_by_the_flags_in_it(program: Program) -> None:
    words = ("train.py", "-m", SWEEPER, "optimizer={lr:0.1},{lr:0.2}")
    said = program.python(*words).said
    starts = [line for line in said if line.startswith("Running")]
    assert [line.partition(" (")[2] for line in starts] == [
        "optimizer.lr=0.1)",
        "optimizer.lr=0.2)",
    ]
    (batch,) = program.runs("--kind", "batch")
    lines = program.run("runs", "show", batch["id"]).lines
    assert any("optimizer.lr=0.2" in line for line in lines)
    preview = program.python(*words, "+print_trials=true").lines
    assert preview == ["#  optimizer.lr", "1  0.1", "2  0.2"]
    assert {trial["choices"]["optimizer"] for trial in program.trials()} == {"sgd"}


def test_records_without_all_choices_are_the_same_trials(program: Program) -> None:
    sweep(program, "model=mlp,resnet")
    batch = program.newest("batch")
    for run_id in batch["trials"]:
        record = program.store / run_id / ".runner" / "record.json"
        content = json.loads(record.read_text(encoding="utf-8"))
        content["choices"] = {"model": content["choices"]["model"]}
        record.write_text(json.dumps(content), encoding="utf-8")
    assert len(program.runs("--where", "model == 'mlp'")) == 1
    said = program.python("train.py", "-m", SWEEPER, f"+restart={batch['id']}", "+needed=true").said
    assert said[0] == f"Batch {batch['id'][:8]}: 2 trials: 2 to skip"
    again = program.python("train.py", "-m", SWEEPER, f"+restart={batch['id']}").said
    assert "Restarting" in " ".join(again)
    assert program.newest("batch")["trials"] == batch["trials"]
    assert [trial["choices"]["optimizer"] for trial in program.trials()] == ["sgd", "sgd"]


def test_a_run_in_python_has_its_choices(program: Program) -> None:
    sweep(program, "optimizer=adam", "optimizer.lr=0.1")
    (run,) = Store(program.store).runs("model == 'mlp'", kind="trial")
    assert run.choices == {"model": "mlp", "optimizer": "adam", "experiment": None}
    with pytest.raises(KeyError, match=r"run.choices\['model'\]"):
        run.flags["model"]
    frame = Store(program.store).runs(kind="trial").to_pandas()
    assert list(frame["model"]) == ["mlp"]


def test_a_name_that_does_not_exist_is_answered_with_names_that_end_so(program: Program) -> None:
    sweep(program, "optimizer.lr=0.1")
    for asked, meant in {
        "lr": "optimizer.lr",
        "name": "model.name or optimizer.name",
        "widht": "model.width",
        "optimzer": "optimizer",
    }.items():
        words = ("runs", "list", "--kind", "trial", "--where", f"{asked} == 1")
        assert f" {asked} (did you mean {meant}?)" in program.run(*words, status=2).err


def test_an_operation_has_all_its_choices_too(program: Program) -> None:
    program.write(
        {
            "conf/config.yaml": """
                defaults: [operation: echo, model: mlp, _self_]
            """,
            "conf/operation/echo.yaml": """
                # @package _global_
                operation: {command: [echo, "${model.name}"]}
            """,
        }
    )
    program.run("-m", "model=mlp,resnet")
    program.run("model.width=3")
    assert [run["choices"] for run in program.runs("--where", "kind != 'batch'")] == [
        {"operation": "echo", "model": "mlp"},
        {"operation": "echo", "model": "resnet"},
        {"operation": "echo", "model": "mlp"},
    ]
    assert len(program.runs("--where", "model == 'mlp' and operation == 'echo'")) == 2
