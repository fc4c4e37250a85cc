"""Describes the basis of a search's trial for `runner runs show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hydra_sweep_runner.errors import UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.search.basis import Basis, Era, Ledger, read_basis, read_ledger
from hydra_sweep_runner.search.objective import Last
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import escape, render_value, short

#: The key of the ledger in a batch's basis.
_SEARCH = "search"


def basis_lines(store: RunStore, run: Run) -> list[str]:
    """The basis of a trial, or the settings of a batch's search, one entry a line; empty if no
    learning optimizer was used."""
    if run.batch is not None:
        ledger = _ledger(run)
        return [] if ledger is None else [_era_line(era) for era in ledger.eras]
    if run.basis is None:
        return []
    basis = read_basis(run.basis, f"trial {run.id}")
    lines = [
        f"optimizer: {escape(basis.optimizer)} ({escape(basis.version)}){_options(basis.options)}",
        f"objective: {escape(', '.join(basis.objective))}",
        f"number: {basis.number}, window: {basis.window}",
        f"seed: {basis.seed}{_refused(basis.tries)}",
    ]
    return [*lines, *_known_lines(store, run, basis)]


def _known_lines(store: RunStore, run: Run, basis: Basis) -> list[str]:
    """The trials whose results the proposal knew, in order, and those that counted as running."""
    try:
        batch = store.read(run.generated_by or "")
        ledger = _ledger(batch)
    except (UnknownRun, UnreadableRecord):
        ledger = None
    if ledger is None or basis.era >= len(ledger.eras):
        return [f"known: the first {basis.known} of the plan (the batch's record is gone)"]
    era = ledger.eras[basis.era]
    plan = ledger.plan_before(basis.number, era)
    known, running = plan[: basis.known], plan[basis.known :]
    lines = [f"told first: {_names([one.run for one in era.before])}"] if era.before else []
    lines.append(f"known: {_names([ledger.order[number] for number in known])}")
    lines.append(f"at work: {_names([ledger.order[number] for number in running])}")
    for number in known:
        former = ledger.former(number, basis.number)
        if former is not None:
            lines.append(f"told of {short(ledger.order[number])}: {_values(former.last)}")
    return lines


def _ledger(batch: Run) -> Ledger | None:
    kept = (batch.basis or {}).get(_SEARCH)
    return read_ledger(kept, f"batch {batch.id}") if isinstance(kept, dict) else None


def _era_line(era: Era) -> str:
    told = f", told {len(era.before)} runs first" if era.before else ""
    return (
        f"from trial {era.first}: {escape(era.optimizer)} ({escape(era.version)})"
        f"{_options(era.options)}, objective {escape(', '.join(era.objective))}, window "
        f"{era.window}{told}"
    )


def _options(options: Mapping[str, object]) -> str:
    shown = [f"{escape(name)}={render_value(value)}" for name, value in options.items()]  # type: ignore[arg-type]
    return f" with {', '.join(shown)}" if shown else ""


def _refused(tries: int) -> str:
    return "" if not tries else f" (after {tries} that were refused)"


def _names(run_ids: Sequence[str]) -> str:
    return ", ".join(map(short, run_ids)) or "none"


def _values(last: Last | None) -> str:
    if last is None:
        return "failed"
    return ", ".join(f"{escape(name)}={value}" for name, value in last.items()) or "no result"
