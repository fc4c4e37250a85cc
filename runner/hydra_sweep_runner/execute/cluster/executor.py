"""Executes tasks on the workers of a cluster."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING

from hydra_sweep_runner.compose.portable import portable
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Busy, Mistake, RunnerError, StoreFailed
from hydra_sweep_runner.execute import variables
from hydra_sweep_runner.execute.attempt.stop_signals import Graces, Urgency
from hydra_sweep_runner.execute.cluster import worker
from hydra_sweep_runner.execute.cluster.checks import check_workers
from hydra_sweep_runner.execute.cluster.messages import Assignment, Done, Lost, Probed, Refused
from hydra_sweep_runner.execute.cluster.session_file import Session
from hydra_sweep_runner.execute.cluster.worker_state import SESSIONS
from hydra_sweep_runner.execute.local.jobs import resolve_n_jobs
from hydra_sweep_runner.execute.source import WAIT, Deadlock, NoTask, Source
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.model import Status
from hydra_sweep_runner.operation.call import PackedProgram, ProgramCall
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import Clock, now
from hydra_sweep_runner.system.processes import this_process
from hydra_sweep_runner.terminal.render import head_line
from hydra_sweep_runner.terminal.reporter import Reporter

if TYPE_CHECKING:
    from hydra_sweep_runner.execute.cluster.dask_cluster import DaskCluster

#: How often to check whether there are workers, in seconds.
_LOOK_S = 5.0
_NO_DASK = (
    'hydra.launcher.backend=dask needs Dask: pip install "hydra-sweep-runner[dask]" here and '
    "where the workers run"
)


class LostWorkers(RunnerError):
    """The workers can no longer be reached, or one of them cannot execute trials."""


class _Abandoned(BaseException):
    """The user no longer waits for the trials that run elsewhere."""


class ClusterExecutor:
    """Executes tasks on the workers of a Dask cluster; a context manager.

    A worker claims a run, supervises it in its own process as `LocalExecutor` does in this one, and
    records its states. Entering raises Mistake, before anything is created, if there are no
    workers, or if they do not share the folders of store and project, or have other versions of
    packages that both sides need.
    """

    #: The worker that executes a run owns it: a lock held by this process would be useless there.
    claims_runs = True
    passes_output_on = True

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
        """`n_jobs` trials are assigned at a time; None means as many as the workers have room for.
        `program` runs the jobs of a Hydra program."""
        self._store = store
        self._reporter = reporter
        self._open = partial(open_cluster, backend, address, n_jobs)
        self._graces = graces or Graces()
        self._clock = clock
        self._program = program
        self._session = uuid.uuid4().hex
        self._sessions: dict[str, Session] = {}
        self._outstanding: dict[str, Task] = {}
        self._stopping = False
        self._killing = False
        self._waiting = False
        self._failure: BaseException | None = None

    @property
    def at_once(self) -> int:
        """The largest number of tasks assigned at once."""
        return self._cluster.n_jobs

    def __enter__(self) -> ClusterExecutor:
        self._driver = this_process(self._clock)
        self._cluster = self._open()
        try:
            check_workers(self._cluster, self._store.root, self._session)
        except BaseException:
            self._cluster.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cluster.close()
        SESSIONS.close()

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import a function as a worker would. Raises Mistake if that fails."""
        found: Probed = self._cluster.call(worker.probe, self._session, target, project_dir)
        if found.signature is None:
            raise Mistake(found.mistake or f"function {target} cannot be imported")
        return found.signature

    def run(self, source: Source) -> None:
        """Execute a source's tasks on the workers, in order, as many at a time as there is room
        for.

        After `stop` it returns when the running trials have been recorded. Raises LostWorkers,
        StoreFailed, Deadlock and the source's errors, after requesting that running trials stop.
        """
        try:
            with self._watching():
                self._execute(source)
        except _Abandoned:
            for run_id in list(self._outstanding):
                run = self._store.observe(self._store.read(run_id))
                self._tell(source, Outcome(run=run))
        finally:
            self._end_sessions()
        if self._failure is not None:
            raise self._failure

    def _execute(self, source: Source) -> None:
        results: SimpleQueue[Done | Refused | Lost] = SimpleQueue()
        answer: NoTask | None = None
        while True:
            while answer is None and not self._stopping and self._has_room:
                answer = self._start_next(source, results)
            if not self._outstanding:
                break
            try:
                self._waiting = True
                result = results.get()
            finally:
                self._waiting = False
            outcome = self._take_in(result)
            if outcome is not None:
                self._tell(source, outcome)
            if answer is WAIT:
                answer = None
        if answer is WAIT and not self._stopping:
            raise Deadlock

    @property
    def _has_room(self) -> bool:
        return len(self._outstanding) < self._cluster.n_jobs

    def _start_next(
        self, source: Source, results: SimpleQueue[Done | Refused | Lost]
    ) -> NoTask | None:
        """Assign the next task to a worker; returns the source's answer if there is no task."""
        try:
            task = source.next()
            if isinstance(task, NoTask):
                return task
            self._cluster.submit(self._packed(task), results.put)
            self._outstanding[task.run.id] = task
        except _Abandoned:
            raise
        except BaseException as error:
            self._fail(error)
        return None

    def _tell(self, source: Source, outcome: Outcome) -> None:
        """Tell the source of an end, which the worker has recorded."""
        try:
            source.ended(outcome)
            source.recorded(outcome)
        except _Abandoned:
            raise
        except BaseException as error:
            self._fail(error)

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Do nothing: on workers, each script starts in a new process."""

    def stop(self) -> None:
        """Assign no further task and stop the running ones; callable from a signal handler."""
        self._stopping = True
        SESSIONS.press(Urgency.STOP)
        self._end_sessions()

    def kill(self) -> None:
        """Kill the running tasks; on a second call, do not wait for them. Callable from a signal
        handler; it may raise an error that `run` catches."""
        self._stopping = True
        if self._killing and self._waiting:
            raise _Abandoned
        self._killing = True
        SESSIONS.press(Urgency.KILL)
        for session in list(self._sessions.values()):
            with suppress(OSError):
                session.kill()

    def _packed(self, task: Task) -> Assignment:
        """The assignment that a worker needs to execute a task."""
        call = task.call
        if isinstance(call, ProgramCall):
            call = ProgramCall(packed=self._program)
        config = task.config
        if isinstance(config, TrialConfig):
            config = portable(config)
        batch_id = task.environment.get(variables.BATCH_ID)
        if batch_id is not None and batch_id not in self._sessions:
            self._begin_session(batch_id)
        return Assignment(
            task=replace(task, call=call, config=config),
            session=self._session,
            driver=self._driver,
            batch_id=batch_id,
            graces=self._graces,
        )

    def _take_in(self, result: Done | Refused | Lost) -> Outcome | None:
        run_id = result.outcome.run.id if isinstance(result, Done) else result.run_id
        task = self._outstanding.pop(run_id)
        if isinstance(result, Refused):
            if result.trace is not None:
                self._reporter.say(result.trace)
            self._fail(LostWorkers(f"{result.worker}: {result.why}"))
            return None
        if isinstance(result, Lost):
            if result.for_good:
                self._fail(LostWorkers(result.why))
                return None
            return self._give_up(task, result.why)
        run = result.outcome.run
        self._reporter.block(result.output, head_line(task.title))
        if result.again:
            self._reporter.say(f"Trial {run.id[:8]} was run again: the worker at it was lost")
        if result.busy is not None:
            self._reporter.say(f"Trial {run.id[:8]} is left to its owner: {result.busy}")
        return result.outcome

    def _fail(self, error: BaseException) -> None:
        """Stop the running tasks; the first error is raised when they have ended."""
        self._failure = self._failure or error
        self.stop()

    def _give_up(self, task: Task, why: str) -> Outcome:
        """Record the end of a trial that the cluster has given up."""
        run = self._store.read(task.run.id)
        try:
            with self._store.claim(run.id):
                run = self._store.read(run.id)
                at = self._clock()
                if run.state.started == task.run.state.started:  # no worker has begun it
                    state = lifecycle.started(task.run.state, self._driver, at)
                    run = replace(task.run, state=lifecycle.finished(state, None, why, at))
                    self._store.write(run)
                elif run.state.status is Status.RUNNING:
                    run = replace(run, state=lifecycle.finished(run.state, None, why, at))
                    self._store.write(run)
        except Busy as error:
            self._reporter.say(f"Trial {run.id[:8]} is left to its owner: {error}")
        return Outcome(run=self._store.observe(run))

    def _begin_session(self, batch_id: str) -> None:
        session = self._sessions[batch_id] = Session(self._store, batch_id, self._session)
        try:
            session.begin()
        except OSError as error:
            raise StoreFailed(
                f"cannot write {self._store.folder(batch_id)}: {error.strerror}"
            ) from error
        if self._stopping:  # a stop came meanwhile
            session.end()

    def _end_sessions(self) -> None:
        for session in list(self._sessions.values()):
            with suppress(OSError):
                session.end()

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Inside the context, print a line if all trials wait for workers."""
        over = threading.Event()

        def look() -> None:
            told = None
            while not over.wait(_LOOK_S):
                with suppress(Exception):  # the trials' own results will report the error
                    trouble = self._cluster.trouble()
                    if trouble is not None and trouble != told:
                        self._reporter.say(trouble)
                    told = trouble

        thread = threading.Thread(target=look, name="workers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()


def open_cluster(backend: str, address: str | None, n_jobs: int | None) -> DaskCluster:
    """The cluster of this kind at an address. Raises Mistake for a kind other than Dask's, if the
    cluster cannot be reached, or if it has no workers."""
    if backend != "dask":
        raise Mistake(
            f"hydra.launcher.backend={backend}: only dask is known; leave it out for trials on "
            "this machine"
        )
    if n_jobs is not None:
        resolve_n_jobs(n_jobs)
    try:
        from hydra_sweep_runner.execute.cluster.dask_cluster import DaskCluster
    except ImportError as error:
        raise Mistake(_NO_DASK) from error
    return DaskCluster(address, n_jobs)
