"""One attempt at a task: its process and output, from start to end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import field, replace
from pathlib import Path

from hydra_sweep_runner.compose.job_config import JobConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.attempt import exit_reason
from hydra_sweep_runner.execute.attempt.exit_reason import Ending
from hydra_sweep_runner.execute.attempt.log import Output
from hydra_sweep_runner.execute.attempt.stop_signals import (
    Cause,
    Graces,
    SignalSchedule,
    StopSwitch,
)
from hydra_sweep_runner.execute.attempt.watch import Watch
from hydra_sweep_runner.execute.function.job import Job
from hydra_sweep_runner.execute.function.pool import Workers
from hydra_sweep_runner.execute.function.worker import ProgramJob
from hydra_sweep_runner.execute.local import devices
from hydra_sweep_runner.execute.local.devices import Devices
from hydra_sweep_runner.execute.script import process as script_process
from hydra_sweep_runner.execute.server.client import ForkServer
from hydra_sweep_runner.execute.server.preload_client import Preloading
from hydra_sweep_runner.execute.task import Task
from hydra_sweep_runner.model import Scalar
from hydra_sweep_runner.operation.call import (
    Call,
    CommandCall,
    FunctionCall,
    ProgramCall,
    ScriptCall,
)
from hydra_sweep_runner.record.reasons import of_status
from hydra_sweep_runner.system.executables import why_not_started
from hydra_sweep_runner.system.provenance import Digests


@dataclass(frozen=True, kw_only=True)
class Machinery:
    """The means of making attempts. The trials' environments are based on `environment`. `stdin` is
    the descriptor that trials read from; None if their standard input is empty. `inherited` is how
    many bases of configurations (`compose.base`) the workers have inherited. `told_changes` are the
    files of which it was said that they have changed meanwhile."""

    server: ForkServer
    workers: Workers
    stop: StopSwitch
    graces: Graces
    environment: Mapping[str, str]
    devices: Devices = field(default_factory=lambda: Devices(()))
    preloading: Preloading | None = None
    stdin: int | None = None
    inherited: int = 0
    digests: Digests = field(default_factory=Digests)
    told_changes: set[str] = field(default_factory=set)

    def streams(self, output: Output) -> tuple[int, ...]:
        """The descriptors of an attempt's stdout, stderr and, unless it is empty, stdin."""
        return output.writers if self.stdin is None else (*output.writers, self.stdin)

    def config_for_worker(self, config: JobConfig) -> JobConfig:
        """The configuration in a form that a worker can unpickle: a search that learns goes on to
        compose when the workers' process has long been forked."""
        from hydra_sweep_runner.compose.trial import TrialConfig

        if not isinstance(config, TrialConfig) or config.base.key < self.inherited:
            return config
        from hydra_sweep_runner.compose.portable import portable

        return portable(config)

    def server_for(self, call: Call) -> ForkServer | None:
        """The preloaded process that starts this call, if it has modules to preload."""
        return None if self.preloading is None else self.preloading.for_call(call)


@dataclass(frozen=True, kw_only=True)
class Attempted:
    """How an attempt ended, the cause if the runner ended it, and its scalars."""

    ending: Ending
    cause: Cause | None
    scalars: Mapping[str, Scalar] = field(default_factory=dict)


def attempt(
    task: Task,
    run_dir: Path,
    output: Output,
    machinery: Machinery,
    is_asked: Callable[[], bool],
) -> Generator[Watch, None, Attempted]:
    """Run the task once, to its end; yields the Watch to wait for. Raises ServerDied.

    `is_asked` says whether a user has requested that the run stop. If an error is raised, here or
    while waiting, the attempt's processes are killed.
    """
    schedule = SignalSchedule(machinery.graces, time.monotonic(), task.timeout_s, is_asked)
    with machinery.devices.one() as device:
        if device is not None:
            given = {**task.environment, devices.VARIABLE: device}
            task = replace(task, environment=given)
        return (yield from _attempt(task, run_dir, output, machinery, schedule))


def _attempt(
    task: Task, run_dir: Path, output: Output, machinery: Machinery, schedule: SignalSchedule
) -> Generator[Watch, None, Attempted]:
    if isinstance(task.call, FunctionCall):
        job = _function_job(task, task.call, run_dir)
        return (yield from _attempt_in_worker(task, job, output, machinery, schedule))
    if isinstance(task.call, ProgramCall):
        program_job = _program_job(task, task.call, run_dir)
        return (yield from _attempt_in_worker(task, program_job, output, machinery, schedule))
    return (yield from _attempt_program(task, task.call, run_dir, output, machinery, schedule))


def _attempt_program(
    task: Task,
    call: ScriptCall | CommandCall,
    run_dir: Path,
    output: Output,
    machinery: Machinery,
    schedule: SignalSchedule,
) -> Generator[Watch, None, Attempted]:
    argv, environment = _program(call, {**machinery.environment, **task.environment}, run_dir)
    with script_process.flags_removed(environment):
        server = machinery.server_for(call)
        if server is not None:
            child = server.start_script(
                argv[2:],  # the script and its arguments
                environment=environment,
                folder=task.working_dir,
                streams=machinery.streams(output),
            )
        else:
            server = machinery.server
            child = server.start_program(
                argv,
                environment=environment,
                folder=task.working_dir,
                streams=machinery.streams(output),
            )
        watch = Watch(child, server, output, schedule, machinery.stop)
        try:
            yield watch
            output.drain()
        finally:
            server.kill(child)
            child.close()
    # As recorded: a reason must not contain values of the environment.
    target = task.run.operation.target
    command = call.argv if isinstance(call, CommandCall) else (sys.executable,)
    program = target[0] if isinstance(target, tuple) else command[0]
    why = None
    if child.start_errno is not None and _is_relative(command[0]):
        path = environment.get("PATH", os.defpath)
        why = why_not_started(Path(task.working_dir, command[0]), program, path)
    end = exit_reason.of_child(child, program, why)
    if isinstance(call, ScriptCall):
        end = replace(end, imports=script_process.take_imports(run_dir))
        if end.exit_status == 1 and (said := script_process.take_exit_text(run_dir)):
            end = replace(end, reason=of_status(1, said))
    return _judge(task, watch, end)


def _is_relative(program: str) -> bool:
    """Whether a program is a path from the working folder, and not looked for in PATH."""
    return "/" in program and not program.startswith("/")


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
    task: Task,
    job: Job | ProgramJob,
    output: Output,
    machinery: Machinery,
    schedule: SignalSchedule,
) -> Generator[Watch, None, Attempted]:
    job = replace(job, config=machinery.config_for_worker(job.config))
    worker = machinery.workers.start(job, machinery.streams(output))
    watch = Watch(worker.child, machinery.server, output, schedule, machinery.stop, worker.control)
    try:
        yield watch
        output.drain()
    except BaseException:
        machinery.workers.discard(worker, task.run.id)
        raise
    if watch.reply is not None and watch.cause is None and not watch.reply.is_last:
        machinery.workers.give_back(worker)
        return _judge(task, watch, exit_reason.of_reply(watch.reply))
    # A worker that was stopped, or has changed, is not used again.
    machinery.workers.discard(worker, task.run.id)
    if watch.reply is not None:
        return _judge(task, watch, exit_reason.of_reply(watch.reply))
    if watch.was_cut_off:
        return _judge(task, watch, exit_reason.CUT_OFF)
    return _judge(task, watch, exit_reason.of_worker(worker.child, job.target))


def _judge(task: Task, watch: Watch, end: Ending) -> Attempted:
    """How the attempt ended, from how its child ended."""
    if watch.is_lost:
        return Attempted(ending=end, cause=Cause.LOST)
    if watch.cause is Cause.TIMEOUT and task.timeout_s is not None:
        end = exit_reason.of_timeout(task.timeout_s)
    return Attempted(ending=end, cause=watch.cause)


def _program(
    call: ScriptCall | CommandCall, environment: dict[str, str], run_dir: Path
) -> tuple[list[str], dict[str, str]]:
    """The arguments and environment of a script's or command's process."""
    # With PYTHONINSPECT a failing program would end at a prompt, with status 0.
    for name in (*script_process.VARIABLES, "PYTHONINSPECT"):
        environment.pop(name, None)
    if isinstance(call, CommandCall):
        environment.setdefault("PYTHONUNBUFFERED", "1")  # so that Python's output comes at once
        return list(call.argv), environment
    return script_process.arguments(call), {
        **environment,
        **script_process.variables(call, environment, run_dir),
    }
