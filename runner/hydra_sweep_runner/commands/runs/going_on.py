"""The command that restarts a stored run or batch, for whoever looks at it later: `watch`,
the page, a restart by another command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.search.optimizers.choose import PLANNED
from hydra_sweep_runner.terminal.batch_lines import restart_words
from hydra_sweep_runner.terminal.render import short


def goal_of(run: Run) -> int | None:
    """How many trials a search goes on to, at work or when it is restarted: an optimizer that
    learns plans them one by one. None for a search that has come to its end, for every other
    batch, and where the options do not say."""
    optimizer, most = run.options.get("optimizer"), run.options.get("max_trials")
    has_ended = run.state.status is Status.COMPLETED and not (run.batch and run.batch.lift)
    is_growing = optimizer not in (None, *PLANNED) and not has_ended
    return most if is_growing and isinstance(most, int) else None


def words_to_go_on(run: Run, counts: Mapping[Status, int]) -> list[str]:
    """What the command's own last line tells to restart it with, to run what has not completed.
    `counts` are the planned trials of a batch with each status."""
    if run.batch is None:
        return restart_words({})
    proposed = max(0, (goal_of(run) or 0) - len(run.batch.trials))
    missing = {Status.PENDING: counts.get(Status.PENDING, 0) + proposed}
    left = {status: count for status, count in {**counts, **missing}.items() if count}
    return restart_words(left, run.batch.lift, run.batch.needed)


def restart_command(
    run: Run, run_id: str, words: Sequence[str], folder: Path, store: Path | None
) -> list[str]:
    """The command that restarts a run or a batch, to be typed in the project's folder, word by
    word; `run_id` is its id as it is typed, `store` the store if it is not found there.

    Raises Mistake if it is of a Hydra program that is not there.
    """
    is_program = KINDS[run.operation.kind].is_hydra_job
    command = _program_words(folder, run) if is_program else ["runner"]
    command += [f"+restart={run_id}", *words]
    if store is not None:
        from hydra_sweep_runner.commands.start.world import store_override  # imports Hydra

        command += [shlex.split(word)[0] for word in store_override(store, folder)]
    return command


def _program_words(folder: Path, batch: Run) -> list[str]:
    """What starts the Hydra program of a batch, in the project's folder."""
    target = str(batch.operation.target)
    if (folder / target).is_file():
        started = [target]
    elif not target.endswith(".py"):
        started = ["-m", target]
    else:
        raise Mistake(f"{folder / target}, the program of {short(batch.id)}, is not there")
    place = dict(batch.recipe.place)
    if batch.recipe.config_name is not None:
        place["config-name"] = batch.recipe.config_name
    options = [f"--{name}={text}" for name, text in place.items()]
    return ["python", *started, *options, "-m", "hydra/sweeper=runner"]
