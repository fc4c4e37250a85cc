"""Why a pipeline's trial is out of date, as far as the records tell. Pure.

A start decides by the plan (`pipeline.current`); this is for those who look at the runs afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.terminal.render import short


def why_out_of_date(run: Run, find: Callable[[str], Run | None]) -> str | None:
    """Why a completed trial is not current: a run that it took files from is gone or has been
    started again since, or is out of date itself. None if none is; `find` gives a run by its id."""
    return _why(run, find, {})


def _why(run: Run, find: Callable[[str], Run | None], known: dict[str, str | None]) -> str | None:
    if run.state.status is not Status.COMPLETED:
        return None
    if run.id not in known:
        reasons = (_why_not(name, one, find(one), at, find, known) for name, one, at in _taken(run))
        known[run.id] = next((why for why in reasons if why is not None), None)
    return known[run.id]


def _taken(run: Run) -> Iterator[tuple[str, str, int | None]]:
    """Each run that files were taken from, with the input's name and the attempt that made them."""
    for name, source in run.inputs.items():
        if source.runs is None:
            yield name, source.run or "", source.attempt
        else:
            attempts = source.attempts or (None,) * len(source.runs)
            for one, attempt in zip(source.runs, attempts, strict=False):
                yield name, one, attempt


def _why_not(
    name: str,
    run_id: str,
    run: Run | None,
    attempt: int | None,
    find: Callable[[str], Run | None],
    known: dict[str, str | None],
) -> str | None:
    if run is None:
        return f"{name} is of {short(run_id)}, which is gone"
    if attempt is not None and run.state.attempt != attempt:
        return f"{name} is of {short(run_id)}, which has been started again since"
    if _why(run, find, known) is not None:
        return f"{name} is of {short(run_id)}, which is out of date itself"
    return None
