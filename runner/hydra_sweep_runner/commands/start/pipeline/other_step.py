"""Refuses overrides for other steps where a single trial of a pipeline is restarted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from hydra_sweep_runner.commands.runs.dependents import upstream_ids
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.pipeline import OF_STEP
from hydra_sweep_runner.errors import Mistake, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.operation.kinds.known import STEPS
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import escape, short


def refuse_other_steps(world: World, run: Run, texts: Iterable[str]) -> None:
    """Raise Mistake for an override that begins with the name of a step of the trial's pipeline: of
    another step, whose run made the trial's files, or of the trial's own, which is not named there.
    """
    if run.step is None or run.generated_by is None:
        return
    batch = _read(world.store, run.generated_by)
    if batch is None or batch.operation.kind != STEPS:
        return
    for text in texts:
        given = OF_STEP.fullmatch(text)
        if given is None or given["step"] not in batch.operation.target:
            continue
        if any(name.startswith(f"{given['step']}.") for name in run.flags):
            continue  # the trial has a node of that name itself
        _refuse(world, run, batch, given)


def _refuse(world: World, run: Run, batch: Run, given: re.Match[str]) -> None:
    sign, step, rest = given.groups()
    told = escape(given[0])
    source = run if step == run.step else _upstream(world.store, run, step)
    if source is not None and rest.partition("=")[0] in source.flags:
        sign = sign.replace("+", "")  # it is there: nothing is added
    if source is run:
        raise Mistake(
            f"{told}: {short(run.id)} is a run of {step}: give its own flags without that name: "
            f"{escape(sign + rest)}"
        )
    whose, taken = f"the step {step}", ""
    if source is not None:
        whose, taken = f"{step} {short(source.id)}", ", which this trial takes files from"
    command = f"{world.restart_prefix}{short(batch.id)} {shlex.quote(f'{sign}{step}.{rest}')}"
    raise Mistake(
        f"{told}: is for {whose}{taken}; {short(run.id)} is a run of {run.step}; to restart the "
        f"batch with it: {escape(command)} +needed=true"
    )


def _upstream(store: RunStore, run: Run, step: str) -> Run | None:
    """The first run of a step that a run takes files from, directly or through others."""
    left, seen = [*upstream_ids(run)], set[str]()
    while left:
        run_id = left.pop(0)
        if run_id in seen:
            continue
        seen.add(run_id)
        found = _read(store, run_id)
        if found is not None and found.step == step:
            return found
        left += upstream_ids(found) if found is not None else ()
    return None


def _read(store: RunStore, run_id: str) -> Run | None:
    """A run's record; None if it was deleted or cannot be read."""
    try:
        return store.read(run_id)
    except (UnknownRun, UnreadableRecord):
        return None
