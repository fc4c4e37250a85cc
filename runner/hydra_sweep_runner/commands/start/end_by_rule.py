"""Rules that end a batch before its plan does, and the choice of the source of its trials."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from hydra_sweep_runner.commands.start.tasks import Start
from hydra_sweep_runner.commands.start.trial_source import PlannedTrials, Trials
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.execute.source import NO_MORE, WAIT, NoTask
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.search.objective import Last, Values
from hydra_sweep_runner.search.results import last_of
from hydra_sweep_runner.search.stopping_rules import Stopping
from hydra_sweep_runner.search.window import count_known

if TYPE_CHECKING:
    from hydra_sweep_runner.commands.start.searching import Searching


class StoppingRules:
    """The rules that end a batch, applied to the results that the next trial would know.

    `results` are those of the trials by id, or of a pipeline's combinations by number. The reason
    of the end is printed once.
    """

    def __init__(
        self, world: World, stopping: Stopping, window: int, judged: str = "trial"
    ) -> None:
        """`judged` is what the rules look at: a trial, or a combination."""
        self._world = world
        self._judged = judged
        self._stopping = stopping
        self._window = window
        self._began_s = time.monotonic()
        self.results: dict[str | int, Last | None] = {}
        self.has_ended = False
        self.lift = ""  #: the override without which a restart would end at once, too

    @property
    def looks_at_results(self) -> bool:
        """Whether a rule depends on results."""
        return self._stopping.looks_at_results

    def answer(self, before: Sequence[str | int]) -> NoTask | None:
        """NO_MORE if a rule ends the batch before the trial (or the combination) that follows these
        ones of the plan; WAIT if that depends on missing results; None if it may start."""
        known: list[Values | None] = []
        if self.looks_at_results:
            for key in before[: count_known(len(before), self._window)]:
                if key not in self.results:
                    return WAIT
                last = self.results[key]
                known.append(None if last is None else self._stopping.objective.values(last))
        why = self._stopping.why(known, time.monotonic() - self._began_s, self._judged)
        if why is None:
            return None
        if not self.has_ended:
            self._world.reporter.say(f"No more trials are started: {why}")
            depends_on_time = self._stopping.why(known, elapsed_s=0.0) is None
            self.lift = "" if depends_on_time else "hydra.sweeper.stop=null"
        self.has_ended = True
        return NO_MORE


class RuledTrials:
    """Trials that are planned as a whole, until a rule ends the batch."""

    def __init__(self, starts: Sequence[Start], plan: Sequence[str], rules: StoppingRules) -> None:
        """`plan` are the ids of the whole plan; a start's number is its index."""
        self._grid = PlannedTrials(starts)
        self._plan = plan
        self._rules = rules
        self._next: Start | NoTask | None = None

    @property
    def depends_on_results(self) -> bool:
        """Whether a rule depends on results."""
        return self._rules.looks_at_results

    def next(self) -> Start | NoTask:
        """The next trial of the plan, unless a rule ends the batch."""
        if self._next is None:
            self._next = self._grid.next()
        start = self._next
        if isinstance(start, NoTask):
            return start
        answer = self._rules.answer(self._plan[: start.number])
        if answer is None:
            self._next = None
            return start
        return answer

    def ended(self, run: Run) -> None:
        """Keep the trial's result."""
        self._rules.results[run.id] = last_of(run)


def source_of(
    world: World,
    *,
    search: Searching | None,
    rules: StoppingRules,
    has_rules: bool,
    starts: Sequence[Start],
    plan: Sequence[str],
    known: Mapping[str, Run],
    grow: Callable[[int], Start],
) -> Trials:
    """The source of a batch's trials: `plan` are their ids, `known` the existing ones."""
    starting = {start.run.id for start in starts}
    for run_id in plan:
        run = known.get(run_id)
        if run is not None and run_id not in starting:
            rules.results[run_id] = last_of(run)
    if search is not None:
        # Most batches do not need the modules that this imports.
        from hydra_sweep_runner.commands.start.search_source import SearchTrials

        numbers = {run_id: search.ledger.order.index(run_id) for run_id in plan}
        return SearchTrials(world, search, starts, numbers, rules, grow)
    return RuledTrials(starts, plan, rules) if has_rules else PlannedTrials(starts)
