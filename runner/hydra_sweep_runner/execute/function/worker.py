"""A warm process that calls functions, one trial after another.

It is forked from the fork server and controlled by a socket. When its state is as it was in the
beginning, it sends Ready. A trial's supervisor sends it a Job, with the trial's stdout and stderr,
or a Probe; it answers with a Reply, a Signature or a Failure. Only texts, numbers and JSON's types
are sent back. While the end of a trial is being recorded, the worker restores its state; if that
fails, it exits.
"""

from __future__ import annotations

import atexit
import contextlib
import contextvars
import faulthandler
import importlib
import os
import pickle
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from hydra_sweep_runner.compose.hydra_state import forget_hydra
from hydra_sweep_runner.compose.job_config import JobConfig
from hydra_sweep_runner.compose.reference import registered_resolvers
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import RunnerError, StoreFailed
from hydra_sweep_runner.execute.function import imports
from hydra_sweep_runner.execute.function.again import VARIABLE as AGAIN
from hydra_sweep_runner.execute.function.again import stand_for_main
from hydra_sweep_runner.execute.function.baseline import Baseline
from hydra_sweep_runner.execute.function.generators import Generators
from hydra_sweep_runner.execute.function.imports import NotCallable, import_function, signature_of
from hydra_sweep_runner.execute.function.job import Job, call
from hydra_sweep_runner.execute.function.leftovers import ExitCallbacks, disarm
from hydra_sweep_runner.execute.function.results import NotPlain, plain
from hydra_sweep_runner.execute.function.streams import open_streams
from hydra_sweep_runner.execute.local.threads import limit_loaded
from hydra_sweep_runner.execute.server import messages
from hydra_sweep_runner.execute.variables import without_a_run
from hydra_sweep_runner.model import Result
from hydra_sweep_runner.operation.call import PackedProgram
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.record.reasons import of_status
from hydra_sweep_runner.scalars.numbers import scalars_in

_MOST_OF_A_REASON = 300
_FROZEN = "<frozen importlib"
# A traceback may begin with frames of these files if the code before the call has failed: for
# instance, because a Hydra setting could not be resolved.
_MACHINERY = (str(Path(__file__).parents[2]), contextlib.__file__)


@dataclass(frozen=True, kw_only=True)
class ProgramJob:
    """A trial of a Hydra program: of `packed`, or of the program that the worker was forked from;
    `target` is the program's name."""

    target: str
    packed: PackedProgram | None = None
    run_id: str
    store_root: str
    run_dir: str
    working_dir: str
    environment: Mapping[str, str]
    config: JobConfig


#: Runs one job of a Hydra program; returns the task function's result, or the error it raised.
Program = Callable[[ProgramJob], "tuple[Any, Exception | None]"]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """How a call ended. `result` is None unless the function returned; `scalars` are the numbers in
    its return value."""

    exit_status: int
    reason: str | None = None
    result: Result | None = None
    is_last: bool = False  #: the worker cannot run another job
    scalars: Mapping[str, float] = field(default_factory=dict)
    imports: Sequence[tuple[str, bool]] = ()  #: modules of the project, see `boot.imported`


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Import a function of a project and return its signature."""

    target: str
    project_dir: str


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A probe did not find the function; `message` says why, in one line."""

    message: str


@dataclass(frozen=True)
class Ready:
    """The worker's state is as it was in the beginning, and it waits for a request."""


def work(
    control: socket.socket,
    program: Program | None = None,
    limits: Mapping[str, str] | None = None,
    generators: Generators | None = None,
) -> None:
    """Answer requests on the control socket until its other end is closed.

    `limits` are added to the environment, and applied to libraries that are loaded already.
    `generators` are those of the process that `program` belongs to, as they were before the fork.
    """
    if limits:
        os.environ.update(limits)
        limit_loaded(limits)
    worker = _Worker(program, generators)
    while worker.put_back():
        reply: Reply | Signature | Failure
        try:
            messages.send(control, Ready())
            request, fds = messages.receive(control)
        except messages.ConnectionLost:
            break
        except Exception as error:  # the job's configuration cannot be unpickled here
            reply = Reply(exit_status=1, reason=reason_of(error))
        else:
            is_probe = isinstance(request, Probe)
            reply = worker.probe(request) if is_probe else worker.do(request, fds)
        try:
            messages.send(control, reply)
        except messages.ConnectionLost:
            break
    atexit._run_exitfuncs()


class _Worker:
    """The process's own state, in which every trial begins."""

    def __init__(self, program: Program | None, generators: Generators | None) -> None:
        self._program = program
        self._generators = generators
        self._pid = os.getpid()
        self._environment = without_a_run(dict(os.environ))
        # The environment as it was set last: as os.environ holds it, and as text.
        self._left: tuple[dict[bytes, bytes], dict[str, str]] = ({}, {})
        self._sys_path = list(sys.path)
        self._functions: dict[str, Callable[..., Any]] = {}
        self._programs: dict[str, Program] = {}
        self._null = os.open(os.devnull, os.O_RDWR)
        atexit._clear()  # the forked process runs its callbacks itself
        self._exits = ExitCallbacks()
        self._baseline: Baseline | None = None
        self._has_new_code = False  # the baseline is to be made again
        self._streams = open_streams()
        self._use_streams()
        self._interrupted = False
        self._modules = imports.ProjectModules()
        self._be_idle()
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        faulthandler.enable(file=2)  # so that a segmentation fault prints a traceback

    def do(self, job: Job | ProgramJob, fds: list[int]) -> Reply:
        """Run the job, with the fds as its stdout, stderr and, unless it is empty, stdin."""
        self._direct(*fds)
        for fd in fds:
            os.close(fd)
        try:
            reply = self._finish(self._try(job))
        except KeyboardInterrupt as error:  # after the call, while its contexts were closed
            reply = replace(_failed(error), is_last=True)
        self._be_idle()
        self._flush()
        self._direct(self._null, self._null)
        if reply.exit_status == 0:
            reply = replace(reply, imports=self._modules.found(job.environment, job.run_dir))
        return replace(reply, is_last=True) if self._baseline is None else reply

    def put_back(self) -> bool:
        """Restore the state before the last trial; returns whether that was possible.

        After a probe the state is noted instead, while the runner goes on with the answer.
        """
        if self._has_new_code:
            self._note_state()
        if self._baseline is None:
            return True
        done = self._baseline.put_back()
        self._be_idle()
        return done

    def _try(self, job: Job | ProgramJob) -> Reply:
        try:
            self._prepare(job)
            self._enter(job)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if self._interrupted:  # an interrupt came before the call
                raise KeyboardInterrupt
            call = self._call if isinstance(job, Job) else self._run
            return contextvars.copy_context().run(call, job)  # type: ignore[arg-type]
        except BaseException as error:
            if self._baseline is not None:
                disarm()
            reply = _failed(error)
            self._end_if_forked(reply.exit_status)
            return reply

    def _finish(self, reply: Reply) -> Reply:
        if self._baseline is not None and self._baseline.finish_trial():
            return replace(reply, is_last=True)
        return reply

    def _prepare(self, job: Job | ProgramJob) -> None:
        """Import what the job calls, and note the state of the process after that."""
        self._set_environment({**self._environment, **job.environment})
        if isinstance(job, Job):
            self._load(job.target, job.project_dir)
            if self._has_new_code:
                self._note_state()
        elif job.packed is not None:
            self._unpack(job.packed)
        elif self._baseline is None:
            self._baseline = Baseline(self._exits, self._generators)

    def probe(self, probe: Probe) -> Signature | Failure:
        """Import the function and read its signature."""
        self._set_environment(self._environment)
        try:
            function = self._load(probe.target, probe.project_dir)
        except NotCallable as error:
            return Failure(message=f"function {probe.target} {error}")
        except BaseException as error:
            reason = reason_of(error)
            return Failure(message=f"function {probe.target} cannot be imported: {reason}")
        finally:
            self._flush()
        return replace(signature_of(function), resolvers=registered_resolvers())

    def _call(self, job: Job) -> Reply:
        from hydra_sweep_runner.compose.job import job_context

        with job_context(job.config, output_dir=job.run_dir):
            value = call(self._functions[job.target], job.config, as_config=job.as_config)
            self._end_if_forked(0)
        disarm()
        return _keep(job, value)

    def _be_idle(self) -> None:
        """Note an interrupt that comes between calls. The worker will not be used again: an
        interrupted worker is discarded."""
        signal.signal(signal.SIGINT, self._note_interrupt)

    def _note_interrupt(self, _: int, __: FrameType | None) -> None:
        self._interrupted = True

    def _run(self, job: ProgramJob) -> Reply:
        program = self._program if job.packed is None else self._unpack(job.packed)
        if program is None:
            raise TypeError(f"{job.target} is no program that this worker has inherited")
        value, error = program(job)
        if error is not None:
            reply = _failed(error)
            self._end_if_forked(reply.exit_status)
            return reply
        self._end_if_forked(0)
        # A program's return value need not be one that can be stored.
        return _keep(job, value, insist=False)

    def _unpack(self, packed: PackedProgram) -> Program:
        program = self._programs.get(packed.digest)
        if program is None:
            sys.path[:] = dict.fromkeys([*packed.sys_path, *self._sys_path])
            program = self._programs[packed.digest] = pickle.loads(packed.data)
            self._baseline = Baseline(self._exits, getattr(program, "generators", None))
        return program

    def _load(self, target: str, project_dir: str) -> Callable[..., Any]:
        """The function, imported in the project's folder unless it was imported before. Changes
        that its module makes to the environment apply to all trials."""
        function = self._functions.get(target)
        if function is None:
            forget_hydra()
            os.chdir(project_dir)
            self._put_first(project_dir)
            imports.yield_names(project_dir)
            sys.argv = [target]
            stand_for_main()
            before = os.environ.copy()
            function = self._functions[target] = import_function(target)
            for name in before.keys() - os.environ.keys():
                self._environment.pop(name, None)
            changed = {n: text for n, text in os.environ.items() if before.get(n) != text}
            self._environment.update(changed)
            self._has_new_code = True
        return function

    def _note_state(self) -> None:
        """Make the state in which every trial begins the present one."""
        self._baseline = Baseline(self._exits)
        self._has_new_code = False

    def _enter(self, job: Job | ProgramJob) -> None:
        again = {AGAIN: job.target} if isinstance(job, Job) else {}
        self._set_environment({**self._environment, **job.environment, **again})
        os.chdir(job.working_dir)
        if self._baseline is not None:
            self._baseline.begin_trial()

    def _set_environment(self, wanted: dict[str, str]) -> None:
        """Make the environment exactly `wanted`."""
        # Reading all of it as text takes longer than some functions; comparing bytes does not.
        held: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
        present = self._left[1] if held == self._left[0] else os.environ.copy()
        if present == wanted:
            return
        for name in present.keys() - wanted.keys():
            del os.environ[name]
        for name, value in wanted.items():
            if present.get(name) != value:
                os.environ[name] = value
        self._left = (dict(held), wanted)

    def _put_first(self, project_dir: str) -> None:
        sys.path[:] = [project_dir, *(path for path in self._sys_path if path != project_dir)]

    def _direct(self, stdout: int, stderr: int, stdin: int | None = None) -> None:
        os.dup2(self._null if stdin is None else stdin, 0)
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        self._use_streams()

    def _use_streams(self) -> None:
        if any(stream.closed for stream in self._streams):
            self._streams = open_streams()
        sys.stdin, sys.stdout, sys.stderr = self._streams
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]

    def _end_if_forked(self, exit_status: int) -> None:
        """End a child that the function forked and that returned from the call as well."""
        if os.getpid() != self._pid:
            self._flush()
            os._exit(exit_status)

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr, *self._streams[1:]):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                continue  # the function closed or replaced it


def _keep(job: Job | ProgramJob, value: object, *, insist: bool = True) -> Reply:
    """Store the function's return value: in the reply, or in the run's folder.

    If it cannot be stored, the trial has failed; with `insist` false, only if the disk is the
    reason.
    """
    scalars = read_scalars(value)
    try:
        return Reply(exit_status=0, result=Result(value=plain(value)), scalars=scalars)
    except NotPlain:
        pass
    from hydra_sweep_runner.store.runs import RunStore

    try:
        RunStore(Path(job.store_root)).write_result(job.run_id, value)
    except Exception as error:
        if not insist and not isinstance(error, StoreFailed):
            return Reply(exit_status=0, scalars=scalars)
        reason = f"returned a {type(value).__name__}, which cannot be kept: {reason_of(error)}"
        print(reason, file=sys.stderr)
        return Reply(exit_status=1, reason=reason)
    return Reply(exit_status=0, result=Result(stored=True), scalars=scalars)


def read_scalars(value: object) -> dict[str, float]:
    """The scalars in a return value; empty, with a line on stderr, if reading them fails: a mapping
    may be of any class."""
    try:
        return dict(scalars_in(value))
    except Exception as error:
        kind = type(value).__name__
        print(
            f"the {kind} that was returned reports no scalars: {reason_of(error)}", file=sys.stderr
        )
        return {}


def _failed(error: BaseException) -> Reply:
    if isinstance(error, SystemExit):
        return _exited(error.code)
    try:
        trace = _users_frames(error.__traceback__)
        traceback.print_exception(type(error), error, trace)
    except Exception:  # the error has no text, or the function broke sys.stderr
        os.write(2, f"{reason_of(error)}\n".encode(errors="backslashreplace"))
    if isinstance(error, KeyboardInterrupt):
        return Reply(exit_status=128 + signal.SIGINT, reason=reason_of(error))
    return Reply(exit_status=1, reason=reason_of(error))


def _exited(code: object) -> Reply:
    """The reply for `sys.exit(code)`, as Python interprets the code."""
    if code is None:
        status = 0
    elif isinstance(code, int):
        status = code & 0xFF
    else:
        status = 1
        os.write(2, f"{code}\n".encode(errors="backslashreplace"))
    if status == 0:
        return Reply(exit_status=0, result=Result())
    said = "" if isinstance(code, int) else code
    return Reply(exit_status=status, reason=of_status(status, said))


def _users_frames(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that belongs neither to the worker nor to importing; None
    if the runner's own code failed on the user's settings."""
    ours = (__file__, call.__code__.co_filename, imports.__file__, importlib.__file__, _FROZEN)
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(ours):
        trace = trace.tb_next
    if trace is not None and trace.tb_frame.f_code.co_filename.startswith(_MACHINERY):
        return None
    return trace


def reason_of(error: BaseException) -> str:
    """`ValueError: bad`, in one line of limited length; for the runner's own errors, the text
    alone."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    name = type(error).__name__
    named = f"{name}: {text}" if text else name
    line = text if text and isinstance(error, RunnerError) else named
    if len(line) > _MOST_OF_A_REASON:
        return f"{line[: _MOST_OF_A_REASON - 1]}…"
    return line
