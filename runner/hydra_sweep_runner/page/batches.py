"""The batches of a store, for the side of the page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hydra_sweep_runner.commands.runs.going_on import goal_of
from hydra_sweep_runner.model import BatchPart, Kind, Run, Status, Unreadable
from hydra_sweep_runner.page.cells import shown_text
from hydra_sweep_runner.page.live import View
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import FIELD, Summary
from hydra_sweep_runner.terminal.render import cut, escape, shown_value

#: A batch whose trials were not made yet has them under this status.
NOT_CREATED = "not created"

_MOST_VALUES = 4
_MOST_SWEPT = 60


def batches_json(view: View) -> list[dict[str, Any]]:
    """Every batch, newest first: what it sweeps, and how many of its trials are how."""
    found = []
    for seen in view.runs:
        if isinstance(seen.source, Summary) and seen.source.glance.kind is Kind.BATCH:
            found.append(batch_json(seen.source, view.by_id))
    return found


def batch_json(summary: Summary, by_id: Mapping[str, RunRow]) -> dict[str, Any]:
    """One batch."""
    run = summary.run
    part = run.batch or BatchPart()
    counts = Counter(_status(by_id.get(run_id)) for run_id in part.trials)
    return {
        "id": run.id,
        "operation": shown_text(run.operation.name),
        "kind": run.operation.kind,
        "status": run.state.status.value,
        "sign": sign_of(run.state.status, counts, part.missing),
        "reason": None if run.state.reason is None else escape(run.state.reason),
        "started": FIELD["started"].json(summary),
        "stopped": FIELD["stopped"].json(summary),
        "label": None if run.label is None else shown_text(run.label),
        "tags": [shown_text(tag) for tag in run.tags],
        "swept": _swept(run),
        "trials": len(part.trials) + part.missing,
        "goal": goal_of(run),
        "orphans": sum(one in by_id for one in set(part.generated) - set(part.trials)),
        "counts": dict(counts),
        "objective": [shown_text(text) for text in part.objective],
    }


def sign_of(status: Status, counts: Counter[str], missing: int = 0) -> str:
    """The status that the batch's sign has: `error` only as long as a trial has failed. A batch
    that ended with trials that were stopped, or is `missing` some, counts as stopped; one whose
    failed trials have completed since as completed."""
    if status is not Status.ERROR or counts[Status.ERROR.value] or counts["unreadable"]:
        return status.value
    is_whole = counts.total() == counts[Status.COMPLETED.value] > 0 and not missing
    return Status.COMPLETED.value if is_whole else Status.TERMINATED.value


def _status(seen: RunRow | None) -> str:
    if seen is None:
        return NOT_CREATED
    return (
        "unreadable"
        if isinstance(seen.source, Unreadable)
        else seen.source.glance.state.status.value
    )


def _swept(run: Run) -> str:
    """`lr=0.1,0.01 depth=1,2`: what has several values, or is drawn, first."""
    texts = []
    for name, values in run.flags.items():
        listed = values if isinstance(values, list) else [values]
        told = ",".join(shown_value(value) for value in listed[:_MOST_VALUES])
        more = ",…" if len(listed) > _MOST_VALUES else ""
        is_interval = isinstance(values, str)
        texts.append((len(listed) < 2 and not is_interval, f"{escape(name)}={told}{more}"))
    return cut(" ".join(text for _, text in sorted(texts, key=lambda pair: pair[0])), _MOST_SWEPT)
