"""`+restart=ID`: what the id names decides whether a batch or one run starts again."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from hydra_sweep_runner.commands.start.batch import restart_batch
from hydra_sweep_runner.commands.start.composing import Typed, compose_restart
from hydra_sweep_runner.commands.start.programs import check_owner
from hydra_sweep_runner.commands.start.single import restart_run
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.errors import Mistake, UnreadableRecord
from hydra_sweep_runner.model import Kind, Run
from hydra_sweep_runner.operation.run_options import OPTIONS
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.terminal.render import escape


def restart(
    world: World,
    typed: Typed,
) -> int:
    """Restart a run, a trial or a batch in place, and return the exit status.

    Raises Mistake for an id that names nothing or several runs, Busy for one at work.
    """
    store = world.store
    run_id = store.resolve(str(typed.option("restart") or ""))
    # A preview changes nothing, so it need not own the batch.
    preview = bool(typed.option("print_trials"))
    with nullcontext() if preview else store.claim(run_id):
        run = store.observe(store.read(run_id), claimed=not preview)
        check_owner(run, world.program)
        _check_options(run, store.folder(run_id))
        composing = compose_restart(world, run, typed)
        if composing.dropped:
            dropped = escape(", ".join(composing.dropped))
            world.reporter.say(f"Dropped, as the chosen launcher has no such setting: {dropped}")
        if run.kind is Kind.BATCH:
            return restart_batch(world, run, composing)
        return restart_run(world, run, composing)


def _check_options(run: Run, folder: Path) -> None:
    """Raise UnreadableRecord for a recorded option that nobody can have given."""
    where = f"{folder}/{layout.RECORD}"
    for name, value in {**run.options, "random_seed": run.random_seed}.items():
        if name not in OPTIONS:
            raise UnreadableRecord(f"{where}: options.{name}: no run option")
        try:
            if value is not None:
                OPTIONS[name].read(name, value)
        except Mistake as error:
            raise UnreadableRecord(f"{where}: {error}") from error
