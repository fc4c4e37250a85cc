"""Supervises a task from its start to its recorded end."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import RunnerError, StoreFailed
from hydra_sweep_runner.execute.attempt import log as outputs
from hydra_sweep_runner.execute.attempt.attempt import Attempted, Machinery, attempt
from hydra_sweep_runner.execute.attempt.exit_reason import Ending, with_last_words
from hydra_sweep_runner.execute.attempt.hints import hint_on
from hydra_sweep_runner.execute.attempt.imported_modules import with_imports
from hydra_sweep_runner.execute.attempt.inputs import (
    missing_output,
    place_inputs,
    without_inputs,
)
from hydra_sweep_runner.execute.attempt.log import Output, Screen
from hydra_sweep_runner.execute.attempt.own_code import changed_since, with_present_code
from hydra_sweep_runner.execute.attempt.requires import make_links, missing_required
from hydra_sweep_runner.execute.attempt.scalars import Scalars
from hydra_sweep_runner.execute.attempt.stop_signals import Cause, Urgency
from hydra_sweep_runner.execute.local.reactor import Supervision
from hydra_sweep_runner.execute.server.client import ServerDied
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.model import Attempt, Process, Run, Status
from hydra_sweep_runner.operation.call import CommandCall, FunctionCall, ProgramCall
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.record.redaction import redact_run
from hydra_sweep_runner.scalars.form import parse_form
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import Clock
from hydra_sweep_runner.terminal.render import escape, head_line, retry_line

# The causes after which a run is recorded as terminated, with the recorded reasons.
_STOPPED = {
    Cause.STOP: lifecycle.STOPPED,
    Cause.ASKED: lifecycle.STOPPED_ON_REQUEST,
    Cause.LOST: str(ServerDied()),
}
_FAILED = "the runner failed"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The objects that supervision uses.

    `process` is this process. With `live` a trial's output is passed on as it comes, otherwise as
    one block after each attempt, when its end is on the disk: whoever has seen the block can rely
    on it. With `leaves_ends` the ends of completed runs are left to the caller to record.
    """

    store: RunStore
    reporter: Screen
    clock: Clock
    process: Process
    machinery: Machinery
    live: bool
    leaves_ends: bool = False


@dataclass(frozen=True)
class Unrecorded:
    """The end of a completed run, which `record` writes to the disk; call `show` after it, in the
    thread that uses the screen."""

    outcome: Outcome
    record: Callable[[], None]
    show: Callable[[], None]


@dataclass(frozen=True)
class _Attempt:
    """How an attempt ended, the end of the output of a failed one and what standard output has of
    it, and how to show all of it; that does nothing for output that was shown as it came. `emptied`
    says that the run's folder was deleted meanwhile."""

    attempted: Attempted
    tail: bytes
    printed: bytes
    show: Callable[[], None]
    emptied: bool


def supervise(
    task: Task, started: datetime, around: Surroundings
) -> Supervision[Outcome | Unrecorded]:
    """Execute a task with its retries, and record its start and its end.

    It is recorded as running since `started`. The caller owns the run until it is recorded as
    completed. Raises StoreFailed, and ServerDied if no process could be started; the run is then
    recorded as terminated, if possible.
    """
    run_dir = around.store.folder(task.run.id)
    run = _prepare(task, run_dir, started, around)
    try:
        # A completed run that is started again must not look completed after a power cut.
        around.store.write(run, durable=task.run.state.status is Status.COMPLETED)
        return (yield from _run_attempts(task, run, run_dir, around))
    except BaseException as error:
        _give_up(run, str(error) if isinstance(error, ServerDied) else _FAILED, around)
        raise


def _prepare(task: Task, run_dir: Path, started: datetime, around: Surroundings) -> Run:
    try:
        outputs.set_aside(run_dir)
        required = without_inputs(task.run.operation.requires, task.upstream)
        make_links(Path(task.project_dir), run_dir, required)
        place_inputs(Path(task.store_root), run_dir, task.upstream)
        # For functions and programs the worker writes Hydra's files.
        if not isinstance(task.call, (FunctionCall, ProgramCall)):
            task.config.write_files(run_dir)
    except OSError as error:
        raise StoreFailed(f"cannot prepare {run_dir}: {error.strerror or error}") from error
    process = replace(around.process, since=started)
    state = lifecycle.started(task.run.state, process, started)
    run = replace(task.run, state=state, result=None, scalars={})
    return _as_present(run, task, around)


def _as_present(run: Run, task: Task, around: Surroundings) -> Run:
    """The run with the code that it is about to start with; says once of each file that it has
    changed since the runner was started."""
    run = with_present_code(run, task, around.machinery.digests)
    told = around.machinery.told_changes
    changed = [name for name in changed_since(task.run, run) if name not in told]
    if changed:
        told.update(changed)
        has = "has" if len(changed) == 1 else "have"
        around.reporter.say(
            f"{escape(', '.join(changed))} {has} changed meanwhile: what starts from here on runs "
            "the present code"
        )
    return run


def _run_attempts(
    task: Task, run: Run, run_dir: Path, around: Surroundings
) -> Supervision[Outcome | Unrecorded]:
    began = run.state.started or around.clock()
    left = task.retries
    while True:
        made = yield from _attempt(task, run, run_dir, around)
        attempted, end = made.attempted, made.attempted.ending
        if end.exit_status == 0 or not left or _is_stopped(attempted, around):
            break
        left -= 1
        run = _record_attempt(run, task, run_dir, began, end, around)
        made.show()
        reason = redact_run(run, os.environ).state.attempts[-1].reason
        number = task.retries - left
        around.reporter.say(retry_line(task.title, number + 1, task.retries + 1, reason))
        began = around.clock()
    outcome = Outcome(run=_ended(run, attempted, task.project_dir, around))
    if outcome.run.state.status is Status.COMPLETED and around.leaves_ends:
        return Unrecorded(outcome, partial(_record, outcome, around), made.show)
    _record(outcome, around)
    made.show()
    if outcome.run.state.status is not Status.ERROR:
        return outcome
    outcome = replace(outcome, hint=hint_on(end.exit_status, made.tail, task, emptied=made.emptied))
    return (
        outcome
        if around.live
        else replace(outcome, tail=made.tail, printed=made.printed, was_shown=True)
    )


def _attempt(task: Task, run: Run, run_dir: Path, around: Surroundings) -> Supervision[_Attempt]:
    """Make an attempt at the run recorded as `run`."""
    scalars = Scalars(
        run_dir,
        parse_form(run.operation.scalars),
        lambda found: around.store.write(replace(run, scalars=found), durable=False),
    )
    show = around.reporter.output if around.live else None
    try:
        output = Output(run_dir / layout.LOG, show, scalars.printed)
    except OSError as error:
        raise StoreFailed(f"cannot write {run_dir}: {error.strerror}") from error
    try:
        if around.live:
            output.is_behind = lambda: around.reporter.is_behind
        around.store.keep(run.id)
        required = without_inputs(task.run.operation.requires, task.upstream)
        lacking = missing_required(run_dir, required)
        if lacking is None:
            look = partial(_look, run.id, scalars, around)
            attempted = yield from attempt(task, run_dir, output, around.machinery, look)
        else:
            attempted = Attempted(ending=Ending(exit_status=None, reason=lacking), cause=None)
        emptied = not os.path.lexists(f"{run_dir}/{layout.LOG}")
        if attempted.ending.exit_status == 0 and output.error is not None:
            reason = f"its output could not be kept: {output.error.strerror}"
            end = Ending(exit_status=1, reason=reason)
            attempted = replace(attempted, ending=end)
        if attempted.ending.exit_status == 0:
            missing = missing_output(run_dir, task.promised)
            if missing is not None:
                attempted = replace(attempted, ending=Ending(exit_status=1, reason=missing))
        attempted = replace(attempted, scalars=scalars.finish(attempted.ending.scalars))
        tail = printed = b""
        if attempted.ending.exit_status != 0:
            tail = output.tail(outputs.TAIL_BYTES)
            printed = output.tail_of("stdout", outputs.TAIL_BYTES)
            is_command = isinstance(task.call, CommandCall)
            errors = output.tail_of("stderr", outputs.TAIL_BYTES) if is_command else b""
            attempted = replace(attempted, ending=with_last_words(attempted.ending, tail, errors))
        if around.live:
            return _Attempt(attempted, tail, printed, _do_nothing, emptied)
        block = partial(around.reporter.block, output.pieces(), head_line(task.title))
        return _Attempt(attempted, tail, printed, block, emptied)
    finally:
        output.close()


def _do_nothing() -> None:
    """Show nothing: the output was shown as it came."""


def _look(run_id: str, scalars: Scalars, around: Surroundings) -> bool:
    """Called about once a second: write the scalars, and check for a request to stop."""
    scalars.look()
    return around.store.is_asked_to_stop(run_id)


def _is_stopped(attempted: Attempted, around: Surroundings) -> bool:
    urgency = around.machinery.stop.urgency
    return attempted.cause in _STOPPED or urgency is not Urgency.NONE


def _record_attempt(
    run: Run, task: Task, run_dir: Path, began: datetime, end: Ending, around: Surroundings
) -> Run:
    """Record a failed attempt that is followed by another, and set its log aside."""
    around.store.mend(run.id)
    try:
        log = outputs.set_aside(run_dir)
    except OSError as error:
        raise StoreFailed(f"cannot prepare {run_dir}: {error.strerror or error}") from error
    kept = Attempt(
        started=began,
        stopped=around.clock(),
        exit_status=end.exit_status,
        reason=end.reason,
        log=log or "",
    )
    run = replace(run, state=lifecycle.attempted(run.state, kept))
    run = _as_present(run, task, around)
    around.store.write(run, durable=False)
    return run


def _ended(run: Run, attempted: Attempted, project_dir: str, around: Surroundings) -> Run:
    """The run with its end, as it will be recorded."""
    end, at = attempted.ending, around.clock()
    stopped = None if attempted.cause is None else _STOPPED.get(attempted.cause)
    if stopped is not None:
        state = lifecycle.terminated(run.state, stopped, at)
    else:
        state = lifecycle.finished(run.state, end.exit_status, end.reason, at)
    ended = replace(run, state=state, result=end.result, scalars=attempted.scalars)
    if state.status is not Status.COMPLETED:
        return ended
    return with_imports(ended, end.imports, project_dir, around.machinery.digests)


def _record(outcome: Outcome, around: Surroundings) -> None:
    try:
        around.store.write(outcome.run)
    except BaseException:
        _give_up(outcome.run, _FAILED, around)
        raise


def _give_up(run: Run, why: str, around: Surroundings) -> None:
    """Record, if possible, that the run is no longer running."""
    with suppress(RunnerError):
        recorded = around.store.read(run.id)
        if recorded.state.status is Status.RUNNING:
            state = lifecycle.terminated(recorded.state, why, around.clock())
            around.store.write(replace(recorded, state=state))
