"""`runner runs delete`: deletes all named runs or, if one cannot be deleted, none.

Deleted runs go to the store's trash.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime

from hydra_sweep_runner.commands.runs.dependents import with_dependents
from hydra_sweep_runner.commands.runs.listing import list_table
from hydra_sweep_runner.commands.runs.membership import leave_batches, places_of
from hydra_sweep_runner.commands.runs.selecting import Asked, resolve_all, select_runs
from hydra_sweep_runner.commands.runs.staying_folders import staying_line
from hydra_sweep_runner.commands.runs.trash import restore_words
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, UnreadableRecord
from hydra_sweep_runner.model import BatchPart, Kind, Run, Unreadable
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.job_output import output_folder
from hydra_sweep_runner.store.run_ids import LAST_BATCH
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.trash import Trash
from hydra_sweep_runner.system.open_files import raise_limit
from hydra_sweep_runner.terminal.render import escape, first_few, short
from hydra_sweep_runner.terminal.tables import Table

#: Open files of this process beside its claims, which are an open file each.
_OTHER_FILES = 24
# The most runs, and the most lines on batches, shown before the question.
_MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """The runs to delete: their ids, without repetition, and `lines` about each batch among them
    that needs one and about what stays on the disk. `passed_over` has a line about each typed id
    that the filters leave out."""

    run_ids: tuple[str, ...]
    passed_over: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """`1 run` or `3 runs`."""
        return "1 run" if len(self.run_ids) == 1 else f"{len(self.run_ids)} runs"


def plan_deletion(
    store: RunStore,
    ids: Sequence[str],
    asked: Asked,
    now: datetime,
    *,
    trials: bool,
    dependents: bool,
) -> Deletion:
    """The runs that ids and filters select together; with `trials`, also all trials that batches
    among them plan or have generated; with `dependents`, also the runs that take files from any of
    these.

    Raises Mistake if nothing is selected, if an id names no run or several runs or is repeated, or
    if other runs take files from those to delete; otherwise as `select_runs`.
    """
    if not ids and not asked:
        raise Mistake("runner runs delete: give ids or filters: which runs are to be deleted?")
    chosen, left_out = _chosen(store, ids, asked, now)
    batches = [run for run in (_run(store, run_id) for run_id in chosen) if run and run.batch]
    with_trials = dict.fromkeys(chosen)
    if trials:
        for batch in batches:
            with_trials |= dict.fromkeys(_trials_of(store, batch))
    found = with_dependents(store, with_trials, dependents=dependents)
    lines = [_line(store, batch, set(found), set(chosen)) for batch in batches]
    lines = [line for line in lines if line]
    if len(lines) > _MOST_SHOWN:
        lines[_MOST_SHOWN:] = [f"and {len(lines) - _MOST_SHOWN} more"]
    if trials and batches:
        lines += _lines_on_others(store, set(found) - set(chosen), set(found))
    of_batches = {folder for batch in batches if (folder := output_folder(batch, store.root))}
    if not ids and asked.kind is None and batches:
        lines.append(_unnamed_line(store, asked, batches, set(found)))
    going = (run for run_id in found if (run := _run(store, run_id)) is not None)
    staying = staying_line((run for run in going if run.batch is None), store.root, of_batches)
    lines += [] if staying is None else [staying]
    passed_over = [
        f"{short(run_id)} does not match {asked.words}: it stays"
        for run_id in left_out
        if run_id not in found
    ]
    if len(passed_over) > _MOST_SHOWN:
        passed_over[_MOST_SHOWN:] = [f"and {len(passed_over) - _MOST_SHOWN} more that stay"]
    return Deletion(run_ids=tuple(found), passed_over=tuple(passed_over), lines=tuple(lines))


def deletion_table(store: RunStore, deletion: Deletion) -> tuple[Table, list[str]]:
    """The runs to delete as a table, to be shown before the question, and a line on those that it
    has no room for, if there are such."""
    going = set(deletion.run_ids)
    seen = [run for run in map(RunRow, store.summaries()) if run.id in going]
    more = len(seen) - _MOST_SHOWN
    return list_table(seen[:_MOST_SHOWN]), [f"and {more} more"] if more > 0 else []


def delete_runs(store: RunStore, run_ids: Sequence[str], at: datetime) -> None:
    """Move runs to the trash, and remove them from the plans of their batches.

    Raises Busy, and deletes none, if one of them is running, or the batch of one of them. With more
    runs than this process may have open files, they go in lots: a run that is started after the
    first of these have gone ends the deletion there.
    """
    most = max(1, raise_limit(len(run_ids) + _OTHER_FILES) - _OTHER_FILES)
    lots = [run_ids[first : first + most] for first in range(0, len(run_ids), most)]
    for lot in lots if len(lots) > 1 else ():
        with _claimed(store, lot):
            pass  # all can be deleted, as far as is known without claiming all at once
    trash = Trash(store.root)
    going = set(run_ids)
    for lot in lots:
        with _claimed(store, lot):
            places = places_of(store, lot, going=going)
            leave_batches(store, lot, deleted=True, going=going)
            trash.put(places, at)


def _chosen(
    store: RunStore, ids: Sequence[str], asked: Asked, now: datetime
) -> tuple[list[str], list[str]]:
    """The runs that ids and filters select together, and those of the ids that the filters leave
    out."""
    named = resolve_all(store, ids)
    if not asked:
        return named, []
    selected = [run.id for run in select_runs(store, asked, now)]
    if not ids:
        return selected, []
    held = set(selected)
    return [one for one in named if one in held], [one for one in named if one not in held]


def _run(store: RunStore, run_id: str) -> Run | None:
    with suppress(UnreadableRecord):
        return store.read(run_id)
    return None


def _trials_of(store: RunStore, batch: Run) -> list[str]:
    """The existing trials that a batch plans and has generated, orphans included."""
    part = batch.batch or BatchPart()
    known = dict.fromkeys([*part.trials, *part.generated])
    return [run_id for run_id in known if store.folder(run_id).is_dir()]


def _line(store: RunStore, batch: Run, going: set[str], named: set[str]) -> str:
    """What happens to a batch's trials and output; empty if all of them were named themselves."""
    trials = _trials_of(store, batch)
    planned = set(batch.batch.trials if batch.batch is not None else ())
    stay = sum(run_id not in going for run_id in trials)
    orphans = sum(run_id not in planned for run_id in trials)
    parts = []
    if stay == len(trials) > 0:
        parts.append("its 1 trial stays" if stay == 1 else f"its {stay} trials stay")
    elif stay:
        parts.append(f"{stay} of its {len(trials)} trials {'stays' if stay == 1 else 'stay'}")
    elif orphans and not named.issuperset(trials):
        parts.append(f"with its {len(trials)} trials, {orphans} of them orphans")
    if batch.job is not None and batch.job.output_dir is not None:
        parts.append(f"output folders of the program stay: {escape(batch.job.output_dir)}")
    return f"{short(batch.id)} is a batch; {'; '.join(parts)}" if parts else ""


def _lines_on_others(store: RunStore, unnamed: set[str], going: set[str]) -> list[str]:
    """That batches which stay lose trials that nobody named: the plan of another has them, too."""
    lines = []
    for batch in store.batches():
        lost = 0 if batch.batch is None else len(unnamed.intersection(batch.batch.trials))
        if lost and batch.id not in going:
            trials = (
                "1 of its trials, which is" if lost == 1 else f"{lost} of its trials, which are"
            )
            lines.append(f"batch {short(batch.id)}, which stays, loses {trials} in its plan, too")
    return lines


def _unnamed_line(
    store: RunStore, asked: Asked, batches: Sequence[Run], going: Container[str]
) -> str:
    """That filters without an id select batches, too, how those stay, and how they come back; and
    which batch is the newest then, if that is another."""
    which = first_few([short(batch.id) for batch in batches])
    what = f"the batch {which}" if len(batches) == 1 else f"{len(batches)} batches ({which})"
    back = "it" if len(batches) == 1 else "them"
    line = (
        f"{asked.words} selects {what}, too (with --kind trial none); to have {back} back: "
        f"{restore_words([batch.id for batch in batches])}"
    )
    newest = [run.id for run in map(RunRow, store.summaries()) if _is_batch(run)]
    left = next((run_id for run_id in newest if run_id not in going), None)
    if newest and newest[0] in going and left is not None:
        line += f"; {LAST_BATCH} is {short(left)} then"
    return line


def _is_batch(run: RunRow) -> bool:
    return not isinstance(run.source, Unreadable) and run.source.glance.kind is Kind.BATCH


@contextmanager
def _claimed(store: RunStore, run_ids: Sequence[str]) -> Iterator[None]:
    """Own runs inside the context. Raises Busy."""
    with ExitStack() as claims:
        for run_id in run_ids:
            with suppress(UnreadableRecord):  # it has no lock, so no process can own it
                claims.enter_context(store.claim(run_id))
        yield
