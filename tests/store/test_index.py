"""With an index, a store lists what it would list without one."""

from __future__ import annotations

import math
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hydra_sweep_runner.model import (
    BatchPart,
    Input,
    Kind,
    Operation,
    Run,
    Scalar,
    Status,
    Unreadable,
    Value,
)
from hydra_sweep_runner.planning.identity import identity_of
from hydra_sweep_runner.record.fields import Summary, newest_first_key
from hydra_sweep_runner.record.glance import glance_of, pack_glances, unpack_glances
from hydra_sweep_runner.record.text import to_text
from hydra_sweep_runner.store import disk, head, index
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from tests.scenarios.project import wait_until
from tests.stores import python, run_of, talking

TICK_NS = 20_000_000


@pytest.fixture(autouse=True, scope="module")
def _small() -> Iterator[None]:
    """Few runs are many, and a tick is short but longer than a file system's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "WORTHWHILE", 3)
        patch.setattr(index, "FEW", 1)
        patch.setattr(disk, "TICK_NS", TICK_NS)
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
        return probe.stat().st_ctime_ns > begun + 2 * TICK_NS

    wait_until(is_later)
    probe.unlink()


def without_index(store: RunStore) -> list[Run | Unreadable]:
    def place(run: Run | Unreadable) -> tuple[float, str]:
        return (newest_first_key(run) if isinstance(run, Run) else math.inf, run.id)

    return sorted(store.read_all(), key=place)


def assert_same(store: RunStore) -> None:
    expected = without_index(store)
    for n in (1, 3, 8, 100):
        assert store.newest(n) == expected[:n]
    assert store.count() == len(expected)
    batches = {run.id for run in expected if isinstance(run, Run) and run.kind is Kind.BATCH}
    assert {batch.id for batch in store.batches()} == batches
    for run in expected[:3]:
        assert store.resolve(run.id[:30]) == run.id


def assert_true(store: RunStore) -> None:
    """A record was changed in its place, behind the runner's back: whatever is shown is as recorded
    all the same, and after a while the list is as without an index."""
    expected = without_index(store)
    recorded = {run.id: run for run in expected}
    for n in (1, 3, 8):
        shown = store.newest(n)
        assert len({run.id for run in shown}) == min(n, len(expected))
        assert all(run == recorded[run.id] for run in shown)
    assert store.newest(None) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head, "TRUSTED_S", -1.0)
        assert_same(store)


def reads(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the runs whose records are read from now on."""
    seen: list[str] = []
    real = disk.read

    def read(path: str) -> bytes:
        if path.endswith("/.runner/record.json"):
            seen.append(path.split("/")[-3])
        return real(path)

    monkeypatch.setattr(disk, "read", read)
    return seen


class Histories(RuleBasedStateMachine):
    """What runners, people and accidents do to a store, in any order."""

    @initialize(runs=st.integers(2, 8))
    def begin(self, runs: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store = RunStore.open(self.folder / "runs", create=True)
        self.made = 0
        self.old: list[bytes] = []
        self.old_heads: list[bytes] = []
        for _ in range(runs):
            self.create(Status.COMPLETED)

    in_place = False  # whether a record was changed in its place, and not by the runner

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @property
    def list_file(self) -> Path:
        packs = sorted((self.store.root / ".index").glob("pack.*"))
        return packs[0] if packs else self.store.root / ".index" / "pack.x"

    @property
    def head_file(self) -> Path:
        return self.store.root / ".index" / "head"

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

    @rule(
        place=st.integers(0, 20),
        moved_s=st.integers(-50, 50),
        ours=st.booleans(),
        is_settled=st.booleans(),
    )
    def write(self, place: int, moved_s: int, ours: bool, is_settled: bool) -> None:
        """Start a run again, by the runner or by hand."""
        if not self.ids():
            return
        if is_settled:  # so that the list has a head
            settle(self.store)
            self.store.newest(1)
        changed = self.changed(self.pick(place), moved_s)
        if changed is None:
            return
        if ours:
            self.store.write(changed)
        else:
            self.replace_record(changed)
            self.in_place = True

    def changed(self, run_id: str, moved_s: int) -> Run | None:
        for run in self.store._read_each([run_id]):
            if isinstance(run, Run):
                started = run.state.initialized + timedelta(seconds=moved_s)
                return replace(run, state=replace(run.state, started=started), label=f"{moved_s}")
        return None

    def replace_record(self, run: Run) -> None:
        path = f"{self.store.folder(run.id)}/.runner/record.json"
        disk.replace(path, to_text(run).encode(), through=path, durable=False)

    @rule(place=st.integers(0, 20))
    def delete(self, place: int) -> None:
        if not self.ids():
            return
        self.store.delete([self.pick(place)])

    @rule(place=st.integers(0, 20))
    def remove_by_hand(self, place: int) -> None:
        if not self.ids():
            return
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
            self.in_place = True
        (folder / "record.json").write_text(to_text(run))

    @rule(place=st.integers(0, 20), damage=st.sampled_from(["", "{", '{"format": 99}']))
    def damage_by_hand(self, place: int, damage: str) -> None:
        """Change one in its place."""
        if not self.ids():
            return
        run_id = without_index(self.store)[: place + 1][-1].id
        (self.store.folder(run_id) / ".runner" / "record.json").write_text(damage)
        self.in_place = True

    @rule()
    def time_goes_by(self) -> None:
        settle(self.store)

    @rule()
    def keep_index(self) -> None:
        if self.list_file.exists():
            self.old.append(self.list_file.read_bytes())

    @rule(place=st.integers(0, 5))
    def bring_back_an_old_index(self, place: int) -> None:
        if not self.old:
            return
        self.list_file.parent.mkdir(exist_ok=True)
        self.list_file.write_bytes(self.old[place % len(self.old)])

    @rule()
    def keep_head(self) -> None:
        if self.head_file.exists():
            self.old_heads.append(self.head_file.read_bytes())

    @rule(place=st.integers(0, 5))
    def bring_back_an_old_head(self, place: int) -> None:
        """Its signs may be those of today if records were changed in their places only."""
        if not self.old_heads:
            return
        self.head_file.parent.mkdir(exist_ok=True)
        self.head_file.write_bytes(self.old_heads[place % len(self.old_heads)])
        self.in_place = True

    @rule(what=st.sampled_from(["", "pack.", "head"]))
    def lose_index(self, what: str) -> None:
        for path in self.list_file.parent.glob(f"{what}*"):
            path.unlink()
        if not what and self.list_file.parent.exists():
            self.list_file.parent.rmdir()

    @rule(place=st.integers(0, 5000), what=st.sampled_from(["pack.*", "head"]), keep=st.booleans())
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
        if not hasattr(self, "store"):
            return
        if self.in_place:
            assert_true(self.store)
            self.in_place = False
        assert_same(self.store)


Histories.TestCase.settings = settings(
    max_examples=int(os.environ.get("RUNNER_INDEX_EXAMPLES", "25")),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestHistories = Histories.TestCase


# ---- what it spares


def packs(store: RunStore) -> list[Path]:
    return sorted((store.root / ".index").glob("pack.*"))


def test_what_is_settled_is_read_once(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(store)
    expected = store.newest(3)
    assert packs(store)
    seen = reads(store, monkeypatch)
    assert len(store.summaries()) == 12
    assert store.newest(None) == without_index(store)
    seen.clear()
    assert store.newest(3) == expected
    assert seen == [run.id for run in expected]  # what is shown is always read


def test_after_a_change_only_what_changed_is_read(
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
    assert sorted(seen) == sorted([oldest.id, some_run(100).id])


def test_a_small_store_has_no_index(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path / "runs", create=True)
    for number in range(2):
        store.create(some_run(number))
    store.newest(1)
    assert not (store.root / ".index").exists()


def test_there_are_few_packs_however_often_runs_are_added(store: RunStore) -> None:
    for number in range(100, 160, 3):
        for more in range(3):
            store.create(some_run(number + more))
        settle(store)
        store.newest(1)
    assert 1 <= len(packs(store)) <= 8
    assert_same(store)


# ---- what is found


def test_a_summary_tells_the_run_as_it_is_and_what_holds_it(store: RunStore) -> None:
    lost = some_run(200, Status.RUNNING)
    batch = replace(
        some_run(50), kind=Kind.BATCH, batch=BatchPart(trials=(some_run(3).id, lost.id))
    )
    store.create(lost)
    store.create(batch)
    settle(store)
    for _ in range(2):
        found = {each.run.id: each for each in store.summaries() if isinstance(each, Summary)}
        assert found[lost.id].run.state.status is Status.TERMINATED
        assert found[some_run(3).id].batches == (batch.id,)
        assert found[some_run(4).id].batches == ()
        assert found[batch.id].folder == str(store.folder(batch.id))


ODD: dict[str, Value] = {
    "big": 2**63, "less": -(2**63), "one": 1, "same": 1.0, "true": True, "nan": float("nan"),
    "zero": -0.0, "text": "\x85 é", "list": [1, [None, {"a": float("-inf")}]], "none": None,
}  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"bigger": 2**70}, {"half": "\ud800"}, {"$float": "NaN"}])
def test_values_survive_that_few_formats_hold(store: RunStore, more: dict[str, Value]) -> None:
    flags = {**ODD, **more}
    odd = replace(some_run(300), flags=flags, scalars={"loss": SCALAR})
    store.create(odd)
    store.create(some_run(301))
    settle(store)
    for _ in range(2):
        (found,) = [e for e in store.summaries() if isinstance(e, Summary) and e.run.id == odd.id]
        assert repr(found.glance.flags) == repr(flags)
        assert repr(found.run) == repr(odd)


SCALAR = Scalar(
    first=math.nan, last=1, min=0.5, max=2**64 - 1, count=3, step=2, min_step=0.5, max_step=1
)
_OPERATION = Operation(name="train", kind="script", target="train.py")


@given(
    flags=st.dictionaries(st.text(), st.one_of(st.integers(), st.floats(), st.text())),
    label=st.none() | st.text(),
    runs=st.none() | st.just(("a" * 32,)),
    started=st.booleans(),
)
def test_a_glance_is_a_part_of_its_run(
    flags: dict[str, Value], label: str | None, runs: tuple[str, ...] | None, started: bool
) -> None:
    run = replace(
        some_run(1),
        operation=_OPERATION,
        flags=flags,
        given=("lr",),
        choices={"model": "large"},
        label=label,
        tags=("a", "b"),
        step="train",
        inputs={"data": Input(run="b" * 32, runs=runs)},
        scalars={"loss": SCALAR},
    )
    if not started:
        run = replace(run, state=replace(run.state, started=None))
    made = glance_of(run)
    (kept,) = unpack_glances(pack_glances([made]))
    if any(isinstance(flag, int) and not -(2**63) <= flag < 2**64 for flag in flags.values()):
        assert kept is None
        return
    for glance in (made, kept):
        assert glance is not None
        assert repr(dict(glance.flags)) == repr(flags)
        for name in ("id", "kind", "given", "random_seed", "generated_by", "label", "tags", "step"):
            assert getattr(glance, name) == getattr(run, name)
        assert glance.operation.name == "train"
        assert glance.choices == run.choices
        for name in ("status", "initialized", "started", "stopped"):
            assert getattr(glance.state, name) == getattr(run.state, name)
        assert glance.inputs["data"].run == "b" * 32
        assert glance.inputs["data"].runs == runs
        for name in vars(SCALAR):
            assert repr(getattr(glance.scalars["loss"], name)) == repr(getattr(SCALAR, name))


def test_a_file_of_another_version_costs_time_only_and_goes(store: RunStore) -> None:
    settle(store)
    store.newest(1)
    (pack,) = packs(store)
    whole = pack.read_bytes()
    pack.write_bytes(whole.replace(b'"runner pack", 2', b'"runner pack", 1', 1))
    assert len(store.summaries()) == 12
    assert pack not in packs(store)
    assert_same(store)


def test_glances_with_other_fields_are_not_read(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(store)
    expected = [each.run for each in store.summaries() if isinstance(each, Summary)]
    monkeypatch.setattr("hydra_sweep_runner.record.glance.FIELDS", ("Run.other",))
    found = [each for each in store.summaries() if isinstance(each, Summary)]
    assert all(isinstance(each.glance, Run) for each in found)
    assert [each.run for each in found] == expected


def test_of_what_is_looked_through_no_record_is_read(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(store)
    expected = {run.id: run for run in without_index(store)}
    store.newest(1)
    seen = reads(store, monkeypatch)
    found = [each for each in store.summaries() if isinstance(each, Summary)]
    assert not any(isinstance(each.glance, Run) for each in found)
    assert {each.glance.id: each.run for each in found} == expected
    assert seen == []


def test_a_run_is_what_was_seen_of_it_though_it_changes_meanwhile(store: RunStore) -> None:
    settle(store)
    store.newest(1)
    seen = next(each for each in store.summaries() if isinstance(each, Summary))
    before = store.read(seen.glance.id)
    store.write(replace(before, label="later"))
    shutil.rmtree(store.root / ".index")
    assert seen.run == before


def test_the_newest_completed_run_of_an_identity_is_found(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {"lr": 0.5}
    old = replace(some_run(60), flags=mine)
    new = replace(some_run(61), flags={"lr": 0.5})
    failed = replace(some_run(62, Status.ERROR), flags=mine)
    for run in (old, new, failed):
        store.create(run)
    settle(store)
    wanted = identity_of(new)
    assert store.completed([wanted, "0" * 64]) == {wanted: new}
    seen = reads(store, monkeypatch)
    assert store.completed([wanted]) == {wanted: new}
    assert seen == []


# ---- accidents


def test_damage_is_told_wherever_it_is(store: RunStore) -> None:
    settle(store)
    expected = store.newest(None)
    (pack,) = packs(store)
    whole = pack.read_bytes()
    for place in range(0, len(whole), 29):
        for path in packs(store):
            path.unlink()
        pack.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert store.newest(None) == expected
        summaries = [each for each in store.summaries() if isinstance(each, Summary)]
        assert [each.run for each in summaries] == expected
        assert [each.glance.id for each in summaries] == [run.id for run in expected]


@pytest.mark.parametrize("place", range(12))
def test_a_record_that_is_edited_in_its_place_is_seen(store: RunStore, place: int) -> None:
    settle(store)
    store.newest(1)
    run = without_index(store)[place]
    assert isinstance(run, Run)
    path = store.folder(run.id) / ".runner" / "record.json"
    path.write_text(to_text(replace(run, state=replace(run.state, started=now()))))
    assert_true(store)


UNWRITABLE = """
from hydra_sweep_runner.store import index
index.WORTHWHILE = 3
index.FEW = 1
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
print([run.id[:4] for run in store.newest(2)])
print(len(list(store.batches())))
"""


def test_a_full_disk_keeps_nobody_from_listing(store: RunStore) -> None:
    shutil.rmtree(store.root / ".index")
    ended = python(UNWRITABLE, store.root)
    expected = [run.id[:4] for run in without_index(store)[:2]]
    assert (ended.stdout, ended.stderr) == (f"{expected}\n0\n", "")
    assert packs(store) == []
    assert list((store.root / ".staging").iterdir()) == []


def test_a_store_that_may_only_be_read_is_listed(store: RunStore) -> None:
    shutil.rmtree(store.root / ".index")
    with tempfile.TemporaryDirectory() as name:  # where any user may go
        copied = Path(name, "runs")
        shutil.copytree(store.root, copied)
        Path(name).chmod(0o755)
        for folder in (copied, copied / ".staging"):
            folder.chmod(0o555)
        # What is imported later may lie where that user cannot read.
        drop = "import msgspec\nimport hydra_sweep_runner.planning.identity\n"
        drop += "if os.getuid() == 0: os.setresuid(65534, 65534, 65534)\n"
        ended = python(drop + UNWRITABLE, copied)
        expected = [run.id[:4] for run in without_index(store)[:2]]
        assert (ended.stdout, ended.stderr) == (f"{expected}\n0\n", "")
        assert not (copied / ".index").exists()


@pytest.mark.parametrize("what", [".index", ".index/pack.x"])
def test_something_else_in_its_place_does_no_harm(store: RunStore, what: str) -> None:
    path = store.root / what
    if path.is_dir():
        shutil.rmtree(path)
    if path.name == ".index":
        path.write_text("mine")
    else:
        os.mkfifo(path)
    assert_same(store)


# ---- several processes

WRITER = """
import random
from tests.store.test_index import some_run, now
print("begin", flush=True)
turn = random.Random(int(sys.argv[2]))
while True:
    run = some_run(turn.randrange(12))
    store.write(replace(run, state=replace(run.state, started=now())), durable=False)
"""

READER = """
from hydra_sweep_runner.store import index
index.WORTHWHILE, index.FEW, disk.TICK_NS = 3, 1, 20_000_000
print("begin", flush=True)
while True:
    assert len(store.summaries()) == 12
"""


def test_three_readers_beside_a_writer_that_is_killed_see_all_runs(store: RunStore) -> None:
    for seed in range(2):
        with ExitStack() as stack:
            writer, begun = stack.enter_context(talking(WRITER, store.root, seed))
            assert begun == "begin"
            readers = [stack.enter_context(talking(READER, store.root)) for _ in range(2)]
            assert [line for _, line in readers] == ["begin", "begin"]
            for _ in range(20):
                assert len(store.newest(5)) == 5
                assert len(store.summaries()) == 12
            assert [reader.poll() for reader, _ in readers] == [None, None]
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        assert_same(store)
        settle(store)
        assert_same(store)
