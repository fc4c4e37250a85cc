from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hydra_sweep_runner.errors import (
    AmbiguousRun,
    Mistake,
    StoreFailed,
    UnknownRun,
    UnreadableRecord,
)
from hydra_sweep_runner.model import (
    BatchPart,
    Kind,
    Result,
    Run,
    Status,
    Unreadable,
)
from hydra_sweep_runner.record.text import to_text
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.system.processes import this_process
from tests.stores import BATCH, ID, OTHER, contents, python, run_of, running


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore.open(tmp_path / "runs", create=True)


# ---- opening


def test_opening_for_reading_makes_nothing(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path / "runs", create=False)
    assert store.ids() == []
    assert store.newest() == []
    assert list(store.batches()) == []
    with pytest.raises(UnknownRun):
        store.resolve("3f2a")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_made_is_kept_out_of_git(tmp_path: Path) -> None:
    RunStore.open(tmp_path / "a" / "runs", create=True)
    assert (tmp_path / "a" / "runs" / ".gitignore").read_text() == "*\n"


def test_a_folder_that_was_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    RunStore.open(tmp_path, create=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".staging", "notes.txt"]


@pytest.mark.parametrize("create", [True, False])
def test_a_file_is_no_store(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "runs"
    path.write_text("")
    with pytest.raises(Mistake, match=r"^the store .*/runs is not a folder$"):
        RunStore.open(path, create=create)


def test_a_link_to_nowhere_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "runs"
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Mistake, match="is not a folder"):
        RunStore.open(path, create=True)


def test_a_store_that_cannot_be_made_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    before = contents(tmp_path)
    with pytest.raises(Mistake, match=r"^cannot create the store .*: Not a directory$"):
        RunStore.open(tmp_path / "file" / "a" / "runs", create=True)
    assert contents(tmp_path) == before


def test_a_store_that_cannot_be_written_is_a_mistake() -> None:
    code = """
if os.getuid() == 0:
    os.setresuid(65534, 65534, 65534)
for create in (False, True):
    try:
        print(RunStore.open(store.root, create=create).ids())
    except Mistake as error:
        print(error)
"""
    with tempfile.TemporaryDirectory() as name:  # where nobody gets to, unlike tmp_path
        Path(name).chmod(0o555)
        done = python(code, name)
        assert done.stdout.splitlines() == [
            "[]",
            f"the store {name} is not writable: Permission denied",
        ]


# ---- runs


def test_a_run_that_is_created_can_be_read(store: RunStore) -> None:
    run = run_of()
    store.create(run)
    assert store.read(ID) == run
    assert store.ids() == [ID]
    assert store.folder(ID) == store.root / ID
    assert contents(store.root / ".staging") == {}


def test_the_record_is_text_that_people_can_read(store: RunStore) -> None:
    store.create(run_of())
    record = store.root / ID / ".runner" / "record.json"
    assert json.loads(record.read_text("utf-8"))["flags"]["x"] == 1


def test_a_run_is_not_created_twice(store: RunStore) -> None:
    run = run_of()
    store.create(run)
    with pytest.raises(StoreFailed, match=f"^cannot create .*/{ID}: Directory not empty$"):
        store.create(replace(run, label="another"))
    assert store.read(ID) == run
    assert contents(store.root / ".staging") == {}


def test_a_write_replaces_the_record_and_nothing_else(store: RunStore) -> None:
    run = run_of()
    store.create(run)
    (store.folder(ID) / "model.bin").write_bytes(b"weights")
    for durable in (True, False):
        run = replace(run, label=f"durable is {durable}")
        store.write(run, durable=durable)
        assert store.read(ID) == run
    assert sorted(path.name for path in store.folder(ID).rglob("*")) == [
        ".runner",
        "lock",
        "model.bin",
        "record.json",
    ]


def test_a_durable_write_is_on_the_disk_before_it_is_told(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of()
    store.create(run)
    part = f"{store.root}/.writing/{ID}."
    synced = []

    def fsync(descriptor: int) -> None:
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        synced.append((path.startswith(part), path, store.read(ID).label))

    monkeypatch.setattr(os, "fsync", fsync)
    store.write(replace(run, label="quick"), durable=False)
    assert synced == []
    store.write(replace(run, label="sure"))
    (is_part, _, before), (_, folder, after) = synced
    assert (is_part, before) == (True, "quick")
    assert (folder, after) == (str(store.folder(ID) / ".runner"), "sure")


@pytest.mark.parametrize("run_id", ["", "../x", "3f2a", ID.upper(), ID + "0", "/etc", ID + "\n"])
def test_what_is_no_id_never_becomes_a_path(store: RunStore, run_id: str) -> None:
    for use in (store.folder, store.read, lambda each: store.delete([each])):
        with pytest.raises(Mistake, match="is not a run id"):
            use(run_id)
    with pytest.raises(Mistake), store.claim(run_id):
        pass


def test_an_unknown_run_is_told(store: RunStore) -> None:
    with pytest.raises(UnknownRun, match=f"^no run {ID} in {store.root}$"):
        store.read(ID)


def test_only_real_folders_named_by_an_id_are_runs(store: RunStore) -> None:
    store.create(run_of())
    for name in (ID.upper(), ID[:31], ID + "0", "g" * 32, "notes"):
        (store.root / name).mkdir()
    (store.root / ("1" * 32)).write_text("")
    (store.root / ("2" * 32)).symlink_to(store.folder(ID))
    assert store.ids() == [ID]
    with pytest.raises(UnknownRun):
        store.delete(["2" * 32])


def test_a_store_can_be_copied_and_moved(store: RunStore, tmp_path: Path) -> None:
    run = run_of()
    store.create(run)
    name = store.keep_snapshot({"config.yaml": b"x: 1\n"})
    subprocess.run(["cp", "-r", store.root, tmp_path / "copy"], check=True)
    shutil.move(tmp_path / "copy", tmp_path / "moved")
    moved = RunStore.open(tmp_path / "moved", create=False)
    assert moved.read(ID) == run
    assert (moved.snapshot_folder(name) / "config.yaml").read_bytes() == b"x: 1\n"


def test_records_carry_the_users_umask(store: RunStore) -> None:
    store.create(run_of())
    code = f"""
os.umask(0o027)
run = store.read("{ID}")
store.create(replace(run, id="{OTHER}"))
with store.claim("{ID}"):
    store.write(run)
    store.write_result("{ID}", 1)
"""
    assert python(code, store.root).returncode == 0
    modes = {
        str(path.relative_to(store.root)): path.stat().st_mode & 0o777
        for path in store.root.rglob("*")
        if path.is_file() and ".runner" in path.parts
    }
    assert modes.pop(f"{ID}/.runner/lock") & 0o022 == 0
    assert set(modes.values()) == {0o640}
    assert store.folder(OTHER).stat().st_mode & 0o777 == 0o750


# ---- prefixes


@pytest.mark.parametrize("prefix", ["3f2a9", "3F2A9C1D", ID, ID.upper()])
def test_a_unique_prefix_is_enough(store: RunStore, prefix: str) -> None:
    store.create(run_of(ID))
    store.create(run_of(OTHER))
    assert store.resolve(prefix) == ID


@pytest.mark.parametrize(
    "prefix", ["", "../x", "/etc", "xyz12", "3f2a ", "３f2a9", "3f2a\n", "0x3f2a"]
)
def test_an_id_is_hexadecimal_digits(store: RunStore, prefix: str) -> None:
    with pytest.raises(Mistake) as caught:
        store.resolve(prefix)
    words = "last (the newest run or trial), or last:batch (the newest batch)"
    told = f"{prefix!r} is not a run id: an id is hexadecimal digits, or {words}"
    assert str(caught.value) == told


def test_a_prefix_has_four_digits(store: RunStore) -> None:
    store.create(run_of())
    with pytest.raises(Mistake, match=r"^'3f2' is too short for a run id: give at least four"):
        store.resolve("3f2")


@pytest.mark.parametrize("label", ["my sweep", "a", "beef", "../x"])
def test_a_label_in_the_place_of_an_id_names_the_run_that_has_it(
    store: RunStore, label: str
) -> None:
    store.create(replace(run_of(ID), label=label))
    with pytest.raises(Mistake) as caught:
        store.resolve(label)
    named = f"{label!r} is a label, not a run id: the newest trial with it is {ID[:8]}"
    assert str(caught.value) == named
    batch = replace(run_of(OTHER), kind=Kind.BATCH, batch=BatchPart(trials=(ID,)), label=label)
    store.create(batch)
    with pytest.raises(Mistake, match=f"the newest batch with it is {OTHER[:8]}$"):
        store.resolve(label)


@pytest.mark.parametrize("prefix", ["12e45678", "0" * 40])
def test_a_prefix_of_no_run_is_told_with_the_store(store: RunStore, prefix: str) -> None:
    with pytest.raises(UnknownRun) as caught:
        store.resolve(prefix)
    told = f"no run begins with '{prefix}' in {store.root}"
    assert str(caught.value) == f"{told}; runner runs list shows which there are"


def test_an_ambiguous_prefix_shows_candidates_that_differ(store: RunStore) -> None:
    for last in "0123456":
        store.create(run_of(f"3f2a9c1d00{last}" + "0" * 21))
    with pytest.raises(AmbiguousRun) as caught:
        store.resolve("3f2a")
    assert str(caught.value) == (
        f"7 runs begin with '3f2a' in {store.root}: 3f2a9c1d000, 3f2a9c1d001, 3f2a9c1d002, "
        "3f2a9c1d003 and 3 more; give more digits"
    )


# ---- damage

DAMAGED = {
    "empty": b"",
    "truncated": b'{"format": 1, "id": "3f2a',
    "no text": b"\x80\xff" * 20,
    "foreign": b'{"jobs": []}',
    "a list": b"[1]",
    "newer": b'{"format": 2}',
    "another's": to_text(run_of(OTHER)).encode(),
    "pickled": pickle.dumps({"format": 1}),
    "nested": b"[" * 100_000,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_record_harms_its_own_run_only(store: RunStore, name: str) -> None:
    store.create(run_of(ID))
    store.create(run_of(BATCH))
    record = store.folder(ID) / ".runner" / "record.json"
    record.write_bytes(DAMAGED[name])
    before = contents(store.root)

    with pytest.raises(UnreadableRecord) as caught:
        store.read(ID)
    assert str(caught.value).startswith(f"{record}: ")
    assert "\n" not in str(caught.value)
    good, bad = store.newest()
    assert good == store.read(BATCH)
    assert isinstance(bad, Unreadable)
    assert (bad.id, bad.path) == (ID, str(store.folder(ID)))
    assert f"{bad.path}/{bad.why}" == str(caught.value)
    assert store.resolve("3f2a9") == ID
    assert contents(store.root) == before

    with store.claim(ID):
        store.delete([ID])
    assert store.ids() == [BATCH]


def test_what_lies_in_a_records_place_is_not_waited_for(store: RunStore) -> None:
    for run_id, make in ((ID, Path.mkdir), (OTHER, os.mkfifo)):
        (store.folder(run_id) / ".runner").mkdir(parents=True)
        make(store.folder(run_id) / ".runner" / "record.json")
    store.folder(BATCH).mkdir()
    found = {each.id: each.why for each in store.read_all() if isinstance(each, Unreadable)}
    assert found == {
        ID: ".runner/record.json: Is a directory",
        OTHER: ".runner/record.json: empty",
        BATCH: ".runner/record.json: missing",
    }


class Planted:
    """A pickle of it makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_nothing_is_unpickled_but_by_who_asks_for_it(store: RunStore, tmp_path: Path) -> None:
    trap = pickle.dumps(Planted(tmp_path / "sprung"))
    store.create(replace(run_of(ID), result=Result(stored=True)))
    store.create(run_of(OTHER))
    name = store.keep_snapshot({"config.yaml": trap})
    for run_id in (ID, OTHER):
        for file in ("result.joblib", "lock", "index"):
            (store.folder(run_id) / ".runner" / file).write_bytes(trap)
    (store.folder(OTHER) / ".runner" / "record.json").write_bytes(trap)
    for each in store.newest():
        if isinstance(each, Run):
            store.observe(each)
    list(store.batches())
    store.resolve("3f2a9")
    store.snapshot_folder(name)
    for run_id in (ID, OTHER):
        with store.claim(run_id):
            pass
    assert not (tmp_path / "sprung").exists()
    store.read_result(ID)
    assert (tmp_path / "sprung").exists()


# ---- order


def test_the_newest_come_first_and_the_unreadable_last(store: RunStore) -> None:
    begin = now()

    def at(minutes: int) -> Any:
        return begin + timedelta(minutes=minutes)

    states = {
        "a" * 32: {"initialized": at(0), "started": at(9)},
        "b" * 32: {"initialized": at(5)},
        "c" * 32: {"initialized": at(1), "started": at(5)},
        "d" * 32: {"initialized": at(8), "started": at(8)},
        "e" * 32: {"initialized": at(2)},
    }
    for run_id, state in reversed(states.items()):
        store.create(run_of(run_id, **state))
    (store.folder("f" * 32) / ".runner").mkdir(parents=True)
    order = [each.id[0] for each in store.newest()]
    assert order == ["a", "d", "b", "c", "e", "f"]
    for n in range(8):
        assert [each.id[0] for each in store.newest(n)] == order[:n]


def test_the_batches_are_found(store: RunStore) -> None:
    batch = replace(run_of(BATCH), kind=Kind.BATCH, batch=BatchPart(trials=(ID,)))
    store.create(run_of(ID))
    store.create(batch)
    (store.folder(OTHER) / ".runner").mkdir(parents=True)
    assert list(store.batches()) == [batch]


# ---- observing


def test_a_run_whose_process_is_gone_is_terminated(store: RunStore) -> None:
    process = replace(this_process(now), boot="before", pid=7, host=os.uname().nodename)
    store.create(running(process))
    before = contents(store.root)
    state = store.observe(store.read(ID)).state
    assert state.status is Status.TERMINATED
    assert state.reason == f"its runner is gone (pid 7 on {process.host})"
    assert contents(store.root) == before


def test_a_run_whose_runner_recorded_its_end_before_it_exited_has_that_end(
    store: RunStore,
) -> None:
    process = replace(this_process(now), boot="before", pid=7)
    store.create(running(process))
    read = store.read(ID)  # the runner records the end and exits before a reader looks for it
    ended = run_of(ID, Status.COMPLETED, started=now(), exit_status=0)
    store.write(ended)
    assert store.observe(read).state.status is Status.COMPLETED
    store.delete([ID])
    assert store.observe(read).state.status is Status.TERMINATED


def test_a_run_is_what_it_is_recorded_to_be_otherwise(store: RunStore) -> None:
    here = this_process(now)
    for run in (
        running(here),
        run_of(status=Status.COMPLETED, process=replace(here, boot="before")),
        run_of(),
    ):
        assert store.observe(run) is run
