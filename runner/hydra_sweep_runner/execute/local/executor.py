"""Executing many tasks on this machine, one after another or side by side."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import TypeAlias

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.attempt.attempt import Machinery
from hydra_sweep_runner.execute.attempt.log import Screen
from hydra_sweep_runner.execute.attempt.stopping import Graces, StopSwitch, Urgency
from hydra_sweep_runner.execute.attempt.supervise import Surroundings, Unrecorded, supervise
from hydra_sweep_runner.execute.function import worker
from hydra_sweep_runner.execute.function.generators import Generators
from hydra_sweep_runner.execute.function.pool import Workers
from hydra_sweep_runner.execute.local import threads
from hydra_sweep_runner.execute.local.devices import Devices
from hydra_sweep_runner.execute.local.prepare import Ahead
from hydra_sweep_runner.execute.local.reactor import Failed, Reactor
from hydra_sweep_runner.execute.local.recorder import Recorder
from hydra_sweep_runner.execute.server.client import ForkServer
from hydra_sweep_runner.execute.server.preload_client import Preloading
from hydra_sweep_runner.execute.task import Outcome, ReadyAhead, Task
from hydra_sweep_runner.model import Status
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import Clock, now
from hydra_sweep_runner.system.processes import this_process

#: Each trial at work takes processes and half a dozen descriptors: more is a slip of the hand.
MOST_JOBS = 10_000


def resolve_n_jobs(value: int | None, devices: Sequence[str] = ()) -> int:
    """How many trials run at once, at least one.

    None is as many as there are devices, or where none are given as the processors that this
    process may use; -1 is as many as those, -2 one less, and so on, as in joblib. Raises
    Mistake for 0, for more than MOST_JOBS or than there are devices, and for what is no
    integer.
    """
    n_jobs = len(devices) if value is None and devices else _n_jobs(value)
    if devices and n_jobs > len(devices):
        raise Mistake(
            f"hydra.launcher.n_jobs={value}: there are {len(devices)} devices in "
            "hydra.launcher.devices, and each trial at work has one of its own"
        )
    return n_jobs


def _n_jobs(value: int | None) -> int:
    whole = value is None or (isinstance(value, int) and not isinstance(value, bool))
    if value == 0 or not whole:
        raise Mistake(
            f"hydra.launcher.n_jobs={value}: give how many trials run at once, or -1 for as "
            "many as there are processors"
        )
    if value is not None and value > MOST_JOBS:
        raise Mistake(f"hydra.launcher.n_jobs={value}: at most {MOST_JOBS} trials can run at once")
    if value is not None and value > 0:
        return value
    return max(1, processors() + 1 + (-1 if value is None else value))


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_stagger(value: object) -> float:
    """The least time between two starts, in seconds; 0 for None. Raises Mistake for what is
    no such time."""
    if value is None:
        return 0.0
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not known or not 0 <= float(str(value)) < math.inf:
        raise Mistake(
            f"hydra.launcher.stagger_s={value}: give the least time between two starts, in seconds"
        )
    return float(str(value))


#: What became of a task: its outcome, now or when it is recorded, or an error. None says that
#: there are no more.
_Result: TypeAlias = "Outcome | Future[Outcome] | Failed | None"


class LocalExecutor:
    """Executes tasks on this machine, `n_jobs` at a time; a context manager.

    Enter it before the process has any other thread: it forks a process then that all
    trials descend from. What is imported by then, function workers need not import again.
    """

    #: Whoever hands the tasks over owns their runs.
    claims_runs = False

    def __init__(
        self,
        store: RunStore,
        reporter: Screen,
        *,
        n_jobs: int = 1,
        devices: Sequence[str] = (),
        stagger_s: float = 0.0,
        graces: Graces | None = None,
        clock: Clock = now,
        environment: Mapping[str, str] | None = None,
        program: worker.Program | None = None,
    ) -> None:
        """`n_jobs` is at least 1, see `resolve_n_jobs`. Of `devices`, if there are any, each
        trial at work has one; between two starts are at least `stagger_s` seconds. The
        trials' environment is based on `environment`, or on this process's at the time of
        entering. `program` does the jobs of a Hydra program in the workers, which inherit
        it: it is never pickled."""
        if n_jobs < 1:
            raise ValueError(f"n_jobs={n_jobs}")
        self._store = store
        self._reporter = reporter
        self._n_jobs = n_jobs
        self._devices = Devices(devices)
        self._stagger_s = stagger_s
        self._graces = graces or Graces()
        self._clock = clock
        self._environment = environment
        self._program = program
        self._stop = StopSwitch()

    def __enter__(self) -> LocalExecutor:
        environment = dict(self._environment or os.environ)
        limits = threads.limits(environment, n_jobs=self._n_jobs, processors=processors())
        # Python seeds `random` anew in every fork: what the program has seeded is kept before.
        generators = None if self._program is None else Generators.of_this_process()
        work = partial(worker.work, program=self._program, limits=limits, generators=generators)
        self._server = ForkServer.fork(work)
        self._workers = Workers(self._server)
        self._recorder = Recorder()
        self._preloading = Preloading({**environment, **limits}, self._stop)
        self._ahead = Ahead(self._store, {**environment, **limits})
        self._around = Surroundings(
            store=self._store,
            reporter=self._reporter,
            clock=self._clock,
            process=this_process(self._clock),
            live=self._n_jobs == 1,
            leaves_ends=True,
            machinery=Machinery(
                server=self._server,
                workers=self._workers,
                stop=self._stop,
                graces=self._graces,
                devices=self._devices,
                preloading=self._preloading,
                environment={**environment, **limits},
                ahead=self._ahead,
            ),
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._recorder.close()
        self._preloading.close()
        self._workers.close()
        self._server.close()
        self._stop.close()

    def run(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        """Execute tasks, started in order; give each outcome when it is there.

        A task is taken when it can start at once; where the iterator is ReadyAhead, the next
        one is made ready while all jobs are at work. The iterator's code runs in another
        thread, which supervises all trials. Each run is recorded as started when its task was
        taken.
        After `stop` or `kill` the outcomes end when what was at work has been recorded.
        Raises StoreFailed and ServerDied, and what the iterator raises, after stopping what
        was at work.
        """
        queue = _Queue(tasks, self._server.check, self._clock, self._stop, self._stagger_s)
        return self._outcomes(queue)

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import a function as a trial would; the worker is then warm for one. Raises
        Mistake if that fails, KeyboardInterrupt if the executor is stopped meanwhile."""
        return self._workers.probe(target, project_dir, self._stop)

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Import modules in the process that a script's trials will be forked from. Raises
        Mistake if that fails, KeyboardInterrupt if the executor is stopped meanwhile."""
        self._preloading.preload(modules, script)

    def stop(self) -> None:
        """Start nothing more and interrupt what runs; callable from a signal handler."""
        self._stop.set(Urgency.STOP)

    def kill(self) -> None:
        """End at once what runs; callable from a signal handler."""
        self._stop.set(Urgency.KILL)

    def _outcomes(self, queue: _Queue) -> Iterator[Outcome]:
        results: SimpleQueue[_Result] = SimpleQueue()
        thread = threading.Thread(target=self._execute, args=(queue, results), name="supervisor")
        thread.start()
        failed: Failed | None = None
        try:
            while (result := results.get()) is not None:
                end = _recorded(result) if isinstance(result, Future) else result
                if isinstance(end, Failed):
                    failed = failed or end
                    self.stop()
                else:
                    yield end
                    queue.note_heard(end)
        finally:
            if not queue.is_empty:  # nobody takes the outcomes any more
                self.stop()
            queue.close()
            thread.join()
            while not results.empty():
                result = results.get()
                if isinstance(result, Future):
                    wait([result])
        if failed is not None:
            raise failed.error

    def _execute(self, queue: _Queue, results: SimpleQueue[_Result]) -> None:
        """Supervise what the queue gives, `n_jobs` trials at once.

        What takes an ended trial's place is started first, then the end is passed on.
        """
        reactor: Reactor[Outcome | Unrecorded] = Reactor(self._stop)
        queue.on_change = reactor.wake
        ends: list[Outcome | Unrecorded | Failed] = []
        try:
            while True:
                with self._stopping_at_failure(results):
                    while len(reactor) < self._n_jobs and (taken := queue.take()) is not None:
                        reactor.start(supervise(*taken, self._around))
                self._pass_on(ends, results)
                if not len(reactor) and queue.is_empty and not reactor.has_ended:
                    break
                room = len(reactor) < self._n_jobs
                if not room:
                    with self._stopping_at_failure(results):
                        ready = queue.make_ready()
                        if ready is not None:
                            self._ahead.prepare(ready)
                ends = reactor.step(queue.wait_s() if room else math.inf)
                for end in ends:
                    if isinstance(end, Outcome):
                        queue.note_end(end)
                    if isinstance(end, Failed):
                        self.stop()
        except BaseException as error:
            results.put(Failed(error))
        finally:
            queue.on_change = None
            self._pass_on(ends, results)
            for failed in reactor.close():
                results.put(failed)
            results.put(None)

    @contextmanager
    def _stopping_at_failure(self, results: SimpleQueue[_Result]) -> Iterator[None]:
        """Tell what goes wrong with those that are to come, and end what is at work in turn."""
        try:
            yield
        except BaseException as error:
            results.put(Failed(error))
            self.stop()

    def _pass_on(
        self, ends: list[Outcome | Unrecorded | Failed], results: SimpleQueue[_Result]
    ) -> None:
        """Have what has ended recorded, and told."""
        while ends:
            end = ends.pop(0)
            results.put(self._recorder.submit(end.record) if isinstance(end, Unrecorded) else end)


def _recorded(end: Future[Outcome]) -> Outcome | Failed:
    try:
        return end.result()
    except BaseException as error:
        return Failed(error)


class _Queue:
    """The tasks that are to come. `on_change` is told when one may be there."""

    def __init__(
        self,
        tasks: Iterator[Task],
        check: Callable[[], None],
        clock: Clock,
        stop: StopSwitch,
        stagger_s: float,
    ) -> None:
        """`check` raises if no task could be started: what is taken is recorded as begun."""
        self._tasks = tasks
        self._ahead = tasks if isinstance(tasks, ReadyAhead) else None
        self._check = check
        self._stagger_s = stagger_s
        self._next_start_s = -math.inf
        self._clock = clock
        self._stop = stop
        self._unheard = 0
        self._ready: Task | None = None
        self._lock = threading.Lock()
        self.is_empty = False
        self.on_change: Callable[[], None] | None = None

    def take(self) -> tuple[Task, datetime] | None:
        """The next task, and its time of starting; None if there is none, or not yet."""
        if self._stop.urgency is not Urgency.NONE:
            self.is_empty = True
        if self.is_empty or self.wait_s() > 0:
            return None
        try:
            self._check()
            task = next(self._tasks, None)
        except BaseException:
            self.is_empty = True
            raise
        if task is None:
            self.is_empty = True
            return None
        self._next_start_s = time.monotonic() + self._stagger_s
        return task, self._clock()

    def make_ready(self) -> Task | None:
        """Have the next task made ready, if it is going to be taken as far as is known; the
        task, once."""
        is_wanted = not self.is_empty and not self._unheard
        if self._ahead is None or not is_wanted or self._stop.urgency is not Urgency.NONE:
            return None
        try:
            ready = self._ahead.make_ready()
        except BaseException:
            self.is_empty = True
            raise
        before, self._ready = self._ready, ready
        return None if ready is before else ready

    def wait_s(self) -> float:
        """How long until the next task may be taken, as far as is known."""
        if self.is_empty or self._unheard:
            return math.inf
        return max(0.0, self._next_start_s - time.monotonic())

    def note_end(self, outcome: Outcome) -> None:
        """A task has not ended well: no other is taken before whoever hands them out has
        heard of it, and may want no more of them."""
        if outcome.run.state.status is not Status.COMPLETED:
            with self._lock:
                self._unheard += 1

    def note_heard(self, outcome: Outcome) -> None:
        """Whoever hands tasks out has been given this outcome."""
        if outcome.run.state.status is not Status.COMPLETED:
            with self._lock:
                self._unheard -= 1
            self._tell()

    def close(self) -> None:
        """Nobody takes outcomes any more: there are no more tasks."""
        self.is_empty = True
        self._tell()

    def _tell(self) -> None:
        tell = self.on_change
        if tell is not None:
            tell()
