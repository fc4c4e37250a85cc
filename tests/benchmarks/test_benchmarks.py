"""Every benchmark works: each is run once at its smallest, and no time is asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from benchmarks import report
from benchmarks.__main__ import main
from benchmarks.model import Benchmark, Figure, Row, Sides, Size
from benchmarks.pages import BROWSER, has_chromium
from benchmarks.suite import ALL
from benchmarks.timing import measure, per_job
from benchmarks.world import Failed, World

PYTHON = Path(sys.executable)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The tests' own environment, where Hydra and its joblib launcher are, and few peers."""
    others = {
        "hydra-core": PYTHON,
        "hydra-joblib-launcher": PYTHON,
        **dict.fromkeys(("guildai", "mlflow", "hydra-optuna-sweeper"), tmp_path / "none"),
        "coco-experiment": PYTHON,
        BROWSER: PYTHON if has_chromium() else tmp_path / "none",
        "optuna-dashboard": PYTHON,
    }
    return World(ours=PYTHON, others=others, folder=tmp_path, disk=tmp_path, size=Size.TINY)


#: Rows that are measured as others are, and take long: `make test-full` runs them.
LONG = {
    *("function-2", "function-1-disk", "function-2-disk", "script-disk"),
    *("preload", "list-100000", "filter-100000", "pipeline-plan-short"),
    *("page-dashboard", "page-filter", "page-scroll", "record-memory", "search restart"),
}


def _params() -> list[ParameterSet]:
    """All benchmarks, those that take long marked."""
    return [
        pytest.param(
            benchmark,
            id=benchmark.name,
            marks=[pytest.mark.long] if benchmark.name in LONG else [],
        )
        for benchmark in ALL
    ]


@pytest.mark.parametrize("benchmark", _params())
def test_every_row_can_be_measured(benchmark: Benchmark, world: World) -> None:
    row = measure(benchmark, world)
    missing = [name for name in benchmark.needs if name not in world.peers]
    if missing:
        assert row.left_out == f"{' and '.join(missing)} not installed"
    else:
        rounds = 1 if benchmark.rounds is None else benchmark.rounds.tiny
        assert len(row.ours) == rounds
        assert len(row.theirs) == (0 if benchmark.figure is Figure.ALONE else rounds)
    results = json.loads(json.dumps(report.to_dict([row], world.size, {})))
    assert report.cells(results["rows"][0])[0] == benchmark.what


def test_names_tell_the_rows_apart() -> None:
    assert len({benchmark.name for benchmark in ALL}) == len(ALL)


def test_the_rows_that_take_long_are_there() -> None:
    assert {benchmark.name for benchmark in ALL} > LONG


# ---- what is made of samples


def row_of(figure: Figure, target: float, ours: list[float], theirs: list[float]) -> Row:
    benchmark = Benchmark(
        name="row",
        what="something",
        against="something else",
        figure=figure,
        target=target,
        unit="s",
        prepare=lambda world: Sides(ours=lambda: 0.0),
    )
    return Row(benchmark=benchmark, ours=ours, theirs=theirs)


@pytest.mark.parametrize(
    ("figure", "target", "told"),
    [
        (Figure.TIMES_LESS, 5, ["10 times less (5 … 15)", "at least 5 times less", "reached"]),
        (Figure.TIMES_LESS, 20, ["10 times less (5 … 15)", "at least 20 times less", "missed"]),
        (Figure.TIMES, 0.05, ["0.1 times (0.0667 … 0.2)", "at most 0.05 times", "missed"]),
        (Figure.MORE, 0.5, ["-1.8 s (-2.8 … -0.8)", "at most +0.5 s", "reached"]),
        (Figure.SHARE, 93, ["1000 % (500 … 1500)", "at least 93 %", "reached"]),
        (Figure.ALONE, 0.1, ["0.2 s (0.2 … 0.2)", "at most 0.1 s", "missed"]),
        (Figure.LESS, 0.05, ["p = 0.12", "p at most 0.05", "missed"]),
        (Figure.NOT_MORE, 0.05, ["p = 1", "p at least 0.05", "reached"]),
    ],
)
def test_a_figure_is_the_median_over_the_rounds(
    figure: Figure, target: float, told: list[str]
) -> None:
    row = row_of(figure, target, [0.2, 0.2, 0.2], [1.0, 2.0, 3.0])
    (found,) = report.to_dict([row], Size.FULL, {})["rows"]
    assert report.cells(found)[4:] == told


def test_what_is_less_in_every_of_ten_rounds_is_found_to_be_less() -> None:
    ours, theirs = [float(number) for number in range(10)], [number + 0.5 for number in range(10)]
    assert row_of(Figure.LESS, 0.05, ours, theirs).reached
    assert not row_of(Figure.LESS, 0.05, theirs, ours).reached
    assert not row_of(Figure.NOT_MORE, 0.05, theirs, ours).reached
    assert row_of(Figure.NOT_MORE, 0.05, ours, ours).reached


def test_the_cost_of_a_job_holds_no_start_up() -> None:
    assert per_job(lambda jobs: 100 + 0.5 * jobs, few=2, many=12)() == 0.5


def test_a_command_that_fails_is_no_measurement(world: World) -> None:
    with pytest.raises(Failed, match=r"exit 2\nrunner: .* is no"):
        world.seconds(world.runner("runs", "show", "none"), world.new_folder())


# ---- the command


def test_the_command_prints_the_table_and_keeps_it_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "results.json"
    words = ["--size", "tiny", "--json", str(kept), "--folder", str(tmp_path), "--only"]
    assert main([*words, "list", "list-10000"]) == 0
    printed = capsys.readouterr().out
    results = json.loads(kept.read_text())
    assert [row["name"] for row in results["rows"]] == ["list", "list-10000"]
    assert "left out: guildai not installed" in printed
    assert "at most 1.5 times" in printed


def test_the_page_shows_the_results_that_are_kept() -> None:
    page = report.PAGE.read_text(encoding="utf-8")
    kept = report.PAGE.with_name("results.json")
    if kept.exists():
        results = json.loads(kept.read_text(encoding="utf-8"))
        assert report.with_table(page, results) == page, "run make bench-readme"
    else:
        assert "\nNot measured yet.\n" in page
