"""The shape of a sweep: pairs, files, what is added and taken away, repeats."""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

PROJECT = {
    "conf/config.yaml": """
        defaults: [_self_, model: small]
        operation: {function: work.loss}
        x: 0
        y: 1
        z: a
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/model/small.yaml": "depth: 3\n",
    "conf/model/large.yaml": "depth: 9\n",
    "work.py": """
        def loss(x, y, z, model):
            return 0.5
    """,
    "trials.csv": """
        x,z,model
        1,b,large
        2,,
        3,"c,d",small
    """,
    "trials.yaml": """
        - {x: 1, model: {depth: 4}}
        - {x: [1, 2], z: '1'}
    """,
}


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    """A project in which nothing is run."""
    return make_project(PROJECT)


def cells(lines: list[str]) -> list[list[str]]:
    """A table's cells, without its numbers."""
    return [line.split()[1:] for line in lines]


def test_zip_pairs_lists_of_equal_length(project: Project) -> None:
    assert cells(project.table("-m", "x=1,2,3", "y=4,5,6", "z=q", "+shape=zip")) == [
        ["x", "y", "z"],
        ["1", "4", "q"],
        ["2", "5", "q"],
        ["3", "6", "q"],
    ]


def test_an_interval_beside_pairs_is_drawn_for_each(project: Project) -> None:
    words = ("-m", "y=4,5,6", "+shape=zip", "+random_seed=42")
    alone = project.table("-m", "x=interval(0,1)", "+random_seed=42", "+max_trials=3")
    drawn = [x for (x,) in cells(alone)[1:]]
    table = cells(project.table(*words, "x=interval(0,1)"))
    assert table[1:] == [["4", drawn[0]], ["5", drawn[1]], ["6", drawn[2]]]


def test_a_file_of_trials_is_the_plan(project: Project) -> None:
    assert project.table("-m", "+trials=trials.csv") == [
        "#  x  z    model",
        "1  1  b    large",
        "2  2  a",
        "3  3  c,d  small",
    ]


def test_flags_that_are_given_replace_those_of_the_file_and_sweeps_multiply_them(
    project: Project,
) -> None:
    table = cells(project.table("-m", "+trials=trials.csv", "y=7,8", "z=q", "model=small"))
    assert table[0] == ["y", "z", "model", "x"]
    assert table[1:] == [[y, "q", "small", x] for x in ("1", "2", "3") for y in ("7", "8")]


def test_several_files_follow_each_other_and_types_survive(project: Project) -> None:
    table = project.table("-m", "+trials=[trials.yaml,trials.csv]")
    assert [line.split("  ")[0] for line in table[1:]] == ["1", "2", "3", "4", "5"]
    assert "[1, 2]" in table[2]


def test_an_interval_beside_a_file_is_drawn_for_each_row(project: Project) -> None:
    words = ("-m", "+random_seed=42", "x=interval(0,1)")
    drawn = [x for (x,) in cells(project.table(*words, "+max_trials=3"))[1:]]
    table = cells(project.table(*words, "+trials=trials.csv"))
    assert [row[0] for row in table[1:]] == drawn


def test_a_sample_of_a_file_only_grows(project: Project) -> None:
    words = ("-m", "+trials=trials.csv", "y=range(0,10)", "+random_seed=3")
    whole = cells(project.table(*words))[1:]
    some = [cells(project.table(*words, f"+max_trials={n}"))[1:] for n in (3, 9)]
    assert [row for row in whole if row in some[1]] == some[1]
    assert [row for row in some[1] if row in some[0]] == some[0]


def test_what_is_included_comes_last_without_what_is_swept(project: Project) -> None:
    table = cells(project.table("-m", "x=1,2", "z=q", "+include=[{x:9},{y:5}]"))
    assert table == [
        ["x", "z", "y"],
        ["1", "q", "1"],
        ["2", "q", "1"],
        ["9", "q", "1"],
        ["0", "q", "5"],
    ]


def test_what_is_included_counts_and_what_is_excluded_does_not(project: Project) -> None:
    words = ("-m", "x=range(0,20)", "+random_seed=1", "+max_trials=5")
    table = cells(project.table(*words, "+include={x:99}", "+exclude='x < 10'"))[1:]
    assert len(table) == 5
    assert table[-1] == ["99"]
    assert all(int(x) >= 10 for (x,) in table)


def test_what_is_included_can_be_excluded(project: Project) -> None:
    table = cells(project.table("-m", "x=1,2", "+include={x:99}", "+exclude='x > 50'"))
    assert table == [["x"], ["1"], ["2"]]


def test_an_exclusion_is_an_expression_over_flags_or_a_list_of_them(project: Project) -> None:
    sweep = ("-m", "x=1,2,3", "y=1,2,3", "model=small,large")
    one = project.table(*sweep, "+exclude='x > 1 and model.depth == 9'")
    assert len(one) == 1 + 18 - 6
    two = project.table(*sweep, "+exclude=['x > 1','y in [2, 3]']")
    assert cells(two)[1:] == [["1", "1", "small"], ["1", "1", "large"]]


def test_a_random_search_passes_over_what_is_excluded(project: Project) -> None:
    words = ("-m", "x=interval(0,1)", "+random_seed=42", "+max_trials=6")
    table = cells(project.table(*words, "+exclude='x < 0.5'"))[1:]
    assert len(table) == 6
    assert all(float(x) >= 0.5 for (x,) in table)


def test_repeats_stand_together_and_count(project: Project) -> None:
    table = cells(project.table("-m", "x=1,2,3", "+repeat=2"))
    assert table == [
        ["x", "repeat"],
        *([x, repeat] for x in ("1", "2", "3") for repeat in ("0", "1")),
    ]
    for seed in range(3):
        words = ("x=range(0,50)", "+repeat=2", "+max_trials=5", f"+random_seed={seed}")
        some = cells(project.table("-m", *words))[1:]
        together = [[repeat for _, repeat in same] for _, same in groupby(some, key=itemgetter(0))]
        assert sorted(together) == [["0"], ["0", "1"], ["0", "1"]]


@pytest.mark.parametrize("name", ["plan.csv", "plan.json", "plan.yaml"])
def test_a_saved_plan_is_read_back_as_the_same(project: Project, name: str) -> None:
    words = ("-m", "x=1,2.5", "z='1',b", "model=small,large", "+include={x:7}", "+repeat=2")
    table = project.table(*words, f"+save_trials={name}")
    assert project.table("-m", f"+trials={name}") == table
    texts = (
        "z='','null',null,'1e3',1e3,'1e+5','true',true,' a ','a,b',nan,'.5','0x1',[1,'1'],'x: y'"
    )
    table = project.table("-m", texts, "+new=1,2", f"+save_trials={name}")
    assert project.table("-m", f"+trials={name}") == table
    drawn = ("-m", "x=interval(0,1)", "y=int(interval(1,3))", "+max_trials=4", "+random_seed=1")
    table = project.table(*drawn, f"+save_trials={name}")
    assert project.table("-m", f"+trials={name}") == table


@pytest.mark.parametrize("name", ["plan.csv", "plan.json", "plan.yaml"])
def test_a_saved_mapping_is_read_back_as_one_value(make_project: MakeProject, name: str) -> None:
    project = make_project(RUN)
    words = ("x={a:1},{a:{b:[2]}}", "model={depth:4}", "+random_seed=1")
    project.run("-m", *words, f"+save_trials={name}")
    before = project.newest("batch")["trials"]
    project.run("-m", f"+trials={name}", "+needed=true")
    assert project.newest("batch")["trials"] == before


def test_with_a_preview_only_the_file_is_written(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    before = project.tree()
    project.table("-m", "x=1,2", "+save_trials=plan.csv")
    after = project.tree()
    assert after.keys() - before.keys() == {"plan.csv"}
    assert after["plan.csv"] == ("file", b"x\n1\n2\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("x=1,2 y=1,2,3 +shape=zip", "x has 2, y has 3 values"),
        ("x=1 +shape=zip", "no flag has a list of values"),
        ("x=1,2 +shape=cross", "must be product or zip"),
        ("x=1,2 +repeat=0", "at least 1"),
        ("x=1,2 +exclude='x>0'", "+exclude leaves none"),
        ("x=1,2 +exclude='x>'", "+exclude: the expression x> does not parse"),
        ("x=1,2 +exclude='lr>0'", "+exclude: the trials have no flag lr; flags: x, y, z"),
        ("x=1,2 +exclude='scalar.loss>0'", "loss"),
        ("x=1,2 +exclude='1'", "+exclude: 1 alone is no condition: compare a name with it, as in"),
        ("x=1,2 +exclude=x", """as in x > 1; in a shell in quotes: "+exclude='x > 1'\""""),
        ("x=interval(0,1) +optimizer=tpe +exclude=x", "+exclude: x alone is no condition"),
        ("x=1,2 +include={w:1}", "unknown flag 'w'"),
        ("x=1,2 w=a,b", "w=a,b: unknown flag 'w'; there are x, y, z, model (to add one: +w=a,b)"),
        (
            "w=interval(0,1)",
            "w=interval(0,1): unknown flag 'w'; there are x, y, z, model (to add one: '+w=in",
        ),
        ("x=1,2 +include=3", "list of flag sets"),
        ("+trials=nosuch.csv", "nosuch.csv: No such file"),
        ("+trials=trials.txt", "ends in .csv, .json or .yaml"),
        ("+trials=bad.csv", "bad.csv, row 1: 1 cells, but the header has 2"),
        ("+trials=unknown.csv", "unknown.csv, row 2: w=1: unknown flag 'w'"),
        ("+trials=empty.json", "empty.json has no trials"),
        ("+trials=broken.json", "broken.json: cannot be read"),
        ("+trials=group.csv", "group.csv, row 1"),
        ("x=1,2 +save_trials=plan.txt", "ends in .csv, .json or .yaml"),
        ("x=1,2 +save_trials=none/plan.csv", "+save_trials=none/plan.csv: there is no folder "),
        ("x=1,2 +save_trials=conf/config.yaml", "it is there already, and is no list of trials"),
        ("x=1,2 +save_trials=bad.csv +print_trials=true", "is no list of trials"),
        ("x=1,2 y=interval(0,1) +optimizer=grid", "an interval, which has no grid"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_changes_nothing(
    make_project: MakeProject, words: str, says: str
) -> None:
    project = make_project(
        {
            **PROJECT,
            "bad.csv": "x,y\n1\n",
            "unknown.csv": "x,w\n1,\n2,1\n",
            "empty.json": "[]",
            "broken.json": "[{",
            "group.csv": "model\nhuge\n",
        }
    )
    before = project.tree()
    result = project.run("-m", *words.split(), status=2)
    assert says in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert project.tree() == before


# ---- what is run and restarted


RUN = {
    **PROJECT,
    "work.py": """
        import os

        def loss(x, y, z, model):
            return [int(os.environ["RUNNER_REPEAT"]), int(os.environ["RUNNER_RANDOM_SEED"])]
    """,
}


def test_repeats_are_trials_of_their_own_and_the_first_is_the_one_without(
    make_project: MakeProject,
) -> None:
    project = make_project(RUN)
    project.run("-m", "x=1,2", "+random_seed=1")
    before = project.newest("batch")
    project.run(f"+restart={before['id']}", "+repeat=3", "+needed=true")
    after = project.newest("batch")
    runs = {run["id"]: run for run in project.runs()}
    trials = [runs[run_id] for run_id in after["trials"]]
    assert [(run["flags"]["x"], run["repeat"]) for run in trials] == [
        (x, repeat) for x in (1, 2) for repeat in range(3)
    ]
    assert [after["trials"][0], after["trials"][3]] == before["trials"]
    assert [run["result"] for run in trials] == [
        [run["repeat"], run["random_seed"]] for run in trials
    ]
    assert len({run["random_seed"] for run in trials}) == 6
    project.run(f"+restart={before['id']}", "+repeat=1")
    assert project.newest("batch")["trials"] == before["trials"]


def test_repeats_are_told_apart_wherever_runs_are_seen(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {function: work.f}\nlr: 0.1\n",
            "work.py": "def f(lr):\n    print(f'loss: {lr}')\n",
        }
    )
    project.run("-m", "lr=0.2")
    batch = project.newest("batch")["id"]
    assert "repeat" not in project.run("compare").out + project.run("runs", "list").out
    project.run(f"+restart={batch}", "+repeat=2", "+needed=true")
    columns = project.run("runs", "list", "--kind", "trial", "--columns", "lr,repeat").lines
    assert sorted(map(str.split, columns[1:])) == [["0.2", "0"], ["0.2", "1"]]
    listed = project.run("runs", "list", "--kind", "trial").lines[1:]
    assert sorted(re.findall(r"lr=0.2, repeat=\d", "".join(listed))) == [
        "lr=0.2, repeat=0",
        "lr=0.2, repeat=1",
    ]
    assert project.run("runs", "list", "--csv").lines[0].startswith("id,operation,")
    assert "repeat" in project.run("runs", "list", "--csv").lines[0].split(",")
    assert project.run("compare").lines[0].split() == ["id", "repeat", "loss"]
    assert project.run("compare", "--csv", "-").lines[0] == "id,status,repeat,loss"
    (second,) = project.runs("--where", "repeat == 1")
    assert second["repeat"] == 1
    (first,) = project.runs("--where", "run.repeat == 0")  # a batch has none
    assert first["kind"] == "trial" and first["repeat"] == 0
    shown = project.run("runs", "show", batch).lines
    assert f"  {second['id'][:8]} completed (lr=0.2, repeat=1)" in shown
    assert f"  {first['id'][:8]} completed (lr=0.2, repeat=0)" in shown


def test_a_batch_keeps_the_rows_of_its_file(make_project: MakeProject) -> None:
    project = make_project(RUN)
    project.run("-m", "+trials=trials.csv")
    batch = project.newest("batch")
    (project.folder / "trials.csv").write_text("x,z\n5,q\n")
    project.run(f"+restart={batch['id']}")
    assert project.newest("batch")["trials"] == batch["trials"]
    project.run(f"+restart={batch['id']}", "+trials=trials.csv")
    assert [run["flags"]["x"] for run in project.runs()[:1]] == [5]
    assert len(project.newest("batch")["trials"]) == 1
    (project.folder / "trials.csv").write_text("x,z\n5,q\n6,q\n")
    project.run(f"+restart={batch['id']}", "+refresh=true", "+needed=true")
    assert len(project.newest("batch")["trials"]) == 2


@pytest.mark.parametrize(
    "option",
    [
        *("trials=trials.csv", "save_trials=plan.csv", "include={x:1}", "exclude='x>1'"),
        *("repeat=2", "shape=zip", "optimizer=tpe", "warm_start=all", "window=2"),
    ],
)
def test_what_says_which_trials_there_are_is_refused_without_m(
    project: Project, option: str
) -> None:
    name = option.partition("=")[0]
    said = project.run(f"+{option}", status=2).said
    assert said == [f"runner: +{name} is about the trials of a batch: add -m, or leave it out"]
    assert not project.store.exists()


def test_a_plan_is_saved_when_a_batch_starts(make_project: MakeProject) -> None:
    project = make_project(RUN)
    project.run("-m", "x=1,2", "+save_trials=plan.json")
    assert (project.folder / "plan.json").read_text() == '[\n  {"x": 1},\n  {"x": 2}\n]\n'
    (project.folder / "plan.json").unlink()
    batch = project.newest("batch")["id"]
    project.run(f"+restart={batch}")  # it holds for the one call
    assert not (project.folder / "plan.json").exists()


def test_exclude_knows_the_choices_of_config_groups(project: Project) -> None:
    rule = """+exclude="model == 'large' and x == 2\""""
    lines = project.run("-m", "x=1,2", "model=small,large", rule, "+print_trials=true").lines
    assert cells(lines[1:]) == [["1", "small"], ["1", "large"], ["2", "small"]]
    # The choice that nobody has given is known, too.
    words = ("-m", "x=1,2", """+exclude="model == 'small' and x == 2\"""", "+print_trials=true")
    assert cells(project.run(*words).lines[1:]) == [["1"]]
