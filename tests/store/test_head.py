"""A large store that nothing has changed is listed by its head; each change by the runner is seen.

Histories of a store, with other hands and accidents, are in `test_index`.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hydra_sweep_runner.commands.runs.annotate import change_runs, labelled
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.store import disk, index
from hydra_sweep_runner.store.head import Head, HeadFile
from hydra_sweep_runner.store.observed import ObservedRuns
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.trash import Trash
from hydra_sweep_runner.system.clock import now
from tests.store.test_index import TICK_NS, assert_same, settle, some_run
from tests.stores import python

RUNS = 12


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "WORTHWHILE", 3)
    monkeypatch.setattr(index, "FEW", 1)
    monkeypatch.setattr(disk, "TICK_NS", TICK_NS)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """A store of twelve runs with a head."""
    made = RunStore.open(tmp_path / "runs", create=True)
    for number in range(RUNS):
        made.create(some_run(number))
    made.write(some_run(0))
    listed(made)
    assert head_of(made) is not None
    return made


def listed(store: RunStore) -> None:
    """List it twice when it has settled, as the first list may make the index's folder."""
    for _ in range(2):
        settle(store)
        store.newest(1)


def head_of(store: RunStore) -> Head | None:
    return HeadFile(str(store.root)).read()


def test_a_store_without_a_change_is_listed_by_the_records_that_are_shown(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = store.newest(None)[:3]
    monkeypatch.delattr(index.Index, "look")  # it looks at each record
    monkeypatch.delattr(ObservedRuns, "_names")  # it lists the store's folder
    again = RunStore(store.root)
    assert again.newest(3) == expected
    assert again.count() == RUNS


def restarted(run: Run) -> Run:
    return replace(run, state=replace(run.state, started=now()))


def oldest(store: RunStore) -> Run:
    run = store.newest(None)[-1]
    assert isinstance(run, Run)
    return run


CHANGES: dict[str, Callable[[RunStore], object]] = {
    "a restart": lambda store: store.write(restarted(oldest(store))),
    "not synced": lambda store: store.write(restarted(oldest(store)), durable=False),
    "a label": lambda store: change_runs(store, [oldest(store).id], labelled("x")),
    "a new run": lambda store: store.create(some_run(40)),
    "a deletion": lambda store: store.delete([oldest(store).id]),
    "by hand": lambda store: shutil.rmtree(store.folder(oldest(store).id)),
    "the trash": lambda store: Trash(store.root).put({oldest(store).id: {}}, now()),
    "a copied run": lambda store: _copy(store),
}


def _copy(store: RunStore) -> None:
    folder = store.folder(some_run(41).id) / ".runner"
    made = RunStore.open(store.root.parent / "other", create=True)
    made.create(some_run(41))
    shutil.copytree(made.folder(some_run(41).id), folder.parent)


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_makes_the_head_invalid(store: RunStore, name: str) -> None:
    CHANGES[name](store)
    assert head_of(store) is None
    assert_same(store)
    listed(store)
    assert head_of(store) is not None
    assert_same(store)


KILLED_AFTER_THE_RENAME = """
disk.sync_folder = lambda folder: os.kill(os.getpid(), signal.SIGKILL)
run = store.read(sys.argv[2])
store.write(replace(run, state=replace(run.state, started=datetime.now(timezone.utc))))
"""


def test_a_change_shows_though_its_writer_was_killed_at_once(store: RunStore) -> None:
    run = oldest(store)
    code = "from datetime import datetime, timezone" + KILLED_AFTER_THE_RENAME
    assert python(code, store.root, run.id).returncode == -signal.SIGKILL
    (first,) = store.newest(1)
    assert first.id == run.id
    assert_same(store)


def test_a_head_is_not_kept_while_a_later_change_could_bear_the_same_time(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "TICK_NS", 3600 * 10**9)
    store.create(some_run(50))
    for _ in range(2):
        assert len(store.newest(3)) == 3
        assert head_of(store) is None


def test_a_change_while_the_list_is_made_makes_its_head_invalid(store: RunStore) -> None:
    file = HeadFile(str(store.root))
    settle(store)
    signs = file.signs()
    store.write(restarted(oldest(store)))
    settle(store)
    file.write(Head(RUNS, []), signs)
    assert file.read() is None


def test_a_file_system_that_does_not_keep_the_times_of_folders_has_no_head(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = HeadFile(str(store.root))
    settle(store)
    signs = file.signs()
    (store.root / ".index" / "head").unlink()
    real = disk.write_new

    def write_late(path: str, data: bytes, *, durable: bool) -> None:
        real(path, data, durable=durable)
        settle_file(Path(path))

    def settle_file(path: Path) -> None:
        """Give a file a later time than its folder."""
        begun = path.stat().st_ctime_ns
        while path.stat().st_ctime_ns < begun + 2 * TICK_NS:
            path.touch()

    monkeypatch.setattr(disk, "write_new", write_late)
    file.write(Head(RUNS, []), signs)
    assert not (store.root / ".index" / "head").exists()
    monkeypatch.setattr(disk, "write_new", real)
    file.write(Head(RUNS, []), signs)
    assert (store.root / ".index" / "head").exists()


def test_more_runs_than_the_head_has_are_listed(store: RunStore) -> None:
    assert len(store.newest(RUNS)) == RUNS
    assert len(store.newest(RUNS + 5)) == RUNS
    damaged = oldest(store)
    (store.folder(damaged.id) / ".runner" / "record.json").write_text("{")
    assert [run.id for run in store.newest(RUNS)][-1] == damaged.id
    assert store.count() == RUNS


def test_running_runs_are_shown_as_they_are(store: RunStore) -> None:
    store.create(some_run(60, Status.RUNNING))
    listed(store)
    assert head_of(store) is not None
    (first,) = store.newest(1)
    assert isinstance(first, Run)
    assert store.observe(first).state.status is Status.TERMINATED
