"""Finds the runs that take files from a run: trials of pipelines with it as an input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hydra_sweep_runner.errors import Busy, Mistake
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import short

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance


class Dependents:
    """The runs of a store that take files from other runs, according to their records.

    The store is read once, when this is made.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._direct: dict[str, list[Run]] = {}
        self._batches: dict[str, Sequence[str]] = {}
        for one in store.summaries():
            if isinstance(one, Summary) and one.glance.inputs:
                self._batches[one.glance.id] = one.batches
                for upstream in dict.fromkeys(upstream_ids(one.glance)):
                    self._direct.setdefault(upstream, []).append(one.run)

    def of(self, run_ids: Iterable[str]) -> Mapping[str, Run]:
        """The runs that take files from any of these, directly or indirectly, by id; without these
        themselves."""
        found: dict[str, Run] = {}
        given = set(run_ids)
        left = list(given)
        while left:
            for taker in self._direct.get(left.pop(), ()):
                if taker.id not in found and taker.id not in given:
                    found[taker.id] = taker
                    left.append(taker.id)
        return found

    def completed(self, run_ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """The completed runs that take files from any of these, as `of`, and that batches have in
        their plans: orphans are left out, as no restart brings them up to date. For each the ids of
        these batches."""
        found = self.of(run_ids).values()
        ids = [run.id for run in found if run.state.status is Status.COMPLETED]
        return {run_id: self._batches[run_id] for run_id in ids if self._batches[run_id]}

    def refuse_if_used(self, run_ids: Iterable[str], what: str) -> None:
        """Raise Busy if a running run takes files from one of these; `what` is what cannot be done
        then: "restarted", "deleted"."""
        for run_id in run_ids:
            for taker in self._direct.get(run_id, ()):
                if self._is_at_work(taker):
                    raise Busy(
                        f"{short(run_id)} cannot be {what}: {taker.step} {short(taker.id)}, which "
                        "is at work, takes files from it"
                    )

    def promised(self, run_id: str) -> dict[str, str]:
        """The files that other runs take from a run, each with the step that takes it."""
        return {
            one.path: taker.step or ""
            for taker in self._direct.get(run_id, ())
            for one in taker.inputs.values()
            if one.run == run_id and one.path
        }

    def _is_at_work(self, taker: Run) -> bool:
        is_running = taker.state.status is Status.RUNNING
        return is_running and self._store.observe(taker).state.status is Status.RUNNING


def upstream_ids(run: Run | Glance) -> tuple[str, ...]:
    """The ids of the runs that a run takes files from, gathered ones included."""
    found: list[str] = []
    for one in run.inputs.values():
        found += one.runs if one.runs is not None else [one.run or ""]
    return tuple(found)


def with_dependents(store: RunStore, run_ids: Iterable[str], *, dependents: bool) -> list[str]:
    """The runs to delete: these, and with `dependents` all that take files from them.

    Raises Mistake if other runs take files from them and `dependents` is false, Busy if a running
    one does.
    """
    takers = Dependents(store)
    ids = list(run_ids)
    found = takers.of(ids)
    if found and not dependents:
        first = next(iter(found.values()))
        others = "1 run takes" if len(found) == 1 else f"{len(found)} runs take"
        raise Mistake(
            f"{others} files from what is to be deleted ({first.step} {short(first.id)} is one): "
            "add --dependents to delete them, too"
        )
    takers.refuse_if_used(ids, "deleted")
    return [*ids, *found]
