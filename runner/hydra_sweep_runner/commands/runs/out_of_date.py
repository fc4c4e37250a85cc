"""Why a pipeline's trial is out of date, as far as the records tell. Pure.

A start decides by the plan (`pipeline.current`), which also knows of trials that a gather did not
take and would take now; this is for those who look at the runs afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.terminal.render import short


class OutOfDate:
    """Looks through the runs that trials took files from. `find` gives a run by its id, None if it
    is gone."""

    def __init__(self, find: Callable[[str], Run | None]) -> None:
        self._find = find
        self._known: dict[str, str | None] = {}

    def why(self, run: Run) -> str | None:
        """Why a completed trial is not current: a run that it took files from is gone, has been
        started again since, or is out of date itself. None if none is."""
        if run.state.status is not Status.COMPLETED:
            return None
        if run.id not in self._known:
            reasons = (self._why_not(*taken) for taken in _taken(run))
            self._known[run.id] = next((why for why in reasons if why is not None), None)
        return self._known[run.id]

    def _why_not(self, name: str, run_id: str, attempt: int | None) -> str | None:
        run = self._find(run_id)
        if run is None:
            return f"{name} is of {short(run_id)}, which is gone"
        if attempt is not None and run.state.attempt != attempt:
            return f"{name} is of {short(run_id)}, which has been started again since"
        if self.why(run) is not None:
            return f"{name} is of {short(run_id)}, which is out of date itself"
        return None


def _taken(run: Run) -> Iterator[tuple[str, str, int | None]]:
    """Each run that files were taken from: the input's name, the run's id, and the attempt that
    made them, None if it is unknown."""
    for name, source in run.inputs.items():
        if source.runs is None:
            yield name, source.run or "", source.attempt
        else:
            attempts = source.attempts or (None,) * len(source.runs)
            yield from ((name, *pair) for pair in zip(source.runs, attempts, strict=True))
