"""`runner runs show`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum

from hydra_sweep_runner.commands.runs.basis import basis_lines
from hydra_sweep_runner.errors import UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.record.fields import FIELD, FIELDS, Field, Summary, public
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.exact import json_text
from hydra_sweep_runner.terminal.render import (
    escape,
    render_flags,
    render_time,
    short,
    shown_value,
)


def show_json(store: RunStore, run_id: str) -> str:
    """One run as a JSON object, with the keys of the list's."""
    return json_text(public(store.summary(run_id)))


def show_lines(store: RunStore, run_id: str) -> list[str]:
    """What is known of a run, a line each."""
    summary = store.summary(run_id)
    run = summary.run
    told = [(field.label, _told(field, summary)) for field in FIELDS if field.label is not None]
    lines = [f"{label}: {value}" for label, value in told if value]
    return [
        *lines,
        *_section("flags", _flag_lines(run)),
        *_section("search" if run.batch is not None else "basis", basis_lines(store, run)),
        *_section("trials", _trials(store, run)),
    ]


#: Fields that `show` does not show as their value is written.
_TOLD: Mapping[str, Callable[[Summary], str]] = {
    "operation": lambda it: f"{escape(it.run.operation.name)} ({it.run.operation.kind})",
    "batches": lambda it: ", ".join(short(batch) for batch in it.batches),
    "generated_by": lambda it: short(it.run.generated_by or ""),
    "tags": lambda it: escape(", ".join(it.run.tags)),
    "overrides": lambda it: escape(" ".join(it.run.recipe.task)),
    "commit": lambda it: _commit(it.run),
    "result": lambda it: _result(it.run),
    "duration": lambda it: "" if _seconds(it) is None else f"{_seconds(it):.1f} s",
    "repeat": lambda it: str(it.run.repeat or ""),
}


def _told(field: Field, summary: Summary) -> str:
    """A field's value as `show` shows it; empty where there is nothing to show."""
    if field.name in _TOLD:
        return _TOLD[field.name](summary)
    value = field.get(summary)
    if isinstance(value, datetime):
        return render_time(value)
    if isinstance(value, Enum):
        return str(value.value)
    return "" if value is None else escape(str(value))


def _commit(run: Run) -> str:
    commit, dirty = run.provenance.commit, run.provenance.dirty
    return "" if commit is None else commit[:12] + (" with changes" if dirty else "")


def _seconds(summary: Summary) -> float | None:
    seconds: float | None = FIELD["duration"].get(summary)
    return seconds


def _result(run: Run) -> str:
    if run.result is None:
        return ""
    return f"in {layout.RESULT}" if run.result.stored else shown_value(run.result.value)


def _flag_lines(run: Run) -> list[str]:
    return [f"{escape(name)}: {shown_value(value)}" for name, value in run.flags.items()]


def _trials(store: RunStore, run: Run) -> list[str]:
    return [] if run.batch is None else [_trial(store, run_id) for run_id in run.batch.trials]


def _trial(store: RunStore, run_id: str) -> str:
    try:
        run = store.observe(store.read(run_id))
    except UnknownRun:
        return f"{short(run_id)} not created"
    except UnreadableRecord:
        return f"{short(run_id)} unreadable"
    return f"{short(run_id)} {run.state.status.value} ({render_flags(run.flags, run.given)})"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    indented = [f"  {line}" for line in lines]
    return [f"{title}:", *indented] if indented else []
