"""One attempt at a task: its process, from the start to the end, with its output."""

from __future__ import annotations

import marshal
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.execute import ending, messages, script_main, script_run
from runner.execute.children import Child, ForkServer
from runner.execute.ending import Ending
from runner.execute.function_worker import Job, ProgramJob, Reply
from runner.execute.output import Output
from runner.execute.script_flags import arguments
from runner.execute.stopping import Cause, Graces, Pressure, StopSwitch
from runner.execute.task import CommandCall, FunctionCall, ProgramCall, ScriptCall, Task
from runner.execute.workers import Worker, Workers
from runner.model import FlagsTo, Value

# Linux takes no longer string into an environment than 128 KiB.
_MOST_IN_VARIABLE = 100_000
# How long a worker that has hung up may take to have died, in seconds.
_DEATH_S = 1.0
_FLAGS_FILE = ".runner/flags.marshal"


@dataclass(frozen=True, kw_only=True)
class Machinery:
    """What attempts are made with. `environment` is what the trials' are based on."""

    server: ForkServer
    workers: Workers
    stop: StopSwitch
    graces: Graces
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Attempted:
    """How an attempt ended, and why the runner ended it if it did."""

    ending: Ending
    cause: Cause | None


def attempt(
    task: Task,
    run_dir: Path,
    output: Output,
    machinery: Machinery,
    is_asked: Callable[[], bool],
) -> Attempted:
    """Run the task once, to its end, in the calling thread. Raises ServerDied.

    `is_asked` tells whether somebody asks for the run's end. Whatever is raised, the
    attempt's processes are killed then.
    """
    pressure = Pressure(machinery.graces, time.monotonic(), task.timeout_s, is_asked)
    if isinstance(task.call, FunctionCall):
        job = _function_job(task, task.call, run_dir)
        return _attempt_in_worker(task, job, output, machinery, pressure)
    if isinstance(task.call, ProgramCall):
        program_job = _program_job(task, task.call, run_dir)
        return _attempt_in_worker(task, program_job, output, machinery, pressure)
    return _attempt_program(task, task.call, run_dir, output, machinery, pressure)


def _attempt_program(
    task: Task,
    call: ScriptCall | CommandCall,
    run_dir: Path,
    output: Output,
    machinery: Machinery,
    pressure: Pressure,
) -> Attempted:
    argv, environment = _program(call, {**machinery.environment, **task.environment}, run_dir)
    try:
        child = machinery.server.start_program(
            argv,
            environment=environment,
            folder=task.working_dir,
            outputs=output.writers,
            bound=isinstance(call, CommandCall),  # a script sees to it itself, quicker
        )
        watch = _Watch(task, child, output, machinery, pressure)
        try:
            watch.follow()
        finally:
            if not child.ended:
                machinery.server.signal(child, signal.SIGKILL)
            child.close()
    finally:
        _remove_flags(run_dir)
    program = call.argv[0] if isinstance(call, CommandCall) and call.argv else sys.executable
    return watch.judge(ending.of_child(child, program))


def _function_job(task: Task, call: FunctionCall, run_dir: Path) -> Job:
    return Job(
        target=call.target,
        as_config=call.as_config,
        run_id=task.run.id,
        store_root=task.store_root,
        run_dir=str(run_dir),
        project_dir=task.project_dir,
        working_dir=task.working_dir,
        environment=task.environment,
        config=task.config,
    )


def _program_job(task: Task, call: ProgramCall, run_dir: Path) -> ProgramJob:
    return ProgramJob(
        target=task.run.operation.name,
        packed=call.packed,
        run_id=task.run.id,
        store_root=task.store_root,
        run_dir=str(run_dir),
        working_dir=task.working_dir,
        environment=task.environment,
        config=task.config,
    )


def _attempt_in_worker(
    task: Task, job: Job | ProgramJob, output: Output, machinery: Machinery, pressure: Pressure
) -> Attempted:
    worker = machinery.workers.start(job, output.writers)
    watch = _Watch(task, worker.child, output, machinery, pressure, worker)
    try:
        watch.follow()
    except BaseException:
        machinery.workers.discard(worker, task.run.id)
        raise
    if watch.reply is not None and watch.cause is None:
        machinery.workers.give_back(worker)
        return watch.judge(ending.of_reply(watch.reply))
    machinery.workers.discard(worker, task.run.id)  # told to stop, it is not used again
    if watch.reply is not None:
        return watch.judge(ending.of_reply(watch.reply))
    if watch.was_cut_off:
        return watch.judge(ending.CUT_OFF)
    return watch.judge(ending.of_worker(worker.child, job.target))


class _Watch:
    """Follows one child, and the function call in it if there is one, to the end."""

    def __init__(
        self,
        task: Task,
        child: Child,
        output: Output,
        machinery: Machinery,
        pressure: Pressure,
        worker: Worker | None = None,
    ) -> None:
        self._child = child
        self._output = output
        self._machinery = machinery
        self._worker = worker
        self._timeout_s = task.timeout_s
        self._pressure = pressure
        self._kill_at_s: float | None = None
        self.reply: Reply | None = None
        self.was_cut_off = False

    @property
    def cause(self) -> Cause | None:
        """Why the runner is ending the attempt, if it is."""
        return self._pressure.cause

    def follow(self) -> None:
        """Pass the output on and press where that is due, until the end is known.

        Who else holds the output's pipes open, a process left behind, is not waited for.
        """
        self._output.forget_writers()
        stop, pressure = self._machinery.stop, self._pressure
        with selectors.DefaultSelector() as selector:
            selector.register(stop, selectors.EVENT_READ, self._notice_stop)
            selector.register(self._child.reports, selectors.EVENT_READ, self._hear)
            if self._worker is not None:
                selector.register(self._worker.control, selectors.EVENT_READ, self._answer)
            for reader in self._output.readers:
                selector.register(reader, selectors.EVENT_READ, self._read)
            while not self._child.ended and self.reply is None:
                for key, _ in selector.select(self._wait_s(time.monotonic())):
                    take: Callable[[selectors.BaseSelector, Any], None] = key.data
                    take(selector, key.fileobj)
                for number in pressure.due(time.monotonic(), stop.urgency):
                    self._machinery.server.signal(self._child, number)
                self._kill_if_cut_off(time.monotonic())
        self._output.drain()

    def judge(self, end: Ending) -> Attempted:
        """What to make of the child's own end."""
        if self._child.lost:
            self._machinery.server.note_death()
            return Attempted(ending=end, cause=Cause.LOST)
        if self.cause is Cause.TIMEOUT and self._timeout_s is not None:
            end = ending.of_timeout(self._timeout_s)
        return Attempted(ending=end, cause=self.cause)

    def _wait_s(self, now_s: float) -> float:
        wait_s = self._pressure.wait_s(now_s)
        return wait_s if self._kill_at_s is None else min(wait_s, max(0.0, self._kill_at_s - now_s))

    def _kill_if_cut_off(self, now_s: float) -> None:
        """Kill a worker that cannot answer any more, unless that was because it died."""
        if self._kill_at_s is not None and now_s >= self._kill_at_s and not self._child.ended:
            self._kill_at_s = None
            self.was_cut_off = True
            self._machinery.server.signal(self._child, signal.SIGKILL)

    def _notice_stop(self, selector: selectors.BaseSelector, stop: StopSwitch) -> None:
        selector.unregister(stop)  # it stays readable; the pressure looks at it from here on

    def _hear(self, _: selectors.BaseSelector, __: int) -> None:
        self._child.update()

    def _read(self, selector: selectors.BaseSelector, reader: int) -> None:
        if self._output.read(reader) == 0 and reader not in self._output.readers:
            selector.unregister(reader)

    def _answer(self, selector: selectors.BaseSelector, _: object) -> None:
        worker = self._worker
        if worker is None:
            return
        try:
            self.reply = messages.receive(worker.control)[0]
        except messages.ConnectionLost:
            # It has died, or the function closed what is not its own: then it has to.
            selector.unregister(worker.control)
            self._kill_at_s = time.monotonic() + _DEATH_S


def _program(
    call: ScriptCall | CommandCall, environment: dict[str, str], run_dir: Path
) -> tuple[list[str], dict[str, str]]:
    """The arguments and environment of a script's or command's process."""
    for name in (script_run.SCRIPT, script_run.FLAGS):
        environment.pop(name, None)
    if isinstance(call, CommandCall):
        environment.setdefault("PYTHONUNBUFFERED", "1")  # so that Python's output is live
        return list(call.argv), environment
    argv = [sys.executable, script_main.__file__, call.path]
    if call.flags_to is FlagsTo.ARGS:
        return [*argv, *arguments(call.flags)], environment
    if call.flags:
        environment[script_run.SCRIPT] = call.path
        environment[script_run.FLAGS] = _globals_text(call.flags, run_dir)
    return argv, environment


def _globals_text(flags: Mapping[str, Value], run_dir: Path) -> str:
    data = marshal.dumps(dict(flags))
    _remove_flags(run_dir)  # of an attempt that was killed with its runner
    if 2 * len(data) <= _MOST_IN_VARIABLE:
        return data.hex()
    path = run_dir / _FLAGS_FILE
    # What comes from the environment stands in it as it is: nobody else's business.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return f"@{os.fspath(path)}"


def _remove_flags(run_dir: Path) -> None:
    (run_dir / _FLAGS_FILE).unlink(missing_ok=True)
