"""Two jobs at once: how much of two processors the trials get."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import datetime
from pathlib import Path

from benchmarks.model import Benchmark, BySize, Figure, Side, Sides
from benchmarks.timing import per_job
from benchmarks.world import World

_JOBS = 2
_WORK_S = BySize(tiny=0.01, small=0.4, full=0.4)
_PAIRS = BySize(tiny=1, small=5, full=25)
_LONG_S = BySize(tiny=0.4, small=4.0, full=8.0)
_SHORT = 40  # naps, each a fortieth of the long one, so that two jobs can end together


def _processors(world: World) -> Sides:
    steps = _calibrated(world)
    few, many = _JOBS, _JOBS * (1 + world.size.of(_PAIRS))

    def ours(jobs: int) -> float:
        words = ["operation=burn", f"steps={steps}", f"hydra.launcher.n_jobs={_JOBS}"]
        command = world.runner("-m", *words, f"job=range({jobs})")
        return world.seconds(command, world.project("jobs"))

    return Sides(
        ours=per_job(ours, few=few, many=many),
        theirs=per_job(lambda jobs: _bare(world, jobs, steps), few=few, many=many),
    )


def _bare(world: World, jobs: int, steps: int) -> float:
    """How long two processes take that share the work between them."""
    command = [str(world.ours), "work.py", str(jobs // _JOBS), str(steps)]
    project = world.project("jobs")
    begun = time.perf_counter()
    both = [subprocess.Popen(command, cwd=project) for _ in range(_JOBS)]
    statuses = [process.wait() for process in both]
    took = time.perf_counter() - begun
    if any(statuses):
        raise subprocess.CalledProcessError(max(statuses), command)
    return took


def _calibrated(world: World) -> int:
    """How many steps take as long as a trial should, with two processes at it."""
    probe = 1_000_000
    one = per_job(lambda jobs: _bare(world, jobs, probe), few=_JOBS, many=3 * _JOBS)() * _JOBS
    return max(1, int(probe * world.size.of(_WORK_S) / one))


def _long_among_short(world: World) -> Sides:
    long_s = world.size.of(_LONG_S)
    ideal_s = long_s  # one job has the long one, the other all of the short ones
    return Sides(ours=_span(world, long_s), theirs=lambda: ideal_s)


def _span(world: World, long_s: float) -> Side:
    """From the start of the first trial to the end of the last, as their records tell."""

    def sample() -> float:
        project = world.project("jobs")
        words = [f"seconds={long_s}", f"hydra.launcher.n_jobs={_JOBS}"]
        world.seconds(world.runner("-m", *words, f"job=range({_SHORT + 1})"), project)
        return _trials_span(world, project)

    return sample


def _trials_span(world: World, project: Path) -> float:
    listed = subprocess.check_output(world.runner("runs", "list", "--json"), cwd=project)
    trials = [run for run in json.loads(listed) if run["kind"] == "trial"]
    first = min(datetime.fromisoformat(run["started"]) for run in trials)
    last = max(datetime.fromisoformat(run["stopped"]) for run in trials)
    return (last - first).total_seconds()


BENCHMARKS = (
    Benchmark(
        name="processors",
        what="trials of 0.4 s on the processor, n_jobs=2",
        against="the same work bare in 2 processes",
        figure=Figure.SHARE,
        target=93,
        unit="s",
        prepare=_processors,
    ),
    Benchmark(
        name="packing",
        what="one long trial among many short ones, n_jobs=2",
        against="ideal packing",
        figure=Figure.TIMES,
        target=1.15,
        unit="s",
        prepare=_long_among_short,
    ),
)
