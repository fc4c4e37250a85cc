"""Whether flags have logarithmic axes by how searches drew them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from hydra_sweep_runner.model import Run, Unreadable
from hydra_sweep_runner.query.run_row import RunRow

# A batch's record has the text of an interval as it was given.
_INTERVAL = re.compile(r"\binterval\(")
_IN_LOG = re.compile(r"""\btag\(\s*["']?log["']?\s*,""")


def drawn_in_log(runs: Iterable[RunRow], batches: Mapping[str, Run]) -> Mapping[str, bool]:
    """For each flag that the runs' batches drew from an interval, whether it was in the logarithm:
    true for `tag(log,interval(…))`. Batches of a run are the one that made it and those whose plan
    holds it; `batches` has them by id, and one that is not there has no say.

    Batches have to agree: a flag that they drew in both ways is left out, and one that lists a
    flag's values has no say in it. A pipeline's `train.lr` is the flag `lr` of its step `train`,
    and `train.lr` of the steps that take files from that.
    """
    ways: dict[str, set[bool]] = {}
    for step, batch_id in {origin for run in runs for origin in _origins(run)}:
        batch = batches.get(batch_id)
        for name, text in () if batch is None else _intervals(batch):
            is_in_log = _IN_LOG.search(text) is not None
            for each in {name, name if step is None else name.removeprefix(f"{step}.")}:
                ways.setdefault(each, set()).add(is_in_log)
    return {name: found.pop() for name, found in ways.items() if len(found) == 1}


def batch_ids(runs: Iterable[RunRow]) -> frozenset[str]:
    """The ids of the batches that made these runs, or whose plan holds them."""
    return frozenset(batch_id for run in runs for _, batch_id in _origins(run))


def _origins(run: RunRow) -> Iterator[tuple[str | None, str]]:
    """The step of a run, with each of its batches."""
    source = run.source
    if isinstance(source, Unreadable):
        return
    for batch_id in {*source.batches, source.glance.generated_by} - {None}:
        yield source.in_batch(str(batch_id)).step, str(batch_id)


def _intervals(batch: Run) -> Iterator[tuple[str, str]]:
    """The flags that a batch drew from intervals, with the text of each."""
    for name, text in batch.flags.items():
        if isinstance(text, str) and _INTERVAL.search(text):
            yield name, text
