"""The charts of a comparison: their data, the page that holds them, and the picture."""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
from typing import Any

import pytest

from hydra_sweep_runner.charts.data import chart_data
from hydra_sweep_runner.charts.html import render_html
from hydra_sweep_runner.charts.png import render_png
from hydra_sweep_runner.charts.vendored_files import LIBRARIES, Library
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Status, Value
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.system.clock import now
from tests.stores import run_of

NASTY = "</script><script>alert(1)</script> & %DATA% $x$"


def seen(number: int, **flags: Value) -> RunRow:
    run = run_of(f"{number:032x}", Status.COMPLETED, started=now())
    object.__setattr__(run, "flags", flags)
    return RunRow(Summary(run, folder=""))


def data_of(flags: list[dict[str, Any]], values: list[Value], **more: Any) -> dict[str, Any]:
    runs = [seen(number, **each) for number, each in enumerate(flags)]
    names = list({name: None for each in flags for name in each})
    options = {"objective": "loss", "maximize": False, **more}
    return chart_data(runs, flags=names, values=values, **options)


def test_an_axis_is_of_numbers_or_of_texts_and_logarithmic_where_numbers_are_wide() -> None:
    flags = [
        {"lr": 0.1, "depth": 2, "opt": "sgd", "on": True, "mixed": 1},
        {"lr": 0.0001, "depth": 10, "opt": "adam", "on": False, "mixed": "10"},
        {"lr": 0.01, "depth": 3, "opt": "sgd", "on": True},
    ]
    data = data_of(flags, [3.0, 1.0, 2.0])
    assert data["axes"] == [
        {"name": "lr", "kind": "number", "log": True},
        {"name": "depth", "kind": "number", "log": False},
        {"name": "opt", "kind": "text", "texts": ["adam", "sgd"]},
        {"name": "on", "kind": "text", "texts": ["false", "true"]},
        {"name": "mixed", "kind": "text", "texts": ["1", '"10"']},
    ]
    assert [run["objective"] for run in data["runs"]] == [3.0, 1.0, 2.0]
    assert data["runs"][2]["values"][-1] is None
    assert data["objective"] == {"name": "loss", "maximize": False, "log": False}


def test_an_axis_is_logarithmic_or_not_as_its_flag_was_drawn() -> None:
    flags = [{"lr": 0.01, "x": 0.01, "y": 0, "z": 1}, {"lr": 0.2, "x": 0.2, "y": 2, "z": 1000}]
    data = data_of(flags, [1.0, 2.0], drawn_in_log={"lr": True, "y": True, "z": False})
    assert [axis["log"] for axis in data["axes"]] == [True, False, False, False]


def test_what_is_no_finite_number_is_no_objective() -> None:
    values: list[Value] = [math.nan, math.inf, None, "x", True, 10**400, 1]
    data = data_of([{"x": place} for place in range(7)], values)
    assert [run["objective"] for run in data["runs"]] == [None] * 6 + [1.0]
    json.dumps(data, allow_nan=False)


def test_a_flag_that_only_runs_without_an_objective_have_gets_no_axis() -> None:
    flags = [{"rows": 10}, {"k": 1, "rows.up": 10}, {"k": 2}]
    assert [axis["name"] for axis in data_of(flags, [None, 1.0, 2.0])["axes"]] == ["k", "rows.up"]
    assert len(data_of(flags, [None, None, None])["axes"]) == 3


def test_the_page_needs_no_network_and_holds_its_data_as_data() -> None:
    data = data_of([{NASTY: NASTY}, {NASTY: 2}], [1.0, 2.0], objective=NASTY)
    page = render_html(data, NASTY)
    assert page.count("<script") == page.count("</script>") == 4
    own = page.replace(LIBRARIES[0].read().decode(), "")
    assert not re.search(r"""(src|href)\s*=|url\(|@import|https?://""", own)
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', own, re.S)
    assert held is not None and json.loads(held[1]) == data
    assert "%TITLE%" not in page and "alert(1)</script>" not in page


@pytest.mark.parametrize("maximize", [False, True])
def test_the_picture_is_a_png(maximize: bool) -> None:
    pytest.importorskip("matplotlib")
    flags = [{"lr": 10.0**-n, "opt": NASTY if n % 2 else "a", "on": None} for n in range(5)]
    values: list[Value] = [1.0, 2.0, math.nan, 0.5, 3.0]
    assert render_png(data_of(flags, values, maximize=maximize), NASTY).startswith(b"\x89PNG")
    assert render_png(data_of([{"x": 1}], [1.0], maximize=maximize), "one").startswith(b"\x89PNG")


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(Mistake, match=r"hydra-sweep-runner\[plot\]"):
        render_png(data_of([{"x": 1}], [1.0]), "one")


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.file)
def test_what_lies_in_the_package_is_what_the_table_says(library: Library) -> None:
    assert hashlib.sha512(library.read()).hexdigest() == library.sha512
    if library.file.endswith(".js"):
        assert library.version.encode() in library.read()
