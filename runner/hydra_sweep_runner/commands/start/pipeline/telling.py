"""What tells the trials of a batch apart beside their own flags, for their lines: flags of what is
upstream, and the number among repeats."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

from hydra_sweep_runner.model import Flags, Run, Value
from hydra_sweep_runner.operation.flags import repeat_name
from hydra_sweep_runner.record.fields import Summary

_NONE: Mapping[str, Value] = MappingProxyType({})


class Telling:
    """Finds the flags upstream whose values are unlike within a batch, by dotted names
    (`prepare.rows`), when the first line needs them; and the numbers of repeats."""

    def __init__(self, runs: Iterable[Run], repeated: Collection[str | None] = ()) -> None:
        """`runs` are those of the plan of a pipeline; their flags and inputs are looked at.
        `repeated` are the steps whose trials are repeated; None stands for the trials of a batch
        that has no steps."""
        self._runs = tuple(runs)
        self._repeated = repeated

    def of(self, run: Run) -> Flags:
        """What tells one of the trials from others; empty for one that takes no files and is not
        repeated."""
        upstream = self._by_id.get(run.id, _NONE) if run.inputs else _NONE
        if run.step not in self._repeated:
            return upstream
        return {**upstream, repeat_name(run.flags): run.repeat}

    @cached_property
    def _by_id(self) -> Mapping[str, Flags]:
        # A run outside a pipeline needs none of it.
        from hydra_sweep_runner.query.run_row import RunRow
        from hydra_sweep_runner.query.upstream import telling_upstream, with_upstream_flags

        rows = [RunRow(Summary(run, folder="")) for run in self._runs]
        widened = with_upstream_flags(rows, {row.id: row for row in rows})
        names = telling_upstream(widened)
        return {
            row.id: {name: row.upstream[name] for name in names if name in row.upstream}
            for row in widened
        }


#: For runs outside a pipeline, if there are no repeats.
NOTHING_UPSTREAM = Telling(())
