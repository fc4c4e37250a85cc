"""Says that trials do not report the objective that was asked for: a misspelt one has no effect
otherwise."""

from __future__ import annotations

from collections.abc import Collection
from difflib import SequenceMatcher

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.search.objective import Objective
from hydra_sweep_runner.search.results import last_of, reported_names
from hydra_sweep_runner.terminal.render import escape, first_few, short


class Unreported:
    """Prints one line for a batch whose completed trials lack a scalar of the objective."""

    def __init__(
        self,
        world: World,
        objective: Objective | None,
        *,
        counted: Objective | None,
        any_trial: bool,
    ) -> None:
        """`objective` is None if there is nothing to check. With `any_trial` it is enough that each
        of its scalars is reported by one of the trials, as in a pipeline, whose steps report
        different things. A trial that reports `counted`, and no finite value of it, is told, too.
        """
        self._counted = counted
        self._world = world
        self._objective = objective
        self._any_trial = any_trial
        self._lacking: Run | None = None
        self._missing = set() if objective is None else set(objective.names)
        self._is_over = objective is None

    def note(self, run: Run) -> None:
        """Take in a completed trial; the first one that lacks the objective is told at once, unless
        another trial may have it."""
        if run.state.status is not Status.COMPLETED:
            return
        self._note_infinite(run)
        if self._is_over or self._objective is None:
            return
        reported = set(reported_names(run))
        lacks = not set(self._objective.names) <= reported
        if self._any_trial:
            self._missing -= reported
            self._is_over = not self._missing
            if lacks and (self._lacking is None or reported):
                self._lacking = run
        elif lacks:
            self._missing -= reported
            self._say(run, self._objective)

    def _note_infinite(self, run: Run) -> None:
        counted, last = self._counted, last_of(run) or {}
        if counted is None or counted.values(last) is not None:
            return
        if set(counted.names) <= set(reported_names(run)):
            names = " and ".join(name for name in counted.names if name not in last)
            self._world.reporter.say(
                f"Trial {short(run.id)} has no finite {escape(names)}: it counts as failed for the "
                "search"
            )

    def finish(self) -> None:
        """Tell it at the end if none of the trials has reported a scalar of the objective."""
        if not self._is_over and self._objective is not None and self._lacking is not None:
            self._say(self._lacking, self._objective)

    def _say(self, run: Run, objective: Objective) -> None:
        self._is_over = True
        missing = [name for name in objective.names if name in self._missing]
        self._world.reporter.say(
            f"Trial {short(run.id)} reported no {escape(' and no '.join(missing))}, the objective: "
            f"{what_it_reported(run, objective)}"
        )


def what_it_reported(run: Run, objective: Objective) -> str:
    """The scalars that a run has reported, those whose names are like the objective's first, or how
    it would report one."""
    names = reported_names(run)
    missing = next((name for name in objective.names if name not in names), None)
    if not names:
        return f"it reported no scalars (a printed line `{escape(missing or 'loss')}: 0.5` is one)"
    near = _nearest(missing or "", names)
    first = escape(near[0])
    return f"it reported {escape(first_few(near))} (+objective={first}, or -{first} to maximise it)"


def _nearest(wanted: str, names: Collection[str]) -> list[str]:
    def unlike(name: str) -> float:
        starts = name.startswith(wanted) or wanted.startswith(name)
        return -starts - SequenceMatcher(None, wanted.lower(), name.lower()).ratio()

    return sorted(names, key=unlike)
