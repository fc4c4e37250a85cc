"""The trials of a batch as a source of tasks for executors."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Protocol

from hydra_sweep_runner.commands.start.best import Best
from hydra_sweep_runner.commands.start.failures import report_failure
from hydra_sweep_runner.commands.start.pipeline.telling import NOTHING_UPSTREAM, Telling
from hydra_sweep_runner.commands.start.remedies import Remedies
from hydra_sweep_runner.commands.start.tasks import Start, make_task
from hydra_sweep_runner.commands.start.unreported import Unreported
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Busy, Mistake
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.execute.source import NO_MORE, WAIT, Next, NoTask
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.search.results import last_of
from hydra_sweep_runner.system.processes import this_process
from hydra_sweep_runner.terminal.render import completed_line, initialized_line, running_line, short


class Trials(Protocol):
    """Decides which trial of a batch starts next. Called in one thread, like an
    `execute.source.Source`, and in the same order."""

    @property
    def depends_on_results(self) -> bool:
        """Whether the answer of `next` depends on how trials have ended.

        If it does, `next` is called when a trial can start at once, and only after all ended trials
        are saved to disk. Otherwise it may be called ahead of time, and `ended` while the end is
        being recorded.
        """
        ...

    def next(self) -> Start | NoTask:
        """The trial to start next, `WAIT` until a running one has ended, or `NO_MORE`."""
        ...

    def ended(self, run: Run) -> None:
        """A returned trial has ended; or it was not started, because its flags cannot be resolved
        (its status is then error) or because another process owns it."""
        ...


class PlannedTrials:
    """Trials that are planned as a whole, in plan order."""

    depends_on_results = False

    def __init__(self, starts: Sequence[Start]) -> None:
        self._starts = iter(starts)

    def next(self) -> Start | NoTask:
        """The next trial of the plan."""
        return next(self._starts, NO_MORE)

    def ended(self, run: Run) -> None:
        """Do nothing: the plan does not change."""


@dataclass(frozen=True)
class _Ready:
    """A claimed trial and its task, or the reason why it has none; None if another process has
    completed it since the batch was planned."""

    start: Start
    claim: ExitStack
    task: Task | Busy | Mistake | None


@dataclass(frozen=True)
class TrialLines:
    """Prints the lines on the ends of a batch's trials.

    `varying` are the names that distinguish the trials, and `telling` finds what else does; `best`
    shows the best one; `unreported` tells of an objective that no trial reports; `remedies` knows
    how failures are mended.
    """

    context: World
    varying: Sequence[str]
    best: Best
    unreported: Unreported
    remedies: Remedies
    telling: Telling = NOTHING_UPSTREAM

    def failure(self, outcome: Outcome) -> None:
        """Print that a trial has failed, and why."""
        report_failure(self.context, outcome, self.remedies, self.varying, self.telling)

    def success(self, run: Run, *, has_line: bool) -> None:
        """Note a completed trial's result; with `has_line` print a line on a terminal."""
        self.best.note(last_of(run))
        self.unreported.note(run)
        if has_line and self.context.reporter.is_watched:
            self.context.reporter.say(completed_line(run, self.varying, self.telling.of(run)))


class TrialExecution:
    """Executes the trials of a batch that are to start, in order; `ended_runs` has the results by
    id, as recorded. It is the source of the executor's tasks."""

    def __init__(
        self,
        context: World,
        executor: Executor,
        options: Options,
        batch_id: str,
        trials: Trials,
        lines: TrialLines,
    ) -> None:
        self._context = context
        self._executor = executor
        self._options = options
        self._batch_id = batch_id
        self._trials = trials
        self._lines = lines
        self._is_side_by_side = executor.at_once != 1
        self._ready: _Ready | None = None
        self._claims: dict[str, ExitStack] = {}
        self._unrecorded = 0
        self.ended_runs: dict[str, Run] = {}
        self._has_failed = False

    def run(self, total: int) -> None:
        """Execute all trials, `total` as far as is known, unless one fails under `fail_fast` or the
        user stops."""
        if self._executor.passes_output_on:  # else it would stand in front of the jobs' lines
            self._context.reporter.begin(total, self._executor.at_once)
        self._lines.best.begin()
        try:
            self._executor.run(self)
        finally:
            self._context.reporter.finish()
            self._lines.unreported.finish()
            if self._ready is not None:
                self._ready.claim.close()
            for claim in self._claims.values():
                claim.close()

    def next(self) -> Next:
        """The task of the next trial that can be started; a line says so."""
        if self._trials.depends_on_results and self._unrecorded:
            return WAIT
        while not (self._has_failed and self._options.fail_fast):
            ready, self._ready = self._ready, None
            if ready is None:
                start = self._trials.next()
                if isinstance(start, NoTask):
                    return start
                ready = self._make_ready(start)
            elif isinstance(ready.task, Busy):
                ready = self._make_ready(ready.start)  # its former owner may have released it
            task = self._begin(ready)
            if task is not None:
                return task
        return NO_MORE

    def make_ready(self) -> None:
        """Claim the next trial, so that no other process can start it, and make its task."""
        if self._ready is None and not self._trials.depends_on_results:
            start = self._trials.next()
            if isinstance(start, Start):
                self._ready = self._make_ready(start)

    def ended(self, outcome: Outcome) -> None:
        """Print how a trial failed or was stopped."""
        self._unrecorded += 1
        self._end(outcome)

    def recorded(self, outcome: Outcome) -> None:
        """Release the trial's claim. A completed trial counts as done from here on: what is printed
        stays true if the process is killed."""
        self._unrecorded -= 1
        self._claims.pop(outcome.run.id).close()
        if outcome.run.state.status is Status.COMPLETED:
            self._context.reporter.ended(failed=False)
            self._lines.success(outcome.run, has_line=self._is_side_by_side)

    def _make_ready(self, start: Start) -> _Ready:
        """Claim a trial and make its task; if that is impossible, keep the reason."""
        claim = ExitStack()
        try:
            is_first = claim.enter_context(self._context.store.claim(start.run.id))
            planned = start
            if not is_first:
                start = self._with_its_state(start)
            if self._options.needed and _completed_meanwhile(planned.run, start.run):
                return _Ready(start, claim, None)
            task = make_task(self._context, start, self._options, self._batch_id)
        except (Busy, Mistake) as error:
            return _Ready(start, claim, error)
        except BaseException:
            claim.close()
            raise
        return _Ready(start, claim, task)

    def _begin(self, ready: _Ready) -> Task | None:
        """Print that a trial starts; None if it cannot."""
        run, say = ready.start.run, self._context.reporter.say
        if isinstance(ready.task, Busy):
            say(f"Trial {short(run.id)} is left to its owner: {ready.task}")
            self._trials.ended(run)
            return None
        if ready.task is None:
            with ready.claim:
                say(f"Skipping {short(run.id)}, which was completed meanwhile")
                self.ended_runs[run.id] = self._context.store.read(run.id)
                self._trials.ended(self.ended_runs[run.id])
            return None
        if isinstance(ready.task, Mistake):
            with ready.claim:
                self._context.reporter.started()
                self._end(Outcome(run=self._record_failure(run, str(ready.task))))
            return None
        if self._executor.claims_runs:
            ready.claim.close()  # no other process owned it
        self._claims[run.id] = ready.claim
        self._context.reporter.started()
        names, also = self._lines.varying, self._lines.telling.of(run)
        say(initialized_line(run, names, also), running_line(run, names, also))
        return ready.task

    def _with_its_state(self, start: Start) -> Start:
        """A claimed trial with its present state: another process may have run it since the batch
        was planned."""
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
        self._trials.ended(run)
        self.ended_runs[run.id] = run
        if run.state.status is Status.COMPLETED:
            return  # `recorded` tells it
        self._context.reporter.ended(failed=run.state.status is Status.ERROR)
        if run.state.status is Status.ERROR:
            self._has_failed = True
            self._lines.failure(outcome)
        elif run.state.reason == lifecycle.STOPPED_ON_REQUEST:
            self._context.reporter.say(f"Trial {short(run.id)} was {run.state.reason}")


def _completed_meanwhile(planned: Run, now: Run) -> bool:
    """Whether another process has completed the trial since it was planned. A pipeline's trial runs
    again nevertheless, because its inputs may differ from those it would take now."""
    was, status = planned.state.status, now.state.status
    return was is not Status.COMPLETED and status is Status.COMPLETED and not planned.inputs
