"""`runner runs export` and `runner runs import`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from hydra_sweep_runner.commands.runs.archived_output import OutputFolders, with_output
from hydra_sweep_runner.commands.runs.selecting import Asked, resolve_all, select_runs
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Run, Status, Unreadable
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record import text as record_text
from hydra_sweep_runner.record.check import RecordError
from hydra_sweep_runner.store import disk, layout, location, snapshots
from hydra_sweep_runner.store.archive.members import Member, Type
from hydra_sweep_runner.store.archive.reading import inside, opened
from hydra_sweep_runner.store.archive.writing import place, write_tar, write_zip
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import escape, first_few, short

#: Endings by which a name is meant for a file, of a form that is not written.
_OF_FILES = frozenset(
    (
        *(".tar", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tbz", ".txz", ".txt", ".csv"),
        *(".tsv", ".json", ".jsonl", ".yaml", ".yml", ".parquet", ".html", ".xlsx", ".pkl", ".db"),
    )
)


@dataclass(frozen=True, kw_only=True)
class ImportOutcome:
    """The number of exported or imported runs, and lines about the others."""

    count: int
    lines: Sequence[str] = ()


def choose_runs(
    store: RunStore, ids: Sequence[str], asked: Asked, now: datetime, *, trials: bool
) -> list[RunRow]:
    """The runs to export: those that ids and filters select together and, with `trials`, of each
    batch among them all its trials, orphans too. Raises as `select_runs`, and Mistake for an id
    that is given twice."""
    chosen = select_runs(store, asked, now)
    if ids:
        wanted = set(resolve_all(store, ids))
        chosen = [row for row in chosen if row.id in wanted]
    if not trials:
        return chosen
    held = {row.id for row in chosen}
    parts = [row.source.run.batch for row in chosen if not isinstance(row.source, Unreadable)]
    theirs = {one for part in parts if part for one in (*part.trials, *part.generated)}
    return [row for row in map(RunRow, store.summaries()) if row.id in held | theirs]


def left_batch_line(store: RunStore, batch: str, seen: Sequence[RunRow]) -> str:
    """The line that the batch whose trials are exported is not exported itself, and how it is;
    empty if it is. `batch` is as typed."""
    found = store.resolve(batch)
    if any(row.id == found for row in seen):
        return ""
    one = short(found)
    return (
        f"The record of batch {one} itself is not exported; to take it along, so that it can be "
        f"restarted elsewhere: runner runs export DEST {one} --trials"
    )


def left_trials_line(store: RunStore, seen: Sequence[RunRow]) -> str:
    """The line that trials of exported batches are not exported themselves, and how they are;
    empty if all are."""
    parts = [
        (row.id, row.source.run.batch) for row in seen if not isinstance(row.source, Unreadable)
    ]
    there = set(store.ids())
    going = {row.id for row in seen}
    theirs = {
        batch: {one for one in (*part.trials, *part.generated) if one in there}
        for batch, part in parts
        if part is not None
    }
    left = {batch: len(trials - going) for batch, trials in theirs.items() if trials - going}
    if not left:
        return ""
    count = sum(left.values())
    if len(left) == 1:
        (batch,) = left
        whole = len(theirs[batch])
        told = f"{short(batch)} is a batch, exported without {count} of its {whole} trials"
    else:
        told = f"{len(left)} batches are exported without {count} of their trials"
    return f"{told}; to take them along: --trials"


def export_runs(store: RunStore, seen: Sequence[RunRow], destination: Path) -> ImportOutcome:
    """Write runs, the output folders of a Hydra program's, and the copies of the YAML they are
    composed from, to a `.tar.gz`, a `.zip` or a folder.

    Running runs, damaged ones, output folders that are gone, and links that lead out of a run's
    folder are left out, each with a line. The destination is one that `check_destination` lets
    pass. Raises Mistake, with nothing written, if all the runs are left out, and StoreFailed.
    """
    runs = [one.source.run for one in seen if not isinstance(one.source, Unreadable)]
    damaged = [one.id for one in seen if isinstance(one.source, Unreadable)]
    busy = [run.id for run in runs if run.state.status is Status.RUNNING]
    going = [run for run in runs if run.state.status is not Status.RUNNING]
    left_out = [
        *_named(busy, "at work, and not exported"),
        *_named(damaged, "unreadable, and not exported"),
    ]
    if not going:
        raise Mistake("; ".join([*left_out, "nothing was exported"]))
    links: list[str] = []
    outputs = OutputFolders(store)
    members = list(_members(store, going, outputs, links))
    lines = [
        *left_out,
        *outputs.lines(),
        *_links(links),
    ]
    ending = _archive_ending(destination)
    if ending is None:
        there = _into(RunStore.open(destination, create=True), members)
        left = _named(there, "there already, and left")
        return ImportOutcome(count=len(going) - len(there), lines=[*lines, *left])
    with disk.failing("write", destination):
        fill = _WRITERS[ending]
        disk.replace_by(str(destination.absolute()), lambda file: fill(members, file), durable=True)
    return ImportOutcome(count=len(going), lines=lines)


def import_runs(store: RunStore, source: Path) -> ImportOutcome:
    """Add the runs of an archive under their ids; those that exist already are left, with a line.

    A run appears atomically, with all its files synced to the disk. Incomplete ones are in the
    store's staging folder, where a later start removes them. Raises Mistake, with nothing imported,
    for a file that is no archive of runs, and StoreFailed.
    """
    links: list[str] = []
    with opened(source, links) as members:
        _check_runs(members, source)
        there = _into(RunStore.open(store.root, create=True), members)
        count = len({member.top for member in members if _is_run(member)}) - len(there)
    return ImportOutcome(
        count=count, lines=[*_links(links), *_named(there, "there already, and left")]
    )


_WRITERS = {".tar.gz": write_tar, ".tgz": write_tar, ".zip": write_zip}


def _archive_ending(destination: Path) -> str | None:
    return next((ending for ending in _WRITERS if destination.name.endswith(ending)), None)


def check_destination(destination: Path) -> None:
    """Raise Mistake for a file or folder that runs cannot be exported to."""
    if _archive_ending(destination) is not None:
        if os.path.lexists(destination):
            raise Mistake(f"{destination}: is there already: give another name, or remove it")
        if not destination.absolute().parent.is_dir():
            raise Mistake(f"{destination}: there is no folder {destination.absolute().parent}")
        return
    if destination.suffix.lower() in _OF_FILES and not destination.is_dir():
        table = f"; a table is runner compare ID --csv {shlex.quote(str(destination))}"
        more = table if destination.suffix.lower() == ".csv" else ""
        raise Mistake(f"{destination}: give a name that ends in .tar.gz or .zip, or a folder{more}")
    if destination.is_dir() and any(destination.iterdir()) and not _is_store(destination):
        raise Mistake(f"{destination}: is a folder with other files in it: give a new one")


def _is_store(folder: Path) -> bool:
    return (folder / layout.STAGING).is_dir() or (folder / layout.SNAPSHOTS).is_dir()


def _members(
    store: RunStore, runs: Iterable[Run], outputs: OutputFolders, links: list[str]
) -> Iterator[Member]:
    """The exported members of the runs; links that lead out of a run's folder are appended to
    `links`."""
    copies: dict[str, None] = {}
    for run in runs:
        own, output = inside(store.folder(run.id), run.id, links), outputs.of(run)
        yield from own if output is None else with_output(own, run, output, links)
        copies[run.recipe.snapshot] = None
    for name in copies:
        folder = store.root / layout.SNAPSHOTS / name
        if folder.is_dir():
            yield from inside(folder, f"{layout.SNAPSHOTS}/{name}", links)


def _check_runs(members: Sequence[Member], source: Path) -> None:
    """Raise Mistake if there is no run, or a run whose record cannot be read."""
    records = {member.top: member for member in members if member.below == layout.RECORD}
    runs = {member.top for member in members if _is_run(member)}
    if not runs:
        raise Mistake(f"{source}: there are no runs in it{_store_below(source)}")
    for run_id in sorted(runs):
        record = records.get(run_id)
        if record is None or record.open is None:
            raise Mistake(f"{source}: {run_id} has no record: nothing was imported")
        with record.open() as file:
            data = file.read(record.size_bytes + 1)
        try:
            record_text.from_text(data.decode(), run_id=run_id)
        except (RecordError, UnicodeDecodeError) as error:
            raise Mistake(f"{source}: {run_id}/{layout.RECORD}: {error}") from error


def _store_below(folder: Path) -> str:
    """How the runs of a project are imported whose folder was named; empty if it is none."""
    in_yaml = None
    with suppress(Mistake):
        in_yaml = location.store_in_yaml(folder / "conf" / "config.yaml")
    below = location.store_path(folder, typed=None, environment={}, in_yaml=in_yaml)
    if not location.is_store(below):
        return ""
    return f"; the store is {below}: runner runs import {shlex.quote(str(below))}"


def _into(store: RunStore, members: Sequence[Member]) -> list[str]:
    """Write runs to their places in a store; returns the ids of those that existed before."""
    by_top: dict[str, list[Member]] = {}
    for member in members:
        if member.path != layout.SNAPSHOTS:  # the folder of all copies
            by_top.setdefault(member.top, []).append(member)
    staging = store.root / layout.STAGING
    there: list[str] = []
    staged: list[tuple[Path, str]] = []
    with disk.failing("write", store.root):
        try:
            for top, own in by_top.items():
                if top.startswith(layout.SNAPSHOTS):
                    _keep_snapshot(store, top, own)
                elif os.path.lexists(store.root / top):
                    there.append(top)
                else:
                    folder = Path(disk.stage(staging, top))
                    staged.append((folder, top))
                    place(own, folder)
            for folder, run_id in staged:
                if os.path.lexists(store.root / run_id):
                    there.append(run_id)
                else:
                    folder.rename(store.root / run_id)
            disk.sync_folder(store.root)
        finally:
            for folder, _ in staged:
                with suppress(OSError):
                    disk.remove_tree(folder)
    return there


def _keep_snapshot(store: RunStore, top: str, members: Sequence[Member]) -> None:
    """Store a copy of a project's YAML. Raises Mistake if its content does not match its name."""
    files = {}
    for member in members:
        if member.type is Type.LINK:
            raise Mistake(f"{member.path}: a copy of the configuration has no links")
        if member.type is Type.FILE and member.open is not None:
            with member.open() as file:
                files[member.below] = file.read(member.size_bytes)
    name = top.partition("/")[2]
    if snapshots.digest(files) != name:
        raise Mistake(f"{top}: the copy of the configuration is not what its name says")
    store.keep_snapshot(files)


def _is_run(member: Member) -> bool:
    return not member.top.startswith(layout.SNAPSHOTS)


def _named(run_ids: Sequence[str], what: str) -> list[str]:
    if not run_ids:
        return []
    return [f"{first_few([short(run_id) for run_id in run_ids])}: {what}"]


def _links(links: Sequence[str]) -> list[str]:
    if not links:
        return []
    named = first_few([escape(link) for link in links])
    return [f"Links that leave a run's folder are left out: {named}"]
