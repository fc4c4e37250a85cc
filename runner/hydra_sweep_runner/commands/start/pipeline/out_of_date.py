"""Tells at the end of a batch which completed trials of pipelines are no longer current."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hydra_sweep_runner.commands.runs.dependents import Dependents
from hydra_sweep_runner.commands.start.pipeline.decisions import known_of
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.pipeline.current import out_of_date
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.terminal.render import short


def report_own(
    world: World, graph: Graph, batch_id: str, runs: Sequence[Run], *, is_told_how: bool
) -> None:
    """Print how many completed trials of the batch are not current, and how to update them, unless
    the batch's last line tells that (`is_told_how`). `runs` are those of the plan, in its order, as
    the batch leaves them."""
    count = len(out_of_date(graph, [known_of(run) for run in runs]))
    if not count:
        return
    told = "1 trial is" if count == 1 else f"{count} trials are"
    command = f"{world.restart_prefix}{short(batch_id)} +needed=true"
    how = "" if is_told_how else f"; to go on: {command}"
    world.reporter.say(f"{told} out of date{how}")


def report_others(
    world: World, takers: Dependents, batch: Run, planned: Collection[str], ran: Collection[str]
) -> None:
    """Print how many completed runs of other batches were made from former files of the trials
    that `ran`, and how to update these batches. `planned` are the trials of `batch`."""
    held = {
        run_id: [one for one in batches if one != batch.id]
        for run_id, batches in takers.completed(ran).items()
        if run_id not in planned
    }
    count = sum(map(bool, held.values()))
    if not count:
        return
    told = "1 run of another batch takes" if count == 1 else f"{count} runs of other batches take"
    are = "is" if count == 1 else "are"
    others = dict.fromkeys(short(one) for batches in held.values() for one in batches)
    how = ", ".join(f"{world.restart_prefix}{one} +needed=true" for one in others)
    world.reporter.say(f"{told} files from trials that ran again and {are} out of date now: {how}")
