"""`runner compare` and `runner watch` on what is made of several operations, and on terminals."""

from __future__ import annotations

import json
import re

import pytest

from tests.scenarios import pipelines
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag, without_ids


def test_the_trials_of_a_pipeline_have_the_flags_of_what_is_upstream_by_dotted_names(
    make_project: MakeProject,
) -> None:
    project = make_project(pipelines.FILES)
    project.run("-m", "operation=study", "train.lr=0.1,0.01", "rows=3,4")
    batch = project.newest("batch")["id"]
    rows = project.run("compare", batch, "--flags", "all", "--csv", "-").lines
    table = [dict(zip(rows[0].split(","), row.split(","), strict=True)) for row in rows[1:]]
    evaluated = [row for row in table if row["operation"] == "evaluate"]
    assert {(row["prepare.rows"], row["train.lr"]) for row in evaluated} == {
        (count, lr) for count in ("3", "4") for lr in ("0.1", "0.01")
    }
    assert {row["train.epochs"] for row in evaluated} == {"2"}
    assert all(row["train.lr"] == "" for row in table if row["operation"] == "train")
    (prepared, *_) = project.runs("--step", "prepare", "--where", "rows == 3")
    shown = project.show(prepared["id"])
    takers = [project.show(one)["step"] for one in shown["downstream"]]
    assert set(takers) == {"train", "evaluate"} and len(takers) == 4
    told = project.run("runs", "show", prepared["id"]).lines
    assert f"  {shown['downstream'][0][:8]} {takers[0]} completed" in told
    told = project.run("runs", "show", shown["downstream"][0]).lines
    taken = told[told.index("inputs:") + 1 :]
    from_prepare = f": {prepared['id'][:8]} prepare (rows=3): clean.txt, attempt 1"
    assert any(line.endswith(from_prepare) for line in taken)
    watched = without_ids(project.run("watch", batch).lines)
    assert "Trial prepare (rows=3) completed" in watched
    of_evaluate = {line for line in watched if line.startswith("Trial evaluate (")}
    assert len(of_evaluate) == 4 and all("prepare.rows=" in line for line in of_evaluate)
    best = project.run("compare", batch, "--operation", "evaluate", "--max", "prepare.rows").lines
    assert best[0].split() == ["id", "train.lr", "prepare.rows"]
    assert [line.split()[2] for line in best[1:]] == ["4", "4", "3", "3"]


def test_expressions_name_upstream_flags_in_every_command_and_lists_show_those_that_vary(
    make_project: MakeProject,
) -> None:
    project = make_project(pipelines.FILES)
    swept = ("train.lr=0.1,0.01", "rows=3,4", "hydra.launcher.n_jobs=1")
    project.run("-m", "operation=study", *swept)
    batch = project.newest("batch")["id"]
    for filters in (("--batch", batch, "--step", "train"), ("--step", "train"), ("--all",)):
        listed = project.run("runs", "list", *filters).lines
        told = [line for line in listed if " train " in line]
        assert len(told) == 4
        for lr in ("0.1", "0.01"):
            for rows in ("3", "4"):
                assert any(f"lr={lr}, " in o and f", prepare.rows={rows}" in o for o in told), told
    few = project.run("runs", "list", "-n", "5").lines
    assert any("prepare.rows=4" in line for line in few), few
    of_step = ("--step", "evaluate", "--where", "prepare.rows == 3 and train.lr < 0.1")
    (found,) = project.runs(*of_step)
    (row,) = project.run("compare", "--csv", "-", *of_step).lines[1:]
    assert row.startswith(found["id"])
    said = project.run("runs", "tag", found["id"], "+chosen").said
    assert "Mistake" not in said
    sorted_words = ("--sort", "prepare.rows", "--columns", "prepare.rows,train.lr", "--csv")
    table = project.run("runs", "list", "--step", "evaluate", *sorted_words).lines
    assert table[0] == "prepare.rows,train.lr"
    assert [line.split(",")[0] for line in table[1:]] == ["3", "3", "4", "4"]
    told = project.run("runs", "list", "--where", "prepare.row == 3", status=2).err
    assert "did you mean prepare.rows?" in told


def test_the_name_of_a_step_before_a_flag_is_the_flag_of_its_own_runs_too(
    make_project: MakeProject,
) -> None:
    project = make_project(pipelines.FILES)
    project.run("-m", "operation=study", "train.lr=0.1,0.01", "+until=train")
    found = project.runs("--where", "train.lr > 0.05")
    assert sorted(run["step"] for run in found) == ["evaluate", "train"]
    assert {run["flags"].get("lr") for run in found if run["step"] == "train"} == {0.1}
    assert project.runs("--where", "step == 'prepare' and train.lr > 0") == []


def test_a_flag_that_another_operation_does_not_have_does_not_vary(
    make_project: MakeProject,
) -> None:
    project = make_project(pipelines.FILES)
    project.run("-m", "operation=study", "train.lr=0.1,0.01")
    batch = project.newest("batch")["id"]
    titles = project.run("compare", batch).lines[0].split()
    assert titles == ["id", "operation", "lr", "train.lr"]


def test_a_flag_that_some_trials_of_an_operation_lack_varies(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                defaults: [model: one, _self_]
                operation: {function: lib.f}
            """,
            "conf/model/one.yaml": "depth: 3\nsame: 1",
            "conf/model/two.yaml": "width: 3\nsame: 1",
            "lib.py": "def f(cfg): return sum(cfg.model.values())",
        }
    )
    project.run("++model.width=3")
    project.run()
    assert project.run("compare").lines[0].split()[1] == "model.width"


def test_the_first_of_runs_without_an_objective_are_not_told_as_the_best(echo: Project) -> None:
    echo.run("-m", "x=1,2,3")
    batch = echo.newest("batch")["id"]
    told = "nothing says which is the best; for the best: --min EXPR or --max EXPR"
    (said,) = echo.run("compare", batch, "-n", "1").said
    assert said == f"The first run of 3, in no order of value: {told}"
    (said,) = echo.run("compare", batch, "-n", "2", "--json").said
    assert said == f"The first 2 runs of 3, in no order of value: {told}"
    assert echo.run("compare", batch, "-n", "3").said == []
    assert echo.run("compare", batch, "-n", "1", "--max", "x").said == []


def test_an_order_by_results_that_nobody_asked_for_is_told(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {function: lib.f}\nx: 1",
            "lib.py": "def f(x): return x / 10",
        }
    )
    project.run("-m", "x=3,1,2")
    batch = project.newest("batch")["id"]
    first = "The least result first: nobody has said which is better; for the greatest first"
    compared = project.run("compare", batch)
    assert compared.said == [f"{first}: --max result"]
    assert [line.split()[1] for line in compared.lines[1:]] == ["1", "2", "3"]
    assert project.run("compare", batch, "--min", "result").said == []
    project.run("-m", "x=3,1,2", "+objective=-result")
    compared = project.run("compare", project.newest("batch")["id"])
    assert compared.said == []
    assert [line.split()[1] for line in compared.lines[1:]] == ["3", "2", "1"]


def test_watch_takes_the_newest_batch_if_none_is_at_work(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    echo.run("-m", "x=3,4")
    newest = echo.newest("batch")["id"][:8]
    assert echo.run("watch").lines[-1] == f"Batch {newest}: 2 trials, 2 completed"


def test_watch_shows_the_best_objective_so_far(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {function: lib.f}\nx: 0",
            "lib.py": """
                def f(x):
                    if x == 4:
                        print("loss: -1")
                        raise SystemExit("diverged")
                    return {'loss': (x - 2) ** 2 if x < 5 else -float("inf")}
            """,
        }
    )
    project.run("-m", "x=1,2,3,4,5", "+objective=loss", status=1)
    best = by_flag(project.runs(), "x")[2]["id"][:8]
    assert project.run("watch").lines[-1].endswith(f"4 completed; best loss 0.0: {best} (x=2)")
    assert without_ids(project.run("watch").lines)[3].endswith(
        "(x=4) error: exit status 1: diverged"
    )


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_the_objective_is_seen_on_any_terminal(make_project: MakeProject, columns: int) -> None:
    names = [f"a_flag_with_a_long_name_{number}" for number in range(8)]
    project = make_project(
        {
            "conf/config.yaml": "operation: {function: lib.f}\n"
            + "".join(f"{name}: 0\n" for name in names),
            "lib.py": "def f(cfg): return {'loss': sum(cfg.values()), 'a': 1, 'b': 2, 'c': 3}",
        }
    )
    project.run("-m", *(f"{name}=1,2" for name in names[:3]), *(f"{name}=3" for name in names[3:]))
    _, screen = project.answer("compare", "--min", "loss", typed="", columns=columns)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen).splitlines()
    titles = next(line for line in lines if line.startswith("id"))
    assert "loss" in titles.split()
    assert max(map(len, lines)) <= columns


def test_an_objective_that_the_yaml_sets_orders_as_one_on_the_command_line_does(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {script: train.py}
                x: 1
                hydra: {sweeper: {objective: -score}}
            """,
            "train.py": "x = 1\nprint(f'score={x}')\n",
        }
    )
    project.run("-m", "x=1,3,2")
    assert [line.split()[1] for line in project.run("compare").lines] == ["x", "3", "2", "1"]
    assert project.run("watch").lines[-1].split("; ")[1].startswith("best score 3")
    batch = project.newest("batch")["id"]
    project.run(f"+restart={batch}", "+needed=true", "+objective=score")
    assert [line.split()[1] for line in project.run("compare").lines] == ["x", "1", "2", "3"]


def test_the_best_trial_alone_has_the_flags_by_which_it_differs_from_the_others(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {function: lib.f}\nx: 1\ny: 2\nz: 3\n",
            "lib.py": "def f(x, y, z): return x * y\n",
        }
    )
    project.run("-m", "x=1,2", "y=1,2")
    best = project.run("compare", "last:batch", "--min", "result", "-n", "1").lines
    assert [line.split()[1:] for line in best] == [["x", "y", "result"], ["1", "1", "1"]]
    table = project.run("compare", "last:batch", "--max", "result", "-n", "1", "--csv", "-").lines
    assert table[0] == "id,status,x,y,result"


def test_flags_have_the_digits_that_tell_runs_apart(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: train.py}\nlr: 0.1\n",
            "train.py": "lr = 0.1\nprint('loss:', lr)\n",
        }
    )
    project.run("-m", "lr=0.123456789,0.123456788")
    for words in (("compare", "last:batch"), ("runs", "list", "--columns", "id,lr,loss")):
        lines = project.run(*words).lines
        cells = {tuple(line.split()[-2:]) for line in lines if "0.123457" in line}
        assert cells == {("0.123456789", "0.123457"), ("0.123456788", "0.123457")}


def test_integers_that_no_float_can_hold_are_numbers_everywhere(make_project: MakeProject) -> None:
    files = {
        "conf/config.yaml": "operation: {function: huge.train}\nx: 1\n",
        "huge.py": "def train(x):\n    return {'loss': 10**400, 'acc': 0.5}\n",
    }
    project = make_project(files)
    huge = str(10**400)
    said = project.run("-m", f"x=1,{huge},-{huge}", "+objective=loss").err
    assert "reported no loss, the objective: it reported acc" in said
    listed = project.run("runs", "list", "--sort", "x", "--json", "--kind", "trial").out
    assert [run["flags"]["x"] for run in json.loads(listed)] == [-int(huge), 1, int(huge)]
    best = project.run("compare", "--min", "x", "--max", "acc", "--json", status=2)
    assert "--min" in best.err
    ordered = json.loads(project.run("compare", "--min", "x", "--json").out)
    assert [run["flags"]["x"] for run in ordered] == [-int(huge), 1, int(huge)]
    assert len(project.runs("--where", "x > 1e308")) == 1
    assert "Wrote f.html: 3 runs" in project.run("compare", "--min", "acc", "--plot", "f.html").said


def test_a_batch_that_has_the_tag_or_label_is_told_with_the_command_that_compares_its_trials(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: train.py}\nx: 1\n",
            "train.py": "x = 1\nprint(f'score={x}')\n",
        }
    )
    project.run("-m", "x=1,2")
    batch = project.newest("batch")
    project.run("runs", "tag", batch["id"], "+final")
    project.run("runs", "label", batch["id"], "in the paper")
    typed = f"runner compare {batch['id'][:8]}"
    for words, shown in (
        (("--tag", "final"), "--tag final"),
        (("--label", "in the paper"), "--label 'in the paper'"),
    ):
        result = project.run("compare", *words, "--min", "score")
        assert result.said == [
            f"The batch {batch['id'][:8]} matches {shown}, and not the trials; to compare those: "
            + typed
        ]
    assert len(project.run(*typed.split()[1:]).lines) == 3
    # Where its trials have it, too, they are compared.
    project.run("runs", "tag", *batch["trials"], "+final")
    result = project.run("compare", "--tag", "final", "--min", "score")
    assert (result.said, len(result.lines)) == ([], 3)
