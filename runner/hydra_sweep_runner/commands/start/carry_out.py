"""Carries out a reconciliation: writes the records, executes the trials, records the end."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from hydra_sweep_runner.commands.start.best import Best
from hydra_sweep_runner.commands.start.calls import PreparedOperation
from hydra_sweep_runner.commands.start.execution import Start, check_start
from hydra_sweep_runner.commands.start.failures import report_failures
from hydra_sweep_runner.commands.start.notes import Mended
from hydra_sweep_runner.commands.start.pipeline.decisions import Decided, inputs_of
from hydra_sweep_runner.commands.start.pipeline.trials import StepTrials
from hydra_sweep_runner.commands.start.programs import (
    check_output_dirs,
    number_jobs,
    sweep_place,
)
from hydra_sweep_runner.commands.start.records import Planned, as_planned, options_of_trial
from hydra_sweep_runner.commands.start.signals import Stop, stoppable
from hydra_sweep_runner.commands.start.stopping_rules import StoppingRules, source_of
from hydra_sweep_runner.commands.start.sweep import Sweep
from hydra_sweep_runner.commands.start.trials import TrialExecution, TrialLines, Trials
from hydra_sweep_runner.commands.start.unreported import Unreported
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Busy, RunnerError, UnknownRun, UnreadableRecord
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.execute.server.client import ServerDied
from hydra_sweep_runner.model import BatchPart, JobPlace, Kind, Operation, Run, State, Status, Value
from hydra_sweep_runner.operation.kinds.kind import no_flag_to_check
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.planning.reconcile import Action, Reconciliation, TrialStep
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.search.stopping import Stopping
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.processes import this_process
from hydra_sweep_runner.system.provenance import read_provenance, shown
from hydra_sweep_runner.terminal.render import short, trial_line
from hydra_sweep_runner.terminal.summary import (
    count_trials,
    ends_well,
    intent_line,
    summary_line,
    why_not_well,
)

#: The most runs that are claimed at once for deletion: each claim is an open file.
_CLAIMS = 16


class Carrying:
    """Carries out a batch's reconciliation.

    Nothing is written before `create` or `out`; the plan's operations have been checked by then.
    `batch` is the batch's record with the plan, its flags, options and seed; `recipe` is how to
    compose it again.
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
    ) -> None:
        """`batch` is its record so far; `decided` are the decisions for a pipeline, with their
        reasons."""
        self._context = context
        self._sweep = sweep
        self._executor = executor
        self._prepared = prepared
        self._reconciliation = reconciliation
        self._decided = decided
        sources = dict.fromkeys(path for one in prepared.values() for path in one.sources)
        self._provenance = read_provenance(context.project_dir, sources)
        # All trials of an operation share one object, so its text is rendered once.
        self._provenances = {
            operation: replace(self._provenance, sources=self._sources_of(one.sources))
            for operation, one in prepared.items()
        }
        self._remembered = options_of_trial(sweep.options.remembered)
        self.recipe = sweep.composing.recipe()
        self._ids = tuple(
            context.new_id() if step.run is None else step.run.id for step in reconciliation.steps
        )
        self._deleted: set[str] = set()
        self._number = {run_id: number for number, run_id in enumerate(self._ids)}
        self._initialized: dict[str, Run] = {}
        self._grown: dict[str, Run] = {}
        self._jobs: tuple[JobPlace | None, ...] = (None,) * len(self._ids)
        if sweep.composing.program is not None:
            self._jobs = tuple(number_jobs(reconciliation, batch.id))
        self.batch = self._record(batch)
        self.mended = Mended()  #: what is said of failures under an old copy of the YAML

    def _sources_of(self, paths: Iterable[Path]) -> Mapping[str, str]:
        """The digests of the batch's files that belong to one operation."""
        names = {shown(path, self._context.project_dir) for path in paths}
        found = self._provenance.sources
        return {name: digest for name, digest in found.items() if name in names}

    def _steps(self) -> Iterator[tuple[int, str, TrialStep]]:
        for number, (run_id, step) in enumerate(
            zip(self._ids, self._reconciliation.steps, strict=True)
        ):
            yield number, run_id, step

    def _record(self, batch: Run) -> Run:
        assert batch.batch is not None
        sweep = self._sweep
        trials = sweep.plan.trials
        made = tuple(run_id for _, run_id, step in self._steps() if step.run is None)
        options = sweep.composing.typed.options.over(batch.options)
        job = None
        if sweep.composing.program is not None:
            job = sweep_place(sweep.config(trials[0]), self._context)
        planned = Planned(
            operation=sweep.operation,
            flags=sweep.flags(),
            recipe=self.recipe,
            given=sweep.names,
            options=sweep.options,
            remembered=options.remembered,
            random_seed=sweep.seed,
            provenance=self._provenance,
            choices=sweep.choices(),
        )
        return as_planned(
            batch,
            planned,
            job=job,
            basis=sweep.basis(self._ids),
            batch=BatchPart(
                trials=self._ids,
                generated=(*batch.batch.generated, *made),
                objective=() if sweep.objective is None else sweep.objective.texts,
            ),
        )

    def create(self) -> None:
        """Create a new batch in the store, which is made if there is none."""
        self._keep_snapshot()
        self._context.store.create(self.batch)

    def _keep_snapshot(self) -> None:
        RunStore.open(self._context.store.root, create=True)  # also cleans up after killed runners
        self._context.store.keep_snapshot(self._sweep.composing.composer.files())

    def check(self) -> None:
        """Resolve the flags of the first trial that is to start: a value that is missing there is
        mostly missing in all. Raises Mistake."""
        for number, _, step in self._steps():
            if step.action not in (Action.SKIP, Action.INITIALIZE):
                probe = self._start(self._trial_run(number, step, ""), number, step)
                check_start(self._context, probe, self._sweep.options)
                break
        self._check_flags()
        if self._sweep.composing.program is not None:
            limit = os.pathconf(self._context.project_dir, "PC_NAME_MAX")
            check_output_dirs(self._context, self._jobs_to_start(), limit)

    def _jobs_to_start(self) -> Iterator[tuple[TrialConfig, JobPlace]]:
        for number, _, step in self._steps():
            job = self._jobs[number]
            if step.action is not Action.SKIP and job is not None:
                yield self._sweep.config(step.trial), job

    def _check_flags(self) -> None:
        """Check each value of each flag, once; values from the environment are references here, and
        are not checked."""
        seen: set[tuple[Operation, str, str]] = set()
        for _, _, step in self._steps():
            operation = step.trial.operation
            check_flag = self._prepared[operation].checked.check_flag
            if step.action is Action.SKIP or check_flag is no_flag_to_check:
                continue
            for name, value in step.trial.flags.items():
                key = (operation, name, repr(value))
                if key not in seen and "${" not in key[2]:
                    seen.add(key)
                    check_flag(name, value)

    def tell(self) -> None:
        """Print what is about to be done, with the batch's id: it stays on the screen, however the
        command ends."""
        at_once = None if self._sweep.options.init_trials else self._executor.at_once
        lines = [intent_line(short(self.batch.id), self._reconciliation, at_once)]
        search = self._sweep.search
        if search is not None and search.room and not self._sweep.options.init_trials:
            most = search.room + len(self._ids)
            more = "1 more is" if search.room == 1 else f"{search.room} more are"
            lines.append(f"{more} proposed as results come, up to {most} trials")
        self._context.reporter.say(*lines)

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
            self.batch = batch
            starts = self._create_missing(batch)
            self._settle(batch)
            self._delete_pending()
            if options.init_trials:
                context.store.write(self._without_deleted())
                return 0
            return self._execute(starts)
        except BaseException:
            self._give_up(batch.id)
            raise

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

    def _without_deleted(self) -> Run:
        """The batch's record without the trials that this start has deleted."""
        part = self.batch.batch
        assert part is not None
        generated = tuple(run_id for run_id in part.generated if run_id not in self._deleted)
        return replace(self.batch, batch=replace(part, generated=generated))

    def _give_up(self, batch_id: str) -> None:
        """Record, if possible, that the batch is no longer running. What is on the disk counts: a
        record can be in its place though writing it has failed."""
        store = self._context.store
        with suppress(RunnerError):
            batch = store.read(batch_id)
            if batch.state.status is Status.RUNNING:
                at = self._context.clock()
                state = lifecycle.terminated(batch.state, "the runner failed", at)
                store.write(replace(batch, state=state))

    def _create_missing(self, batch: Run) -> list[Start]:
        """Create the planned trials that do not exist; returns all trials that are to start."""
        starts: list[Start] = []
        for number, _, step in self._steps():
            if step.action is Action.SKIP:
                continue
            run = self._trial_run(number, step, batch.id)
            if step.run is None:
                self._context.store.create(run)
                if self._sweep.options.init_trials or step.action is Action.INITIALIZE:
                    self._context.reporter.say(trial_line("Initialized", run, self._sweep.varying))
            if step.action is Action.INITIALIZE:
                self._initialized[run.id] = run
                continue
            starts.append(self._start(run, number, step))
        return starts

    def _settle(self, batch: Run) -> None:
        """Sync the batch and its new trials to the disk before the first one starts."""
        made = [run_id for _, run_id, step in self._steps() if step.run is None]
        self._context.store.settle([batch.id, *made])

    def _trial_run(self, number: int, step: TrialStep, batch_id: str) -> Run:
        """The record of a trial that is about to start: its present record with the planned
        fields."""
        trial, sweep = step.trial, self._sweep
        known = step.run or Run(
            id=self._ids[number],
            kind=Kind.TRIAL,
            operation=trial.operation,
            flags=trial.flags,
            recipe=self.recipe,
            state=State(status=Status.PENDING, initialized=self._context.clock()),
            generated_by=batch_id,
        )
        planned = Planned(
            operation=trial.operation,
            flags=trial.flags,
            recipe=replace(self.recipe, task=trial.overrides),
            given=sweep.given(trial),
            options=sweep.options,
            remembered=self._trial_options(number),
            random_seed=trial.random_seed,
            provenance=self._provenances[trial.operation],
            choices=sweep.composing.choices(trial.overrides),
        )
        run = as_planned(
            known,
            planned,
            job=self._jobs[number],
            repeat=trial.repeat,
            basis=sweep.basis_of(trial, step.run),
        )
        return run if sweep.graph is None else self._in_graph(run, number, sweep.graph)

    def _in_graph(self, run: Run, number: int, graph: Graph) -> Run:
        """A pipeline's trial with its step and its inputs."""
        inputs = inputs_of(graph, number, self._ids)
        return replace(run, step=graph.nodes[number].step, inputs=inputs)

    def _trial_options(self, number: int) -> Mapping[str, Value]:
        """The options for a restart of the trial on its own: the batch's, and those of a pipeline's
        step."""
        graph = self._sweep.graph
        if graph is None:
            return self._remembered
        step = graph.wiring.step(graph.nodes[number].step)
        own: dict[str, Value] = {"retries": step.retries, "timeout": step.timeout_s}
        set_here = {name: value for name, value in own.items() if value is not None}
        return {**self._remembered, **set_here}

    def _start(self, run: Run, number: int, step: TrialStep) -> Start:
        return Start(
            run=run,
            config=self._sweep.config(step.trial),
            prepared=self._prepared[step.trial.operation],
            number=number,
            varying=self._sweep.varying,
            only_if_stale=self._decided is not None and self._decided.is_judged(number),
        )

    def _execute(self, starts: Sequence[Start]) -> int:
        context, sweep = self._context, self._sweep
        self._report_skipped(len(self._ids) - len(starts) - len(self._initialized))
        rules = StoppingRules(context, sweep.stopping, sweep.window)
        trials = self._trials(starts, rules)
        best = Best(context.reporter, sweep.objective, rules.results.values())
        unreported = Unreported(
            context,
            sweep.objective_asked_for,
            counted=sweep.objective_of_search,
            any_trial=sweep.graph is not None,
        )
        lines = TrialLines(context, sweep.varying, best, unreported, self.mended.note)
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
            return self._end(runs, stop, is_cut_short=True)
        left = 0 if stop.why else sum(start.run.id not in execution.ended_runs for start in starts)
        return self._end(runs, stop, left)

    def _grow(self, number: int) -> Start:
        """Record a trial that the search has proposed: in the batch first, so that the plan has it
        before it starts."""
        search = self._sweep.search
        assert search is not None and self.batch.batch is not None
        run_id, place = self._context.new_id(), search.place_of(number)
        step = TrialStep(search.trials[number], Action.CREATE)
        steps = self._reconciliation.steps
        self._reconciliation = replace(
            self._reconciliation, steps=(*steps[:place], step, *steps[place:])
        )
        self._ids = (*self._ids[:place], run_id, *self._ids[place:])
        job = None
        if self._sweep.composing.program is not None:
            job = JobPlace(number=1 + max(one.number or 0 for one in self._jobs if one is not None))
        self._jobs = (*self._jobs[:place], job, *self._jobs[place:])
        part = replace(
            self.batch.batch,
            trials=self._ids,
            generated=(*self.batch.batch.generated, run_id),
        )
        self.batch = replace(self.batch, batch=part, basis=self._sweep.basis(self._ids))
        self._context.store.write(self.batch)
        run = self._trial_run(place, step, self.batch.id)
        self._context.store.create(run)
        self._context.store.settle([run.id])
        self._grown[run.id] = run
        return self._start(run, place, step)

    def _trials(self, starts: Sequence[Start], rules: StoppingRules) -> Trials:
        """The source that decides which trial starts next."""
        sweep, known = self._sweep, self._as_known(starts)
        if sweep.graph is not None:
            runs = [known[run_id] for run_id in self._ids]
            by_number = {self._number[start.run.id]: start for start in starts}
            return StepTrials(self._context, sweep.graph, runs, by_number, rules)
        return source_of(
            self._context,
            search=sweep.search,
            rules=rules,
            has_rules=sweep.stopping != Stopping(objective=sweep.stopping.objective),
            starts=starts,
            plan=self._ids,
            known=known,
            grow=self._grow,
        )

    def _report_skipped(self, skipped: int) -> None:
        if self._decided is not None:
            for line in self._decided.lines_of_skipped():
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

    def _is_beyond(self, run_id: str) -> bool:
        """Whether a pipeline's trial belongs to a step after the one given by `until`."""
        return self._decided is not None and self._decided.is_beyond(self._number[run_id])

    def _as_known(self, starts: Sequence[Start]) -> dict[str, Run]:
        known = {run_id: step.run for _, run_id, step in self._steps() if step.run is not None}
        started = {start.run.id: start.run for start in starts}
        return {**known, **self._initialized, **self._grown, **started}

    def _end(
        self, runs: Mapping[str, Run], stop: Stop, left: int = 0, *, is_cut_short: bool = False
    ) -> int:
        """Record how the batch ended, print it, and return the exit status. `left` trials were to
        start but did not, though they may be completed from an earlier start. If a rule ended the
        batch early (`is_cut_short`), trials that did not start do not count as missing."""
        context, batch = self._context, self.batch
        counts = count_trials(runs[run_id] for run_id in self._ids)
        stopped = stop.exit_status
        wanted = count_trials(runs[run_id] for run_id in self._ids if not self._is_beyond(run_id))
        missed = {k: n for k, n in wanted.items() if not is_cut_short or k is not Status.PENDING}
        well = ends_well(missed) and not left
        exit_status = stopped if stopped is not None else 0 if well else 1
        at = context.clock()
        if stop.why is not None:
            state = lifecycle.terminated(batch.state, stop.why, at)
            state = replace(state, exit_status=exit_status)
        else:
            reason = None if exit_status == 0 else why_not_well(counts, left)
            state = lifecycle.finished(batch.state, exit_status, reason, at)
        context.store.write(replace(self._without_deleted(), state=state))
        trials = (runs[run_id] for run_id in self._ids)
        report_failures(context, batch.id, trials, self._sweep.varying)
        line = summary_line(short(batch.id), counts, context.restart_command)
        has_failed = bool(counts.get(Status.ERROR))
        context.reporter.say(line + (self.mended.go_on if has_failed else ""))
        return exit_status
