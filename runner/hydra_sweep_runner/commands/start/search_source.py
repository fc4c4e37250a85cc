"""The source of a search's trials, which are proposed as results come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hydra_sweep_runner.commands.start.end_by_rule import StoppingRules
from hydra_sweep_runner.commands.start.searching import NO_PROPOSAL, Searching
from hydra_sweep_runner.commands.start.tasks import Start
from hydra_sweep_runner.commands.start.unreported import what_it_reported
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.execute.source import NO_MORE, WAIT, NoTask
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.search.learning import Unended
from hydra_sweep_runner.search.objective import Last, Objective
from hydra_sweep_runner.search.optimizers.question import ProposalFailed
from hydra_sweep_runner.search.results import last_of
from hydra_sweep_runner.terminal.render import short


class SearchTrials:
    """The trials of a search: first those in its plan, then those it proposes from their results.
    `grow` records a proposed trial and makes it ready to start."""

    depends_on_results = True

    def __init__(
        self,
        world: World,
        search: Searching,
        starts: Sequence[Start],
        numbers: Mapping[str, int],
        rules: StoppingRules,
        grow: Callable[[int], Start],
    ) -> None:
        """`numbers` maps the ids of existing trials to their numbers."""
        self._world = world
        self._search = search
        self._starts = list(starts)
        self._numbers = dict(numbers)
        self._rules = rules
        self._grow = grow
        self._at_work: set[str] = set()
        self._is_over = False
        self._failed: ProposalFailed | None = None
        self._ids = {number: run_id for run_id, number in numbers.items()}

    def next(self) -> Start | NoTask:
        """The next trial of the plan, or a newly proposed one. Raises ProposalFailed, after the
        trials at work have ended."""
        if self._failed is None:
            try:
                return self._following()
            except ProposalFailed as error:
                self._failed = error
        if self._at_work:
            return WAIT
        raise self._failed

    def _following(self) -> Start | NoTask:
        if self._is_over:
            return NO_MORE
        answer = self._rules.answer(self._plan_before_next())
        if answer is NO_MORE or (answer is WAIT and self._at_work):
            self._is_over = answer is NO_MORE
            return answer
        for number in self._search.gaps:
            proposed = self._search.propose(number)
            if proposed is None:
                self._search.drop(number)
            elif not isinstance(proposed, Unended):
                return self._given(self._grow(number))
        if self._starts:
            return self._given(self._starts.pop(0))
        return self._proposed()

    def _plan_before_next(self) -> list[str]:
        """The ids of the trials before the next one in the plan."""
        upcoming = self._numbers[self._starts[0].run.id] if self._starts else None
        before = [n for n in self._search.plan if upcoming is None or n < upcoming]
        return [self._ids[number] for number in before if number in self._ids]

    def _proposed(self) -> Start | NoTask:
        if self._search.is_whole:
            return NO_MORE
        why = self._search.why_no_more()
        number = None if why is not None else self._search.propose()
        if isinstance(number, Unended):
            if self._at_work:
                return WAIT
            why = "it would have to know trials that are not run"
        elif number is not None:
            return self._given(self._grow(number))
        self._is_over = True
        self._world.reporter.say(f"The search ends: {why or NO_PROPOSAL}")
        return NO_MORE

    def _given(self, start: Start) -> Start:
        number = self._search.ledger.order.index(start.run.id)
        self._numbers[start.run.id] = number
        self._ids[number] = start.run.id
        self._at_work.add(start.run.id)
        return start

    def ended(self, run: Run) -> None:
        """Add the trial's result to the search; without a finite value it counts as failed."""
        self._at_work.discard(run.id)
        last = last_of(run)
        self._search.results[self._numbers[run.id]] = last
        self._rules.results[run.id] = last
        objective = self._search.objective
        if run.state.status is Status.COMPLETED and objective.values(last or {}) is None:
            self._world.reporter.say(
                f"Trial {short(run.id)} has no finite {_lacking(objective, last or {})}: it counts "
                f"as failed for the search; {what_it_reported(run, objective)}"
            )
        if not self._at_work and (self._is_over or self._search.is_whole):
            self._say_if_nothing_was_learnt()

    def _say_if_nothing_was_learnt(self) -> None:
        """Print, below the trials' own lines, that none of them had the objective."""
        objective = self._search.objective
        if all(objective.values(last or {}) is None for last in self._search.results.values()):
            self._world.reporter.say(
                "The search has learnt from none of its trials: none has a finite "
                f"{' and '.join(objective.names)}"
            )


def _lacking(objective: Objective, last: Last) -> str:
    return " and ".join(name for name in objective.names if name not in last)
