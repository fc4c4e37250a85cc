"""With an index, a store lists what it would list without one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hydra_sweep_runner.model import BatchPart, Kind, Run, Status, Unreadable
from hydra_sweep_runner.record.text import to_text
from hydra_sweep_runner.store import disk, index
from hydra_sweep_runner.store.runs import RunStore, _recency
from hydra_sweep_runner.system.clock import now
from tests.scenarios.project import wait_until
from tests.stores import contents, python, run_of, talking

_TICK_NS = 20_000_000


@pytest.fixture(autouse=True, scope="module")
def _small() -> Iterator[None]:
    """Few runs are many, and a tick is short but longer than a file system's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "WORTHWHILE", 3)
        patch.setattr(index, "CHECKED", 3)
        patch.setattr(index, "_NOTES_TWICE", 4)
        patch.setattr(index, "_TICK_NS", _TICK_NS)
        yield


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """A store of twelve runs, listed when all of them had long been written."""
    made = RunStore.open(tmp_path / "runs", create=True)
    for number in range(12):
        made.create(some_run(number))
    settle(made)
    made.newest(3)
    return made


def some_run(number: int, status: Status = Status.COMPLETED) -> Run:
    at = now() - timedelta(days=1)
    return run_of(f"{number:04x}" * 8, status, initialized=at, started=at)


def settle(store: RunStore) -> None:
    """Wait until the file system's clock has gone on by more than a tick."""
    probe = store.root / ".staging" / "probe"
    probe.parent.mkdir(exist_ok=True)
    probe.write_text("")
    begun = probe.stat().st_ctime_ns

    def is_later() -> bool:
        probe.write_text("")
        return probe.stat().st_ctime_ns > begun + 2 * _TICK_NS

    wait_until(is_later)
    probe.unlink()


def without_index(store: RunStore) -> list[Run | Unreadable]:
    return sorted(store.read_all(), key=_recency)


def assert_same(store: RunStore) -> None:
    expected = without_index(store)
    for n in (1, 3, 8, 100):
        assert store.newest(n) == expected[:n]
    batches = {run.id for run in expected if isinstance(run, Run) and run.kind is Kind.BATCH}
    assert {batch.id for batch in store.batches()} == batches
    for run in expected[:3]:
        assert store.resolve(run.id[:30]) == run.id


def reads(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that are read from now on."""
    seen: list[str] = []
    real = RunStore.read

    def read(self: RunStore, run_id: str) -> Run:
        seen.append(run_id)
        return real(self, run_id)

    monkeypatch.setattr(RunStore, "read", read)
    return seen


class Histories(RuleBasedStateMachine):
    """What runners, people and accidents do to a store, in any order."""

    @initialize(runs=st.integers(2, 8))
    def begin(self, runs: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store = RunStore.open(self.folder / "runs", create=True)
        self.made = 0
        self.old: list[bytes] = []
        for _ in range(runs):
            self.create(Status.COMPLETED)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @property
    def list_file(self) -> Path:
        return self.store.root / ".index" / "runs"

    def ids(self) -> list[str]:
        return sorted(self.store.ids())

    def pick(self, place: int) -> str:
        return self.ids()[place % len(self.ids())]

    @rule(status=st.sampled_from(Status))
    def create(self, status: Status) -> None:
        self.made += 1
        run = some_run(self.made, status)
        if self.made % 4 == 0:
            run = replace(run, kind=Kind.BATCH, batch=BatchPart())
        self.store.create(run)

    @precondition(lambda self: self.ids())
    @rule(place=st.integers(0, 20), moved_s=st.integers(-50, 50), killed=st.booleans())
    def write(self, place: int, moved_s: int, killed: bool) -> None:
        """Start a run again; the writer may be killed between record and note."""
        changed = self.changed(self.pick(place), moved_s)
        if changed is None:
            return
        if killed:
            self.store._index.note(changed.id)
            self.replace_record(changed)
        else:
            self.store.write(changed)

    @precondition(lambda self: self.ids())
    @rule(place=st.integers(0, 20), moved_s=st.integers(-50, 50), killed=st.booleans())
    def write_while_listed(self, place: int, moved_s: int, killed: bool) -> None:
        changed = self.changed(self.pick(place), moved_s)
        if changed is None:
            return
        self.store._index.note(changed.id)
        settle(self.store)
        self.store.newest(2)
        self.replace_record(changed)
        if not killed:
            self.store._index.note(changed.id)

    def changed(self, run_id: str, moved_s: int) -> Run | None:
        for run in self.store._read_each([run_id]):
            if isinstance(run, Run):
                started = run.state.initialized + timedelta(seconds=moved_s)
                return replace(run, state=replace(run.state, started=started), label=f"{moved_s}")
        return None

    def replace_record(self, run: Run) -> None:
        path = f"{self.store.folder(run.id)}/.runner/record.json"
        disk.replace(path, to_text(run).encode(), durable=False)

    @precondition(lambda self: self.ids())
    @rule(place=st.integers(0, 20))
    def delete(self, place: int) -> None:
        self.store.delete([self.pick(place)])

    @precondition(lambda self: self.ids())
    @rule(place=st.integers(0, 20))
    def remove_by_hand(self, place: int) -> None:
        shutil.rmtree(self.store.folder(self.pick(place)))

    @rule(whole=st.booleans())
    def add_by_hand(self, whole: bool) -> None:
        """Copy a run from elsewhere; at first its record may not be there yet."""
        self.made += 1
        run = some_run(self.made)
        folder = self.store.folder(run.id) / ".runner"
        folder.mkdir(parents=True)
        if not whole:
            settle(self.store)
            assert_same(self.store)
        (folder / "record.json").write_text(to_text(run))

    @precondition(lambda self: self.ids())
    @rule(place=st.integers(0, 2), damage=st.sampled_from(["", "{", '{"format": 99}']))
    def damage_by_hand(self, place: int, damage: str) -> None:
        """Change one of the newest in its place: these are always looked at."""
        run_id = without_index(self.store)[: place + 1][-1].id
        (self.store.folder(run_id) / ".runner" / "record.json").write_text(damage)

    @rule()
    def time_goes_by(self) -> None:
        settle(self.store)

    @rule()
    def keep_index(self) -> None:
        if self.list_file.exists():
            self.old.append(self.list_file.read_bytes())

    @precondition(lambda self: self.old)
    @rule(place=st.integers(0, 5))
    def bring_back_an_old_index(self, place: int) -> None:
        self.list_file.parent.mkdir(exist_ok=True)
        self.list_file.write_bytes(self.old[place % len(self.old)])

    @rule(what=st.sampled_from(["", "runs", "notes"]))
    def lose_index(self, what: str) -> None:
        for path in self.list_file.parent.glob(f"{what}*"):
            path.unlink()
        if not what and self.list_file.parent.exists():
            self.list_file.parent.rmdir()

    @rule(place=st.integers(0, 5000), what=st.sampled_from(["runs", "notes*"]), keep=st.booleans())
    def garble_index(self, place: int, what: str, keep: bool) -> None:
        for path in self.list_file.parent.glob(what):
            data = path.read_bytes()
            cut = place % (len(data) + 1)
            path.write_bytes(data[:cut] + (b"\xff" + data[cut + 1 :] if keep else b""))

    @rule()
    def move(self) -> None:
        moved = self.folder / f"moved{self.made}"
        if not moved.exists():
            self.store.root.rename(moved)
            self.store = RunStore(moved)

    @rule()
    def copy(self) -> None:
        copied = self.folder / f"copied{self.made}"
        if not copied.exists():
            shutil.copytree(self.store.root, copied)
            self.store = RunStore(copied)

    @invariant()
    def lists_alike(self) -> None:
        if hasattr(self, "store"):
            assert_same(self.store)


Histories.TestCase.settings = settings(
    max_examples=int(os.environ.get("RUNNER_INDEX_EXAMPLES", "25")),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestHistories = Histories.TestCase


# ---- what it spares


def test_a_list_reads_no_more_records_than_it_shows(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(store)
    store.newest(3)
    seen = reads(store, monkeypatch)
    assert len(store.newest(3)) == 3
    assert len(seen) == 3


def test_after_a_change_only_what_changed_is_read_beside(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(store)
    store.newest(3)
    store.create(some_run(100))
    oldest = without_index(store)[-1]
    assert isinstance(oldest, Run)
    store.write(replace(oldest, state=replace(oldest.state, started=now())))
    seen = reads(store, monkeypatch)
    assert [run.id for run in store.newest(2)] == [oldest.id, some_run(100).id]
    assert len(seen) == 4


def test_batches_are_found_among_many_runs(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = replace(some_run(50), kind=Kind.BATCH, batch=BatchPart())
    store.create(batch)
    settle(store)
    store.newest(1)
    seen = reads(store, monkeypatch)
    assert list(store.batches()) == [batch]
    assert seen == [batch.id]


def test_a_prefix_is_looked_up_without_reading_the_folder(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(store)
    store.newest(1)
    monkeypatch.setattr(RunStore, "_names", None)
    assert store.resolve("0003") == some_run(3).id


def test_a_small_store_has_no_index(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path / "runs", create=True)
    for number in range(2):
        store.create(some_run(number))
    store.newest(1)
    store.write(some_run(1))
    assert sorted(path.name for path in store.root.iterdir() if path.name.startswith(".")) == [
        ".gitignore",
        ".staging",
    ]


# ---- changes that nobody noted


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_record_that_is_edited_in_its_place_is_seen_among_the_newest(
    store: RunStore, place: int
) -> None:
    run = without_index(store)[place]
    assert isinstance(run, Run)
    path = store.folder(run.id) / ".runner" / "record.json"
    path.write_text(to_text(replace(run, state=replace(run.state, started=now()))))
    assert_same(store)


def test_an_unfinished_run_is_looked_at_however_old(store: RunStore) -> None:
    """As when results come back from another machine, by rsync."""
    pending = run_of("a" * 32, initialized=now() - timedelta(days=900))
    store.create(pending)
    settle(store)
    store.newest(1)
    done = replace(pending, state=replace(pending.state, started=now(), status=Status.COMPLETED))
    path = store.folder(pending.id) / ".runner" / "record.json"
    path.write_text(to_text(done))
    assert store.newest(1) == [done]


def test_a_folder_whose_time_tells_nothing_hides_no_run_of_ours(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems do not keep it, others tell it late."""
    time_of_root = (1, 1, 0)
    monkeypatch.setattr(index.Index, "_root_stamp", lambda self: time_of_root)
    assert_same(store)
    new = replace(some_run(100), state=replace(some_run(100).state, started=now()))
    store.create(new)
    assert store.newest(1) == [new]
    store.delete([new.id, some_run(0).id])
    assert_same(store)


# ---- accidents


def test_damage_is_told_wherever_it_is(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    file = store.root / ".index" / "runs"
    settle(store)
    expected = store.newest(3)
    whole = file.read_bytes()
    seen = reads(store, monkeypatch)
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        seen.clear()
        assert store.newest(3) == expected
        assert len(seen) >= 12  # it was made again
        assert file.read_bytes() == whole


def test_notes_that_are_lost_take_the_list_along(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(some_run(1))
    settle(store)
    store.newest(1)
    (notes,) = (store.root / ".index").glob("notes.*")
    notes.unlink()
    seen = reads(store, monkeypatch)
    store.newest(1)
    assert len(seen) == 13


def test_an_index_from_before_this_boot_is_made_again(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(store)
    store.newest(1)
    monkeypatch.setattr(index, "this_boot", lambda: "another")
    seen = reads(store, monkeypatch)
    store.newest(1)
    assert len(seen) == 13
    seen.clear()
    monkeypatch.setattr(index, "this_host", lambda: "elsewhere")
    store.newest(1)
    assert len(seen) == 1


UNWRITABLE = """
from hydra_sweep_runner.store import index
index.WORTHWHILE = 3
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
print([run.id[:4] for run in store.newest(2)])
print(len(list(store.batches())))
"""


@pytest.mark.parametrize("known", [True, False])
def test_a_full_disk_keeps_nobody_from_listing(store: RunStore, known: bool) -> None:
    if not known:
        shutil.rmtree(store.root / ".index")
    before = contents(store.root)
    ended = python(UNWRITABLE, store.root)
    expected = [run.id[:4] for run in without_index(store)[:2]]
    assert (ended.stdout, ended.stderr) == (f"{expected}\n0\n", "")
    assert contents(store.root).keys() - {f"{store.root}/.index"} == before.keys() - {
        f"{store.root}/.index"
    }


def test_a_store_that_may_only_be_read_is_listed(store: RunStore) -> None:
    shutil.rmtree(store.root / ".index")
    with tempfile.TemporaryDirectory() as name:  # where any user may go
        copied = Path(name, "runs")
        shutil.copytree(store.root, copied)
        Path(name).chmod(0o755)
        for folder in (copied, copied / ".staging"):
            folder.chmod(0o555)
        # What is imported later may lie where that user cannot read.
        drop = "import msgspec\nif os.getuid() == 0: os.setresuid(65534, 65534, 65534)\n"
        ended = python(drop + UNWRITABLE, copied)
        expected = [run.id[:4] for run in without_index(store)[:2]]
        assert (ended.stdout, ended.stderr) == (f"{expected}\n0\n", "")
        assert not (copied / ".index").exists()


def test_a_note_that_cannot_be_taken_takes_the_list_along(store: RunStore) -> None:
    folder = store.root / ".index"
    assert (folder / "runs").exists()
    for notes in folder.glob("notes.*"):
        notes.unlink()
    (folder / f"notes.{index.this_boot()}").mkdir()
    store.write(some_run(1))
    assert not (folder / "runs").exists()
    assert_same(store)


def test_a_torn_note_hides_not_the_one_behind_it(store: RunStore) -> None:
    store.write(some_run(1))
    (notes,) = (store.root / ".index").glob("notes.*")
    notes.write_bytes(notes.read_bytes()[:-20])
    store._index.note(some_run(0).id)
    settle(store)
    store.newest(1)
    restarted = replace(some_run(0), state=replace(some_run(0).state, started=now()))
    path = f"{store.folder(restarted.id)}/.runner/record.json"
    disk.replace(path, to_text(restarted).encode(), durable=False)  # and then it is killed
    assert store.newest(1) == [restarted]


@pytest.mark.parametrize("what", [".index", ".index/runs", ".index/notes"])
def test_something_else_in_its_place_does_no_harm(store: RunStore, what: str) -> None:
    path = store.root / what.replace("notes", f"notes.{index.this_boot()}")
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if path.name == ".index":
        path.write_text("mine")
    else:
        os.mkfifo(path)
    store.write(replace(some_run(1), label="again"))
    assert_same(store)


# ---- several processes

WRITER = """
import random
from hydra_sweep_runner.store import index
from tests.test_store_index import some_run, now
index._TICK_NS = 20_000_000
print("begin", flush=True)
turn = random.Random(int(sys.argv[2]))
while True:
    run = some_run(turn.randrange(12))
    store.write(replace(run, state=replace(run.state, started=now())), durable=False)
"""


def test_writers_that_are_killed_at_any_moment_leave_nothing_unknown(store: RunStore) -> None:
    for seed in range(4):
        with (
            talking(WRITER, store.root, seed) as (first, _),
            talking(WRITER, store.root, seed + 100) as (second, _),
        ):
            for _ in range(random.Random(seed).randrange(5, 40)):
                assert len(store.newest(5)) == 5
            for writer in (first, second):
                writer.send_signal(signal.SIGKILL)
                writer.wait()
        assert_same(store)
        settle(store)
        assert_same(store)
