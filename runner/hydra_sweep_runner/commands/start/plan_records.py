"""The records of a batch's plan, before they are written: the batch's own and its trials'."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from hydra_sweep_runner.commands.runs.graph import MOST_TRIALS
from hydra_sweep_runner.commands.start.job_numbers import first_number, number_jobs
from hydra_sweep_runner.commands.start.pipeline.columns import cells_of, plan_columns
from hydra_sweep_runner.commands.start.pipeline.decisions import inputs_of
from hydra_sweep_runner.commands.start.prepare import PreparedOperation
from hydra_sweep_runner.commands.start.programs import sweep_place
from hydra_sweep_runner.commands.start.records import Planned, as_planned, options_of_trial
from hydra_sweep_runner.commands.start.sweep import Sweep
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.model import BatchPart, JobPlace, Kind, Operation, Run, State, Status, Value
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.planning.reconcile import Action, PlannedAction, Reconciliation
from hydra_sweep_runner.record.job_output import output_folder, relative_to_project
from hydra_sweep_runner.system.provenance import read_provenance, shown


class PlanRecords:
    """The records of a batch and of its trials, as they are about to be written.

    `ids` are those of the trials, in plan order; a new trial has one as soon as it is planned.
    `batch` is the batch's record with the plan, its flags, options and seed; `recipe` is how to
    compose it again. A search's plan grows (`grow`); nothing else changes.
    """

    def __init__(
        self,
        context: World,
        sweep: Sweep,
        prepared: Mapping[Operation, PreparedOperation],
        reconciliation: Reconciliation,
        batch: Run,
    ) -> None:
        """`batch` is its record so far."""
        self._context = context
        self._sweep = sweep
        self._reconciliation = reconciliation
        sources = dict.fromkeys(path for one in prepared.values() for path in one.sources)
        self._provenance = read_provenance(context.project_dir, sources)
        # All trials of an operation share one object, so its text is rendered once.
        self._provenances = {
            operation: replace(self._provenance, sources=self._sources_of(one.sources))
            for operation, one in prepared.items()
        }
        self._known_sources = set(sources)
        self._remembered = options_of_trial(sweep.options.remembered)
        self.recipe = sweep.composing.recipe()
        self.ids = tuple(
            context.new_id() if planned.run is None else planned.run.id
            for planned in reconciliation.actions
        )
        self._number = {run_id: number for number, run_id in enumerate(self.ids)}
        self._jobs: tuple[JobPlace | None, ...] = (None,) * len(self.ids)
        self._next_job = 0
        if sweep.composing.program is not None:
            first = first_number(context.store, batch, reconciliation)
            jobs, self._next_job = number_jobs(reconciliation.actions, first)
            self._jobs = tuple(map(self._in_present_folder, jobs, reconciliation.actions))
        self.batch = self._batch(batch)

    def actions(self) -> Iterator[tuple[int, str, PlannedAction]]:
        """Each trial of the plan: its number from 0, its id, and what is to be done."""
        for number, (run_id, planned) in enumerate(
            zip(self.ids, self._reconciliation.actions, strict=True)
        ):
            yield number, run_id, planned

    def number_of(self, run_id: str) -> int:
        """The number in the plan of a trial that was planned before the batch began."""
        return self._number[run_id]

    def job(self, number: int) -> JobPlace | None:
        """The place of a Hydra program's job; None for an operation's trial."""
        return self._jobs[number]

    def is_of_other_code(self, run: Run, operation: Operation) -> bool:
        """Whether a run was made by other files of its operation than are there now."""
        made_by = run.provenance.files
        now = self._provenances[operation].sources
        return any(made_by.get(name, digest) != digest for name, digest in now.items())

    def trial(self, number: int, planned: PlannedAction, batch_id: str) -> Run:
        """The record of a trial that is about to start: its present record with the planned
        fields."""
        trial, sweep = planned.trial, self._sweep
        known = planned.run or Run(
            id=self.ids[number],
            kind=Kind.TRIAL,
            operation=trial.operation,
            flags=trial.flags,
            recipe=self.recipe,
            state=State(status=Status.PENDING, initialized=self._context.clock()),
            generated_by=batch_id,
        )
        fields = Planned(
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
            fields,
            job=self._jobs[number],
            repeat=trial.repeat,
            basis=sweep.basis_of(trial, planned.run),
        )
        return run if sweep.graph is None else self._in_graph(run, number, sweep.graph)

    def add(self, prepared: PreparedOperation) -> None:
        """Take in an operation that a search has proposed, for the trials that follow."""
        if not self._known_sources.issuperset(prepared.sources):
            self._known_sources.update(prepared.sources)
            found = read_provenance(self._context.project_dir, prepared.sources)
            sources = {**self._provenance.sources, **found.sources}
            self._provenance = replace(self._provenance, sources=sources)
        self._provenances[prepared.operation] = replace(
            self._provenance, sources=self._sources_of(prepared.sources)
        )

    def grow(self, number: int) -> tuple[int, PlannedAction]:
        """Add the trial that the search has proposed under this number to the plan and to the
        batch's record; returns its place in the plan and the action for it."""
        search = self._sweep.search
        assert search is not None and self.batch.batch is not None
        run_id, place = self._context.new_id(), search.place_of(number)
        planned = PlannedAction(search.trials[number], Action.CREATE)
        actions = self._reconciliation.actions
        self._reconciliation = replace(
            self._reconciliation, actions=(*actions[:place], planned, *actions[place:])
        )
        self.ids = (*self.ids[:place], run_id, *self.ids[place:])
        job = None
        if self._sweep.composing.program is not None:
            job = JobPlace(number=self._next_job)
            self._next_job += 1
        self._jobs = (*self._jobs[:place], job, *self._jobs[place:])
        generated = (*self.batch.batch.generated, run_id)
        part = replace(self.batch.batch, trials=self.ids, generated=generated, jobs=self._next_job)
        self.batch = replace(self.batch, batch=part, basis=self._sweep.basis(self.ids))
        return place, planned

    def record_needed(self, needed: str) -> None:
        """Note in the batch's record how it goes on if it is cut short (`BatchPart.needed`)."""
        part = self.batch.batch
        assert part is not None
        self.batch = replace(self.batch, batch=replace(part, needed=needed))

    def batch_without(self, deleted: Collection[str], lift: str = "") -> Run:
        """The batch's record without trials that have been deleted; `lift` lifts the rule that
        ended it."""
        part = self.batch.batch
        assert part is not None
        generated = tuple(run_id for run_id in part.generated if run_id not in deleted)
        return replace(self.batch, batch=replace(part, generated=generated, lift=lift))

    def _batch(self, batch: Run) -> Run:
        assert batch.batch is not None
        sweep = self._sweep
        trials = sweep.plan.trials
        made = tuple(run_id for _, run_id, planned in self.actions() if planned.run is None)
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
            basis=sweep.basis(self.ids),
            batch=BatchPart(
                trials=self.ids,
                generated=(*batch.batch.generated, *made),
                objective=() if sweep.objective is None else sweep.objective.texts,
                cells=self._cells(),
                steps=self._other_steps(),
                jobs=self._next_job,
            ),
        )

    def _in_present_folder(self, job: JobPlace, planned: PlannedAction) -> JobPlace:
        """A job's place with the folder where its output is: an import has put it elsewhere."""
        if planned.run is None or not job.taken_along:
            return job
        folder = output_folder(planned.run, self._context.store.root)
        return replace(job, output_dir=relative_to_project(str(folder), self._context.project_dir))

    def _cells(self) -> dict[str, dict[str, str]]:
        """The given flags of a pipeline's trials, if `runs show` has a line for each of them."""
        graph = self._sweep.graph
        if graph is None or len(self.ids) > MOST_TRIALS:
            return {}
        return cells_of(plan_columns(self._sweep, graph), self.ids)

    def _other_steps(self) -> dict[str, str]:
        """The steps of a pipeline's trials that have other steps, or none, in their own records."""
        graph = self._sweep.graph
        if graph is None:
            return {}
        return {
            run_id: graph.nodes[number].step
            for number, run_id, planned in self.actions()
            if planned.run is not None and planned.run.step != graph.nodes[number].step
        }

    def _in_graph(self, run: Run, number: int, graph: Graph) -> Run:
        """A pipeline's trial with its step and its inputs."""
        inputs = inputs_of(graph, number, self.ids)
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

    def _sources_of(self, paths: Iterable[Path]) -> Mapping[str, str]:
        """The digests of the batch's files that belong to one operation."""
        names = {shown(path, self._context.project_dir) for path in paths}
        found = self._provenance.sources
        return {name: digest for name, digest in found.items() if name in names}
