"""`+restart=ID`: what the id names decides whether a batch or one run starts again."""

from __future__ import annotations

from contextlib import nullcontext

from runner.commands.batch import restart_batch
from runner.commands.composing import OpenComposer, Typed, compose_restart
from runner.commands.context import Context
from runner.commands.execution import ExecutorOf
from runner.commands.programs import check_owner
from runner.commands.single import restart_run
from runner.commands.sweeping import LauncherOf
from runner.model import Kind, Operation
from runner.render import escape


def restart(
    context: Context,
    typed: Typed,
    open_composer: OpenComposer,
    executor_of: ExecutorOf,
    launcher_of: LauncherOf,
    program: Operation | None = None,
) -> int:
    """Restart a run, a trial or a batch in place, and return the exit status.

    Raises Mistake for an id that names nothing or several runs, Busy for one at work.
    """
    store = context.store
    run_id = store.resolve(typed.options.restart or "")
    # A preview changes nothing, so it need not own the batch.
    preview = bool(typed.options.print_trials)
    with nullcontext() if preview else store.claim(run_id):
        run = store.observe(store.read(run_id), claimed=not preview)
        check_owner(run, program)
        composing = compose_restart(run, typed, typed.options, store, open_composer, program)
        if composing.dropped:
            dropped = escape(", ".join(composing.dropped))
            context.reporter.say(f"Dropped, as the chosen launcher has no such setting: {dropped}")
        if run.kind is Kind.BATCH:
            return restart_batch(context, run, composing, open_composer, launcher_of)
        return restart_run(context, run, composing, open_composer, executor_of)
