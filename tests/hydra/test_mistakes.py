"""Mistakes in a sweep of a Hydra program, those among them that Hydra finds before it asks
any sweeper."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from hydra_plugins.runner.launcher import RunnerLauncherConf
from hydra_sweep_runner.compose.settings import LAUNCHER_KEYS
from tests.hydra.program import SWEEPER, Program

PROGRAM = {
    "conf/config.yaml": "lr: 0.1\nhydra: {output_subdir: null}\n",
    "a_file": "not a folder",
    "train.py": """
        import sys
        import hydra

        if "broken" in sys.argv:
            import hydra_sweep_runner.program.session

            def find_sweep_dir(config):
                raise KeyError("no entry")

            hydra_sweep_runner.program.session.find_sweep_dir = find_sweep_dir
            sys.argv.remove("broken")

        @hydra.main(version_base=None, config_path="conf", config_name="config")
        def main(cfg):
            return cfg.lr

        if __name__ == "__main__":
            main()
    """,
}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program(tmp_path / "project", {"PYTHONDONTWRITEBYTECODE": "1"})
    program.write(PROGRAM)
    return program


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("+restart=ffffffff", "no run begins with 'ffffffff'"),
        ("+restart=../x", "'../x' is not a run id"),
        ("lr=1,2 +max_trials=0", "+max_trials=0: must be an integer"),
        ("nosuch=1,2", "unknown flag 'nosuch'; there are lr"),
        ("lr=interval(1,0)", "give the lower one first"),
        ("lr=1,2 hydra.sweeper.max_batch_size=0", "max_batch_size=0"),
        ("lr=1,2 hydra.sweeper.store=a_file", "a_file is not a folder"),
        ("lr=1,2 hydra/launcher=runner hydra.launcher.n_jobs=0", "n_jobs=0"),
        ("lr=1,2 hydra.launcher._target_=nosuch.X", "nosuch.X"),
        ("lr=1,2 hydra.launcher=null", "hydra.launcher cannot be made"),
        ("lr=1,2 +hydra.launcher.mem_gb=3", "hydra.launcher cannot be made"),
        ("lr=1,2 hydra/launcher=runner +hydra.launcher.mem_gb=3", "has no setting 'mem_gb'"),
    ],
)
def test_a_mistake_gets_one_line_and_changes_nothing(
    program: Program, typed: str, says: str
) -> None:
    before = program.tree()
    result = program.python("train.py", "-m", SWEEPER, *typed.split(), status=2)
    assert says in result.err
    assert len(result.said) == 1
    assert result.out == ""
    assert program.tree() == before


@pytest.mark.parametrize("launcher", ["basic", "runner"])
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("hydra.sweep.dir=a_file/x", "hydra.sweep.dir: the output folder a_file/x cannot be used"),
        ("hydra.sweep.dir=a_file", "cannot be used: a_file is not a folder"),
        ("'hydra.sweep.dir=a_file/${now:%H}'", "cannot be used: a_file is not a folder"),
        ("hydra.sweep.dir=/proc/x", "/proc takes no new folder (no such file or directory)"),
        ("hydra.sweep.dir=dangling", "dangling is a link that leads nowhere"),
        ("hydra.sweep.dir=loop/x", "too many levels of symbolic links"),
        (f"hydra.sweep.dir={'long' * 70}", "takes 255; shorten hydra.sweep.dir"),
        (f"hydra.sweep.dir={'a/b/' * 1100}x", "hydra.sweep.dir: the output folder"),
        (f"hydra.sweep.subdir={'long' * 70}", "takes 255; shorten hydra.sweep.subdir"),
        ("hydra.sweep.dir=. hydra.sweep.subdir=a_file", "hydra.sweep.subdir: the output folder"),
        ("hydra.sweep.dir=. hydra.sweep.subdir=/proc/x", "hydra.sweep.subdir: the output folder"),
        ("'hydra.sweep.subdir=${nope}'", "hydra.sweep.subdir cannot be resolved: Interpolation"),
        ("+a.b=1 'hydra.sweep.subdir=${a}'", "hydra.sweep.subdir cannot be resolved: "),
        ("'hydra.sweep.subdir=${oc.env:NOPE}'", "Environment variable 'NOPE' not found"),
    ],
)
def test_an_output_folder_that_cannot_be_made_is_a_mistake_before_the_batch_is_there(
    program: Program, launcher: str, typed: str, says: str
) -> None:
    (program.folder / "dangling").symlink_to("nowhere")
    (program.folder / "loop").symlink_to("loop")
    before = program.tree()
    words = ("train.py", "-m", SWEEPER, f"hydra/launcher={launcher}", "lr=1,2")
    result = program.python(*words, *shlex.split(typed), status=2)
    assert says in result.err
    assert (len(result.said), result.out) == (1, "")
    assert program.tree() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_an_output_folder_that_the_user_may_not_write_is_a_mistake(program: Program) -> None:
    (program.folder / "shut").mkdir(mode=0o555)
    words = ("train.py", "-m", SWEEPER, "lr=1,2", "hydra.sweep.dir=shut/x")
    result = program.python(*words, status=2)
    assert "shut cannot be written" in result.err
    assert not program.store.exists()


def test_a_sweeps_folder_that_cannot_be_written_later_fails_as_the_store_does(
    program: Program,
) -> None:
    (program.folder / "out/multirun.yaml").mkdir(parents=True)
    words = ("train.py", "-m", SWEEPER, "lr=1,2", "hydra.sweep.dir=out")
    result = program.python(*words, status=74)
    assert "hydra.sweep.dir: " in result.err and "out/multirun.yaml cannot be written" in result.err
    assert program.newest("batch")["status"] == "terminated"


def test_a_bug_is_told_with_its_file(program: Program, tmp_path: Path) -> None:
    (tmp_path / "bugs").mkdir()
    words = ("train.py", "broken", "-m", SWEEPER, "lr=1,2")
    result = program.python(*words, status=70, TMPDIR=str(tmp_path / "bugs"))
    (file,) = (tmp_path / "bugs").iterdir()
    assert str(file) in result.err
    assert len(result.said) == 1
    assert "in find_sweep_dir" in file.read_text()


def _train(program: Program, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own: the plugin looks at the command line of the
    process."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "train.py", *words],
        cwd=program.folder,
        capture_output=True,
        text=True,
        check=False,
    )


def _mistake(program: Program, *words: str) -> str:
    """The one line of a mistake in a sweep, which changes nothing and ends with status 2."""
    before = program.tree()
    ended = _train(program, "-m", *words)
    (line,) = ended.stderr.splitlines()
    assert line.startswith("runner: ")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert program.tree() == before
    return line


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (
            "lr=1,2 n_jobs=2",
            "how many trials run at once is hydra/launcher=runner hydra.launcher.n_jobs=2",
        ),
        ("lr=1,2 hydra.launcher.n_jobs=2", "hydra/launcher=basic has none; add hydra/launcher="),
        ("lr=1,2 hydra/launcher=runner hydra.launcher.n_job=2", "is hydra.launcher.n_jobs=2"),
        ("lr=1,2 hydra.sweeper.max_trial=2", "did you mean hydra.sweeper.max_trials=2?"),
        ("lr=1,2 hydra/launcher=nosuch", "Could not find 'hydra/launcher/nosuch'"),
        ("lr=[1,2", "cannot read the override 'lr=[1,2': [ (character 4) is not closed"),
        ("lr=1,2 +x", "it has no value; write name=value (+x=…)"),
        ("lr=1,2 x@=3", "Override x@=3 looks like a config group override"),
        ("+hydra.sweeper.params.lr=1", "on the command line, sweep with -m name=value"),
        ("lr=1,2 nosuch=1 +neded=true", "did you mean +needed=true?"),
        ("lr==1,2", "one = stands between a flag's name and its value: lr=1,2"),
        ("lr=1,2 hydra.sweeper=basic", "is written with a slash: hydra/sweeper=basic"),
        ("lr=1,2 hydra.sweep_dir=out", "did you mean hydra.sweep.dir=out?"),
        ("lr=1,2 sweep.dir=out", "settings of Hydra begin with hydra: hydra.sweep.dir=out"),
        ("lr=1,2 +n_jobs=2", "after hydra/launcher=runner, hydra.launcher.n_jobs=2"),
        ("lr=1,2 nosuch.x=1", "unknown flag 'nosuch.x'"),
        ("lr=1,2 hydra.sweeper.params.lr=3,4", "a sweep is written -m lr=3,4"),
        ("lr=1,2 hydra.sweep.dir=a,b", "is not swept over: give it one value"),
        ("+lr=1", "there is a flag lr already; to change it: lr=1"),
        ("+lr=1,2", "there is a flag lr already; to change it: lr=1,2"),
    ],
)
def test_what_hydra_refuses_before_it_asks_a_sweeper_gets_one_line_too(
    program: Program, typed: str, says: str
) -> None:
    assert says in _mistake(program, SWEEPER, *typed.split())


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("hydra/sweeper=runer", "did you mean hydra/sweeper=runner? (there are "),
        ("hydra.sweeper=runner", "written with a slash: hydra/sweeper=runner"),
        ("+hydra/sweeper=runner", "the sweeper is chosen without +: hydra/sweeper=runner"),
    ],
)
def test_a_word_that_was_meant_to_choose_our_sweeper_is_told_how_it_is_written(
    program: Program, typed: str, says: str
) -> None:
    ended = _train(program, "-m", typed, "lr=1,2")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("runner: ") and says in line
    assert ended.returncode == 2


def test_an_added_flag_that_is_like_a_config_group_is_a_mistake_in_a_program(
    program: Program,
) -> None:
    program.write({"conf/experiment/fine.yaml": "# @package _global_\nlr: 0.5\n"})
    before = program.tree()
    ended = _train(program, "-m", SWEEPER, "+experimnt=fine", "lr=1,2")
    (line,) = ended.stderr.splitlines()
    assert "did you mean +experiment=fine?" in line
    assert (ended.returncode, program.tree()) == (2, before)


GROUPS = {
    "conf/config.yaml": """
        defaults: [_self_, {model: mlp}, {optional experiment: null}]
        lr: 0.1
        seed: 1
        amp: false
        ckpt: null
    """,
    "conf/model/mlp.yaml": "optimizer: {lr: 0.1}\nhidden: [64, 32]\n",
    "conf/model/linear.yaml": "optimizer: {lr: 0.2}\nhidden: [1]\n",
    "conf/experiment/slash.yaml": """
        # @package _global_
        defaults: [{override model: linear}]
    """,
    "conf/experiment/slip.yaml": """
        # @package _global_
        defaults: [{override /modle: linear}]
    """,
    "conf/experiment/dots.yaml": """
        # @package _global_
        hydra.sweeper.params:
          lr: 0.1,0.01
    """,
}


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("experiment=slash", "the config group model has a slash before it there, `override /mod"),
        ("experiment=slip", "there is no config group modle; did you mean `override /model`?"),
        (
            "model.optimizer={lr:0.1,momentum:0.9}",
            "model.optimizer has no entry 'momentum'; to add it: +model.optimizer.momentum=0.9",
        ),
        ("model/optimizer.lr=1,2", "have dots between them: model.optimizer.lr=1,2"),
        ("model.hidden=(64,32)", "a list is written 'model.hidden=[64,32]'"),
        ("experiment.slash", "or experiment=slash for a choice from a config group"),
    ],
)
def test_mistakes_in_a_program_of_config_groups_lead_to_what_is_right(
    program: Program, typed: str, says: str
) -> None:
    program.write(GROUPS)
    assert says in _mistake(program, SWEEPER, typed)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (
            "experiment=dots",
            "hydra.sweeper.params in the YAML is one name with dots in it, and sets nothing of "
            "Hydra's: it is written hydra: {sweeper: {params: …}}",
        ),
        (
            "+direction=maximize",
            "+direction=maximize adds a flag direction to the program; the runner's own is "
            "+objective=-… (- maximises)",
        ),
        (
            "+store=other",
            "+store=other adds a flag store to the program; the runner's own is "
            "hydra.sweeper.store=…",
        ),
        (
            "+sweeper.max_trials=1",
            "+sweeper.max_trials=1 adds a flag sweeper.max_trials to the program; settings of "
            "Hydra begin with hydra: hydra.sweeper.max_trials",
        ),
        (
            'lr="0.1,0.01"',
            "lr=\"0.1,0.01\": '0.1,0.01' is a text, where the YAML has 0.1; several values are "
            "swept by -m lr=0.1,0.01",
        ),
        (
            "lr=0.1 0.01",
            "lr=0.1 0.01: '0.1 0.01' is a text, where the YAML has 0.1; several values are swept "
            "by -m lr=0.1,0.01",
        ),
        (
            "seed=1-3",
            "seed=1-3: '1-3' is a text, where the YAML has 1; the numbers of a range are swept by "
            "-m 'seed=range(1,4)'",
        ),
        (
            "seed=1:4",
            "seed=1:4: '1:4' is a text, where the YAML has 1; the numbers of a range are swept by "
            "-m 'seed=range(1,4)'",
        ),
        (
            "amp=no",
            "amp=no: 'no' is a text, where the YAML has false; a truth value is written amp=true "
            "or amp=false",
        ),
        (
            "amp=true,Flase",
            "amp=true,Flase: 'Flase' is a text, where the YAML has false; a truth value is written "
            "amp=true or amp=false",
        ),
        (
            "ckpt=None",
            "ckpt=None: 'None' is a text, where the YAML has null; no value is written ckpt=null",
        ),
        (
            "model.hidden=64,32",
            "model.hidden=64,32 is 2 trials, where the YAML has a list, [64, 32]; one list is "
            "written 'model.hidden=[64,32]'",
        ),
        ("model.hidden=[64,32],[16]", None),
        ("seed=auto", None),
        ("ckpt=last", None),
    ],
)
def test_what_is_taken_otherwise_than_it_looks_is_told_and_run(
    program: Program, typed: str, says: str | None
) -> None:
    program.write(GROUPS)
    told = _train(program, "-m", SWEEPER, typed)
    assert told.returncode == 0
    lines = told.stderr.splitlines()
    assert re.match(r"Batch \w+: \d trial", lines[0])
    odd = [line for line in lines[1:] if not re.match("Initialized|Running|Batch", line)]
    assert odd == ([] if says is None else [says])


def test_a_choice_that_only_the_present_yaml_has_is_refused_on_a_restart(program: Program) -> None:
    program.write(GROUPS)
    program.write({"conf/experiment/one.yaml": "# @package _global_\nseed: 3\n"})
    program.python("train.py", "-m", SWEEPER, "experiment=one")
    program.write({"conf/experiment/two.yaml": "# @package _global_\nseed: 4\n"})
    batch = program.newest("batch")["id"][:8]
    line = _mistake(program, SWEEPER, f"+restart={batch}", "experiment=one,two")
    assert line == (
        f"runner: experiment=two: the copy of the YAML that {batch} was made with has no such "
        "config; the project's present YAML has it, and +refresh=true takes that"
    )
    program.python(
        *("train.py", "-m", SWEEPER, f"+restart={batch}", "experiment=one,two", "+refresh=true")
    )
    assert [trial["flags"]["seed"] for trial in program.trials()] == [3, 4]


def test_a_swept_element_of_a_list_is_shown_with_its_list(program: Program) -> None:
    program.write(GROUPS)
    program.python("train.py", "-m", SWEEPER, "model.hidden.0=32,16")
    shown = program.run("runs", "show", program.trials()[1]["id"]).out
    assert "model.hidden: [16, 32] (sweep)" in shown


CHOSEN = {
    "conf/config.yaml": "defaults: [{override hydra/sweeper: runner}, _self_]\nlr: 0.1\n",
    "conf/plain.yaml": "defaults: [experiment: null, model: mlp, _self_]\nlr: 0.1\n",
    "conf/model/mlp.yaml": "width: 3\n",
    "conf/experiment/sweep.yaml": """
        # @package _global_
        defaults: [{override /hydra/sweeper: runner}]
    """,
}


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("lr=1,2 nosuch=1,2", "unknown flag 'nosuch'; there are lr"),
        ("lr=1,2 hydra/launcher=nosuch", "nosuch"),
        ("-cn plain experiment=sweep lr=[1,2", "lr=[1,2"),
        ("-cn plain experiment=sweep hydra.sweeper.nosuch=1", "nosuch"),
    ],
)
def test_a_mistake_is_told_alike_where_the_configuration_chooses_our_sweeper(
    program: Program, typed: str, says: str
) -> None:
    program.write(CHOSEN)
    assert says in _mistake(program, *typed.split())


BROKEN = "lr:0.1\nmore: 2\n"
OURS_BROKEN = "defaults:\n- override hydra/sweeper: runner\n- _self_\nlr: 1\nlr: 2\n"


@pytest.mark.parametrize(
    ("files", "typed", "says"),
    [
        ({"config.yaml": BROKEN}, f"{SWEEPER} lr=1,2", "config.yaml, line 2, column 5: mapping"),
        ({"config.yaml": BROKEN}, f"{SWEEPER} +restart=last:batch", "config.yaml, line 2"),
        ({"config.yaml": "lr: 1\nlr: 2\n"}, f"{SWEEPER} lr=1,2", "found duplicate key lr"),
        ({"model/mlp.yaml": BROKEN}, f"-cn plain {SWEEPER} lr=1,2", "model/mlp.yaml, line 2"),
        ({"experiment/x.yaml": BROKEN}, f"-cn plain {SWEEPER} experiment=x", "experiment/x.yaml"),
        ({"config.yaml": OURS_BROKEN}, "lr=1,2", "found duplicate key lr"),
        ({"config.yaml": OURS_BROKEN}, "+restart=last:batch", "found duplicate key lr"),
        ({"experiment/x.yaml": OURS_BROKEN}, "-cn plain experiment=x", "found duplicate key lr"),
        ({"model/mlp.yaml": BROKEN}, "-cn plain experiment=sweep", "model/mlp.yaml, line 2"),
        ({}, f"-cn plain {SWEEPER} experiment=null", "experiment=null: experiment is a config gr"),
        ({}, f"-cn plain {SWEEPER} +restart=last experiment=null", "is a config group: give the"),
    ],
)
def test_what_cannot_be_read_of_the_configuration_gets_one_line(
    program: Program, files: dict[str, str], typed: str, says: str
) -> None:
    program.write(CHOSEN | {f"conf/{name}": text for name, text in files.items()})
    assert says in _mistake(program, *typed.split())


@pytest.mark.parametrize(
    ("launcher", "setting", "says"),
    [
        ("basic", "njobs", "the defaults list, did you mean n_jobs?"),
        ("basic", "n_jobs", "with `override hydra/launcher: runner` in the defaults list, it has"),
        ("runner", "njobs", "has no setting 'njobs'; did you mean n_jobs?"),
    ],
)
def test_a_setting_in_the_yaml_that_the_launcher_does_not_have_is_told_with_its_file(
    program: Program, launcher: str, setting: str, says: str
) -> None:
    program.write({"conf/config.yaml": f"lr: 0.1\nhydra: {{launcher: {{{setting}: 3}}}}\n"})
    ended = _train(program, "-m", SWEEPER, f"hydra/launcher={launcher}", "lr=1,2")
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"runner: config.yaml: hydra.launcher has no setting {setting!r}; ")
    assert says in line and ended.returncode == 2


def test_the_launchers_settings_that_are_suggested_are_those_it_has() -> None:
    have = {field.name for field in fields(RunnerLauncherConf)}
    assert {"_target_", *LAUNCHER_KEYS} == have


@pytest.mark.parametrize(
    "typed",
    ["lr=[1,2", "hydra.sweeper.nosuch=1", "model=nosuch", "model=broken", "hydra/sweeper=basic x"],
)
def test_a_mistake_under_another_sweeper_is_told_in_hydras_words(
    program: Program, typed: str
) -> None:
    program.write(CHOSEN | {"conf/model/broken.yaml": BROKEN})
    ended = _train(program, "-m", "-cn", "plain", *typed.split())
    assert ended.returncode == 1
    assert "runner:" not in ended.stderr


def test_a_sweep_that_is_called_from_python_raises_hydras_exception(program: Program) -> None:
    called = """
        from hydra._internal.hydra import Hydra
        from hydra.errors import HydraException

        if __name__ == "__main__":
            there = Hydra.create_main_hydra_file_or_module(__file__, None, "conf", "called")
            words = ["hydra/sweeper=runner", "nosuch=1"]
            try:
                there.multirun(config_name="config", task_function=print, overrides=words)
            except HydraException as error:
                print("raised", type(error).__name__)
    """
    program.write({"train.py": called})
    ended = _train(program, "-m", "not slow")
    assert (ended.stdout, ended.returncode) == ("raised ConfigCompositionException\n", 0)


def test_a_job_without_m_says_that_nobody_records_it(program: Program) -> None:
    told = f"{SWEEPER} has no effect without -m: this job is not recorded; to record it: -m"
    assert told in _train(program, SWEEPER, "lr=1").stderr.splitlines()
    ended = _train(program, SWEEPER, "+needed=true", "+size=3")
    assert f"{told}; its own flags are +needed=true" in ended.stderr.splitlines()
    assert ended.returncode == 0
    assert not program.store.exists()
    assert "no effect" not in _train(program, "lr=1").stderr
    assert "no effect" not in _train(program, "-m", SWEEPER, "lr=1,2").stderr


def test_an_option_that_the_program_has_an_entry_for_is_told_with_how_it_is_given(
    program: Program,
) -> None:
    config = program.folder / "conf/config.yaml"
    config.write_text(f"{config.read_text()}\nlabel: a\n")
    words = ("-m", SWEEPER, "lr=1,2")
    assert _mistake(program, *words[1:], "+label=b c") == (
        "runner: +label=b c: the program's configuration has an entry label, so Hydra takes this "
        "for a flag; the run option is 'hydra.sweeper.label=b c'"
    )
    program.python("train.py", *words, "hydra.sweeper.label=b c")
    assert program.newest("batch")["label"] == "b c"
