"""`runner runs show`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from hydra_sweep_runner.commands.runs.basis import basis_lines
from hydra_sweep_runner.commands.runs.details import Details
from hydra_sweep_runner.commands.runs.graph import graph_lines
from hydra_sweep_runner.commands.runs.inputs import input_lines
from hydra_sweep_runner.commands.runs.origins import swept_names
from hydra_sweep_runner.commands.runs.trash import restore_words
from hydra_sweep_runner.errors import UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Attempt, Run, Scalar, Status
from hydra_sweep_runner.operation.flags import repeat_name
from hydra_sweep_runner.operation.kinds.known import STEPS
from hydra_sweep_runner.query.columns import telling_attributes, varying_flags
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.upstream import telling_upstream, with_upstream_flags
from hydra_sweep_runner.record.fields import FIELD, FIELDS, Field, Summary, public
from hydra_sweep_runner.record.job_output import output_folder
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.trash import Trash
from hydra_sweep_runner.terminal.exact import json_text
from hydra_sweep_runner.terminal.render import (
    cut,
    escape,
    render_entries,
    render_flags,
    render_number,
    render_time,
    render_varying,
    short,
    shown_value,
)

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance


#: The most characters of a reason behind a batch's trial; the trial's own record has all of them.
_MOST_OF_REASON = 120


def show_json(details: Details) -> str:
    """A run as a JSON object: the keys of the list's objects, and more."""
    return json_text({**public(details.summary), **details.json()})


def show_lines(store: RunStore, details: Details) -> list[str]:
    """The details of a run, one a line."""
    summary = details.summary
    run = summary.run
    texts = [
        (field.label, _field_text(field, summary)) for field in FIELDS if field.label is not None
    ]
    trials, orphans = _trials(store, details)
    return [
        *(f"{label}: {value}" for label, value in texts if value),
        *([] if details.out_of_date is None else [f"out of date: {escape(details.out_of_date)}"]),
        *_section("flags", _flag_lines(run, details.origins)),
        *_section("options", _options(run)),
        *_section("scalars", map(_scalar, run.scalars.items())),
        *_section("attempts", map(_attempt, run.state.attempts)),
        *_section("code", _code(run, details.changes)),
        *_section("inputs", input_lines(run, details.runs_by_id)),
        *_section(
            "taken by", (_taker(details.runs_by_id[one].glance) for one in details.downstream)
        ),
        *_section("search" if run.batch is not None else "basis", basis_lines(store, run)),
        *_section("trials", trials),
        *_section("orphans", orphans),
        *_section("end of the log", details.tail),
    ]


def _options(run: Run) -> list[str]:
    """The run options that a restart remembers, where the configuration is, if that was given, and
    the overrides of Hydra's own settings."""
    options = (f"+{escape(name)}={shown_value(value)}" for name, value in run.options.items())
    place = (f"--{name}={escape(text)}" for name, text in run.recipe.place.items())
    return [*options, *place, *map(escape, run.recipe.hydra)]


def _scalar(named: tuple[str, Scalar]) -> str:
    name, scalar = named
    least = "" if scalar.min is None else f", min {render_number(scalar.min)}"
    most = "" if scalar.max is None else f", max {render_number(scalar.max)}"
    many = "once" if scalar.count == 1 else f"{scalar.count} times"
    return f"{escape(name)}: {render_number(scalar.last)} (reported {many}{least}{most})"


def _attempt(attempt: Attempt) -> str:
    end = "" if attempt.exit_status is None else f"exit status {attempt.exit_status}"
    why = escape(attempt.reason or "failed")
    end = f", {end}" if end and not why.startswith(end) else ""
    return f"{render_time(attempt.started)}{end}: {why} ({layout.LOGS}/{escape(attempt.log)})"


def _code(run: Run, changes: Sequence[str]) -> list[str]:
    code = run.provenance
    versions = ", ".join(f"{name} {version}" for name, version in code.versions.items())
    lines = [f"{escape(name)}: {digest[:12]}" for name, digest in code.sources.items()]
    lines += [
        f"{escape(name)}: {digest[:12] or 'changed meanwhile'} (imported)"
        for name, digest in code.imports.items()
    ]
    lines += [escape(versions)] if versions else []
    return [*lines, *(f"changed since: {escape(change)}" for change in changes)]


def _taker(run: Run | Glance) -> str:
    step = "" if run.step is None else f" {escape(run.step)}"
    return f"{short(run.id)}{step} {run.state.status.value}"


#: Fields that `show` formats in their own way.
_TOLD: Mapping[str, Callable[[Summary], str]] = {
    "operation": lambda it: f"{escape(it.run.operation.name)} ({it.run.operation.kind})",
    "batches": lambda it: ", ".join(short(batch) for batch in it.batches),
    "generated_by": lambda it: short(it.run.generated_by or ""),
    "tags": lambda it: escape(", ".join(it.run.tags)),
    "output_dir": lambda it: _output(it),
    "choices": lambda it: render_entries(it.run.choices),
    "overrides": lambda it: escape(shlex.join(it.run.recipe.task)),
    "commit": lambda it: _commit(it.run),
    "result": lambda it: _result(it.run),
    "duration": lambda it: "" if _seconds(it) is None else f"{_seconds(it):.1f} s",
    "repeat": lambda it: str(it.run.repeat or ""),
}


def _field_text(field: Field, summary: Summary) -> str:
    """A field's value as `show` prints it; empty if there is nothing to show."""
    if field.name in _TOLD:
        return _TOLD[field.name](summary)
    value = field.get(summary)
    if isinstance(value, datetime):
        return render_time(value)
    if isinstance(value, Enum):
        return str(value.value)
    return "" if value is None else escape(str(value))


def _output(summary: Summary) -> str:
    """The output folder of a Hydra program as recorded, and whether it is there no more."""
    folder = output_folder(summary.run, Path(summary.folder).parent)
    if folder is None:
        return ""
    gone = "" if summary.run.state.started is None or folder.is_dir() else " (not there any more)"
    return f"{escape(str(FIELD['output_dir'].get(summary)))}{gone}"


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


def _flag_lines(run: Run, origins: Mapping[str, str]) -> list[str]:
    """A line for each flag, given flags first."""
    names = sorted(run.flags, key=lambda name: origins.get(name) == "default")
    return [
        f"{escape(name)}: {shown_value(run.flags[name])}{_from(origins.get(name))}"
        for name in names
    ]


def _from(origin: str | None) -> str:
    return "" if origin is None else f" ({origin})"


def _trials(store: RunStore, details: Details) -> tuple[list[str], list[str]]:
    """A line for each trial of a batch's plan, and for each orphan; they name what tells all of
    these apart."""
    batch, orphan_ids = details.summary.run, details.orphans
    if batch.batch is None:
        return [], []
    if batch.operation.kind == STEPS:
        return graph_lines(store, batch), _orphans_of_steps(orphan_ids, details.runs_by_id)
    plan_ids = batch.batch.trials
    found = {run_id: _read(store, run_id) for run_id in (*plan_ids, *orphan_ids)}
    rows = [RunRow(Summary(run, folder="")) for run in found.values() if isinstance(run, Run)]
    varying = dict.fromkeys([*swept_names(batch), *varying_flags(rows)])
    has_ended = batch.state.status in (Status.COMPLETED, Status.ERROR)  # all trials were created
    gone = "is gone: its folder was deleted by hand" if has_ended else "not created"
    repeats = bool(telling_attributes(rows))
    lost = "" in found.values()  # not there
    trashed = {entry.id for entry in Trash(store.root).entries()} if lost else set()

    def line(run_id: str, missing: str) -> str:
        run = found[run_id]
        if run_id in trashed:
            missing = f"lies in the trash: {restore_words([run_id])}"
        return _trial(run_id, run or missing, varying, repeats=repeats)

    orphans = [line(run_id, "is gone") for run_id in orphan_ids]
    return [line(run_id, gone) for run_id in plan_ids], orphans


def _orphans_of_steps(ids: Sequence[str], runs_by_id: Mapping[str, Summary]) -> list[str]:
    """A line for each orphan of a pipeline's batch: its step and given flags, and what upstream
    tells it from the others."""
    if not ids:
        return []
    by_id = {run_id: RunRow(summary) for run_id, summary in runs_by_id.items()}
    rows = with_upstream_flags([by_id[run_id] for run_id in ids], by_id)
    telling = telling_upstream(rows)
    lines = []
    for run_id, row in zip(ids, rows, strict=True):
        run = runs_by_id[run_id].run
        upstream = {name: row.upstream[name] for name in telling if name in row.upstream}
        step = "" if run.step is None else f"{escape(run.step)} "
        flags = render_varying(run, (), upstream)
        lines.append(f"{short(run_id)} {step}{run.state.status.value} ({flags}){_why(run)}")
    return lines


def _read(store: RunStore, run_id: str) -> Run | str:
    """A run as it is now; "unreadable", or nothing for one that is not there."""
    try:
        return store.observe(store.read(run_id))
    except UnknownRun:
        return ""
    except UnreadableRecord:
        return "unreadable"


def _trial(run_id: str, run: Run | str, varying: Iterable[str], *, repeats: bool) -> str:
    """The line of a trial, or with the text that is said in place of one."""
    if isinstance(run, str):
        return f"{short(run_id)} {run}"
    repeat = {repeat_name(run.flags): run.repeat} if repeats else {}
    flags = render_flags(run.flags, run.given, run.choices, varying, repeat)
    return f"{short(run_id)} {run.state.status.value} ({flags}){_why(run)}"


def _why(run: Run) -> str:
    return f": {cut(escape(run.state.reason), _MOST_OF_REASON)}" if run.state.reason else ""


def _section(title: str, lines: Iterable[str]) -> list[str]:
    indented = [f"  {line}" for line in lines]
    return [f"{title}:", *indented] if indented else []
