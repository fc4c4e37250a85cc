"""A trial of a pipeline that is restarted on its own: its inputs, and the runs that depend on
it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from hydra_sweep_runner.commands.runs.dependents import Dependents
from hydra_sweep_runner.commands.start.pipeline.upstream import Upstreams, check_completed
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.task import Upstream
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.terminal.render import short


@dataclass(frozen=True, kw_only=True)
class SingleTrial:
    """A run that is to start by itself, with its present inputs. `promised` are the files that
    other runs take from it; `out_of_date` counts the completed runs that will no longer be
    current."""

    run: Run
    upstream: Upstream = field(default_factory=Upstream)
    promised: Mapping[str, str] = field(default_factory=dict)
    out_of_date: int = 0


def single_trial(world: World, run: Run) -> SingleTrial:
    """A run with its inputs and dependents, read from the store. A run outside a pipeline may have
    dependents, too, because a pipeline's batch may have adopted it.

    Raises Mistake for a missing input, Busy if a running run takes files from it.
    """
    upstreams = Upstreams(world.store)
    check_completed(upstreams, run)
    run = replace(run, inputs=upstreams.now(run.inputs))
    takers = Dependents(world.store)
    takers.refuse_if_used([run.id], "restarted")
    return SingleTrial(
        run=run,
        upstream=upstreams.of(run),
        promised=takers.promised(run.id),
        out_of_date=len(takers.completed([run.id])),
    )


def report_out_of_date(world: World, alone: SingleTrial) -> None:
    """Print how many runs were made from the run's former files, and how to update them."""
    count = alone.out_of_date
    if not count:
        return
    told = "1 run that takes" if count == 1 else f"{count} runs that take"
    are = "is" if count == 1 else "are"
    batch = alone.run.generated_by
    mend = f": {world.restart_prefix}{short(batch)} +needed=true" if batch else ""
    world.reporter.say(f"{told} files from {short(alone.run.id)} {are} out of date now{mend}")
