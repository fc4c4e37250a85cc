"""`runner runs path --trials`: a file of each trial of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from hydra_sweep_runner.commands.runs.files import folders_of, path_in
from hydra_sweep_runner.commands.runs.selecting import Asked, nothing_line, select_rows
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, UnreadableRecord
from hydra_sweep_runner.model import Kind
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import short

_GLOB = frozenset("*?[")
_MOST_NAMED = 10


@dataclass(frozen=True, kw_only=True)
class TrialPaths:
    """The paths in plan order, and a line about the trials that have no such file, if any."""

    paths: tuple[Path, ...]
    note: str | None


def trial_paths(
    store: RunStore, batch_id: str, name: str | None, asked: Asked, now: datetime
) -> TrialPaths:
    """The absolute paths of the file `name` of each trial of a batch's plan that the filters
    select: of their folders if it is None; of all files that match if it is a pattern, as
    `pathlib` reads it, and no file has that very name.

    Raises Mistake if the run is no batch, if the filters select no trial, and if no trial has such
    a file in its folder; otherwise as `select_rows`.
    """
    if name is not None and _GLOB & set(name) and ".." in name.split("/"):
        raise Mistake(f"{name}: leads out of the runs' folders")
    if store.read(batch_id).kind is not Kind.BATCH:
        raise Mistake(f"--trials: {short(batch_id)} is no batch; give the id of one")
    rows = select_rows(store, [batch_id], asked, now)
    if not rows:
        if asked:
            raise Mistake(nothing_line(store, [batch_id], asked, now))
        raise Mistake(f"batch {short(batch_id)} has no trials")
    paths: list[Path] = []
    without: list[str] = []
    for row in rows:
        found = _of_one(store, row.id, name)
        paths += found
        if not found:
            without.append(short(row.id))
    what = "no folder" if name is None else f"no {name}"
    if not paths:
        has = f"has {name or 'its folder'}; runner runs files {without[0]} lists the files of one"
        raise Mistake(f"none of the {len(rows)} trials of batch {short(batch_id)} {has}")
    return TrialPaths(paths=tuple(paths), note=_note(without, len(rows), what))


def _of_one(store: RunStore, run_id: str, name: str | None) -> Sequence[Path]:
    try:
        place = folders_of(store, store.read(run_id))
        if name is None or not _GLOB & set(name):
            return [path_in(place, name)]
        with suppress(Mistake):  # a file may have the name itself, such as `loss [1].txt`
            return [path_in(place, name)]
        folders = (place.folder,) if place.output is None else (place.output, place.folder)
        found = [path for folder in folders for path in sorted(folder.glob(name))]
        return [path for path in found if path.is_file()]
    except (ValueError, NotImplementedError) as error:  # an absolute pattern, or none
        raise Mistake(f"{name}: is no pattern of files in a run's folder") from error
    except UnreadableRecord:
        return []
    except Mistake:
        return []  # it has no such file, or its folder is gone


def _note(without: Sequence[str], count: int, what: str) -> str | None:
    if not without:
        return None
    named = ", ".join(without[:_MOST_NAMED])
    more = f" and {len(without) - _MOST_NAMED} more" if len(without) > _MOST_NAMED else ""
    return f"{len(without)} of {count} trials have {what}: {named}{more}"
