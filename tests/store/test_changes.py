from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import (
    Mistake,
    StoreFailed,
    UnknownRun,
)
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.snapshots import digest
from tests.stores import BATCH, ID, OTHER, contents, python, run_of, talking


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore.open(tmp_path / "runs", create=True)


# ---- failures while writing


def test_a_disk_that_fills_leaves_the_old_record(store: RunStore) -> None:
    run = run_of()
    store.create(run)
    code = f"""
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for change in (
    lambda: store.write(replace(store.read("{ID}"), label="new")),
    lambda: store.write_result("{ID}", list(range(1000))),
    lambda: store.create(replace(store.read("{ID}"), id="{OTHER}")),
    lambda: store.keep_snapshot({{"config.yaml": b"x" * 200}}),
):
    try:
        change()
    except StoreFailed as error:
        print(error)
"""
    done = python(code, store.root)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"cannot write {store.root}/{ID}/.runner/record.json: File too large",
        f"cannot write {store.root}/{ID}/.runner/result.joblib: File too large",
        f"cannot create {store.root}/{OTHER}: File too large",
        f"cannot write {store.root}/.snapshots: File too large",
    ]
    assert store.read(ID) == run
    assert store.ids() == [ID]
    files = [path for path in contents(store.root) if Path(path).is_file()]
    ours = f"{store.root}/{ID}/.runner"
    assert files == [f"{store.root}/.gitignore", f"{ours}/lock", f"{ours}/record.json"]
    assert contents(store.root / ".staging") == {}


def test_a_write_to_a_run_that_is_gone_fails(store: RunStore) -> None:
    with pytest.raises(StoreFailed, match=r"record\.json: No such file or directory$"):
        store.write(run_of())


def test_a_record_that_cannot_be_replaced_leaves_nothing_behind(store: RunStore) -> None:
    (store.folder(ID) / ".runner" / "record.json" / "x").mkdir(parents=True)
    before = contents(store.root)
    with pytest.raises(StoreFailed, match=r"^cannot write .*record\.json: Is a directory$"):
        store.write(run_of())
    assert contents(store.root) == {**before, f"{store.root}/.writing": None}


def test_a_store_that_was_taken_away_fails(store: RunStore) -> None:
    shutil.rmtree(store.root)
    with pytest.raises(StoreFailed, match=r"^cannot create .*: No such file or directory$"):
        store.create(run_of())
    assert not store.root.exists()


KILLED_AT = {
    "create": ("disk.write_new", 'store.create(replace(store.read("{ID}"), id="{OTHER}"))'),
    "create, before it appears": (
        "os.rename",
        'store.create(replace(store.read("{ID}"), id="{OTHER}"))',
    ),
    "write": (
        "os.replace",
        'with store.claim("{ID}"): store.write(replace(store.read("{ID}"), label="new"))',
    ),
    "snapshot": ("Path.rename", 'store.keep_snapshot({{"a/config.yaml": b"x"}})'),
}


@pytest.mark.parametrize("name", KILLED_AT)
def test_a_killed_writer_leaves_the_store_as_it_was(store: RunStore, name: str) -> None:
    run = run_of()
    store.create(run)
    where, change = KILLED_AT[name]
    owner, function = where.split(".")
    code = (
        f"{owner}.{function} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
        + change.format(ID=ID, OTHER=OTHER)
    )
    assert python(code, store.root).returncode == -signal.SIGKILL
    assert list(store.read_all()) == [run]
    with pytest.raises(Mistake):
        store.snapshot_folder(digest({"a/config.yaml": b"x"}))

    with store.claim(ID):  # takes up what a dead writer left
        assert [path.name for path in (store.folder(ID) / ".runner").iterdir()] in (
            ["record.json", "lock"],
            ["lock", "record.json"],
        )
    assert contents(store.root / ".writing") == {}


def test_a_reader_sees_the_old_record_or_the_new_one(store: RunStore) -> None:
    run = replace(run_of(), label="0" * 5000)
    store.create(run)
    code = f"""
run = store.read("{ID}")
print("begin", flush=True)
for count in range(100_000):
    store.write(replace(run, label=str(count % 10) * 5000 * (count % 3)), durable=False)
"""
    with talking(code, store.root) as (_, line):
        assert line == "begin"
        seen = {store.read(ID).label for _ in range(2000)}
    assert len(seen) > 1
    assert all(label is not None and len(set(label)) <= 1 for label in seen)


# ---- deleting


def test_deleting_removes_the_runs_and_only_them(store: RunStore) -> None:
    for run_id in (ID, OTHER, BATCH):
        store.create(run_of(run_id))
    (store.folder(ID) / "data" / "deep").mkdir(parents=True)
    store.delete([ID, OTHER])
    assert store.ids() == [BATCH]
    assert contents(store.root / ".staging") == {}


def test_deleting_never_follows_a_link(store: RunStore, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "precious.csv").write_text("1")
    store.create(run_of())
    (store.folder(ID) / "data").symlink_to(data)
    (store.folder(ID) / "file.csv").symlink_to(data / "precious.csv")
    (store.folder(ID) / ".runner" / "logs").symlink_to(data)
    store.delete([ID])
    assert store.ids() == []
    assert (data / "precious.csv").read_text() == "1"


def test_deleting_an_unknown_run_deletes_none(store: RunStore) -> None:
    store.create(run_of())
    with pytest.raises(UnknownRun):
        store.delete([ID, OTHER])
    assert store.ids() == [ID]


def test_folders_that_may_not_be_written_are_deleted_with_their_run() -> None:
    code = f"""
import shutil  # what is imported later may lie where that user cannot read
if os.getuid() == 0:
    os.chown(store.root, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
folder = store.root / "{ID}" / "model"
folder.mkdir(parents=True)
(folder / "weights").write_text("")
for path in (folder, folder.parent):
    path.chmod(0o555)
store.delete(["{ID}"])
print(sorted(path.name for path in store.root.rglob("*")))
"""
    with tempfile.TemporaryDirectory() as name:
        done = python(code, name)
        assert done.stdout == "['.staging']\n", done.stderr


def test_a_killed_deletion_leaves_no_half_run_and_is_finished_later(store: RunStore) -> None:
    store.create(run_of())
    (store.folder(ID) / "model.bin").write_text("")
    code = f"""
disk.remove_tree = lambda folder: os.kill(os.getpid(), signal.SIGKILL)
store.delete(["{ID}"])
"""
    assert python(code, store.root).returncode == -signal.SIGKILL
    assert list(store.read_all()) == []
    (left,) = (store.root / ".staging").iterdir()

    RunStore.open(store.root, create=True)
    assert left.exists()  # it may be at work yet
    old = time.time() - 2 * 3600
    os.utime(left, (old, old))
    RunStore.open(store.root, create=False)
    assert left.exists()
    RunStore.open(store.root, create=True)
    assert not left.exists()
