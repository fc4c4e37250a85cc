"""Tells the best trial of a batch: so far, on the progress line, and before the last line."""

from __future__ import annotations

from collections.abc import Iterable

from hydra_sweep_runner.commands.start.pipeline.telling import Telling
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.search.objective import Last, Objective, Values
from hydra_sweep_runner.search.results import last_of
from hydra_sweep_runner.terminal.render import escape, render_number, title_of
from hydra_sweep_runner.terminal.reporter import Reporter


class Best:
    """Shows the best value of an objective so far, whichever source the trials come from."""

    def __init__(
        self, reporter: Reporter, objective: Objective | None, known: Iterable[Last | None]
    ) -> None:
        """`known`: results of trials that do not run in this start. Shows nothing unless there is
        exactly one objective."""
        self._reporter = reporter
        self._objective = objective
        self._values: Values | None = None
        self._known = list(known)

    def begin(self) -> None:
        """Show the best known result before the first trial starts."""
        for last in self._known:
            self.note(last)

    def note(self, last: Last | None) -> None:
        """Take in a trial's result; None if it has none that counts."""
        objective = self._objective
        values = None if objective is None else objective.values(last or {})
        if objective is None or values is None or len(values) > 1:
            return
        if self._values is None or objective.is_better(values, than=self._values):
            self._values = values
            self._reporter.best(f"best {objective.names[0]} {values[0]:.4g}")


def best_line(
    objective: Objective | None, runs: Iterable[Run], varying: Iterable[str], telling: Telling
) -> str:
    """`Best loss 0.25: trial 3f2a9c1d (lr=0.1)`: the first of the best completed runs; empty
    without exactly one objective or a finite value of it."""
    if objective is None or len(objective.names) > 1:
        return ""
    best: tuple[Values, Run] | None = None
    for run in runs:
        values = objective.values(last_of(run) or {})
        if values is not None and (best is None or objective.is_better(values, than=best[0])):
            best = values, run
    if best is None:
        return ""
    (value,), run = best
    title = title_of(run, varying, telling.of(run))
    return f"Best {escape(objective.names[0])} {render_number(value)}: {title}"
