"""Executing tasks by workers that joblib reaches, on this machine or on others."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import joblib

from runner import lifecycle
from runner.clock import now
from runner.compose.composer import TrialConfig
from runner.compose.portable import portable
from runner.errors import Busy, Mistake, RunnerError, StoreFailed
from runner.execute import remote
from runner.execute.backends import Backend, open_backend
from runner.execute.function_worker import Signature, reason_of
from runner.execute.handed import Done, Facts, Handed, Lost, Places, Probed, Refused
from runner.execute.session_file import Session
from runner.execute.sessions import SESSIONS
from runner.execute.stopping import Graces, Urgency
from runner.execute.task import Outcome, PackedProgram, ProgramCall, Task
from runner.model import Status
from runner.ports import Clock, Reporter, Store
from runner.processes import this_process

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
        store: Store,
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
            self._check_workers()
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
        found: Probed = self._backend.call(remote.probe, self._session, target, project_dir)
        if found.signature is None:
            raise Mistake(found.mistake or f"function {target} cannot be imported")
        return found.signature

    def run(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        """Execute tasks, handed out in order; give each outcome when it is there.

        A task is taken when there is room for it, in any thread, in one at a time. After
        `stop` the outcomes end when what was at work has been recorded. Raises LostWorkers and
        StoreFailed, and what the iterator raises, after asking what was at work to stop.
        """
        queue = _Queue(tasks, self._hand_out, self._is_stopping, self._unheard, self.stop)
        try:
            with self._watching(), self._backend.parallel(self._hear) as parallel:
                while not queue.is_empty:
                    calls = _OneByOne(queue, self._backend.n_jobs)
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
        return joblib.delayed(remote.execute)(
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

    def _check_workers(self) -> None:
        root = self._store.root
        folder = next(path for path in (root, *root.parents) if path.is_dir())
        token = folder / f".runner-{self._session}"
        places = Places(token=str(token), text=self._session, project_dir=str(Path.cwd()))
        try:
            token.write_text(places.text, encoding="utf-8")
        except OSError as error:
            raise Mistake(f"the store {root} is not writable: {error.strerror}") from error
        try:
            answers = self._backend.ask_workers(places)
        finally:
            token.unlink(missing_ok=True)
        here = remote.look(places).versions
        wanting = {
            worker: lack
            for worker, facts in answers.items()
            if (lack := lacking(facts, places, here)) is not None
        }
        for worker, lack in wanting.items():
            more = len(wanting) - 1
            others = f" ({more} more of {len(answers)} lack something)" if more else ""
            raise Mistake(f"the worker {worker} {lack}{others}")


def _run_id_of(result: Done | Refused | Lost | None) -> str:
    """The trial's id; nothing where the call was for none."""
    if isinstance(result, Done):
        return result.outcome.run.id
    return "" if result is None or result.run_id is None else result.run_id


def lacking(facts: Facts | str, places: Places, versions: dict[str, str]) -> str | None:
    """What keeps a worker from executing trials, in words; None if nothing does.

    `versions` are what it has to have; `facts` is a text if it could not answer.
    """
    if isinstance(facts, str):
        return f"cannot run the runner: {facts}"
    where = f"on host {facts.host}"
    if facts.token != places.text:
        folder = Path(places.token).parent
        return f"does not see the store: {folder} is not the same folder {where} as here"
    if not facts.sees_project:
        return f"does not see the project: there is no folder {places.project_dir} {where}"
    for name, version in versions.items():
        if facts.versions.get(name) != version:
            theirs = facts.versions.get(name)
            has = f"no {name}" if theirs is None else f"{name} {theirs}"
            return f"has {has} {where}; here it is {version}: they have to be the same"
    return None


class _Queue:
    """The tasks that are to come, as calls, for whichever thread asks."""

    def __init__(
        self,
        tasks: Iterator[Task],
        hand_out: Callable[[Task], Any],
        is_over: Callable[[], bool],
        unheard: Collection[str],
        fail: Callable[[], object],
    ) -> None:
        """As long as there is anything `unheard`, calls that do nothing are given. `fail` is
        called when no task can be taken because of an `error`."""
        self._tasks = tasks
        self._hand_out = hand_out
        self._is_over = is_over
        self._unheard = unheard
        self._fail = fail
        self._lock = threading.Lock()
        self.is_empty = False
        self.error: BaseException | None = None

    def take(self) -> Any:
        """The next call; None if there are no more, or none is to be started."""
        with self._lock:
            if self.is_empty or self._is_over():
                self.is_empty = True
                return None
            if self._unheard:
                return joblib.delayed(remote.pause)()
            try:
                task = next(self._tasks, None)
                if task is not None:
                    return self._hand_out(task)
            except BaseException as error:
                self.error = error
                self._fail()
            self.is_empty = True
            return None


class _OneByOne:
    """An iterator of calls from which joblib takes no more than it has room for.

    joblib takes as many as there are jobs whenever one has ended, and keeps the rest for
    later; but a task counts as started from when it was taken. So after the first `at_once`,
    this iterator ends after each call, to go on when it is asked the next time.
    """

    def __init__(self, queue: _Queue, at_once: int) -> None:
        self._queue = queue
        self._left_at_once = at_once
        self._pauses = False

    def __iter__(self) -> _OneByOne:
        return self

    def __next__(self) -> Any:
        if self._pauses:
            self._pauses = False
            raise StopIteration
        call = self._queue.take()
        if call is None:
            raise StopIteration
        self._left_at_once -= 1
        self._pauses = self._left_at_once < 0
        return call
