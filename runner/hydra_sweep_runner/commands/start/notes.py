"""Prints at a restart what it is about and what it changes: the environment, the batch of a trial,
the batches that a run leaves, the flags that a folder's files were made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.commands.start.yaml_changes import change_text
from hydra_sweep_runner.model import Kind, Run, Status
from hydra_sweep_runner.operation.flags import (
    differences,
)
from hydra_sweep_runner.store.layout import HYDRA, OWN
from hydra_sweep_runner.terminal.render import escape, short


def report_last_of_batch(
    world: World,
    run: Run,
    typed: object,
    *,
    is_skipped: bool = False,
    words: str = "(with +needed=true, what is not completed)",
) -> None:
    """Print that the newest run, `+restart=last`, is one trial of a batch, and how the whole batch
    is restarted. `is_skipped` says that the trial does not run, `words` follow the batch's id."""
    if typed != "last" or run.kind is not Kind.TRIAL:
        return
    from hydra_sweep_runner.commands.start.programs import batch_of  # not for first starts

    what = "runs again though it is completed" if run.state.status is Status.COMPLETED else "runs"
    what = "is skipped" if is_skipped else what
    batch_id = batch_of(world.store, run)
    if batch_id is None:
        world.reporter.say(
            f"The last run is a trial of a batch that is not in the store any more; it alone {what}"
        )
        return
    world.reporter.say(
        f"The last run is a trial of a batch; it alone {what}; the whole batch: "
        f"{world.restart_prefix}{short(batch_id)} {words}"
    )


def report_left_batches(world: World, run: Run, batch_ids: Sequence[str]) -> None:
    """Print a line if a run is no longer in the plans of batches, and how they get another one."""
    for batch_id in batch_ids:
        world.reporter.say(
            f"{short(run.id)} is no longer in the batch {short(batch_id)}, which plans it with "
            f"other flags; to have another made in its place: "
            f"{world.restart_prefix}{short(batch_id)} +needed=true"
        )


def report_kept_folder(world: World, run: Run, again: Run) -> None:
    """Print a line if a run that has worked in its folder is to go on there with other flags: a
    script that finds its checkpoint goes on from what the former values made."""
    changed = differences(run.flags, again.flags)
    if changed and _has_files(world.store.folder(run.id)):
        told = ", ".join(change_text(name, *values) for name, values in changed.items())
        world.reporter.say(
            f"{short(run.id)} keeps its folder, whose files were made with other flags: {told}; "
            "without +restart it is a run of its own"
        )


def _has_files(folder: Path) -> bool:
    """Whether an operation has put something into a run's folder."""
    found = folder.iterdir() if folder.is_dir() else ()
    return any(not path.is_symlink() and path.name not in (OWN, HYDRA) for path in found)


def report_environment(world: World, run: Run, environment: Mapping[str, str]) -> None:
    """Print the variables that determine which configs are composed and whose values have
    changed."""
    was = run.recipe.environment
    other = [name for name, value in was.items() if environment.get(name) != value]
    if other:
        world.reporter.say(
            f"{escape(', '.join(other))} had another value when {short(run.id)} was made: it is "
            "composed as it was; to take the present value: +refresh=true"
        )
