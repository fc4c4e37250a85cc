"""What holds of a store whenever its runner was killed, and after going on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hydra_sweep_runner.store.runs import RunStore
from tests.scenarios.project import Listed
from tests.torture.projects import Place, by_id

#: What is in a store's staging folder belongs to somebody at work for so long.
_STALE_S = 2 * 3600.0
_ELSEWHERE = {"batches": None, "dir": None, "log": None}


def read_list(place: Place, *, failing: bool = False) -> list[Listed]:
    """All runs: every record can be read, and nothing is said to run, as nothing does.

    None has failed by itself, but with `failing`; a batch may have lost trials.
    """
    runs: list[Listed] = json.loads(place.run("runs", "list", "--json").out)
    statuses = {run["status"] for run in runs if not _is_incomplete(run)}
    assert statuses <= {"pending", "completed", "terminated", *(["error"] * failing)}, statuses
    return runs


def _is_incomplete(run: Listed) -> bool:
    """Whether a run is a batch that ended well, whose plan has lost trials since."""
    return run["kind"] == "batch" and run["status"] == "error" and "missing" in run["reason"]


def completed(runs: Iterable[Listed]) -> dict[str, Listed]:
    """The completed runs that are no batches, by id."""
    return {
        run["id"]: run for run in runs if run["kind"] != "batch" and run["status"] == "completed"
    }


def check_results(place: Place, runs: Iterable[Listed], *, returning: bool) -> None:
    """Each completed run has its result, where it stands."""
    store = RunStore(place.store)
    for run in completed(runs).values():
        kept = store.read(run["id"]).result
        assert kept is not None or not returning, run
        if returning and kept is not None:
            x = run["flags"]["x"]
            assert kept.stored == bool(x % 2)
            value = store.read_result(run["id"]) if kept.stored else kept.value
            assert value == ({x} if x % 2 else {"value": x})


def check_same(before: Mapping[str, Listed], after: Iterable[Listed]) -> None:
    """Runs that were completed are there as they were, but for the batches that they are
    in and where the store is."""
    found = by_id(list(after))
    for run_id, run in before.items():
        assert {**found[run_id], **_ELSEWHERE} == {**run, **_ELSEWHERE}


def check_batch(runs: list[Listed], batch: Listed) -> None:
    """The batch has ended well: each flag of its plan is there once, and completed."""
    known = by_id(runs)
    trials = [known[run_id] for run_id in batch["trials"]]
    flags = [json.dumps(trial["flags"], sort_keys=True) for trial in trials]
    assert len(set(flags)) == len(flags) > 0, flags
    assert {trial["status"] for trial in trials} == {"completed"}
    assert batch["status"] == "completed"
    planned = batch["flags"].get("x")
    if isinstance(planned, list):  # an interval stands there as it is written
        assert [trial["flags"]["x"] for trial in trials] == planned


def age_leftovers(place: Place) -> None:
    """Let what is staged have been left long ago."""
    then = time.time() - _STALE_S
    for path in [*place.store.glob(".staging/*"), *place.store.glob(".writing/*")]:
        os.utime(path, (then, then), follow_symlinks=False)


def check_no_leftovers(place: Place, batch: Listed) -> None:
    """Nothing is there that only serves while something is being made.

    What was being written for a run its next start removes, and the batch's last start may
    have skipped the run. A program's trials are started with their batch only.
    """
    for part in list(place.store.rglob("*.part")):
        where = part.relative_to(place.store).parts
        run_id = part.name.partition(".")[0] if where[0] == ".writing" else where[0]
        place.run(f"+restart={batch['id'] if place.program else run_id}")
    left = [*place.store.glob(".staging/*"), *place.store.rglob("*.part")]
    assert not left, left


def content_of(folder: Path) -> dict[str, Any]:
    """Every path below a folder with what is in it, its mode among it."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = path.readlink()
        else:
            data = path.read_bytes() if path.is_file() else None
            found[name] = (path.stat().st_mode, data)
    return found
