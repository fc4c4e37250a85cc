"""The source of a pipeline's trials: each starts when all its inputs exist; one that never will
stays pending, with the reason `not started: …`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hydra_sweep_runner.commands.start.end_by_rule import StoppingRules
from hydra_sweep_runner.commands.start.pipeline.decisions import known_of, promised_by
from hydra_sweep_runner.commands.start.pipeline.not_started import NotStarted
from hydra_sweep_runner.commands.start.pipeline.progress import StepProgress
from hydra_sweep_runner.commands.start.pipeline.telling import Telling
from hydra_sweep_runner.commands.start.pipeline.upstream import Upstreams
from hydra_sweep_runner.commands.start.tasks import Start
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.source import NO_MORE, WAIT, NoTask
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.pipeline.current import why_stale
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.pipeline.results import CombinationResults, Reported
from hydra_sweep_runner.pipeline.schedule import Blocked, Schedule
from hydra_sweep_runner.search.results import last_of


class StepTrials:
    """Decides which trial of a pipeline's plan starts next: a `trial_source.Trials`."""

    depends_on_results = True

    def __init__(
        self,
        world: World,
        graph: Graph,
        runs: Sequence[Run],
        starts: Mapping[int, Start],
        rules: StoppingRules,
        telling: Telling,
    ) -> None:
        """`runs` are those of the plan, in order, as they are before the start; `starts` are the
        trials that are to run, by their place in the plan; `telling` finds the flags upstream that
        distinguish trials."""
        self._graph = graph
        self._runs = list(runs)
        self._starts = starts
        self._number = {run.id: number for number, run in enumerate(runs)}
        self._upstreams = Upstreams(world.store)
        self._not_started = NotStarted(world)
        self._rules = rules
        self._results = CombinationResults(graph) if rules.looks_at_results else None
        self._allowed = 0  #: the number of combinations that may start, by the rules
        self._telling = telling
        self._progress = StepProgress(world.reporter, [graph.nodes[one].step for one in starts])
        done = [number for number in range(len(runs)) if number not in starts]
        completed = [number for number in done if _is_completed(runs[number])]
        self._schedule = Schedule(graph, list(starts), completed)
        for number in done:
            is_pending = runs[number].state.status is Status.PENDING
            self._note_result(number, {} if is_pending else last_of(runs[number]))
        self._record_blocked(self._schedule.blocked)

    def next(self) -> Start | NoTask:
        """The first trial in the plan whose inputs exist."""
        self._not_started.print()
        self._progress.show()
        while (first := self._schedule.peek()) is not None:
            answer = self._answer_of_rules(first)
            if answer is not None:
                return answer
            number = self._schedule.take()
            assert number == first
            if not self._is_current_after_all(number):
                return self._start(number)
            self._note_result(number, last_of(self._runs[number]))
            self._record_blocked(self._schedule.ended(number, completed=True))
        return NO_MORE if self._schedule.is_over else WAIT

    def _answer_of_rules(self, number: int) -> NoTask | None:
        """NO_MORE if a rule ends the batch before this trial; None if it may start; WAIT if that
        depends on missing results, or if trials of earlier combinations are to be finished first.
        Combinations are judged one after the other, so that no answer depends on timing."""
        if self._rules.answer(()) is not None:  # the time is over
            return NO_MORE
        if self._results is None:
            return None
        self._rules.results.update(self._results.news())
        while self._allowed <= self._results.stages[number]:
            answer = self._rules.answer(range(self._allowed))
            if answer is not None:
                return WAIT if self._schedule.at_work else answer
            self._allowed += 1
        return None

    def _note_result(self, number: int, reported: Reported) -> None:
        if self._results is not None:
            self._results.ended(number, reported)

    def ended(self, run: Run) -> None:
        """Trials that wait for this one may start now, or never will."""
        number = self._number[run.id]
        self._runs[number] = run
        self._note_result(number, last_of(run))
        self._upstreams.forget(run.id)
        self._progress.ended(self._graph.nodes[number].step)
        self._record_blocked(self._schedule.ended(number, completed=_is_completed(run)))

    def _is_current_after_all(self, number: int) -> bool:
        """Whether a trial that gathers completed trials has gathered these already, because those
        that were to run before it have failed again."""
        node, former = self._graph.nodes[number], self._starts[number].former
        if not node.partial or former is None:
            return False
        known = [known_of(run) for run in self._runs]
        return why_stale(node, known_of(former), known) is None

    def _start(self, number: int) -> Start:
        start, node = self._starts[number], self._graph.nodes[number]
        step = self._graph.wiring.step(node.step)
        inputs = dict(start.run.inputs)
        for gathered in node.gathers:
            completed = [m for m in gathered.members if _is_completed(self._runs[m])]
            runs = tuple(self._runs[member].id for member in completed)
            inputs[gathered.name] = replace(inputs[gathered.name], runs=runs)
        start = replace(
            start,
            promised=promised_by(self._graph, number),
            told_upstream=self._telling.of(start.run),
            retries=step.retries,
            timeout_s=step.timeout_s,
        )
        try:
            run = replace(start.run, inputs=self._upstreams.now(inputs))
            return replace(start, run=run, upstream=self._upstreams.of(run))
        except Mistake as error:
            return replace(start, why_not=error)

    def _record_blocked(self, blocked: Iterable[Blocked]) -> None:
        """Record why trials are not started; it is printed after the failure that is the cause."""
        for one in blocked:
            self._note_result(one.number, None)
            step, cause = self._graph.nodes[one.cause].step, self._runs[one.cause]
            run = self._not_started.record(self._runs[one.number], step, cause)
            self._runs[one.number] = run


def _is_completed(run: Run) -> bool:
    return run.state.status is Status.COMPLETED
