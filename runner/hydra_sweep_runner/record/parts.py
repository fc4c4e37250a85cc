"""The parts of a run's record as JSON's types, and the run that they make up.

`plain` and `restore` are what is done to flags, options and results on the way out and in:
nothing, or `floats.escape` and `floats.restore`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from hydra_sweep_runner.model import (
    Attempt,
    BatchPart,
    FlagsTo,
    JobPlace,
    Kind,
    Operation,
    Process,
    Provenance,
    Recipe,
    Result,
    Run,
    State,
    Status,
)
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.record.reader import RecordError, Table


def to_parts(run: Run, plain: Callable[[Any], Any]) -> dict[str, Any]:
    """The record's parts but its format, in the order in which they are written."""
    parts: dict[str, Any] = {
        "id": run.id,
        "kind": run.kind.value,
        "operation": _operation_parts(run.operation),
        "flags": plain(dict(run.flags)),
        "given": run.given,
        "options": plain(dict(run.options)),
        "random_seed": run.random_seed,
        "generated_by": run.generated_by,
        "label": run.label,
        "tags": run.tags,
        "state": _state_parts(run.state),
        "recipe": {
            "config_name": run.recipe.config_name,
            "snapshot": run.recipe.snapshot,
            "task": run.recipe.task,
            "hydra": run.recipe.hydra,
        },
        "provenance": {
            "commit": run.provenance.commit,
            "dirty": run.provenance.dirty,
            "sources": dict(run.provenance.sources),
            "versions": dict(run.provenance.versions),
        },
        "result": None,
    }
    if run.result is not None:
        parts["result"] = {"value": plain(run.result.value), "stored": run.result.stored}
    if run.batch is not None:
        parts["batch"] = {"trials": run.batch.trials, "generated": run.batch.generated}
    if run.job is not None:
        parts["job"] = {"number": run.job.number, "output_dir": run.job.output_dir}
    return parts


def _operation_parts(operation: Operation) -> dict[str, Any]:
    return {
        "name": operation.name,
        "kind": operation.kind,
        "target": operation.target,
        "flags_to": operation.flags_to.value,
        "requires": operation.requires,
        "preload": operation.preload,
    }


def _state_parts(state: State) -> dict[str, Any]:
    return {
        "status": state.status.value,
        "initialized": time_text(state.initialized),
        "started": time_text(state.started),
        "stopped": time_text(state.stopped),
        "exit_status": state.exit_status,
        "reason": state.reason,
        "process": None if state.process is None else process_parts(state.process),
        "attempts": [_attempt_parts(attempt) for attempt in state.attempts],
    }


def process_parts(process: Process) -> dict[str, Any]:
    """A process as JSON's types."""
    return {
        "host": process.host,
        "boot": process.boot,
        "pid": process.pid,
        "created": process.created,
        "since": time_text(process.since),
    }


def _attempt_parts(attempt: Attempt) -> dict[str, Any]:
    return {
        "started": time_text(attempt.started),
        "stopped": time_text(attempt.stopped),
        "exit_status": attempt.exit_status,
        "reason": attempt.reason,
        "log": attempt.log,
    }


def time_text(time: datetime | None) -> str | None:
    """A time in ISO 8601, UTC, with microseconds; None stays None."""
    if time is None:
        return None
    if time.tzinfo is not timezone.utc:
        time = time.astimezone(timezone.utc)
    return time.isoformat(timespec="microseconds")


def from_parts(record: Table, restore: Callable[[Any], Any]) -> Run:
    """The run whose parts they are. Raises RecordError, and what `restore` raises."""
    kind = record.member("kind", Kind)
    batch = record.table_or_none("batch")
    if (kind is Kind.BATCH) != (batch is not None):
        raise RecordError(f"batch: {'missing' if batch is None else f'not of a {kind.value}'}")
    return Run(
        id=record.text("id"),
        kind=kind,
        operation=_read_operation(record.table("operation")),
        flags=_read_values(record, "flags", restore),
        given=record.texts("given"),
        options=_read_values(record, "options", restore),
        random_seed=record.integer_or_none("random_seed"),
        generated_by=record.run_id_or_none("generated_by"),
        label=record.text_or_none("label"),
        tags=record.texts("tags"),
        state=_read_state(record.table("state")),
        recipe=_read_recipe(record.table("recipe")),
        provenance=_read_provenance(record.table("provenance")),
        result=_read_result(record.table_or_none("result"), restore),
        batch=None if batch is None else _read_batch(batch),
        job=_read_job(record.table_or_none("job")),
    )


def _read_values(record: Table, key: str, restore: Callable[[Any], Any]) -> dict[str, Any]:
    values = restore(record.table(key).content)
    if type(values) is not dict:
        raise record.wrong(key, "not an object of values")
    return values


def _read_operation(table: Table) -> Operation:
    listed = type(table.content.get("target")) is list
    return Operation(
        name=table.text("name"),
        kind=_read_operation_kind(table),
        target=table.texts("target") if listed else table.text("target"),
        flags_to=table.member("flags_to", FlagsTo),
        requires=table.texts("requires"),
        preload=table.texts("preload"),
    )


def _read_operation_kind(table: Table) -> str:
    kind = table.text("kind")
    if kind not in KINDS:
        raise table.wrong("kind", f"none of {', '.join(KINDS)}")
    return kind


def _read_state(table: Table) -> State:
    process = table.table_or_none("process")
    return State(
        status=table.member("status", Status),
        initialized=table.time("initialized"),
        started=table.time_or_none("started"),
        stopped=table.time_or_none("stopped"),
        exit_status=table.integer_or_none("exit_status"),
        reason=table.text_or_none("reason"),
        process=None if process is None else read_process(process),
        attempts=tuple([_read_attempt(attempt) for attempt in table.tables("attempts")]),
    )


def read_process(table: Table) -> Process:
    """The process of its parts. Raises RecordError."""
    return Process(
        host=table.text("host"),
        boot=table.text("boot"),
        pid=table.integer("pid"),
        created=table.number("created"),
        since=table.time("since"),
    )


def _read_attempt(table: Table) -> Attempt:
    log = table.text("log")
    if "/" in log or log in ("", ".", ".."):
        raise table.wrong("log", "not a file's name")
    return Attempt(
        started=table.time("started"),
        stopped=table.time("stopped"),
        exit_status=table.integer_or_none("exit_status"),
        reason=table.text_or_none("reason"),
        log=log,
    )


def _read_recipe(table: Table) -> Recipe:
    return Recipe(
        config_name=table.text_or_none("config_name"),
        snapshot=table.text("snapshot"),
        task=table.texts("task"),
        hydra=table.texts("hydra"),
    )


def _read_provenance(table: Table) -> Provenance:
    return Provenance(
        commit=table.text_or_none("commit"),
        dirty=table.truth_or_none("dirty"),
        sources=table.text_table("sources"),
        versions=table.text_table("versions"),
    )


def _read_result(table: Table | None, restore: Callable[[Any], Any]) -> Result | None:
    if table is None:
        return None
    return Result(value=restore(table.content.get("value")), stored=table.truth("stored"))


def _read_batch(table: Table) -> BatchPart:
    return BatchPart(trials=table.run_ids("trials"), generated=table.run_ids("generated"))


def _read_job(table: Table | None) -> JobPlace | None:
    if table is None:
        return None
    return JobPlace(
        number=table.integer_or_none("number"), output_dir=table.text_or_none("output_dir")
    )
