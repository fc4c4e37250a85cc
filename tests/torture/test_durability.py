"""What is on the disk, and when, by the calls that the runner makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.torture.instrument import Fault
from tests.torture.power import Change, Disk, read_log
from tests.torture.projects import Place
from tests.torture.zygote import Zygote

_RECORD = "/.runner/record.json"
# Second names of records at work.
_RUNNING = "/.running/"


def follow(place: Place, *words: str, **more: Any) -> Iterator[tuple[Change, Disk]]:
    """Each change below the project that a command makes, and the disk before it."""
    log = place.folder.parent / f"{place.folder.name}.log"
    place.run(*words, log=log, fault=Fault(), watched=place.folder, **more)
    disk = Disk()
    for change in read_log(log):
        yield change, disk
        disk.apply(change)
    log.unlink()


def _record_in(change: Change, disk: Disk) -> dict[str, Any] | None:
    """The record that a change brings to its place."""
    if change.op != "rename" or not change.more.endswith(_RECORD) or _RUNNING in change.more:
        return None
    record: dict[str, Any] = json.loads(disk.text(change.path))
    return record


@pytest.mark.parametrize(
    ("words", "program"),
    [
        (("-m", "x=1,2,3"), False),
        (("-m", "x=1,2,3,4,5,6,7,8", "hydra.launcher.n_jobs=2"), False),
        (("-m", "x=1,2", "operation=script"), False),
        (("x=1",), False),
        (("x=1,2,3",), True),
    ],
    ids=["batch", "side by side", "scripts", "one run", "program"],
)
def test_completed_means_that_the_result_and_then_the_record_are_on_the_disk(
    tmp_path: Path, zygote: Zygote, words: tuple[str, ...], program: bool
) -> None:
    place = Place.make(tmp_path / "project", zygote, program=program)
    completed = []
    for change, disk in follow(place, *words):
        record = _record_in(change, disk)
        if record is None or record["state"]["status"] != "completed":
            continue
        lacks, *_ = disk.lacks(change.path)  # nothing of its bytes
        assert lacks == f"{Path(change.path).parent} has not the name {Path(change.path).name}"
        folder = change.more.removesuffix(_RECORD)
        if record["result"] and record["result"]["stored"]:
            assert disk.lacks(f"{folder}/.runner/result.joblib") == []
        completed.append(change.more)
    assert completed
    assert [disk.lacks(path) for path in completed] == [[]] * len(completed)


@pytest.mark.parametrize("count", [2, 9], ids=["few", "many"])
def test_a_batch_is_on_the_disk_with_all_its_trials_before_the_first_one_starts(
    tmp_path: Path, zygote: Zygote, count: int
) -> None:
    place = Place.make(tmp_path / "project", zygote)
    values = ",".join(map(str, range(count)))
    for change, disk in follow(place, "-m", f"x={values}"):
        record = _record_in(change, disk)
        if record is None or record["kind"] == "batch" or record["state"]["status"] != "running":
            continue
        records = disk.paths(_RECORD)
        assert len(records) == count + 1
        copied = [path for path in disk.paths(".yaml") if "/.snapshots/" in path]
        assert len(copied) >= 3
        assert {path: disk.lacks(path) for path in (*records, *copied) if disk.lacks(path)} == {}
        return
    pytest.fail("no trial has started")


def test_what_is_deleted_has_left_its_batch_and_its_name_and_lies_whole_in_the_trash(
    tmp_path: Path, zygote: Zygote
) -> None:
    place = Place.make(tmp_path / "project", zygote)
    place.run("-m", "x=1,2")
    trial = place.ran()[0]
    changes = [change for change, _ in follow(place, "runs", "delete", trial, "--yes")]
    ops = [(change.op, change.path.removeprefix(f"{place.store}")) for change in changes]
    left = next(
        index
        for index, change in enumerate(changes)
        if change.op == "rename" and change.more.endswith(_RECORD)
    )
    gone = ops.index(("rename", f"/{trial}"))
    synced = ops.index(("fsync", ""), gone)
    assert left < gone < synced
    assert changes[gone].more.startswith(f"{place.store}/.trash/{trial}.")
    touched = [(op, path) for op, path in ops[gone + 1 :] if path.startswith("/.trash/")]
    assert {op for op, _ in touched} <= {"truncate"}  # of its lock


def test_the_instrument_sees_every_byte_that_the_runner_writes_into_its_store(
    tmp_path: Path, zygote: Zygote
) -> None:
    place = Place.make(tmp_path / "project", zygote)
    written: dict[str, int] = {}
    for change, _ in follow(place, "-m", "x=1,2"):
        if change.op == "write":
            written[change.path] = written.get(change.path, 0) + change.more
        elif change.op == "rename":
            for path in [path for path in written if f"{path}/".startswith(f"{change.path}/")]:
                written[change.more + path[len(change.path) :]] = written.pop(path)
    sizes = {
        str(path): path.stat().st_size
        for path in place.store.rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_size
    }
    assert {path: written.get(path) for path in sizes} == sizes
