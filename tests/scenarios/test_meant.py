"""Slips of the first day: each is told with what was meant, and nothing happens in its place."""

from __future__ import annotations

import shlex
from pathlib import Path

import hydra
import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

TRAIN = """
    import argparse
    import os

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", "--learning-rate", type=float, default=0.1)
    parser.add_argument("--out", default="out")
    given = parser.parse_args()
    os.makedirs(given.out)
    print(f"loss: {'nan' if given.lr > 1 else given.lr}")
"""
CONFIG = "operation: {script: train.py}\nlr: 0.1\nhydra: {launcher: {n_jobs: 1}}\n"
NESTED = """
    operation: {command: [echo, "${model.optimizer.lr}"]}
    model: {optimizer: {lr: 0.1}, size: 3}
"""


@pytest.fixture(scope="module")
def swept(make_project: MakeProject) -> Project:
    """A sweep of two trials, one of which reports a NaN; nothing changes it."""
    project = make_project({"conf/config.yaml": CONFIG, "train.py": TRAIN})
    project.run("-m", "lr=0.1,3")
    return project


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-m", "learning-rate=3,4"], "option --lr: give the flag lr"),
        (["+restart=last:batch", "learning-rate=3"], "option --lr: give the flag lr"),
        (["-m", "lr=8;16"], "values have commas between them: lr=8,16; as a text:"),
        (
            ["compare", "last:batch", "--min", "min(train/loss)"],
            'one that is no plain word is written min(scalar["train/loss"])',
        ),
        (["-m", "lr=None,1"], "--lr of train.py takes a number (type=float)"),
        (["-m", "lr=0.1..0.5"], "a range is swept over by -m 'lr=range(0.1,0.5,STEP)'"),
        (["lr='0.1,0.2'"], "to sweep over them: -m lr=0.1,0.2"),
        (["-m", "lr=1,2", "hydra.n_jobs=2"], "trials run at once is hydra.launcher.n_jobs=2"),
        (["runs", "list", "--batch", "last"], "; last:batch stands for the newest batch"),
        (["watch", "last"], "; last:batch stands for the newest batch"),
        (["runs", "undelete"], "Did you mean 'restore'?"),
        (["runs", "restore", "last"], "runner runs restore --list shows their ids"),
        (["runs", "export", "last:batch"], "runner runs export kept.tar.gz last:batch"),
        (["runs", "list", "--sort", "lr", "desc"], "--sort is turned round by --reverse"),
        (["runs", "list", "--sort", "lr", "asc"], "--sort is the least first without --reverse"),
        (
            ["-m", "lr=1,2", "hydra.sweeper.params.lr=3,4"],
            "is for YAML; on the command line a sweep",
        ),
        (["-m", "+hydra.sweeper.params.lr=3,4"], "a sweep is written -m lr=3,4"),
        (["hydra.sweeper.params.lr=3,4"], "a sweep is written -m lr=3,4"),
        (
            ["-m", "lr=1,2", "hydra.launcher.devices=0,1"],
            "is not swept over: give it one value; a list is written hydra.launcher.devices=[0,1]",
        ),
        (["-m", "lr=1,2", "hydra/launcher=runner,basic"], "is not swept over: give it one value"),
        (["-m", "+lr=0.1,0.2"], "there is a flag lr already; to change it: lr=0.1,0.2"),
        (["-m", "lr=1,2", "+lr=3"], "there is a flag lr already; to change it: lr=3"),
        (["+lr=0.1"], "there is a flag lr already; to change it: lr=0.1"),
        (["+restart=last:batch", "+lr=3"], "there is a flag lr already; to change it: lr=3"),
        (
            ["-m", "lr=1,2", "hydra.sweeper.stop=[{objective: < 9}]"],
            """has to stand in quotes: 'hydra.sweeper.stop=[{objective: "< 9"}]'""",
        ),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(
    swept: Project, words: list[str], says: str
) -> None:
    before = swept.tree()
    (line,) = swept.run(*words, status=2).said
    assert line.startswith("runner: ") and says in line
    assert swept.tree() == before


def test_the_path_of_a_runs_folder_is_answered_with_its_id(swept: Project) -> None:
    run = swept.newest("trial")["id"]
    (line,) = swept.run("runs", "show", f"runs/{run}", status=2).said
    assert line == f"runner: 'runs/{run}' is a path, not a run id: give {run[:8]}"


def test_what_is_not_a_number_can_be_looked_for(swept: Project) -> None:
    assert [run["flags"]["lr"] for run in swept.runs("--where", "loss == nan")] == [3]
    assert [run["flags"]["lr"] for run in swept.runs("--where", "loss < inf")] == [0.1]


def test_a_folder_above_the_store_is_told_with_the_store(swept: Project) -> None:
    said = swept.run("runs", "list", "--store", ".", status=0).said
    assert said == ["There are no runs in .; the store is runs"]


def test_a_list_that_is_cut_says_so_where_it_is_piped(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": "operation: {command: ['true', '${x}']}\nx: 0\n"})
    project.run("-m", "x=range(0,21)", "+init_trials=true")
    assert project.run("runs", "list").said == ["2 more: -n N or --all shows them"]
    assert project.run("runs", "list", "-n", "3").said == []
    assert project.run("runs", "list", "--all").said == []


@pytest.mark.parametrize(
    ("typed", "meant"), [("model.lr=1", "model.optimizer.lr"), ("size=4", "model.size")]
)
def test_a_flag_of_a_deeper_node_is_suggested(
    make_project: MakeProject, typed: str, meant: str
) -> None:
    project = make_project({"conf/config.yaml": NESTED})
    (line,) = project.run(typed, status=2).said
    assert f"did you mean {meant}?" in line


def test_a_file_that_an_earlier_start_has_left_is_told(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": CONFIG, "train.py": TRAIN})
    project.run()
    said = project.run("+restart=last", status=1).said
    (hint,) = (line for line in said if line.startswith("a restart leaves the files"))
    assert project.newest("run")["dir"] in hint and "RUNNER_RESTARTED" in hint


def test_what_was_deleted_is_listed(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": CONFIG, "train.py": TRAIN})
    assert project.run("runs", "restore", "--list").said == ["No deleted runs"]
    project.run("lr=0.5")
    run = project.newest("run")
    project.delete(run["id"])
    (_, line) = project.run("runs", "restore", "--list").lines
    assert line.split()[:3] == [run["id"][:8], "train.py", "completed"] and "lr=0.5" in line
    assert Path(run["dir"]).exists() is False
    project.run("runs", "restore", run["id"][:8])
    assert project.run("runs", "restore", "--list").lines == []


def test_standard_error_of_its_own_has_the_end_of_a_failure_once(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: fails.py}\nx: 0\n",
            "fails.py": "x = 0\nprint('said', x)\nraise ValueError('no good')\n",
        }
    )
    result = project.run("-m", "x=1,2", "hydra.launcher.n_jobs=2", status=1)
    assert sorted(result.lines) == ["said 1", "said 2"]
    lines = [line.strip() for line in result.err.splitlines()]
    assert lines.count("ValueError: no good") == 2
    assert sorted(line for line in lines if line.startswith("said ")) == ["said 1", "said 2"]


def test_words_of_a_command_that_stand_in_one_element_are_told(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": "operation: {command: [python train.py]}\n"})
    (line,) = project.run(status=2).said
    assert line.endswith("is not in PATH; each argument is an element: [python, train.py, …]")


def test_an_experiment_that_overrides_what_nothing_chooses_is_told_how_it_is_written(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": CONFIG,
            "train.py": TRAIN,
            "conf/model/big.yaml": "size: 3\n",
            "conf/experiment/over.yaml": """
                # @package _global_
                defaults: [{override /model: big}]
            """,
            "conf/experiment/inside.yaml": "defaults: [{override /model: big}]\n",
        }
    )
    (line,) = project.run("+experiment=inside", status=2).said
    assert "with `# @package _global_` as its first line it overrides the project's" in line
    (line,) = project.run("+experiment=over", status=2).said
    assert line.startswith("runner: experiment/over.yaml overrides the choice of the config group")
    assert "write `- /model: NAME` there" in line


PROGRAM = "import hydra\n@hydra.main(config_path='conf')\ndef main(cfg): ...\n"


def test_a_sweep_typed_in_the_folder_of_a_hydra_program_is_told_how_the_program_starts_it(
    make_project: MakeProject,
) -> None:
    project = make_project({"conf/config.yaml": "lr: 0.1\n", "train.py": PROGRAM})
    start = "train.py is a Hydra program: python train.py -m hydra/sweeper=runner"
    (line,) = project.run("-m", "lr=1,2", "+tags=[a, b]", status=2).said
    assert line.endswith(f"the configuration has no operation; {start} lr=1,2 '+tags=[a, b]'")
    (line,) = project.run(status=2).said
    assert line.endswith(start)
    other = make_project({"conf/main.yaml": "lr: 0.1\n", "train.py": PROGRAM})
    (line,) = other.run("-m", "lr=1,2", status=2).said
    assert line.endswith(f"{start} FLAG=VALUE,VALUE")


@pytest.mark.parametrize(
    "defaults", ["[base, _self_]", "[schema/base, _self_]", "[model: small, _self_]"]
)
def test_a_config_that_only_a_hydra_program_has_is_told_with_how_the_program_is_started(
    make_project: MakeProject, defaults: str
) -> None:
    config = f"defaults: {defaults}\nlr: 0.1\n"
    project = make_project({"conf/config.yaml": config, "train.py": PROGRAM})
    start = "train.py is a Hydra program: python train.py -m hydra/sweeper=runner"
    (line,) = project.run("-m", "lr=1,2", status=2).said
    assert "In 'config': Could not " in line
    assert line.endswith(f"'; {start} lr=1,2")
    (project.folder / "train.py").unlink()
    (line,) = project.run("-m", "lr=1,2", status=2).said
    assert "In 'config': Could not " in line
    assert "Hydra program" not in line


@pytest.mark.parametrize("flag", ["model.alpha=0.1,0.2", "model.alpha=0.5", "+model.alpha=1,2"])
@pytest.mark.parametrize("choices", ["model=logreg,tree", "model=tree,logreg"])
def test_a_flag_that_one_swept_choice_lacks_is_told_with_that_choice_and_a_way_out_that_works(
    make_project: MakeProject, flag: str, choices: str
) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                defaults: [model: logreg, data: one, _self_]
                operation: {command: [echo, "${model.name}"]}
            """,
            "conf/model/logreg.yaml": "{name: logreg, alpha: 1}",
            "conf/model/tree.yaml": "{name: tree, depth: 3}",
            "conf/data/one.yaml": "size: 1",
            "conf/data/two.yaml": "size: 2",
        }
    )
    (line,) = project.run("-m", choices, flag, "data=one,two", status=2).said
    changed = flag.lstrip("+")
    assert line == (
        f"runner: {flag}: with model=tree there is no flag model.alpha, with model=logreg there "
        f"is: start a sweep for each, or give ++{changed}, which adds the flag where it is missing"
    )
    project.run("-m", choices, f"++{changed}", "+print_trials=true")
    project.run("-m", "model=logreg", changed, "+print_trials=true")
    (line,) = project.run("-m", choices, "model.alfa=1", status=2).said
    assert "unknown flag 'model.alfa'" in line


MISPLACED = "runner: experiment/fine.yaml sets experiment.lr, not lr: it lacks its first line"


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("script: train.py", TRAIN),
        ("script: train.py", "lr = 0\n"),
        ("function: train.go", "def go(lr):\n    return lr\n"),
    ],
)
@pytest.mark.parametrize("words", ["+experiment=fine", "-m +experiment=fine,good"])
def test_an_experiment_without_its_package_line_is_named(
    make_project: MakeProject, operation: str, code: str, words: str
) -> None:
    project = make_project(
        {
            "conf/config.yaml": f"operation: {{{operation}}}\nlr: 0.1\n",
            "train.py": code,
            "conf/experiment/fine.yaml": "lr: 0.3\n",
            "conf/experiment/good.yaml": "# @package _global_\nlr: 0.3\n",
            "conf/experiment/other.yaml": "depth: 3\n",
        }
    )
    (line,) = project.run(*words.split(), status=2).said
    assert line.startswith(MISPLACED)
    (line,) = project.run("+experiment=other", status=2).said
    assert "first line" not in line
    assert not project.store.exists()


def test_a_misspelt_flag_that_is_nearer_than_an_option_is_told_as_that_flag(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: [echo, "${seed}", "${x.lbel}"]}
                seed: 3
                x: {lbel: 1}
            """
        }
    )
    for typed, told in (
        ("+seeed=4", "did you mean seed=4?"),
        ("+need=true", "did you mean +needed=true?"),
        ("+neded=true", "did you mean +needed=true?"),
        ("+labl=a", "did you mean +label=a?"),
    ):
        (line,) = project.run(typed, status=2).said
        assert told in line


def test_a_line_break_is_quoted_as_a_shell_reads_it_back(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": CONFIG, "train.py": TRAIN})
    (line,) = project.run("out=a\nb", status=2).said
    assert line.endswith("as a text: $'out=\\'a\\nb\\''")


@pytest.mark.skipif(not hydra.__version__.startswith("1.3"), reason="Hydra 1.4 takes it")
def test_a_mapping_of_params_on_the_command_line_is_told(swept: Project) -> None:
    (line,) = swept.run("-m", "+hydra.sweeper.params={lr: '3,4'}", status=2).said
    assert "is for YAML; on the command line, sweep with -m" in line


@pytest.mark.parametrize(("before", "is_told"), [("lr 0.1", True), ("- adam w", False)])
def test_only_a_name_that_lacks_its_colon_is_told_as_such(
    make_project: MakeProject, before: str, is_told: bool
) -> None:
    project = make_project({"conf/config.yaml": f"optimizer:\n  {before}\n    depth: 3\n"})
    (line,) = project.run(status=2).said
    assert ("the line before lacks a colon: `lr: 0.1`" in line) is is_told
    assert "line 3" in line


def test_an_interpolation_of_a_command_that_names_nothing_is_answered_with_a_near_flag(
    make_project: MakeProject,
) -> None:
    project = make_project({"conf/config.yaml": NESTED.replace("optimizer.lr}", "optimiser.lr}")})
    (line,) = project.run("model.size=2", status=2).said
    assert line == (
        "runner: operation.command.1 cannot be resolved: Interpolation key 'model.optimiser.lr' "
        "not found; did you mean ${model.optimizer.lr}?"
    )


def test_a_rule_that_was_refused_is_taken_as_it_is_printed(swept: Project) -> None:
    (line,) = swept.run("-m", "lr=1,2", "hydra.sweeper.stop=[{result: < 9}]", status=2).said
    (word,) = shlex.split(line.partition("has to stand in quotes: ")[2])
    assert swept.table("-m", "lr=1,2", word)[1:] == ["1  1", "2  2"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("cat 'in/my none.txt'", "in/my none.txt is not there: "),
        ("cat in/none.txt", "in/none.txt is not there: "),
        ("echo > 'out/res 2 in/b.txt'", "make it first by mkdir -p 'out/res 2 in'; what is"),
        (
            "echo 'awk: cannot open in/none.txt (No such file or directory)'; exit 1",
            "in/none.txt is not there: ",
        ),
        ("cat 'my notes.txt'", "name it in operation.requires: [in, go.sh, my notes.txt]"),
    ],
)
def test_a_missing_file_with_white_space_in_its_name_is_told(
    make_project: MakeProject, command: str, told: str
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {command: [bash, go.sh], requires: [in, go.sh]}\n",
            "go.sh": f"{command}\n",
            "in/a.txt": "",
            "my notes.txt": "",
        }
    )
    said = project.run(status=1).said
    assert sum(told in line for line in said) == 1
    assert not any(line.startswith("in/b.txt") for line in said)


def test_tags_with_commas_are_several_as_in_the_option(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": "operation: {command: ['true']}\n"})
    project.run("+tags=a,b", "+label=x")
    project.run("runs", "tag", "last", "+c,d", "+e")
    assert project.newest("run")["tags"] == ["a", "b", "c", "d", "e"]
    project.run("runs", "tag", "last", "-a,c")
    assert project.newest("run")["tags"] == ["b", "d", "e"]
    project.run("+restart=last", "+tags=['x,y',z]")
    project.run("runs", "tag", "last", "-x,y")
    assert project.newest("run")["tags"] == ["z"]
    assert "a tag has a name" in project.run("runs", "tag", "last", "+a,,b", status=2).err


def test_a_tag_that_begins_with_a_sign_is_removed(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": "operation: {command: ['true']}\n"})
    project.run("+tags=[-draft,b]")
    assert project.run("runs", "tag", "last", "--draft").said == ["Changed 1 run(s)"]
    assert project.newest("run")["tags"] == ["b"]


def test_the_ids_of_filters_are_tagged_as_the_answer_says(make_project: MakeProject) -> None:
    project = make_project({"conf/config.yaml": "operation: {command: ['true', '${x}']}\nx: 0\n"})
    project.run("-m", "x=1,2,3")
    (line,) = project.run("runs", "tag", "--where", "x > 1", "+good", status=2).said
    told = line.partition("runner runs tag $(runner ")[2]
    inner, _, rest = told.partition(" | tail -n +2) ")
    found = project.run(*shlex.split(inner)).lines[1:]
    assert project.run("runs", "tag", *found, *rest.split()).said == ["Changed 2 run(s)"]
    assert [run["flags"]["x"] for run in project.runs("--tag", "good")] == [3, 2]


def test_what_begins_with_a_minus_can_be_a_value(swept: Project) -> None:
    lrs = [run["flags"]["lr"] for run in swept.runs("--sort", "-lr", "--kind", "trial")]
    assert lrs == [3, 0.1]
    assert len(swept.runs("--where", "-lr < -1")) == 1
    assert len(swept.runs("--where=--lr > 1")) == 1
    assert len(swept.run("compare", "last:batch", "--csv", "-", "-n1").lines) == 2


@pytest.mark.parametrize("words", ["--help compare", "-h compare", "--help runs list"])
def test_help_before_a_command_is_the_help_of_that_command(swept: Project, words: str) -> None:
    word, *command = words.split()
    assert swept.run(*words.split()).out == swept.run(*command, "--help").out
    assert f"Usage: runner {' '.join(command)}" in swept.run(word, *command).out


def test_a_script_that_was_moved_away_is_told_and_another_failure_is_not_put_down_to_it(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: main.py}\nx: 1\n",
            "main.py": """
                import os
                x = 1
                os.rename(__file__, __file__ + ".old")
                raise SystemExit("no luck")
            """,
        }
    )
    said = project.run("-m", "x=1,2", "hydra.launcher.n_jobs=1", status=1).said
    told = [line for line in said if "the script is not there any more" in line]
    assert len(told) == 1 and told[0].endswith(str(project.folder / "main.py"))


def test_the_overrides_that_are_shown_start_the_same_run_again(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: main.py}\nnote: a\n",
            "main.py": "note = ''\nprint(note)\n",
        }
    )
    project.run('note="it\'s $HOME"')
    shown = project.run("runs", "show", "last").lines
    (line,) = (line for line in shown if line.startswith("overrides: "))
    words = shlex.split(line.removeprefix("overrides: "))
    assert project.run(*words).lines == ["it's $HOME"]


def test_a_choice_from_an_optional_group_that_chooses_nothing_is_told(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": f"defaults: [_self_, optional local: null]\n{CONFIG}",
            "conf/local/laptop.yaml": "# @package _global_\nlr: 3\n",
            "train.py": TRAIN,
        }
    )
    told = (
        "local=laptp chooses nothing: there is no such config, and the defaults list calls the "
        "group optional; did you mean local=laptop?"
    )
    for words in (["local=laptp"], ["-m", "local=laptop,laptp"], ["+restart=last:batch"]):
        again = ["local=laptp"] if "+restart=last:batch" in words else []
        assert project.run(*words, *again, status=None).said.count(told) == 1
    for known in ("laptop", "laptop.yaml"):
        assert "chooses nothing" not in project.run("-m", f"local={known}", "lr=1,2").err


def test_one_text_with_commas_that_is_swept_over_in_pieces_is_told(swept: Project) -> None:
    told = (
        "+out=small lr, big batch is 2 values of out; one text with its commas is written "
        "'+out=\"small lr, big batch\"'"
    )
    preview = swept.run("-m", "+out=small lr, big batch", "+print_trials=true", status=None)
    assert told in preview.said
    for one in ("+out=a, b", '+out="small lr, big batch"', "+out=[a b, c d]"):
        assert "is written" not in swept.run("-m", one, "+print_trials=true", status=None).err


def test_a_value_that_a_script_refuses_is_told_to_be_in_the_yaml_if_it_is(
    make_project: MakeProject,
) -> None:
    config = CONFIG.replace("lr: 0.1", "lr: 0.1,0.2\nout: a")
    project = make_project({"conf/config.yaml": config, "train.py": TRAIN})
    told = "lr=0.1,0.2: --lr of train.py takes a number (type=float)"
    for words in ([], ["-m", "out=a,b"]):
        (line,) = project.run(*words, status=2).said
        assert line.startswith(f"runner: in the YAML, {told}")
    (line,) = project.run("-m", "lr='0.1,0.2',3", status=2).said
    assert line.startswith(f"runner: {told}")
