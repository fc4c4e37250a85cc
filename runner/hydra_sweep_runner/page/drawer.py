"""All about one run, as the page's drawer shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any

from hydra_sweep_runner.commands.runs.details import Details
from hydra_sweep_runner.model import Flags, Input, Scalar
from hydra_sweep_runner.page.cells import cell, shown_text
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import FIELD, FIELDS, Summary
from hydra_sweep_runner.terminal.render import escape, render_value

# These have a place of their own.
_ELSEWHERE = {"status", "reason", "label", "tags", "note", "batches", "generated_by", "inputs"}
_NO_FLAGS: Flags = MappingProxyType({})
_MOST_OTHERS = 200
_MOST_OF_VALUE = 2000


def drawer_json(
    details: Details, by_id: Mapping[str, RunRow], upstream: Flags = _NO_FLAGS
) -> dict[str, Any]:
    """The run's facts, flags with their origins, scalars, attempts, code, and its kin; `upstream`
    are the flags of the runs that it takes files from, by dotted names."""
    summary, run = details.summary, details.summary.run
    return {
        "id": run.id,
        "kind": run.kind.value,
        "operation": shown_text(run.operation.name),
        "operation_kind": run.operation.kind,
        "status": run.state.status.value,
        "reason": _reason(details),
        "started": FIELD["started"].json(summary),
        "stopped": FIELD["stopped"].json(summary),
        "label": None if run.label is None else shown_text(run.label),
        "tags": [{"text": shown_text(tag), "tag": tag} for tag in run.tags],
        "note": None if run.note is None else run.note,
        "facts": _facts(summary),
        "flags": _flags(run.flags, details.origins),
        "upstream": _flags(upstream, {}),
        "scalars": [_scalar(name, scalar) for name, scalar in run.scalars.items()],
        "attempts": [
            {
                "started": attempt.started.isoformat(),
                "exit_status": attempt.exit_status,
                "reason": escape(attempt.reason or "failed"),
            }
            for attempt in run.state.attempts
        ],
        "changes": [escape(change) for change in details.changes],
        "versions": {escape(k): escape(v) for k, v in run.provenance.versions.items()},
        "inputs": [_input(name, source) for name, source in run.inputs.items()],
        "downstream": [_kin(one, by_id) for one in details.downstream[:_MOST_OTHERS]],
        "batches": [_kin(one, by_id) for one in summary.batches],
        "generated_by": None if run.generated_by is None else _kin(run.generated_by, by_id),
        "has_log": run.batch is None,
    }


def _reason(details: Details) -> str | None:
    """Why the run failed or was stopped; of a completed trial, why it is out of date."""
    if details.out_of_date is not None:
        return f"out of date: {escape(details.out_of_date)}"
    reason = details.summary.run.state.reason
    return None if reason is None else escape(reason)


def _facts(summary: Summary) -> list[list[Any]]:
    found = []
    for field in FIELDS:
        if field.label is None or field.name in _ELSEWHERE:
            continue
        value = field.get(summary)
        if field.name == "repeat" and not value:
            continue
        if value is not None and value not in ((), "", {}):
            found.append([field.label, _fact(value)])
    return found


def _fact(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return shown_text(value, _MOST_OF_VALUE)
    if isinstance(value, (tuple, list)) and all(isinstance(one, str) for one in value):
        return shown_text(" ".join(value), _MOST_OF_VALUE)
    if isinstance(value, (int, float, bool, list, dict)):
        return cell(value)
    return None


def _flags(flags: Flags, origins: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": escape(name),
            "value": cell(value),
            "exact": render_value(value)[:_MOST_OF_VALUE],
            "origin": origins.get(name),
        }
        for name, value in flags.items()
    ]


def _scalar(name: str, scalar: Scalar) -> dict[str, Any]:
    return {
        "name": escape(name),
        "scalar": name,
        "last": cell(scalar.last),
        "min": cell(scalar.min),
        "max": cell(scalar.max),
        "count": scalar.count,
        "step": cell(scalar.step),
    }


def _input(name: str, source: Input) -> dict[str, Any]:
    if source.runs is not None:
        return {"name": escape(name), "runs": list(source.runs[:_MOST_OTHERS])}
    return {
        "name": escape(name),
        "runs": [] if source.run is None else [source.run],
        "path": escape(source.path or ""),
    }


def _kin(run_id: str, by_id: Mapping[str, RunRow]) -> dict[str, Any]:
    seen = by_id.get(run_id)
    attributes: Mapping[str, Any] = {} if seen is None else seen.attributes
    name = attributes.get("step") or attributes.get("operation")
    return {
        "id": run_id,
        "name": None if name is None else shown_text(str(name)),
        "status": attributes.get("status") or "gone",
    }
