"""The page of a store with many runs, in a real browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.model import Benchmark, BySize, Figure, Side, Sides
from benchmarks.stores import fill_wide_store
from benchmarks.world import World

#: The peer that stands for a browser: it is there where Chromium is, too.
BROWSER = "playwright"
_PORT = 8998
_RUNS = BySize(tiny=200, small=10_000, full=10_000)


def has_chromium() -> bool:
    """Whether this system has a browser to look with."""
    return any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))


def _looked(world: World, peer: str, command: Sequence[str], folder: Path, key: str) -> Side:
    script = world.project("page") / "look.py"

    def sample() -> float:
        told = folder / "told.json"
        words = [str(world.peers[BROWSER]), str(script), str(told), peer, *command]
        world.seconds(words, folder)
        return float(json.loads(told.read_text("utf-8"))[key])

    return sample


def _ours(world: World, key: str) -> Side:
    folder = world.new_folder()
    fill_wide_store(folder / "runs", world.size.of(_RUNS))
    return _looked(world, "runner", world.runner("page", "--no-open"), folder, key)


def _alone(key: str) -> Callable[[World], Sides]:
    return lambda world: Sides(ours=_ours(world, key))


def _against_dashboard(world: World) -> Sides:
    script = world.project("page") / "dashboard.py"
    runs = str(world.size.of(_RUNS))
    command = [str(world.peers["optuna-dashboard"]), str(script), runs]
    theirs = _looked(world, "optuna-dashboard", command, world.new_folder(), "usable")
    return Sides(ours=_ours(world, "usable"), theirs=theirs)


def _against_mlflow(world: World) -> Sides:
    project, python = world.project("page"), world.peers["mlflow"]
    uri = f"sqlite:///{project}/stored"
    runs = str(world.size.of(_RUNS))
    world.seconds([str(python), "mlflow_fill.py", uri, runs], project)
    command = [str(python.parent / "mlflow"), "ui", "--backend-store-uri", uri]
    theirs = _looked(world, "mlflow", [*command, "--port", str(_PORT)], project, "usable")
    return Sides(ours=_ours(world, "usable"), theirs=theirs)


BENCHMARKS = (
    Benchmark(
        name="page-usable",
        what="runner page, 10,000 runs with 20 flags and 5 scalars: from the request to rows",
        against="",
        figure=Figure.ALONE,
        target=1,
        unit="s",
        prepare=_alone("usable"),
        needs=(BROWSER,),
    ),
    Benchmark(
        name="page-dashboard",
        what="the same",
        against="optuna-dashboard, a study of as many trials in memory, its list",
        figure=Figure.TIMES_LESS,
        target=1,
        unit="s",
        prepare=_against_dashboard,
        needs=(BROWSER, "optuna-dashboard"),
    ),
    Benchmark(
        name="page-mlflow",
        what="the same",
        against="MLflow's page, its SQLite store, the first 100 of as many runs",
        figure=Figure.TIMES_LESS,
        target=1,
        unit="s",
        prepare=_against_mlflow,
        needs=(BROWSER, "mlflow"),
    ),
    Benchmark(
        name="page-filter",
        what="runner page, 10,000 runs: from a filter's Enter to the table",
        against="",
        figure=Figure.ALONE,
        target=0.3,
        unit="s",
        prepare=_alone("filter"),
        needs=(BROWSER,),
    ),
    Benchmark(
        name="page-scroll",
        what="runner page, 10,000 runs: the longest frame of 300 while its table is scrolled",
        against="",
        figure=Figure.ALONE,
        target=0.1,
        unit="s",
        prepare=_alone("frame"),
        needs=(BROWSER,),
    ),
)
