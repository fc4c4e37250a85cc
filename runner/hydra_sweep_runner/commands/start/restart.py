"""`+restart=ID`: the id determines whether a batch or a single run is restarted."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from hydra_sweep_runner.commands.start.batch import restart_batch
from hydra_sweep_runner.commands.start.composing import Composing, Typed, compose_restart
from hydra_sweep_runner.commands.start.gone_flags import naming_taken_back, take_back
from hydra_sweep_runner.commands.start.optional_groups import check_kept_choices
from hydra_sweep_runner.commands.start.own_option import naming_own_option
from hydra_sweep_runner.commands.start.pipeline.other_step import refuse_other_steps
from hydra_sweep_runner.commands.start.programs import check_owner
from hydra_sweep_runner.commands.start.single import restart_run
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.commands.start.yaml_changes import naming_present_flag
from hydra_sweep_runner.errors import Busy, Mistake, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Kind, Run, Status
from hydra_sweep_runner.operation.run_options import OPTIONS
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.trash import Trash
from hydra_sweep_runner.terminal.render import escape, short


def restart(
    world: World,
    typed: Typed,
) -> int:
    """Restart a run, a trial or a batch in place, and return the exit status.

    Raises Mistake for an id that names no run or several runs, Busy for a running one.
    """
    store = world.store
    run_id = find_run(store, typed)
    # A preview changes nothing, so it need not own the batch.
    preview = bool(typed.option("print_trials"))
    with ExitStack() as claim:
        if not preview:
            _claim(world, run_id, claim)
        run = store.read(run_id)
        if run.state.status is Status.RUNNING:
            run = store.observe(run, claimed=not preview)
        check_owner(world, run, typed.arguments)
        _check_options(run, store.folder(run_id))
        refuse_other_steps(world, run, typed.task)
        with naming_own_option(world.project_dir), naming_present_flag(world, run, typed):
            composing = take_back(compose_restart(world, run, typed), run, typed)
            check_kept_choices(world, run, composing)
            with naming_taken_back(run, typed, composing):
                return _restart(world, run, composing)


def _claim(world: World, run_id: str, until: ExitStack) -> None:
    """Claim a run until the context ends. Raises Busy, with the commands for a run at work."""
    try:
        until.enter_context(world.store.claim(run_id))
    except Busy as error:
        is_batch = world.store.read(run_id).kind is Kind.BATCH
        which = f"{short(run_id)}{world.store_words}"
        followed = f"runner watch {which} follows it, " if is_batch else ""
        raise Busy(f"{error}; {followed}runner runs stop {which} stops it") from error


def _restart(world: World, run: Run, composing: Composing) -> int:
    if composing.dropped:
        dropped = escape(", ".join(composing.dropped))
        world.reporter.say(f"Dropped, as the chosen launcher has no such setting: {dropped}")
    if run.kind is Kind.BATCH:
        return restart_batch(world, run, composing)
    return restart_run(world, run, composing)


def find_run(store: RunStore, typed: Typed) -> str:
    """The id of the run to restart. Raises UnknownRun, which says so if a batch's trial was
    deleted, AmbiguousRun or Mistake."""
    prefix = str(typed.option("restart") or "")
    try:
        return store.resolve(prefix)
    except UnknownRun as error:
        if any(entry.id.startswith(prefix.lower()) for entry in Trash(store.root).entries()):
            raise
        for batch in store.batches():
            known = (*batch.batch.trials, *batch.batch.generated) if batch.batch else ()
            for run_id in known:
                if run_id.startswith(prefix.lower()):
                    raise UnknownRun(
                        f"{short(run_id)} is a trial of the batch {short(batch.id)} whose "
                        "folder was deleted by hand: restart the batch, which makes what is "
                        "planned of it anew"
                    ) from error
        raise


def _check_options(run: Run, folder: Path) -> None:
    """Raise UnreadableRecord for a recorded option that is not valid."""
    where = f"{folder}/{layout.RECORD}"
    for name, value in {**run.options, "random_seed": run.random_seed}.items():
        if name not in OPTIONS:
            raise UnreadableRecord(f"{where}: options.{name}: no run option")
        try:
            if value is not None:
                OPTIONS[name].read(name, value)
        except Mistake as error:
            raise UnreadableRecord(f"{where}: {error}") from error
