"""Lists, filters and comparisons: contract section 9, by the command that a user types."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, ids

FILES = {
    "conf/config.yaml": """
        operation: {script: train.py}
        lr: 0.1
        model: {depth: 2}
        name: small
        fail: false
        """,
    "train.py": """
        import argparse
        parser = argparse.ArgumentParser()
        for name in ("lr", "model.depth", "name"):
            parser.add_argument("--" + name)
        parser.add_argument("--fail", action=argparse.BooleanOptionalAction)
        args = parser.parse_args()
        for step in range(3):
            print(f"step={step} loss={float(args.lr) * (3 - step)} val/acc={1 / (step + 1)}")
        raise SystemExit(3 if args.fail else 0)
        """,
}


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    """A batch of four, one of which fails, a run of another name and label, a pending trial;
    nothing changes it."""
    project = make_project(FILES)
    project.run("-m", "lr=0.1,0.2", "model.depth=2,3", "+label=grid", "+tags=[a,b]")
    project.run("lr=1", "name='large, really'", "fail=true", "+label=one", status=3)
    project.run("-m", "lr=7", "+init_trials=true")
    return project


def flags(project: Project, *words: str) -> list[tuple[float, int]]:
    listed = project.runs("--kind", "trial", *words)
    return [(run["flags"]["lr"], run["flags"]["model.depth"]) for run in listed]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("lr == 0.2", [(0.2, 3), (0.2, 2)]),
        ("lr == 0.2 and model.depth < 3", [(0.2, 2)]),
        ("loss < 0.2", [(0.1, 3), (0.1, 2)]),
        ("max(loss) > 0.5 and count(loss) == 3", [(0.2, 3), (0.2, 2)]),
        ("loss == null", [(7, 2)]),
        ("loss != 0.1", [(0.2, 3), (0.2, 2)]),
        ("'a' in tags and status == 'completed' and lr == 0.1", [(0.1, 3), (0.1, 2)]),
        ("name == 'small' and not fail and duration == null", [(7, 2)]),
        ("scalar['val/acc'] < 0.4 and flag['model.depth'] in [3, 4]", [(0.2, 3), (0.1, 3)]),
        ("kind == 'batch'", []),
    ],
)
def test_an_expression_filters(
    project: Project, where: str, expected: list[tuple[float, int]]
) -> None:
    assert flags(project, "--where", where) == expected


def test_filters_combine_with_and(project: Project) -> None:
    grid = next(run for run in project.runs() if run["trials"] and len(run["trials"]) == 4)
    assert len(project.runs()) == 8
    assert flags(project, "--batch", grid["id"][:6], "--where", "lr > 0.1") == [(0.2, 3), (0.2, 2)]
    assert flags(project, "--status", "pending", "--status", "error") == [(7, 2)]
    assert len(project.runs("--status", "pending", "--status", "error")) == 3
    assert len(project.runs("--label", "grid")) == 5
    assert len(project.runs("--tag", "b", "--kind", "batch", "--operation", "train.py")) == 1
    assert project.runs("--operation", "other") == project.runs("--step", "x") == []
    assert len(project.runs("--since", "1h")) == 8 and project.runs("--since", "0s") == []
    assert len(project.runs("--since", "2020-01-31T12:00")) == 8


def test_a_list_is_sorted_by_a_value_and_those_without_come_last(project: Project) -> None:
    assert [lr for lr, _ in flags(project, "--sort", "-loss")] == [0.2, 0.2, 0.1, 0.1, 7]
    assert [lr for lr, _ in flags(project, "--sort", "loss")] == [0.1, 0.1, 0.2, 0.2, 7]
    assert [lr for lr, _ in flags(project, "--sort", "loss", "--reverse")] == [
        0.2,
        0.2,
        0.1,
        0.1,
        7,
    ]
    assert flags(project, "--sort", "lr + model.depth")[0] == (0.1, 2)
    assert len(flags(project, "--sort", "val/acc", "-n", "2")) == 2
    assert ids(project.runs("--reverse")) == ids(project.runs())[::-1]


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_is_exact_and_has_the_columns_that_were_asked_for(project: Project) -> None:
    words = ("runs", "list", "--csv", "--where", "loss != null")
    titles, *listed = rows(project.run(*words).out)
    assert titles[:7] == ["id", "operation", "kind", "status", "started", "stopped", "duration"]
    assert titles[7:] == ["lr", "model.depth", "name", "fail", "loss", "val/acc"]
    assert listed[0][titles.index("name")] == "large, really"
    assert listed[0][titles.index("fail")] == "true"
    chosen = project.run(*words, "--columns", "id, lr,loss*2,val/acc", "--sort", "lr").out
    assert rows(chosen)[0] == ["id", "lr", "loss*2", "val/acc"]
    assert rows(chosen)[1][1:] == ["0.1", "0.2", repr(1 / 3)]


def test_a_column_may_be_one_that_only_runs_have_which_are_not_shown(project: Project) -> None:
    shown = project.run("runs", "list", "-n", "1", "--columns", "status,val/acc", status=0)
    assert shown.lines == ["status   val/acc", "pending"]


def test_a_table_shows_what_varies_first(project: Project) -> None:
    lines = project.run("runs", "list", "--batch", grid_of(project), "--sort", "model.depth").lines
    assert lines[0].split() == [
        "id",
        "operation",
        "status",
        "started",
        "flags",
        "scalars",
        "label",
        "tags",
    ]
    assert "lr=0.2, model.depth=2, name=small, fail=false" in lines[1]
    assert "loss=0.2, val/acc=0.333333" in lines[1]
    some = project.run("runs", "list", "--where", "model.depth == 2 and kind != 'batch'").lines
    assert 'lr=1, name="large, really", fail=true, model.depth=2' in "".join(some)
    assert "lr=0.1, name=small, fail=false, model.depth=2" in "".join(some)
    listed = project.run("runs", "list", "--columns", "id,status,lr", "-n", "1").lines
    assert listed[0].split() == ["id", "status", "lr"] and len(listed) == 2


def test_in_a_long_text_what_was_given_for_a_run_comes_before_the_rest_that_varies(
    echo: Project,
) -> None:
    echo.run("-m", "x=5,6")
    echo.run("-m", f"z={'c' * 30},{'d' * 30}")
    rows = [line.split("  ") for line in echo.run("runs", "list", "--kind", "trial").lines[1:]]
    first = [next(cell for cell in row if "=" in cell).strip()[:4] for row in rows]
    assert first == ["z=dd", "z=cc", "x=6,", "x=5,"]


def test_a_flag_of_an_attributes_name_is_shown_exactly(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {function: lib.f}\nduration: 1\nreason: a\n",
            "lib.py": "def f(duration, reason): return 1 / 0",
        }
    )
    project.run("-m", "duration=0.12345,2", "reason='a, b'", status=1)
    columns = ("runs", "list", "--kind", "trial", "--columns")
    lines = project.run(*columns, "duration,reason,run.reason").lines
    assert lines[2] == ' 0.12345  "a, b"  ZeroDivisionError: division by zero'
    (_, *seconds) = project.run(*columns, "run.duration").lines
    assert all(len(each.strip().lstrip("0.")) <= 3 for each in seconds)


def grid_of(project: Project) -> str:
    return next(str(run["id"]) for run in project.runs("--kind", "batch", "--label", "grid"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs", "list", "--where", "lr >"), "does not parse at its end"),
        (("runs", "list", "--where", "lrr > 1"), "did you mean lr?"),
        (("runs", "list", "--where", "scalar.acc > 1"), "scalars: loss, val/acc"),
        (("compare", "--max", "acc"), "did you mean val/acc?"),
        (("runs", "list", "--sort", "nobody"), "nobody"),
        (("runs", "list", "--columns", "lr,nobody"), "nobody"),
        (("runs", "list", "--columns", "lr,,loss"), "empty"),
        (("runs", "list", "--columns", "id lr loss"), "stand between columns: id,lr,loss"),
        (("runs", "list", "--where", "lr == 1 or 2"), "lr == 1 or lr == 2, or lr in [1, 2]"),
        (("compare", "--where", "loss"), "loss alone is no condition, its values are numbers"),
        (("runs", "list", "--status", "done"), "completed"),
        (("runs", "list", "--kind", "trail"), "trial"),
        (("runs", "list", "--batch", "0000"), "no run begins with"),
        (("runs", "list", "--since", "yesterday-ish"), "2h, 30m or 7d"),
        (("runs", "list", "--label", "a", "--label", "b"), "--label is given twice"),
        (("runs", "list", "--json", "--csv"), "exclude each other"),
        (("runs", "list", "--all", "-n", "3"), "exclude each other"),
        (("runs", "list", "--json", "--columns", "lr"), "--columns"),
        (("compare", "--min", "lr", "--max", "lr"), "exclude each other"),
        (("compare", "--min", "nobody"), "nobody"),
        (("compare", "--min", "lr >"), "does not parse"),
        (("compare", "0000"), "no run begins with"),
        (("compare", "--csv", "."), "Is a directory"),
        (("compare", "--csv", "missing/x.csv"), "No such file or directory"),
        (("compare", "--csv", "-", "--json"), "standard output"),
        (("compare", "--plot", "x.svg", "--min", "loss"), ".html or .png"),
        (("compare", "--plot", "x.html"), "--min EXPR"),
        (("compare", "--plot", "x.html", "--min", "loss", "--status", "pending"), "loss"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    project: Project, words: Sequence[str], said: str
) -> None:
    before = project.tree()
    result = project.run(*words, status=2)
    assert result.out == "" and len(result.err.splitlines()) == 1
    assert said in result.err
    assert project.tree() == before


def test_a_batch_that_is_none_is_a_mistake(project: Project) -> None:
    trial = project.runs("--kind", "trial")[0]["id"]
    result = project.run("runs", "list", "--batch", trial, status=2)
    assert f"--batch {trial}: {trial[:8]} is a trial of batch " in result.err


def test_an_id_that_is_given_twice_is_a_mistake(project: Project) -> None:
    grid = grid_of(project)
    assert "given twice" in project.run("compare", grid, grid[:8], status=2).err


def test_a_comparison_has_the_best_first_and_only_the_flags_that_vary(project: Project) -> None:
    lines = project.run("compare", grid_of(project), "--min", "loss").lines
    assert lines[0].split() == ["id", "lr", "model.depth", "loss", "val/acc"]
    assert [line.split()[1] for line in lines[1:]] == ["0.1", "0.1", "0.2", "0.2"]
    best = project.run("compare", grid_of(project), "--max", "loss / lr - model.depth", "-n", "1")
    flags, objective = ["lr", "model.depth"], ["loss", "/", "lr", "-", "model.depth"]
    assert best.lines[0].split()[1:] == [*flags, *objective, "loss", "val/acc"]
    every = project.run("compare", grid_of(project), "--min", "loss", "--flags", "all").lines
    assert every[0].split()[1:5] == ["lr", "model.depth", "name", "fail"]
    where = ("--where", "lr in [0.1, 1] and model.depth == 2", "--flags", "all")
    some = project.run("compare", *where, "--max", "loss").lines
    assert some[0].split()[2:6] == ["lr", "name", "fail", "model.depth"]


def test_without_ids_all_runs_are_compared_and_batches_are_no_rows(project: Project) -> None:
    compared = json.loads(project.run("compare", "--json", "--max", "loss").out)
    assert [row["flags"]["lr"] for row in compared] == [1, 0.2, 0.2, 0.1, 0.1, 7]
    assert [row["objective"] for row in compared][-1] is None
    filtered = json.loads(project.run("compare", "--json", "--where", "lr < 0.2").out)
    assert len(filtered) == 2
    one = filtered[0]["id"]
    both = ("compare", grid_of(project), one, "--json", "--where", "lr < 0.2")
    assert len(json.loads(project.run(*both).out)) == 2


def test_a_comparison_is_written_as_csv_to_a_file_or_to_standard_output(
    project: Project, tmp_path: Path
) -> None:
    words = ("compare", grid_of(project), "--min", "loss", "--csv")
    written = project.run(*words, "-").out
    assert rows(written)[0] == ["id", "status", "lr", "model.depth", "loss", "val/acc"]
    assert [row[2] for row in rows(written)[1:]] == ["0.1", "0.1", "0.2", "0.2"]
    told = project.run(*words, str(tmp_path / "x.csv"))
    assert told.out == "" and (tmp_path / "x.csv").read_text() == written


def test_of_several_files_none_is_written_if_one_cannot_be_made(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError('not here')\n")
    words = ("compare", grid_of(project), "--csv", "a.csv", "--parquet", "b.parquet")
    refused = project.run_process(*words, status=2, PYTHONPATH=str(tmp_path))
    assert "pyarrow" in refused.err
    assert not (project.folder / "a.csv").exists()


def test_a_comparison_is_drawn_and_written_as_parquet(project: Project, tmp_path: Path) -> None:
    words = ("compare", grid_of(project), "--min", "loss")
    files = [tmp_path / f"x.{ending}" for ending in ("html", "png", "parquet")]
    project.run(*words, "--plot", str(files[0]), "--parquet", str(files[2]))
    project.run(*words, "--plot", str(files[1]))
    assert files[0].read_text().startswith("<!doctype html>")
    assert files[1].read_bytes().startswith(b"\x89PNG")
    parquet = pytest.importorskip("pyarrow.parquet")
    command = [sys.executable, "-m", "hydra_sweep_runner", *words, "--parquet", "-"]
    printed = subprocess.run(command, cwd=project.folder, capture_output=True, check=True).stdout
    assert printed == files[2].read_bytes()
    assert parquet.read_table(files[2]).column("lr").to_pylist() == [0.1, 0.1, 0.2, 0.2]


def test_on_a_terminal_a_list_says_how_many_are_not_shown(project: Project) -> None:
    _, screen = project.answer("runs", "list", "-n", "2", typed="")
    assert "6 more: -n N or --all shows them" in screen
    _, every = project.answer("runs", "list", "--all", typed="")
    assert "more:" not in every and "\x1b[32mcompleted" in every and "\x1b[31merror" in every
    assert "more" not in project.run("runs", "list", "-n", "2").out
