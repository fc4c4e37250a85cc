"""Executing many tasks on this machine, one after another or side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any

from runner.clock import now
from runner.errors import Mistake
from runner.execute import function_worker
from runner.execute.attempts import Machinery
from runner.execute.children import ForkServer
from runner.execute.function_worker import Signature
from runner.execute.output import Screen
from runner.execute.stopping import Graces, StopSwitch, Urgency
from runner.execute.supervise import Surroundings, supervise
from runner.execute.task import Outcome, Task
from runner.execute.workers import Workers
from runner.ports import Clock, Store
from runner.processes import this_process


def resolve_n_jobs(value: int | None) -> int:
    """How many trials run at once, at least one.

    None is as many as the processors that this process may use; -1 is as many, too, -2 one
    less, and so on, as in joblib. Raises Mistake for 0 and for what is no integer.
    """
    whole = value is None or (isinstance(value, int) and not isinstance(value, bool))
    if value == 0 or not whole:
        raise Mistake(
            f"hydra.launcher.n_jobs={value}: give how many trials run at once, or -1 for as "
            "many as there are processors"
        )
    if value is not None and value > 0:
        return value
    return max(1, _processors() + 1 + (-1 if value is None else value))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class _Failed:
    """An error of the runner in one of its threads, on its way to the caller's."""

    error: BaseException


class LocalExecutor:
    """Executes tasks on this machine, `n_jobs` at a time; a context manager.

    Enter it before the process has any other thread: it forks a process then that all
    trials descend from. What is imported by then, function workers need not import again.
    """

    #: Whoever hands the tasks over owns their runs.
    claims_runs = False

    def __init__(
        self,
        store: Store,
        reporter: Screen,
        *,
        n_jobs: int = 1,
        graces: Graces | None = None,
        clock: Clock = now,
        environment: Mapping[str, str] | None = None,
        program: function_worker.Program | None = None,
    ) -> None:
        """`n_jobs` is at least 1, see `resolve_n_jobs`. The trials' environment is based on
        `environment`, or on this process's at the time of entering. `program` does the jobs
        of a Hydra program in the workers, which inherit it: it is never pickled."""
        if n_jobs < 1:
            raise ValueError(f"n_jobs={n_jobs}")
        self._store = store
        self._reporter = reporter
        self._n_jobs = n_jobs
        self._graces = graces or Graces()
        self._clock = clock
        self._environment = environment
        self._program = program
        self._stop = StopSwitch()

    def __enter__(self) -> LocalExecutor:
        self._server = ForkServer.fork(partial(function_worker.work, program=self._program))
        self._workers = Workers(self._server)
        self._around = Surroundings(
            store=self._store,
            reporter=self._reporter,
            clock=self._clock,
            process=this_process(self._clock),
            live=self._n_jobs == 1,
            machinery=Machinery(
                server=self._server,
                workers=self._workers,
                stop=self._stop,
                graces=self._graces,
                environment=dict(self._environment or os.environ),
            ),
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._workers.close()
        self._server.close()
        self._stop.close()

    def run(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        """Execute tasks, started in order; give each outcome when it is there.

        A task is taken when it can start at once. With more than one job the iterator's code
        runs in several threads, in one at a time. Each run is recorded as started when its
        task was taken. After `stop` or `kill` the outcomes end when what was at work has
        been recorded. Raises StoreFailed and ServerDied, and what the iterator raises, after
        stopping what was at work.
        """
        queue = _Queue(self._while_alive(tasks), self._clock, self._stop)
        if self._n_jobs == 1:
            return self._run_here(queue)
        return self._run_in_threads(queue)

    def _while_alive(self, tasks: Iterator[Task]) -> Iterator[Task]:
        """The tasks, as long as they can be started: what is taken is recorded as begun."""
        self._server.check()
        for task in tasks:
            yield task
            self._server.check()

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import a function as a trial would; the worker is then warm for one. Raises
        Mistake if that fails, KeyboardInterrupt if the executor is stopped meanwhile."""
        return self._workers.probe(target, project_dir, self._stop)

    def stop(self) -> None:
        """Start nothing more and interrupt what runs; callable from a signal handler."""
        self._stop.set(Urgency.STOP)

    def kill(self) -> None:
        """End at once what runs; callable from a signal handler."""
        self._stop.set(Urgency.KILL)

    def _run_here(self, queue: _Queue) -> Iterator[Outcome]:
        while (taken := queue.take()) is not None:
            yield supervise(*taken, self._around)

    def _run_in_threads(self, queue: _Queue) -> Iterator[Outcome]:
        import joblib  # a tenth of a second that one job need not pay

        parallel = joblib.Parallel(
            n_jobs=self._n_jobs,
            backend="threading",
            batch_size=1,
            pre_dispatch=self._n_jobs,
            return_as="generator_unordered",
        )
        calls = queue.calls(joblib.delayed(self._run_next))
        failed: _Failed | None = None
        results = iter(parallel(calls))
        try:
            for result in results:
                if isinstance(result, _Failed):
                    failed = failed or result
                    self.stop()
                elif result is not None:
                    yield result
        finally:
            self._end(results, queue)
        if failed is not None:
            raise failed.error

    def _run_next(self, queue: _Queue) -> Outcome | _Failed | None:
        try:
            taken = queue.take()
            return None if taken is None else supervise(*taken, self._around)
        except BaseException as error:
            return _Failed(error)

    def _end(self, results: Iterator[Any], queue: _Queue) -> None:
        """Wait for what is at work, when nobody takes the outcomes any more."""
        if not queue.is_empty:
            self.stop()
        for _ in results:
            pass


class _Queue:
    """The tasks that are to come, for whichever thread is free."""

    def __init__(self, tasks: Iterator[Task], clock: Clock, stop: StopSwitch) -> None:
        self._tasks = tasks
        self._clock = clock
        self._stop = stop
        self._lock = threading.Lock()
        self.is_empty = False

    def take(self) -> tuple[Task, Any] | None:
        """The next task, and its time of starting: in the order of the tasks, whatever the
        threads do. None if there are no more, or none is to be started."""
        with self._lock:
            if self.is_empty or self._stop.urgency is not Urgency.NONE:
                self.is_empty = True
                return None
            try:
                task = next(self._tasks, None)
            except BaseException:
                self.is_empty = True
                raise
            if task is None:
                self.is_empty = True
                return None
            return task, self._clock()

    def calls(self, take: Callable[[_Queue], Any]) -> Iterator[Any]:
        """Calls that take a task each when they are made, for as long as there are some."""
        while not self.is_empty:
            yield take(self)
