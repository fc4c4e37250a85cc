"""Shows the best trial of a batch so far on the progress line."""

from __future__ import annotations

from collections.abc import Iterable

from hydra_sweep_runner.search.objective import Last, Objective, Values
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
