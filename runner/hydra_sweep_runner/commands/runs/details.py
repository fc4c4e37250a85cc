"""The details of a run that `runner runs show` adds to the fields of its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra_sweep_runner.commands.runs.dependents import upstream_ids
from hydra_sweep_runner.commands.runs.origins import origins
from hydra_sweep_runner.commands.runs.out_of_date import OutOfDate
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import UnreadableRecord
from hydra_sweep_runner.model import Run, Unreadable
from hydra_sweep_runner.record import floats
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.record.text import to_plain
from hydra_sweep_runner.search.basis import read_basis, read_ledger
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.provenance import code_changes, read_provenance
from hydra_sweep_runner.terminal.output_tail import last_lines

_TAIL_BYTES = 8192


@dataclass(frozen=True, kw_only=True)
class ProposalKnew:
    """The trials whose results an optimizer knew when it proposed a trial: ids in plan order."""

    known: tuple[str, ...]
    at_work: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Details:
    """All details of a run.

    `origins` has the origin of each flag's value. `changes` are the differences of the present code
    from that of its last start. `downstream` are the runs that take files from it. `orphans`:
    trials the batch created that are no longer in its plan. `runs_by_id` has all runs of the store.
    `out_of_date` says why a pipeline's trial is not current. `tail` are the last lines of its
    output, escaped.
    """

    summary: Summary
    origins: Mapping[str, str]
    changes: Sequence[str]
    downstream: Sequence[str]
    orphans: Sequence[str]
    proposed: ProposalKnew | None
    out_of_date: str | None
    tail: Sequence[str]
    runs_by_id: Mapping[str, Summary]

    def json(self) -> dict[str, Any]:
        """The entries that the JSON of `show` has beside those of the list, in strict JSON's
        types."""
        run = self.summary.run
        return {
            "origins": dict(self.origins),
            "code": {
                **_json(run.provenance),
                "changes": list(self.changes),
            },
            "options": _json(dict(run.options)),
            "hydra": list(run.recipe.hydra),
            "environment": dict(run.recipe.environment),
            "downstream": list(self.downstream),
            "out_of_date": self.out_of_date,
            "orphans": None if run.batch is None else list(self.orphans),
            "basis": self._basis(),
            "tail": list(self.tail),
        }

    def _basis(self) -> dict[str, Any] | None:
        run = self.summary.run
        if run.basis is None or run.batch is not None:
            return None
        known = self.proposed
        ids = {} if known is None else {"told": [*known.known], "at_work": [*known.at_work]}
        return {**_json(run.basis), **ids}


def read_details(store: RunStore, run_id: str, project: Path) -> Details:
    """All details of a run; `project` is the folder whose code is compared with that of the run's
    start. Raises UnknownRun or UnreadableRecord."""
    runs_by_id = {
        one.glance.id: one for one in store.summaries() if not isinstance(one, Unreadable)
    }
    summary = runs_by_id.get(run_id) or store.summary(run_id)
    return details_of(store, summary, runs_by_id, project)


def details_of(
    store: RunStore, summary: Summary, runs_by_id: Mapping[str, Summary], project: Path
) -> Details:
    """All details of a run with this summary; `runs_by_id` has those of all runs."""
    run, run_id = summary.run, summary.run.id
    made_by = runs_by_id.get(run.generated_by or "")
    part = run.batch
    planned = set() if part is None else set(part.trials)
    generated = () if part is None else part.generated
    return Details(
        summary=summary,
        origins={} if part is not None else origins(run, made_by.run if made_by else None),
        changes=_changes(run, project),
        downstream=[one for one, it in runs_by_id.items() if run_id in upstream_ids(it.glance)],
        orphans=[one for one in generated if one not in planned and one in runs_by_id],
        proposed=_proposed(run, made_by.run if made_by else None),
        out_of_date=OutOfDate(lambda one: runs_by_id[one].run if one in runs_by_id else None).why(
            run
        ),
        tail=[] if part is not None else last_lines(_tail(summary.log)),
        runs_by_id=runs_by_id,
    )


def _changes(run: Run, project: Path) -> list[str]:
    recorded = run.provenance
    if not recorded.files and recorded.commit is None:
        return []
    paths = [project / name for name in recorded.files]
    now = read_provenance(project, paths)
    gone = [f"{name} is not in {project}" for name in recorded.files if name not in now.sources]
    return [*code_changes(recorded, now), *gone]


def _proposed(run: Run, batch: Run | None) -> ProposalKnew | None:
    """The trials that a proposal knew, and those that it counted as running; None if they are not
    recorded."""
    if run.basis is None or run.batch is not None or batch is None or batch.basis is None:
        return None
    kept = batch.basis.get("search")
    if not isinstance(kept, dict):
        return None
    try:
        basis = read_basis(run.basis, run.id)
        ledger = read_ledger(kept, batch.id)
        plan = ledger.plan_before(basis.number, ledger.eras[basis.era])
        ids = [ledger.order[number] for number in plan]
    except (UnreadableRecord, IndexError):
        return None
    return ProposalKnew(known=tuple(ids[: basis.known]), at_work=tuple(ids[basis.known :]))


def _tail(path: str | None) -> bytes:
    if path is None:
        return b""
    try:
        with Path(path).open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(0, size - _TAIL_BYTES))
            return log.read(_TAIL_BYTES)
    except OSError:  # there is no readable log: `runs log` says why
        return b""


def _json(value: Any) -> Any:
    return floats.spell(to_plain(value))
