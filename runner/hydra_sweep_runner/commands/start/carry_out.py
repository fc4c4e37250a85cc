"""Carries out a reconciliation: writes the records, executes the trials, records the end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from hydra_sweep_runner.commands.runs.dependents import Dependents
from hydra_sweep_runner.commands.start.best import Best, best_line
from hydra_sweep_runner.commands.start.end_by_rule import StoppingRules, source_of
from hydra_sweep_runner.commands.start.failures import report_failures
from hydra_sweep_runner.commands.start.flag_checks import check_values
from hydra_sweep_runner.commands.start.pipeline.decisions import Decided
from hydra_sweep_runner.commands.start.pipeline.out_of_date import report_others, report_own
from hydra_sweep_runner.commands.start.pipeline.telling import Telling
from hydra_sweep_runner.commands.start.pipeline.trials import StepTrials
from hydra_sweep_runner.commands.start.plan_notes import beside_first_line
from hydra_sweep_runner.commands.start.plan_records import PlanRecords
from hydra_sweep_runner.commands.start.prepare import PreparedOperation, prepare
from hydra_sweep_runner.commands.start.programs import check_output_dirs
from hydra_sweep_runner.commands.start.remedies import Remedies
from hydra_sweep_runner.commands.start.signals import Stop, stoppable
from hydra_sweep_runner.commands.start.sweep import Sweep
from hydra_sweep_runner.commands.start.tasks import Start, check_start
from hydra_sweep_runner.commands.start.trial_source import TrialExecution, TrialLines, Trials
from hydra_sweep_runner.commands.start.unreported import Unreported
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Busy, Mistake, RunnerError, UnknownRun, UnreadableRecord
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.execute.server.client import ServerDied
from hydra_sweep_runner.exit_status import of_batch
from hydra_sweep_runner.model import JobPlace, Operation, Run, Status
from hydra_sweep_runner.planning.reconcile import Action, PlannedAction, Reconciliation
from hydra_sweep_runner.planning.trials import Trial
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.search.optimizers.question import ProposalFailed
from hydra_sweep_runner.search.results import last_of
from hydra_sweep_runner.search.stopping_rules import Stopping
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.processes import this_process
from hydra_sweep_runner.terminal.batch_lines import (
    count_trials,
    ends_well,
    first_line,
    last_line,
    why_not_well,
)
from hydra_sweep_runner.terminal.render import initialized_line, short

#: The most runs that are claimed at once for deletion: each claim is an open file.
_CLAIMS = 16


class Carrying:
    """Carries out a batch's reconciliation.

    Nothing is written before `create` or `out`; the plan's operations have been checked by then.
    """

    def __init__(
        self,
        context: World,
        sweep: Sweep,
        executor: Executor,
        prepared: Mapping[Operation, PreparedOperation],
        reconciliation: Reconciliation,
        batch: Run,
        decided: Decided | None = None,
        takers: Dependents | None = None,
    ) -> None:
        """`batch` is its record so far; `decided` are the decisions for a pipeline, with their
        reasons; `takers` are the runs that take files from trials that run again, if any does."""
        self._context = context
        self._sweep = sweep
        self._executor = executor
        self._prepared = dict(prepared)
        self._reconciliation = reconciliation
        self._decided = decided
        self._takers = takers
        self._plan = PlanRecords(context, sweep, prepared, reconciliation, batch)
        self._deleted: set[str] = set()
        self._initialized: dict[str, Run] = {}
        self._grown: dict[str, Run] = {}
        self._telling = Telling((), sweep.repeated)
        self._needed = "strict" if self._runs_completed_again() else "true"
        self._plan.record_needed(self._needed)
        self.remedies = Remedies()  #: what is said of failures

    def _runs_completed_again(self) -> bool:
        """Whether completed trials run again that other code has made. If the command is cut short,
        +needed=true would leave those that it has not come to as they are."""
        return any(
            planned.action is Action.RESTART
            and planned.run is not None
            and planned.run.state.status is Status.COMPLETED
            and self._plan.is_of_other_code(planned.run, planned.trial.operation)
            for planned in self._reconciliation.actions
        )

    @property
    def batch(self) -> Run:
        """The batch's record with the plan."""
        return self._plan.batch

    def create(self) -> None:
        """Create a new batch in the store, which is made if there is none."""
        self._keep_snapshot()
        self._context.store.create(self.batch)

    def _keep_snapshot(self) -> None:
        RunStore.open(self._context.store.root, create=True)  # also cleans up after killed runners
        self._context.store.keep_snapshot(self._sweep.composing.composer.files())

    def check(self) -> None:
        """Check each value of the trials that are to start, and resolve the flags of the first: a
        value that is missing there is mostly missing in all. Raises Mistake."""
        actions = [each for each in self._plan.actions() if each[2].action is not Action.SKIP]
        check_values(self._sweep, (planned.trial for _, _, planned in actions), self._prepared)
        for number, _, planned in actions:
            if planned.action is not Action.INITIALIZE:
                probe = self._start(self._plan.trial(number, planned, ""), number, planned)
                check_start(self._context, probe, self._sweep.options)
                break
        if self._sweep.composing.program is not None:
            limit = os.pathconf(self._context.project_dir, "PC_NAME_MAX")
            check_output_dirs(self._context, self._jobs_to_start(), limit)

    def _jobs_to_start(self) -> Iterator[tuple[TrialConfig, JobPlace]]:
        for number, _, planned in self._plan.actions():
            job = self._plan.job(number)
            if planned.action is not Action.SKIP and job is not None:
                yield self._sweep.config(planned.trial), job

    def tell(self) -> None:
        """Print what is about to be done, with the batch's id: it stays on the screen, however the
        command ends."""
        at_once = None if self._sweep.options.init_trials else self._executor.at_once
        batch, reporter = short(self.batch.id), self._context.reporter
        runs_none = self._sweep.options.init_trials
        lines = [first_line(batch, self._reconciliation, at_once, runs_none=runs_none)]
        lines += beside_first_line(
            batch, self._reconciliation, self._sweep.options, is_watched=reporter.is_watched
        )
        search = self._sweep.search
        if search is not None and search.room and not self._sweep.options.init_trials:
            most = search.room + len(self._plan.ids)
            more = "1 more is" if search.room == 1 else f"{search.room} more are"
            lines.append(f"{more} proposed as results come, up to {most} trials")
            if self._sweep.options.warm_start:
                lines.append(_told_before(search.count_before))
        if reporter.is_watched and not self._sweep.options.init_trials:
            again = f"{self._context.restart_prefix}{batch} +needed={self._needed}"
            lines.append(f"If it is stopped or killed: {again}")
        reporter.say(*lines)

    def out(self) -> int:
        """Record the batch and its trials, execute them, and return the exit status.

        The batch exists and is claimed. With `init_trials` it only writes the records.
        """
        context, options, batch = self._context, self._sweep.options, self.batch
        self._keep_snapshot()
        if not options.init_trials:
            state = lifecycle.started(batch.state, this_process(context.clock), context.clock())
            batch = replace(batch, state=state)
        try:
            context.store.write(batch)
            self._plan.batch = batch
            starts = self._create_missing(batch)
            self._settle(batch)
            self._delete_pending()
            if options.init_trials:
                context.store.write(self._with_what_is_left())
                return 0
            return self._execute(starts)
        except BaseException as error:
            why = str(error) if isinstance(error, RunnerError) else "the runner failed"
            self._give_up(batch.id, why)
            raise

    def _with_what_is_left(self) -> Run:
        """The batch's record after a start that ran nothing: one that had ended tells how many of
        its trials are not completed."""
        batch = self._plan.batch_without(self._deleted)
        if batch.state.status is not Status.COMPLETED:
            return batch
        runs = [planned.run for planned in self._reconciliation.actions]
        counts = Counter(Status.PENDING if run is None else run.state.status for run in runs)
        reason = None if ends_well(counts) else why_not_well(counts)
        return replace(batch, state=replace(batch.state, reason=reason))

    def _delete_pending(self) -> None:
        """Delete the trials that are no longer planned and never started; one that another process
        has started since the batch was planned stays, as an orphan."""
        store = self._context.store
        runs = self._reconciliation.deleted
        for first in range(0, len(runs), _CLAIMS):
            with ExitStack() as claims:
                pending: list[str] = []
                for run in runs[first : first + _CLAIMS]:
                    try:
                        claims.enter_context(store.claim(run.id))
                        if store.read(run.id).state.status is Status.PENDING:
                            pending.append(run.id)
                    except UnknownRun:
                        self._deleted.add(run.id)  # another process deleted it
                    except (Busy, UnreadableRecord):
                        continue
                store.delete(pending)
                self._deleted.update(pending)

    def _give_up(self, batch_id: str, why: str) -> None:
        """Record, if possible, that the batch is no longer running. What is on the disk counts: a
        record can be in its place though writing it has failed."""
        store = self._context.store
        with suppress(RunnerError):
            batch = store.read(batch_id)
            if batch.state.status is Status.RUNNING:
                at = self._context.clock()
                state = lifecycle.terminated(batch.state, why, at)
                store.write(replace(batch, state=state))

    def _create_missing(self, batch: Run) -> list[Start]:
        """Create the planned trials that do not exist; returns all trials that are to start."""
        planned_runs = [
            (self._planned_run(number, planned, batch), number, planned)
            for number, _, planned in self._plan.actions()
        ]
        if self._sweep.graph is not None:
            runs = (run for run, _, _ in planned_runs)
            self._telling = Telling(runs, self._sweep.repeated)
        starts: list[Start] = []
        for run, number, planned in planned_runs:
            if planned.action is Action.SKIP:
                continue
            if planned.run is None:
                self._context.store.create(run)
                if self._sweep.options.init_trials or planned.action is Action.INITIALIZE:
                    also = self._telling.of(run)
                    self._context.reporter.say(initialized_line(run, self._sweep.varying, also))
            if planned.action is Action.INITIALIZE:
                self._initialized[run.id] = run
                continue
            starts.append(self._start(run, number, planned))
        return starts

    def _planned_run(self, number: int, planned: PlannedAction, batch: Run) -> Run:
        if planned.action is Action.SKIP and planned.run is not None:
            return planned.run
        return self._plan.trial(number, planned, batch.id)

    def _settle(self, batch: Run) -> None:
        """Sync the batch and its new trials to the disk before the first one starts."""
        made = [run_id for _, run_id, planned in self._plan.actions() if planned.run is None]
        self._context.store.settle([batch.id, *made])

    def _start(self, run: Run, number: int, planned: PlannedAction) -> Start:
        return Start(
            run=run,
            config=self._sweep.config(planned.trial),
            prepared=self._prepared[planned.trial.operation],
            number=number,
            varying=self._sweep.varying,
            told_upstream=self._telling.of(run),
            former=planned.run if self._decided and self._decided.is_judged(number) else None,
        )

    def _execute(self, starts: Sequence[Start]) -> int:
        context, sweep = self._context, self._sweep
        self._report_skipped(len(self._plan.ids) - len(starts) - len(self._initialized))
        judged = "trial" if sweep.graph is None else "combination"
        rules = StoppingRules(context, sweep.stopping, sweep.window, judged)
        known = self._as_known(starts)
        trials = self._trials(starts, rules)
        starting = {start.run.id for start in starts}
        ended = (run for run_id, run in known.items() if run_id not in starting)
        best = Best(context.reporter, sweep.objective_of_best, map(last_of, ended))
        unreported = Unreported(
            context,
            sweep.objective_asked_for,
            counted=sweep.objective_of_search,
            any_trial=sweep.graph is not None,
        )
        lines = TrialLines(context, sweep.varying, best, unreported, self.remedies, self._telling)
        execution = TrialExecution(
            context, self._executor, sweep.options, self.batch.id, trials, lines
        )
        total = len(starts) + (0 if sweep.search is None else sweep.search.room)
        with stoppable(self._executor, context, self.batch.id) as stop:
            try:
                execution.run(total)
            except ServerDied as error:
                runs = {**self._as_known(starts), **execution.ended_runs}
                self._end(runs, Stop(signal_number=stop.signal_number, why=str(error)))
                raise
        runs = {**self._as_known(starts), **execution.ended_runs}
        if rules.has_ended:
            if sweep.search is not None and sweep.search.room and rules.lift:  # nothing is pending
                context.reporter.say(
                    f"The search goes on by {context.restart_prefix}{short(self.batch.id)} "
                    f"+needed=true {rules.lift}"
                )
            return self._end(runs, stop, cut_short=rules.lift)
        left = 0 if stop.why else sum(start.run.id not in execution.ended_runs for start in starts)
        return self._end(runs, stop, left)

    def _grow(self, number: int) -> Start:
        """Record a trial that the search has proposed: in the batch first, so that the plan has it
        before it starts. Raises ProposalFailed if its operation cannot be executed."""
        assert self._sweep.search is not None
        self._prepare(self._sweep.search.trials[number])
        place, planned = self._plan.grow(number)
        self._context.store.write(self._plan.batch)
        run = self._plan.trial(place, planned, self._plan.batch.id)
        self._context.store.create(run)
        self._context.store.settle([run.id])
        self._grown[run.id] = run
        return self._start(run, place, planned)

    def _prepare(self, trial: Trial) -> None:
        """Check an operation that no earlier trial has: flags may be among a command's arguments,
        and a search may choose the operation."""
        operation = trial.operation
        if operation in self._prepared:
            return
        try:
            one = prepare(operation, trial.flags, self._context.project_dir, self._executor)
        except Mistake as mistake:
            raise ProposalFailed(f"a trial was proposed that cannot start: {mistake}") from mistake
        self._prepared[operation] = one
        self._plan.add(one)

    def _trials(self, starts: Sequence[Start], rules: StoppingRules) -> Trials:
        """The source that decides which trial starts next."""
        sweep, known = self._sweep, self._as_known(starts)
        if sweep.graph is not None:
            runs = [known[run_id] for run_id in self._plan.ids]
            by_number = {self._plan.number_of(start.run.id): start for start in starts}
            return StepTrials(self._context, sweep.graph, runs, by_number, rules, self._telling)
        return source_of(
            self._context,
            search=sweep.search,
            rules=rules,
            has_rules=sweep.stopping != Stopping(objective=sweep.stopping.objective),
            starts=starts,
            plan=self._plan.ids,
            known=known,
            grow=self._grow,
        )

    def _report_skipped(self, skipped: int) -> None:
        if self._decided is not None:
            for line in self._decided.lines():
                self._context.reporter.say(line)
            return
        if not skipped:
            return
        trials = "1 trial" if skipped == 1 else f"{skipped} trials"
        if self._sweep.options.only == "failed":
            has = "has" if skipped == 1 else "have"
            self._context.reporter.say(f"Skipping {trials} that {has} not failed")
        else:
            what = "1 completed trial" if skipped == 1 else f"{skipped} completed trials"
            self._context.reporter.say(f"Skipping {what}")

    def _asked_for(self) -> Iterator[str]:
        """The trials that this start was to run: not those that `needed`, `only` or `until` left
        as they were."""
        left_out = (Action.SKIP, Action.INITIALIZE)
        return (run_id for _, run_id, one in self._plan.actions() if one.action not in left_out)

    def _as_known(self, starts: Sequence[Start]) -> dict[str, Run]:
        known = {
            run_id: planned.run
            for _, run_id, planned in self._plan.actions()
            if planned.run is not None
        }
        started = {start.run.id: start.run for start in starts}
        return {**known, **self._initialized, **self._grown, **started}

    def _end(
        self, runs: Mapping[str, Run], stop: Stop, left: int = 0, *, cut_short: str | None = None
    ) -> int:
        """Record how the batch ended, print it, and return the exit status, for which only trials
        count that were to run. `left` trials were to start but did not, though they may be
        completed from an earlier start. If a rule ended the batch early, trials that did not start
        do not count as missing; `cut_short` is then the override that lifts it on a restart, or
        empty."""
        context, batch = self._context, self.batch
        counts = count_trials(runs[run_id] for run_id in self._plan.ids)
        wanted = count_trials(runs[run_id] for run_id in self._asked_for())
        missed = {k: n for k, n in wanted.items() if cut_short is None or k is not Status.PENDING}
        all_completed = ends_well(missed) and not left
        exit_status = of_batch(stop.exit_status, all_completed=all_completed)
        at = context.clock()
        if stop.why is not None:
            state = lifecycle.terminated(batch.state, stop.why, at)
            state = replace(state, exit_status=exit_status)
        else:
            has_all = exit_status == 0 and (ends_well(counts) or cut_short is not None)
            reason = None if has_all else why_not_well(counts, left)
            state = lifecycle.finished(batch.state, exit_status, reason, at)
        lift = cut_short or ""
        if ends_well(counts):
            self._plan.record_needed("true")
        context.store.write(replace(self._plan.batch_without(self._deleted, lift), state=state))
        trials = [runs[run_id] for run_id in self._plan.ids]
        report_failures(context, batch.id, trials, self._sweep.varying, self._telling)
        best = best_line(self._sweep.objective_of_best, trials, self._sweep.varying, self._telling)
        if best:
            context.reporter.say(best)
        line = last_line(short(batch.id), counts, context.restart_prefix, lift, self._needed)
        self._report_out_of_date(runs, is_told_how=not ends_well(counts))
        has_failed = bool(counts.get(Status.ERROR))
        context.reporter.say(line + (self.remedies.go_on if has_failed else ""))
        return exit_status

    def _report_out_of_date(self, runs: Mapping[str, Run], *, is_told_how: bool) -> None:
        """Print which completed trials of a pipeline are not current, here and in other batches."""
        graph = self._sweep.graph
        left: list[Run] = []  # what did not start keeps its former inputs
        ran: list[str] = []
        for _, run_id, planned in self._plan.actions():
            run, before = runs[run_id], planned.run
            has_run = before is None or run.state.attempt != before.state.attempt
            left.append(run if has_run or before is None else before)
            if has_run and before is not None:
                ran.append(run_id)
        if graph is not None:
            report_own(self._context, graph, self.batch.id, left, is_told_how=is_told_how)
        if self._takers is not None:
            report_others(self._context, self._takers, self.batch, self._plan.ids, ran)


def _told_before(count: int) -> str:
    which = "1 run is" if count == 1 else f"{count or 'no'} runs are"
    why = "" if count else ", because none lies in its space"
    return f"The search begins with warm_start: {which} told to it first{why}"
