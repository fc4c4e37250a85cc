"""One run, previews, plans that are only recorded, and restarts that find all done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.model import Benchmark, BySize, Figure, Side, Sides
from benchmarks.timing import per_job
from benchmarks.world import World

_PREVIEWED = BySize(tiny=20, small=1000, full=1000)
_RECORDED = BySize(tiny=20, small=2000, full=10_000)
_FEW_RECORDED = 10
#: Learning rates and seeds, each: their product are the combinations of a pipeline.
_SWEPT = BySize(tiny=3, small=40, full=100)
_COMPLETED = BySize(tiny=5, small=500, full=3000)


def _one_run(world: World) -> Sides:
    project = world.project("noop")
    program = [str(world.peers["hydra-core"]), "app.py"]
    return Sides(
        ours=lambda: world.seconds(world.runner(), project),
        theirs=lambda: world.seconds(program, project),
    )


def _previews(world: World) -> Sides:
    project = world.project("noop")
    large = [f"{name}=range(10000)" for name in "xyz"]
    most = f"+max_trials={world.size.of(_PREVIEWED)}"
    return Sides(
        ours=_preview(world, project, *large, most, "+random_seed=1"),
        theirs=_preview(world, project, "x=1,2", "y=1,2"),
    )


def _preview(world: World, project: Path, *words: str) -> Side:
    command = world.runner("-m", *words, "+print_trials=true")
    return lambda: world.seconds(command, project)


def _pipeline(name: str, trials_each: int) -> Callable[[World], Sides]:
    """A pipeline's plan beside that of a plain sweep with as many trials: `trials_each` for
    each combination (and two more that all combinations share)."""

    def prepare(world: World) -> Sides:
        project, swept = world.project("pipeline"), world.size.of(_SWEPT)
        own = [f"train.{flag}=range({swept})" for flag in ("lr", "seed")]
        plain = [f"lr=range({swept})", f"seed=range({trials_each * swept})"]
        return Sides(
            ours=_preview(world, project, f"operation={name}", *own),
            theirs=_preview(world, project, *plain),
        )

    return prepare


def _record(world: World, trials: int) -> list[str]:
    return world.runner("-m", f"x=range({trials})", "+init_trials=true")


def _recording_memory(world: World) -> Sides:
    def peak(trials: int) -> Side:
        return lambda: world.peak_megabytes(_record(world, trials), world.project("noop"))

    return Sides(ours=peak(world.size.of(_RECORDED)), theirs=peak(_FEW_RECORDED))


def _recording_time(world: World) -> Sides:
    def milliseconds(trials: int) -> float:
        return 1000 * world.seconds(_record(world, trials), world.project("noop"))

    many = world.size.of(_RECORDED)
    return Sides(ours=per_job(milliseconds, few=_FEW_RECORDED, many=many))


def _needed(world: World) -> Sides:
    return Sides(ours=_restart(world, world.size.of(_COMPLETED)), theirs=_restart(world, 1))


def _restart(world: World, trials: int) -> Side:
    """The restart of a batch whose trials are all completed."""
    project = world.project("noop")
    world.seconds(world.runner("-m", f"x=range({trials})"), project)
    command = world.runner(f"+restart={_batch_in(project / 'runs')}", "+needed=true")
    return lambda: world.seconds(command, project)


def _batch_in(store: Path) -> str:
    from hydra_sweep_runner.store.runs import RunStore

    return next(iter(RunStore.open(store, create=False).batches())).id


BENCHMARKS = (
    Benchmark(
        name="one-run",
        what="one run of a no-op function",
        against="the same as a Hydra program",
        figure=Figure.TIMES,
        target=1.15,
        unit="s",
        prepare=_one_run,
        needs=("hydra-core",),
        repeats=3,
    ),
    Benchmark(
        name="preview",
        what="previewing 1,000 trials of a grid of 10¹²",
        against="previewing 4 trials",
        figure=Figure.MORE,
        target=0.5,
        unit="s",
        prepare=_previews,
    ),
    Benchmark(
        name="pipeline-plan",
        what="previewing 10,000 combinations of a pipeline over shared steps, 20,002 trials",
        against="previewing 20,000 trials of a plain sweep",
        figure=Figure.TIMES,
        target=1.5,
        unit="s",
        prepare=_pipeline("study", 2),
    ),
    Benchmark(
        name="pipeline-plan-short",
        what="the same with one step that is not shared, 10,002 trials",
        against="previewing 10,000 trials of a plain sweep",
        figure=Figure.TIMES,
        target=1.5,
        unit="s",
        prepare=_pipeline("models", 1),
    ),
    Benchmark(
        name="record-memory",
        what="recording a plan of 10,000 trials: peak memory",
        against="a plan of 10",
        figure=Figure.MORE,
        target=150,
        unit="MB",
        prepare=_recording_memory,
    ),
    Benchmark(
        name="record-time",
        what="recording a plan of 10,000 trials: cost a trial",
        against="",
        figure=Figure.ALONE,
        target=3,
        unit="ms",
        prepare=_recording_time,
    ),
    Benchmark(
        name="needed",
        what="restarting 3,000 completed trials, +needed=true",
        against="restarting 1",
        figure=Figure.MORE,
        target=2,
        unit="s",
        prepare=_needed,
    ),
)
