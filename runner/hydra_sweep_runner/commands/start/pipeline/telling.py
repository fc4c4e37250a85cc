"""The flags of what is upstream that tell the trials of a pipeline apart, for their lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

from hydra_sweep_runner.model import Flags, Run, Value
from hydra_sweep_runner.record.fields import Summary

_NONE: Mapping[str, Value] = MappingProxyType({})


class Telling:
    """Finds the flags upstream whose values are unlike within a batch, by dotted names
    (`prepare.rows`), when the first line needs them."""

    def __init__(self, runs: Iterable[Run]) -> None:
        """`runs` are those of the plan; their flags and inputs are looked at."""
        self._runs = tuple(runs)

    def of(self, run: Run) -> Flags:
        """Those of one of the trials; empty for a trial that takes no files."""
        return self._by_id.get(run.id, _NONE) if run.inputs else _NONE

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


#: For runs outside a pipeline.
NOTHING_UPSTREAM = Telling(())
