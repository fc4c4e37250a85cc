"""Taking a task from its start to its recorded end, in one thread."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from runner import lifecycle
from runner.errors import StoreFailed
from runner.execute import output as outputs
from runner.execute.attempts import Attempted, Machinery, attempt
from runner.execute.children import ServerDied
from runner.execute.ending import Ending
from runner.execute.links import make_links
from runner.execute.output import Output, Screen
from runner.execute.stopping import Cause, Urgency
from runner.execute.task import FunctionCall, Outcome, ProgramCall, Task
from runner.model import Attempt, Process, Run, Status
from runner.ports import Clock, Store

# What ends as terminated, and why in words.
_STOPPED = {
    Cause.STOP: lifecycle.STOPPED,
    Cause.ASKED: lifecycle.STOPPED_ON_REQUEST,
    Cause.LOST: str(ServerDied()),
}
_NOT_FOUND = (b"FileNotFoundError", b"No such file or directory")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What supervising needs from the world.

    `process` is this one. With `live` a trial's output is passed on as it comes, else as one
    block when an attempt has ended.
    """

    store: Store
    reporter: Screen
    clock: Clock
    process: Process
    machinery: Machinery
    live: bool


def supervise(task: Task, started: datetime, around: Surroundings) -> Outcome:
    """Execute a task, its retries included, and record its start and its end.

    It is recorded as running since `started`. The caller owns the run. Raises StoreFailed,
    and ServerDied when no process could be started; the run is recorded as terminated then,
    if it can be.
    """
    run_dir = around.store.folder(task.run.id)
    run = _begin(task, run_dir, started, around)
    try:
        return _run_attempts(task, run, run_dir, around)
    except BaseException as error:
        with suppress(StoreFailed):
            why = str(error) if isinstance(error, ServerDied) else "the runner failed"
            state = lifecycle.terminated(run.state, why, around.clock())
            around.store.write(replace(run, state=state))
        raise


def _begin(task: Task, run_dir: Path, started: datetime, around: Surroundings) -> Run:
    try:
        outputs.set_aside(run_dir)
        make_links(Path(task.project_dir), run_dir, task.run.operation.requires)
        if not isinstance(task.call, (FunctionCall, ProgramCall)):  # their worker writes them
            task.config.write_files(run_dir)
    except OSError as error:
        raise StoreFailed(f"cannot prepare {run_dir}: {error.strerror or error}") from error
    process = replace(around.process, since=started)
    run = replace(task.run, state=lifecycle.started(task.run.state, process, started), result=None)
    # After a power cut, a run that was completed must not look so when it was begun anew.
    around.store.write(run, durable=task.run.state.status is Status.COMPLETED)
    return run


def _run_attempts(task: Task, run: Run, run_dir: Path, around: Surroundings) -> Outcome:
    began = run.state.started or around.clock()
    left = task.retries
    while True:
        attempted, tail = _attempt(task, run_dir, around)
        end = attempted.ending
        if end.exit_status == 0 or not left or _is_stopped(attempted, around):
            break
        left -= 1
        run = _record_attempt(run, run_dir, began, end, around)
        began = around.clock()
    outcome = Outcome(run=_record_end(run, attempted, around))
    if outcome.run.state.status is not Status.ERROR:
        return outcome
    outcome = replace(outcome, hint=_hint(tail, task))
    return outcome if around.live else replace(outcome, tail=tail)


def _attempt(task: Task, run_dir: Path, around: Surroundings) -> tuple[Attempted, bytes]:
    """An attempt, and the end of its output."""
    try:
        output = Output(run_dir / outputs.LOG, around.reporter.output if around.live else None)
    except OSError as error:
        raise StoreFailed(f"cannot write {run_dir}: {error.strerror}") from error
    try:
        is_asked = partial(around.store.is_asked_to_stop, task.run.id)
        attempted = attempt(task, run_dir, output, around.machinery, is_asked)
        if not around.live:
            around.reporter.block(output.pieces())
        if attempted.ending.exit_status == 0 and output.error is not None:
            reason = f"its output could not be kept: {output.error.strerror}"
            end = Ending(exit_status=1, reason=reason)
            attempted = replace(attempted, ending=end)
        failed = attempted.ending.exit_status != 0
        return attempted, output.tail(outputs.TAIL_BYTES) if failed else b""
    finally:
        output.close()


def _is_stopped(attempted: Attempted, around: Surroundings) -> bool:
    urgency = around.machinery.stop.urgency
    return attempted.cause in _STOPPED or urgency is not Urgency.NONE


def _record_attempt(
    run: Run, run_dir: Path, began: datetime, end: Ending, around: Surroundings
) -> Run:
    """Keep a failed attempt that another follows, and its log."""
    kept = Attempt(
        started=began,
        stopped=around.clock(),
        exit_status=end.exit_status,
        reason=end.reason,
        log=outputs.set_aside(run_dir) or "",
    )
    run = replace(run, state=lifecycle.attempted(run.state, kept))
    around.store.write(run, durable=False)
    return run


def _record_end(run: Run, attempted: Attempted, around: Surroundings) -> Run:
    end, at = attempted.ending, around.clock()
    stopped = None if attempted.cause is None else _STOPPED.get(attempted.cause)
    if stopped is not None:
        state = lifecycle.terminated(run.state, stopped, at)
    else:
        state = lifecycle.finished(run.state, end.exit_status, end.reason, at)
    run = replace(run, state=state, result=end.result)
    around.store.write(run)
    return run


def _hint(tail: bytes, task: Task) -> str | None:
    if not _mentions(tail, _NOT_FOUND):
        return None
    return (
        f"a file was not found: the trial works in {task.working_dir}; what it needs from "
        f"the project in {task.project_dir} is named in operation.requires"
    )


def _mentions(text: bytes, words: Iterable[bytes]) -> bool:
    return any(word in text for word in words)
