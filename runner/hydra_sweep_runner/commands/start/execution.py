"""Starting runs: records become tasks, tasks are executed, what happens is told."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from types import FrameType

from hydra_sweep_runner.commands.start.calls import Prepared
from hydra_sweep_runner.commands.start.programs import program_task
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Busy, Mistake
from hydra_sweep_runner.execute.attempt.environment import run_environment
from hydra_sweep_runner.execute.attempt.stopping import REQUESTS_S
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.model import Kind, Run, Status, Value
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.record.redaction import redact_run
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.periodic import every
from hydra_sweep_runner.system.processes import this_process
from hydra_sweep_runner.terminal.render import escape, last_lines, short, trial_line

# How many failures a batch's end tells again.
_MOST_FAILURES = 20


@dataclass(frozen=True, kw_only=True)
class Start:
    """A run about to be started: its record as stored, what it is composed from and how it
    is called. `number` is its place in the batch, from 0."""

    run: Run
    config: TrialConfig
    prepared: Prepared
    number: int = 0


def make_task(context: World, start: Start, options: Options, batch_id: str | None) -> Task:
    """The task that executes a run. Raises Mistake for a flag that cannot be resolved."""
    run = start.run
    folder = str(context.store.folder(run.id))
    environment = run_environment(
        run, folder=folder, project_dir=str(context.project_dir), batch_id=batch_id
    )
    if KINDS[run.operation.kind].is_hydra_job:
        return program_task(
            run=run,
            store=context.store,
            project_dir=context.project_dir,
            config=start.config,
            environment=environment,
            options=options,
        )
    config = start.config.with_hydra(_hydra_settings(folder, start, batch_id))
    values = start.prepared.values(config)
    return Task(
        run=run,
        store_root=str(context.store.root),
        project_dir=str(context.project_dir),
        working_dir=folder if config.chdir else str(context.project_dir),
        call=start.prepared.make(values),
        config=config,
        environment={**values.environment, **environment},
        timeout_s=options.timeout_s,
        retries=options.retries,
    )


def check_start(context: World, start: Start, options: Options) -> None:
    """Raise Mistake for a flag that the run needs and that cannot be resolved."""
    start.prepared.check(make_task(context, start, options, None).config)


def _hydra_settings(folder: str, start: Start, batch_id: str | None) -> Mapping[str, Value]:
    settings: dict[str, Value] = {"runtime.output_dir": folder, "run.dir": folder}
    if batch_id is not None:
        parent, _, name = folder.rpartition("/")
        settings |= {
            "sweep.dir": parent,
            "sweep.subdir": name,
            "job.num": start.number,
            "job.id": str(start.number),
        }
    return settings


@dataclass
class Stop:
    """Whether a batch or run is stopped before its end: why, and by which signal. A request
    by `runner runs stop` counts as SIGTERM."""

    signal_number: int | None = None
    why: str | None = None

    @property
    def exit_status(self) -> int | None:
        """130 after Ctrl-C, 143 after SIGTERM or a request; None if nobody asked."""
        return None if self.signal_number is None else 128 + self.signal_number


@contextmanager
def stoppable(executor: Executor, context: World, batch_id: str | None = None) -> Iterator[Stop]:
    """Let Ctrl-C, SIGTERM, and the end of the terminal, stop the executor while the context
    lasts; the second one ends at once what still runs.

    With `batch_id` a request to stop that batch does so, too. Who executes a run looks for
    requests about that one itself.
    """
    stop = Stop()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.signal_number is None:
            stop.signal_number = number
            on_request = stop.why is not None
            stop.why = stop.why or "stopped by the user"
            if number == signal.SIGHUP:
                context.reporter.leave_terminal()
            how = "asked by `runner runs stop`" if on_request else "again to end it at once"
            context.reporter.say(f"Stopping: waiting for what runs ({how})")
            executor.stop()  # last: it may raise
        else:
            executor.kill()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # it is under nohup
        numbers.append(signal.SIGHUP)
    with ExitStack() as stack:
        for number in numbers:
            stack.callback(signal.signal, number, signal.signal(number, handle))
        if batch_id is not None:
            stack.enter_context(_heeding_requests(context.store, batch_id, stop))
        yield stop


@contextmanager
def _heeding_requests(store: RunStore, batch_id: str, stop: Stop) -> Iterator[None]:
    """Have a request to stop the batch handled as SIGTERM is, while the context lasts."""
    main = threading.main_thread().ident

    def look() -> None:
        if main is not None and stop.why is None and store.is_asked_to_stop(batch_id):
            stop.why = lifecycle.STOPPED_ON_REQUEST
            signal.pthread_kill(main, signal.SIGTERM)

    with every(REQUESTS_S, look):
        yield


@dataclass(frozen=True)
class _Ready:
    """A trial that is claimed, and its task, or why it has none."""

    start: Start
    claim: ExitStack
    task: Task | Busy | Mistake


class _Tasks:
    """The tasks of trials, in their order (a `execute.task.ReadyAhead`)."""

    def __init__(
        self,
        starts: Iterable[Start],
        ready: Callable[[Start], _Ready],
        begin: Callable[[_Ready], Task | None],
    ) -> None:
        """`ready` is called ahead of time; `begin` when a task is taken, see there."""
        self._starts = iter(starts)
        self._make = ready
        self._begin = begin
        self._ready: _Ready | None = None

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        while True:
            self.make_ready()
            ready, self._ready = self._ready, None
            if ready is None:
                raise StopIteration
            if isinstance(ready.task, Busy):
                ready = self._make(ready.start)  # it may be free by now
            task = self._begin(ready)
            if task is not None:
                return task

    def make_ready(self) -> Task | None:
        """Claim the next trial, which nobody else can take from here on, and make its task."""
        if self._ready is None:
            start = next(self._starts, None)
            self._ready = None if start is None else self._make(start)
        task = None if self._ready is None else self._ready.task
        return task if isinstance(task, Task) else None

    def close(self) -> None:
        """Give up what was made ready and not taken."""
        if self._ready is not None:
            self._ready.claim.close()


class TrialExecution:
    """Executes the trials of a batch that are to start, in order, and keeps what became of
    each in `ended` (by id, as recorded)."""

    def __init__(self, context: World, executor: Executor, options: Options, batch_id: str) -> None:
        self._context = context
        self._executor = executor
        self._options = options
        self._batch_id = batch_id
        self._claims: dict[str, ExitStack] = {}
        self.ended: dict[str, Run] = {}
        self._failed = False

    def run(self, starts: Sequence[Start]) -> None:
        """Execute all of them, unless one fails under `fail_fast` or the user stops."""
        self._context.reporter.begin(len(starts))
        with closing(_Tasks(starts, self._make_ready, self._begin)) as tasks:
            try:
                for outcome in self._executor.run(tasks):
                    self._claims.pop(outcome.run.id).close()
                    self._end(outcome)
            finally:
                self._context.reporter.finish()
                for claim in self._claims.values():
                    claim.close()

    def _make_ready(self, start: Start) -> _Ready:
        """Claim a trial and make its task; what forbids that is kept in the place of it."""
        claim = ExitStack()
        try:
            claim.enter_context(self._context.store.claim(start.run.id))
            start = self._with_its_state(start)
            task = make_task(self._context, start, self._options, self._batch_id)
        except (Busy, Mistake) as error:
            return _Ready(start, claim, error)
        except BaseException:
            claim.close()
            raise
        return _Ready(start, claim, task)

    def _begin(self, ready: _Ready) -> Task | None:
        """Say that a trial starts; None for one that cannot. Raises StopIteration if no other
        trial is to start."""
        if self._failed and self._options.fail_fast:
            ready.claim.close()
            raise StopIteration
        run, say = ready.start.run, self._context.reporter.say
        if isinstance(ready.task, Busy):
            say(f"Trial {short(run.id)} is left to its owner: {ready.task}")
            return None
        if isinstance(ready.task, Mistake):
            with ready.claim:
                self._context.reporter.started()
                self._end(Outcome(run=self._record_failure(run, str(ready.task))))
            return None
        if self._executor.claims_runs:
            ready.claim.close()  # nobody had it, at least
        self._claims[run.id] = ready.claim
        self._context.reporter.started()
        say(trial_line("Initialized", run), trial_line("Running", run))
        return ready.task

    def _with_its_state(self, start: Start) -> Start:
        """A claimed trial that was at work when the batch was planned, with what became of
        it since."""
        if start.run.state.status is not Status.RUNNING:
            return start
        store = self._context.store
        now = store.observe(store.read(start.run.id), claimed=True)
        return replace(start, run=replace(start.run, state=now.state))

    def _record_failure(self, run: Run, reason: str) -> Run:
        store, clock = self._context.store, self._context.clock
        at = clock()
        state = lifecycle.started(run.state, this_process(clock), at)
        failed = replace(run, state=lifecycle.finished(state, None, reason, clock()))
        store.write(failed)
        return failed

    def _end(self, outcome: Outcome) -> None:
        run = outcome.run
        self.ended[run.id] = run
        self._context.reporter.ended(failed=run.state.status is Status.ERROR)
        if run.state.status is Status.ERROR:
            self._failed = True
            tell_failure(self._context, outcome)
        elif run.state.reason == lifecycle.STOPPED_ON_REQUEST:
            self._context.reporter.say(f"Trial {short(run.id)} was {run.state.reason}")


def tell_failure(context: World, outcome: Outcome) -> None:
    """Say that a run has failed and why, with the end of its output if it was not just
    shown."""
    lines = [failure_line(context, outcome.run)]
    lines += [f"  {line}" for line in last_lines(outcome.tail)]
    if outcome.hint is not None:
        lines.append(outcome.hint)
    context.reporter.say(*lines)


def tell_failures(context: World, batch_id: str, runs: Iterable[Run]) -> None:
    """Say once more, at a batch's end, which of its trials have failed, in a line each."""
    failed = [run for run in runs if run.state.status is Status.ERROR]
    for run in failed[:_MOST_FAILURES]:
        context.reporter.say(failure_line(context, run))
    if len(failed) > _MOST_FAILURES:
        more = f"{len(failed) - _MOST_FAILURES} more trials failed"
        context.reporter.say(f"{more}: runner runs show {short(batch_id)}{context.store_words}")


def failure_line(context: World, run: Run) -> str:
    """`Trial 3f2a9c1d failed: exit status 3 (log: runs/3f2a…/.runner/output.log)`."""
    run = redact_run(run, os.environ)
    what = "Trial" if run.kind is Kind.TRIAL else "Run"
    reason = escape(run.state.reason or f"exit status {run.state.exit_status}")
    return f"{what} {short(run.id)} failed: {reason} (log: {context.log_path(run)})"
