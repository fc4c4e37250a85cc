"""Deleted runs, until they are purged: whole run folders, each moved by one rename.

`.trash/<id>.<nanoseconds since the epoch>/` is the folder of a run deleted at that time. If batches
had the run in their plans, a file of the same name with `.json` beside it records its places. This
file is written before the folder moves, so if the runner is killed in between, the run is still in
its place and the file is ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, StoreFailed
from hydra_sweep_runner.model import Run, Unreadable
from hydra_sweep_runner.record import text as record_text
from hydra_sweep_runner.record.check import RecordError
from hydra_sweep_runner.store import disk, layout, run_ids, second_names

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class PlaceInBatch:
    """The place of a run in a batch when it was deleted.

    `planned` and `generated` are indices, from 0, in the batch's lists; None if it is not in the
    list. `started` is the time of the batch's last start then, in ISO 8601.
    """

    planned: int | None
    generated: int | None
    started: str | None


@dataclass(frozen=True, kw_only=True)
class Trashed:
    """A run in the trash: the time of its deletion, its folder there, and its places in batches."""

    id: str
    deleted: datetime
    folder: Path
    places: Mapping[str, PlaceInBatch]


class Trash:
    """The trash of the store at `root`, an absolute path."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / layout.TRASH

    def put(self, places: Mapping[str, Mapping[str, PlaceInBatch]], at: datetime) -> None:
        """Move runs to the trash, each atomically. `places` maps their ids to their places, by
        batch.

        Raises StoreFailed; runs that were moved before the failure stay moved.
        """
        with disk.failing("make", self._folder):
            self._folder.mkdir(exist_ok=True)
        for run_id, held in places.items():
            folder = self._root / run_id
            target = self._free(run_id, at)
            with disk.failing("delete", folder):
                if held:
                    text = json.dumps({batch: asdict(place) for batch, place in held.items()})
                    disk.write_new(f"{target}.json", f"{text}\n".encode(), durable=True)
                disk.move_folder(folder, target)
            second_names.forget(f"{self._root}/{layout.RUNNING}/{run_id}")
        self._settle()

    def entries(self) -> list[Trashed]:
        """The runs in the trash, the last deleted first. Raises StoreFailed."""
        found = []
        try:
            with os.scandir(self._folder) as folders:
                for folder in folders:
                    at = _deleted(folder.name)
                    if at is not None and folder.is_dir(follow_symlinks=False):
                        run_id = folder.name.partition(".")[0]
                        path = Path(folder.path)
                        found.append(
                            Trashed(id=run_id, deleted=at, folder=path, places=_places(path))
                        )
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreFailed(f"cannot read {self._folder}: {error.strerror}") from error
        return sorted(found, key=lambda entry: (entry.deleted, entry.id), reverse=True)

    def read(self, entry: Trashed) -> Run | Unreadable:
        """A deleted run as it was recorded."""
        path = f"{entry.folder}/{layout.RECORD}"
        try:
            return record_text.from_text(disk.read(path).decode(), run_id=entry.id)
        except OSError as error:
            return Unreadable(id=entry.id, path=path, why=f"{layout.RECORD}: {error.strerror}")
        except (RecordError, UnicodeDecodeError) as error:
            return Unreadable(id=entry.id, path=path, why=f"{layout.RECORD}: {error}")

    def take_out(self, entries: Sequence[Trashed]) -> None:
        """Move runs back to their places, each atomically.

        Raises Mistake, before any run is moved, if a place is taken, and StoreFailed.
        """
        if not entries:
            return  # there may be no trash
        for entry in entries:
            if os.path.lexists(self._root / entry.id):
                raise Mistake(f"{entry.id[:8]} cannot be restored: a run of this id is there")
        for entry in entries:
            with disk.failing("restore", entry.folder):
                disk.move_folder(entry.folder, self._root / entry.id)
        self._settle()

    def forget(self, entries: Iterable[Trashed]) -> None:
        """Remove the recorded places of runs that were restored."""
        for entry in entries:
            Path(f"{entry.folder}.json").unlink(missing_ok=True)

    def purge(self, entries: Sequence[Trashed]) -> None:
        """Remove runs permanently, each atomically. Raises StoreFailed."""
        staging = self._root / layout.STAGING
        for entry in entries:
            with disk.failing("purge", entry.folder):
                away = disk.stage_away(staging, entry.folder)
                self.forget([entry])
                disk.remove_tree(away)

    def _free(self, run_id: str, at: datetime) -> Path:
        """An unused name for a run that is deleted at this time. The trash may hold several runs
        with the same id."""
        number = (at - _EPOCH) // _MICROSECOND * 1000
        while os.path.lexists(self._folder / f"{run_id}.{number}"):
            number += 1
        return self._folder / f"{run_id}.{number}"

    def _settle(self) -> None:
        with disk.failing("write", self._folder):
            disk.sync_folder(self._folder)
            disk.sync_folder(self._root)


def _deleted(name: str) -> datetime | None:
    run_id, _, number = name.partition(".")
    if not run_ids.is_id(run_id) or not (number.isascii() and number.isdecimal()):
        return None
    with suppress(OverflowError):
        return _EPOCH + timedelta(microseconds=int(number) // 1000)
    return None


def _places(folder: Path) -> dict[str, PlaceInBatch]:
    """The run's recorded places in batches; empty if they are missing or unreadable."""
    try:
        noted = json.loads(Path(f"{folder}.json").read_bytes())
        return {
            batch: PlaceInBatch(**place) for batch, place in noted.items() if run_ids.is_id(batch)
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
