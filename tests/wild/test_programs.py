"""What people do with Hydra programs: folders that clash, restarts that are none, how to go on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.wild.cases import Folder, Typed, WarmFolder

PROGRAM = """
    import hydra

    @hydra.main(version_base=None, config_path="conf", config_name="config")
    def main(cfg):
        print("x", cfg.x)
        if cfg.x == 3:
            raise SystemExit(5)

    main()
"""

SWEEP = "python -W ignore train.py -m hydra/sweeper=runner"


def program(path: Path, config: str = "x: 1\ntext: a\n", **files: str) -> Folder:
    return WarmFolder(path, {"conf/config.yaml": config, "train.py": PROGRAM, **files})


def go_on(typed: Typed) -> str:
    """The command that a batch's last line names."""
    found = re.search(r"to go on: (.*)$", typed.err, re.MULTILINE)
    assert found is not None, typed.err
    return found[1]


# ---- output folders


DIRNAME = "x: 1\ntext: a\nhydra: {sweep: {dir: out, subdir: '${hydra.job.override_dirname}'}}\n"


@pytest.mark.parametrize("launcher", ["basic", "runner"])
@pytest.mark.parametrize("character", ["a", "ä"])
def test_an_output_folder_with_too_long_a_name_is_a_mistake(
    tmp_path: Path, launcher: str, character: str
) -> None:
    folder = program(tmp_path, DIRNAME)
    text = character * 254 if character == "a" else character * 130
    words = f"hydra/launcher={launcher} x=1,2 \"text='{text}'\""

    typed = folder.bash(f"{SWEEP} {words}", status=2)

    (said,) = [line for line in typed.said if line.startswith("runner: ")]
    assert "File name too long" in said
    assert "exclude_keys" in said
    assert len(said) < 400
    assert folder.runs() == []
    assert not (tmp_path / "out").exists()


def test_an_output_folder_with_slashes_in_its_name_is_found_again(tmp_path: Path) -> None:
    folder = program(tmp_path, DIRNAME)
    folder.bash(f"{SWEEP} x=1,2 text=/data/a")
    before = sorted(tmp_path.glob("out/**/.hydra"))

    folder.bash(f"{SWEEP} +restart={folder.batches()[0]['id']}")

    assert sorted(tmp_path.glob("out/**/.hydra")) == before
    assert len(before) == 2


def test_trials_that_share_an_output_folder_are_told(tmp_path: Path) -> None:
    folder = program(tmp_path, "x: 1\nhydra: {sweep: {dir: out, subdir: same}}\n")

    typed = folder.bash(f"{SWEEP} x=1,2")

    (said,) = [line for line in typed.said if "overwrite each other" in line]
    assert said.startswith("2 trials have the output folder out/same ")
    assert "${hydra.job.num}" in said
    assert folder.statuses() == ["completed"] * 2


@pytest.mark.parametrize("sweeper", ["runner", "basic"])
def test_sweeps_that_start_in_the_same_second_have_folders_of_their_own(
    tmp_path: Path, sweeper: str
) -> None:
    folder = program(
        tmp_path,
        "x: 1\nhydra: {sweep: {dir: 'multirun/${now:%Y}'}}\n",  # a second that lasts a year
    )
    words = {"runner": "hydra/sweeper=runner", "basic": ""}[sweeper]
    folder.bash(f"python -W ignore train.py -m {words} x=1,2")

    folder.bash(f"{SWEEP} x=10,20")
    folder.bash(f"{SWEEP} hydra/launcher=runner x=30,40")

    jobs = {
        path.parents[1].relative_to(tmp_path / "multirun"): path.read_text().strip()
        for path in tmp_path.glob("multirun/*/*/.hydra/overrides.yaml")
    }
    assert sorted(jobs.values()) == ["- x=1", "- x=10", "- x=2", "- x=20", "- x=30", "- x=40"]
    batch = folder.batches()[-1]
    folder.bash(f"{SWEEP} +restart={batch['id']} x=30,40,50")
    assert len(list(tmp_path.glob("multirun/*/*/.hydra"))) == 7


def test_a_folder_that_a_mistake_has_left_unused_is_gone(tmp_path: Path) -> None:
    folder = program(tmp_path)
    folder.bash(f"{SWEEP} x=1,2 +max_trials=none", status=2)
    folder.bash(f"{SWEEP} x=1,2 +retries=none", status=2)

    assert not (tmp_path / "multirun").exists()


# ---- how to go on


EXPERIMENT = """
    # @package _global_
    defaults: [override /hydra/sweeper: runner]
    hydra: {sweeper: {store: "my runs"}}
    x: 1
"""


@pytest.mark.parametrize(
    "store",
    [
        "it's [1]",
        *(pytest.param(name, marks=pytest.mark.long) for name in ("läufe", "a,b", "my $x")),
    ],
)
def test_what_is_printed_to_go_on_works_as_printed_in_a_program(tmp_path: Path, store: str) -> None:
    quoted = store.replace("'", "''")
    folder = program(
        tmp_path,
        **{"conf/experiment/e.yaml": EXPERIMENT.replace('"my runs"', f"'{quoted}'")},
    )
    ended = folder.bash("python -W ignore train.py -m +experiment=e x=2,3", status=1)

    again = folder.bash(go_on(ended), status=1)

    assert "Skipping 1 completed trial" in again.said
    assert "Running trial" in again.err
    assert "x 3" in again.out


def test_what_is_printed_to_go_on_works_as_printed_in_a_project(tmp_path: Path) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "my conf/config.yaml": "operation: {script: main.py}\nx: 1\n",
            "my conf/experiment/e.yaml": EXPERIMENT.replace(
                "    defaults: [override /hydra/sweeper: runner]\n", ""
            ),
            "main.py": "x = 0\nprint('x', x)\nraise SystemExit(x == 3)\n",
        },
    )
    ended = folder.bash("runner '--config-path=my conf' -m +experiment=e x=2,3", status=1)
    assert "my runs" in go_on(ended)

    again = folder.bash(go_on(ended), status=1)

    assert "Skipping 1 completed trial" in again.said


def test_a_restart_does_not_compare_yaml_of_another_place_with_that_of_the_batch(
    tmp_path: Path,
) -> None:
    folder = program(tmp_path, **{"other/config.yaml": "x: 7\ntext: b\n"})
    sweep = f"{SWEEP.replace(' -m', ' --config-path=other -m')} x=2,3"
    ended = folder.bash(sweep, status=1)

    said = folder.bash(f"{SWEEP} +restart=last:batch", status=1).err
    assert (
        "it was started with --config-path=other: its present YAML is found by that alone" in said
    )
    assert "has changed" not in said
    said = folder.bash(f"{SWEEP} +restart=last:batch +refresh=true", status=2).err
    assert "its present YAML is found by that alone" in said
    again = folder.bash(go_on(ended), status=1)

    assert "has changed" not in again.err
    assert "--config-path=other" in folder.bash("runner watch", status=None).err


# ---- a restart that is none


def test_a_restart_without_m_is_refused_before_anything_runs(tmp_path: Path) -> None:
    folder = program(tmp_path)
    ended = folder.bash(f"{SWEEP} x=2,3", status=1)
    batch = folder.batches()[0]["id"]
    before = sorted(tmp_path.rglob("*"))

    for typed in (batch, batch[:8]):
        said = folder.process(f"python -W ignore train.py +restart={typed}", status=2)
        (line,) = said.said
        assert line.startswith(f"runner: +restart={typed} restarts nothing without -m: python ")
        assert "train.py -m hydra/sweeper=runner +restart=" in line
        assert said.out == ""

    assert sorted(tmp_path.rglob("*")) == before
    assert "+restart=" in go_on(ended)


def test_of_a_trial_the_commands_that_run_it_again_are_told_at_once(tmp_path: Path) -> None:
    folder = program(tmp_path)
    folder.bash(f"{SWEEP} x=1,2")
    batch = folder.batches()[0]
    trial = batch["trials"][0][:8]

    for typed in (f"+restart={trial}", f"-m +restart={trial} hydra/launcher=basic"):
        (line,) = folder.process(f"python -W ignore train.py {typed}", status=2).said
        found = re.search(r"its batch: (.*?) \(.* before: (.*?)\) \(\+\+restart=", line)
        assert found is not None, line

    restart, delete = found.groups()
    assert restart.endswith(f"+restart={batch['id'][:8]} +needed=true")
    folder.process(delete)
    again = folder.process(restart)
    assert "Skipping 1 completed trial" in again.said
    assert again.out.count("x 1") == 1 and "x 2" not in again.out.splitlines()


@pytest.mark.parametrize("words", ["-m +restart={}", "-m +restart={} +needed=true x=1,2"])
def test_under_another_sweeper_it_is_refused_too(tmp_path: Path, words: str) -> None:
    folder = program(tmp_path)
    folder.bash(f"{SWEEP} x=1,2")
    for name in (folder.batches()[0]["id"][:8], "last:batch"):
        said = folder.process(f"python -W ignore train.py {words.format(name)}", status=2)
        (line,) = said.said
        assert line.startswith(
            f"runner: +restart={name} restarts nothing without hydra/sweeper=runner: python "
        )
        others = words.removeprefix("-m +restart={}")
        assert f"-m hydra/sweeper=runner +restart={name}{others} (++restart=" in line
        assert said.out == ""
    assert "x 1" in folder.process("python -W ignore train.py -m ++restart=last x=1,2").lines


def test_the_last_one_is_a_restart_where_there_is_a_store(tmp_path: Path) -> None:
    folder = program(tmp_path)
    assert folder.process("python -W ignore train.py +restart=last").lines == ["x 1"]
    folder.bash(f"{SWEEP} x=1,2")
    said = folder.process("python -W ignore train.py +restart=last", status=2).said
    assert said[0].startswith("runner: +restart=last restarts nothing without -m, and ")


@pytest.mark.parametrize("word", ["+restart=true", "+restart=20240101", "+restart=never", "x=1"])
def test_a_flag_named_restart_is_a_programs_own(tmp_path: Path, word: str) -> None:
    folder = program(tmp_path)
    folder.bash(f"{SWEEP} x=1,2")

    typed = folder.process(f"python -W ignore train.py {word}")

    assert typed.out == "x 1\n"
    assert "restart" not in typed.err


def test_with_a_mode_in_the_yaml_a_restart_needs_no_m(tmp_path: Path) -> None:
    folder = program(
        tmp_path,
        "defaults: [override hydra/sweeper: runner]\nx: 1\nhydra: {mode: MULTIRUN}\n",
    )
    folder.bash("python -W ignore train.py x=1,2")
    batch = folder.batches()[0]["id"]

    typed = folder.bash(f"python -W ignore train.py +restart={batch} +needed=true")

    assert "Skipping 2 completed trials" in typed.said


def test_the_plugin_makes_no_start_of_another_program_slower(tmp_path: Path) -> None:
    folder = program(tmp_path)
    ended = subprocess.run(
        ["bash", "-c", "python -W ignore -X importtime train.py x=1"],
        cwd=tmp_path,
        env=folder._environment({}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "hydra_sweep_runner" not in ended.stderr
