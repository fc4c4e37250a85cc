"""Shows a pipeline's progress, by step, on the progress line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.reporter import Reporter


class StepProgress:
    """Shows how many of each step's trials that are to run have ended."""

    def __init__(self, reporter: Reporter, steps: Iterable[str]) -> None:
        """`steps` has the step of each trial that is to run."""
        self._reporter = reporter
        self._total = Counter(steps)
        self._done: Counter[str] = Counter()

    def ended(self, step: str) -> None:
        """A trial of the step has ended."""
        self._done[step] += 1

    def show(self) -> None:
        """Show the present counts."""
        self._reporter.steps(told(self._done, self._total))


def told(done: Counter[str], total: Counter[str]) -> str:
    """`train 3/10, report 0/1`: the steps in the order of their first trials; finished steps are
    left out."""
    left = {step: count for step, count in total.items() if done[step] < count}
    return ", ".join(f"{escape(step)} {done[step]}/{count}" for step, count in left.items())
