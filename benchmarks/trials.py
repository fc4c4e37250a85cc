"""What a trial costs beside what it does."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.model import Benchmark, BySize, Figure, Side, Sides
from benchmarks.timing import per_job
from benchmarks.world import World

#: How many jobs more are run than the few of a sweep's start-up; a peer's take longer.
_OURS = BySize(tiny=1, small=200, full=1000)
_THEIRS = BySize(tiny=1, small=10, full=30)
_SCRIPTS = BySize(tiny=1, small=50, full=200)
_IMPORTING = BySize(tiny=1, small=5, full=20)

_JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


def _function_trials(n_jobs: int, peer: str, launcher: tuple[str, ...]) -> Callable[..., Sides]:
    def prepare(world: World) -> Sides:
        words = (f"hydra.launcher.n_jobs={n_jobs}",)
        return Sides(
            ours=_sweep(world, "noop", world.runner("-m", *words), _OURS, few=n_jobs),
            theirs=_sweep(
                world, "noop", [str(world.peers[peer]), "app.py", "-m", *launcher], _THEIRS, n_jobs
            ),
        )

    return prepare


def _on_disk(prepare: Callable[[World], Sides]) -> Callable[[World], Sides]:
    return lambda world: prepare(world.on_disk)


def _program_trials(world: World) -> Sides:
    ours = ["hydra/sweeper=runner", "hydra/launcher=runner", "hydra.launcher.n_jobs=1"]
    return Sides(
        ours=_sweep(world, "noop", [str(world.ours), "app.py", "-m", *ours], _OURS),
        theirs=_sweep(world, "noop", [str(world.peers["hydra-core"]), "app.py", "-m"], _THEIRS),
    )


def _script_trials(operation: str, more: BySize[int]) -> Callable[[World], Sides]:
    def prepare(world: World) -> Sides:
        words = (f"operation={operation}", "hydra.launcher.n_jobs=1")
        return Sides(
            ours=_sweep(world, "scripts", world.runner("-m", *words), more),
            theirs=_bare_loop(world, f"{operation}.py", more),
        )

    return prepare


def _sweep(world: World, app: str, command: list[str], more: BySize[int], few: int = 1) -> Side:
    """The time of a trial more in a sweep over x, each sweep in a new copy of the project."""

    def run(jobs: int) -> float:
        return world.seconds([*command, f"x=range({jobs})"], world.project(app))

    return per_job(run, few=few, many=few + world.size.of(more))


def _bare_loop(world: World, script: str, more: BySize[int]) -> Side:
    """The time of one `python script.py` more, one after another."""
    project = world.project("scripts")

    def run(jobs: int) -> float:
        begun = time.perf_counter()
        for _ in range(jobs):
            _run_script(world.ours, script, project)
        return time.perf_counter() - begun

    return per_job(run, few=1, many=1 + world.size.of(more))


def _run_script(python: Path, script: str, project: Path) -> None:
    subprocess.run(
        [python, script],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


BENCHMARKS = (
    Benchmark(
        name="function-1",
        what="a no-op function trial, n_jobs=1",
        against="hydra -m, basic launcher",
        figure=Figure.TIMES_LESS,
        target=60,
        unit="s",
        prepare=_function_trials(1, "hydra-core", ()),
        needs=("hydra-core",),
    ),
    Benchmark(
        name="function-2",
        what="the same, n_jobs=2",
        against="hydra-joblib-launcher, n_jobs=2",
        figure=Figure.TIMES_LESS,
        target=60,
        unit="s",
        prepare=_function_trials(2, "hydra-joblib-launcher", _JOBLIB),
        needs=("hydra-joblib-launcher",),
    ),
    *(
        Benchmark(
            name=f"function-{n_jobs}-disk",
            what=f"a no-op function trial on a real disk, n_jobs={n_jobs}",
            against=against,
            figure=Figure.TIMES_LESS,
            target=None,
            unit="s",
            prepare=_on_disk(_function_trials(n_jobs, peer, launcher)),
            needs=(peer,),
        )
        for n_jobs, against, peer, launcher in (
            (1, "hydra -m, basic launcher", "hydra-core", ()),
            (2, "hydra-joblib-launcher, n_jobs=2", "hydra-joblib-launcher", _JOBLIB),
        )
    ),
    Benchmark(
        name="program",
        what="the same as a @hydra.main program, our sweeper and launcher",
        against="hydra -m, basic launcher",
        figure=Figure.TIMES_LESS,
        target=20,
        unit="s",
        prepare=_program_trials,
        needs=("hydra-core",),
    ),
    Benchmark(
        name="script",
        what="a script trial",
        against="a loop of python script.py",
        figure=Figure.TIMES,
        target=1.3,
        unit="s",
        prepare=_script_trials("plain", _SCRIPTS),
        repeats=3,
    ),
    Benchmark(
        name="script-disk",
        what="a script trial on a real disk",
        against="a loop of python script.py",
        figure=Figure.TIMES,
        target=None,
        unit="s",
        prepare=_on_disk(_script_trials("plain", _SCRIPTS)),
    ),
    Benchmark(
        name="preload",
        what="a script trial, scikit-learn preloaded",
        against="a loop of python script.py",
        figure=Figure.TIMES_LESS,
        target=3,
        unit="s",
        prepare=_script_trials("learning", _IMPORTING),
    ),
)
