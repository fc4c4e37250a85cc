"""Executing tasks by workers that joblib reaches, on this machine or on others."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any

import joblib

from hydra_sweep_runner.compose.portable import portable
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Busy, Mistake, RunnerError, StoreFailed
from hydra_sweep_runner.execute.attempt.stopping import Graces, Urgency
from hydra_sweep_runner.execute.cluster import worker
from hydra_sweep_runner.execute.cluster.backends import Backend, open_backend
from hydra_sweep_runner.execute.cluster.calls import CallQueue, OneByOne
from hydra_sweep_runner.execute.cluster.checks import check_workers
from hydra_sweep_runner.execute.cluster.messages import Done, Handed, Lost, Probed, Refused
from hydra_sweep_runner.execute.cluster.wanted import Session
from hydra_sweep_runner.execute.cluster.worker_state import SESSIONS
from hydra_sweep_runner.execute.function.worker import reason_of
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.model import Status
from hydra_sweep_runner.operation.call import PackedProgram, ProgramCall
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import Clock, now
from hydra_sweep_runner.system.processes import this_process
from hydra_sweep_runner.terminal.reporter import Reporter

#: How often to look whether there are workers, in seconds.
_LOOK_S = 5.0


#: No result.
_END = object()


class LostWorkers(RunnerError):
    """The workers cannot be reached any more, or one of them cannot do what it should."""


class _Abandoned(BaseException):
    """The user does not wait any longer for what is at work elsewhere."""


class ClusterExecutor:
    """Executes tasks by the workers of a joblib backend; a context manager.

    A worker claims a run, supervises it in its own process as `LocalExecutor` does in this
    one, and records its states. Entering raises Mistake, before anything is created, for
    workers that are not there, that do not share the folders of store and project, or that
    have other versions of what both sides need.
    """

    #: Whoever executes a run owns it: a lock of this process would not follow it.
    claims_runs = True

    def __init__(
        self,
        store: RunStore,
        reporter: Reporter,
        *,
        backend: str,
        address: str | None = None,
        n_jobs: int | None = None,
        graces: Graces | None = None,
        clock: Clock = now,
        program: PackedProgram | None = None,
    ) -> None:
        """`n_jobs` trials are handed out at a time: all that the workers have room for if it
        is None. `program` does the jobs of a Hydra program."""
        self._store = store
        self._reporter = reporter
        self._open = partial(open_backend, backend, address, n_jobs)
        self._graces = graces or Graces()
        self._clock = clock
        self._program = program
        self._session = uuid.uuid4().hex
        self._sessions: dict[str, Session] = {}
        self._outstanding: dict[str, Task] = {}
        self._unheard: set[str] = set()
        self._stopping = False
        self._killing = False
        self._waiting = False
        self._failure: BaseException | None = None

    def __enter__(self) -> ClusterExecutor:
        self._driver = this_process(self._clock)
        self._backend: Backend = self._open()
        try:
            check_workers(self._backend, self._store.root, self._session)
        except BaseException:
            self._backend.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._backend.close()
        SESSIONS.close()

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import a function as a worker would. Raises Mistake if that fails."""
        found: Probed = self._backend.call(worker.probe, self._session, target, project_dir)
        if found.signature is None:
            raise Mistake(found.mistake or f"function {target} cannot be imported")
        return found.signature

    def run(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        """Execute tasks, handed out in order; give each outcome when it is there.

        A task is taken when there is room for it, in any thread, in one at a time. After
        `stop` the outcomes end when what was at work has been recorded. Raises LostWorkers and
        StoreFailed, and what the iterator raises, after asking what was at work to stop.
        """
        queue = CallQueue(tasks, self._hand_out, self._is_stopping, self._unheard, self.stop)
        try:
            with self._watching(), self._backend.parallel(self._hear) as parallel:
                while not queue.is_empty:
                    calls = OneByOne(queue, self._backend.n_jobs)
                    yield from self._outcomes(iter(parallel(calls)))
        except _Abandoned:
            yield from self._abandoned()
        finally:
            self._end_sessions()
        failure = self._failure or queue.error
        if failure is not None:
            raise failure

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Nothing: on workers, scripts are started anew."""

    def stop(self) -> None:
        """Hand out nothing more and have what runs stopped; callable from a signal handler."""
        self._stopping = True
        SESSIONS.press(Urgency.STOP)
        self._end_sessions()

    def kill(self) -> None:
        """End at once what runs; when called again, wait for none of it any more. Callable
        from a signal handler; it may raise what `run` catches."""
        self._stopping = True
        if self._killing and self._waiting:
            raise _Abandoned
        self._killing = True
        SESSIONS.press(Urgency.KILL)
        for session in list(self._sessions.values()):
            with suppress(OSError):
                session.kill()

    def _is_stopping(self) -> bool:
        return self._stopping

    def _hand_out(self, task: Task) -> Any:
        """The call that executes a task."""
        call = task.call
        if isinstance(call, ProgramCall):
            call = ProgramCall(packed=self._program)
        config = task.config
        if isinstance(config, TrialConfig):
            config = portable(config)
        batch_id = task.environment.get("RUNNER_BATCH_ID")
        if batch_id is not None and batch_id not in self._sessions:
            self._begin_session(batch_id)
        self._outstanding[task.run.id] = task
        return joblib.delayed(worker.execute)(
            Handed(
                task=replace(task, call=call, config=config),
                session=self._session,
                driver=self._driver,
                batch_id=batch_id,
                graces=self._graces,
            )
        )

    def _hear(self, result: Done | Refused | Lost | None) -> None:
        """Let no task be taken until whoever takes the outcomes knows of a failure."""
        if isinstance(result, Lost) or (
            isinstance(result, Done) and result.outcome.run.state.status is Status.ERROR
        ):
            self._unheard.add(_run_id_of(result))

    def _outcomes(self, results: Iterator[Any]) -> Iterator[Outcome]:
        try:
            while (result := self._next(results)) is not _END:
                outcome = None if result is None else self._take_in(result)
                if outcome is not None:
                    yield outcome
                self._unheard.discard(_run_id_of(result))
        except _Abandoned:
            raise
        except BaseException:  # nobody takes the outcomes any more
            self.stop()
            for _ in results:
                pass
            raise

    def _next(self, results: Iterator[Any]) -> Any:
        try:
            self._waiting = True
            return next(results, _END)
        except Exception as error:
            raise LostWorkers(f"the workers are lost: {reason_of(error)}") from error
        finally:
            self._waiting = False

    def _take_in(self, result: Done | Refused | Lost) -> Outcome | None:
        task = self._outstanding.pop(_run_id_of(result), None)
        if isinstance(result, Refused):
            if result.trace is not None:
                self._reporter.say(result.trace)
            self._fail(f"{result.worker}: {result.why}")
            return None
        if isinstance(result, Lost):
            if result.for_good:
                self._fail(result.why)
            elif task is not None:
                return self._give_up(task, result.why)
            return None
        run = result.outcome.run
        self._reporter.block(result.output)
        if result.again:
            self._reporter.say(f"Trial {run.id[:8]} was run again: the worker at it was lost")
        if result.busy is not None:
            self._reporter.say(f"Trial {run.id[:8]} is left to its owner: {result.busy}")
        return result.outcome

    def _fail(self, why: str) -> None:
        self._failure = self._failure or LostWorkers(why)
        self.stop()

    def _give_up(self, task: Task, why: str) -> Outcome:
        """Record what became of a trial that the cluster tries no more."""
        run = self._store.read(task.run.id)
        try:
            with self._store.claim(run.id):
                run = self._store.read(run.id)
                at = self._clock()
                if run.state.started == task.run.state.started:  # nobody has begun it
                    state = lifecycle.started(task.run.state, self._driver, at)
                    run = replace(task.run, state=lifecycle.finished(state, None, why, at))
                    self._store.write(run)
                elif run.state.status is Status.RUNNING:
                    run = replace(run, state=lifecycle.finished(run.state, None, why, at))
                    self._store.write(run)
        except Busy as error:
            self._reporter.say(f"Trial {run.id[:8]} is left to its owner: {error}")
        return Outcome(run=self._store.observe(run))

    def _abandoned(self) -> Iterator[Outcome]:
        """The trials that are at work still, or so their records say."""
        for run_id in list(self._outstanding):
            yield Outcome(run=self._store.observe(self._store.read(run_id)))

    def _begin_session(self, batch_id: str) -> None:
        session = self._sessions[batch_id] = Session(self._store, batch_id, self._session)
        try:
            session.begin()
        except OSError as error:
            raise StoreFailed(
                f"cannot write {self._store.folder(batch_id)}: {error.strerror}"
            ) from error
        if self._stopping:  # meanwhile
            session.end()

    def _end_sessions(self) -> None:
        for session in list(self._sessions.values()):
            with suppress(OSError):
                session.end()

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """While the context lasts, tell of what keeps all trials waiting."""
        over = threading.Event()

        def look() -> None:
            told = None
            while not over.wait(_LOOK_S):
                with suppress(Exception):  # whatever it is, the calls' own ends will tell
                    trouble = self._backend.trouble()
                    if trouble is not None and trouble != told:
                        self._reporter.say(trouble)
                    told = trouble

        thread = threading.Thread(target=look, name="workers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()


def _run_id_of(result: Done | Refused | Lost | None) -> str:
    """The trial's id; nothing where the call was for none."""
    if isinstance(result, Done):
        return result.outcome.run.id
    return "" if result is None or result.run_id is None else result.run_id
