from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import (
    Mistake,
)
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.snapshots import digest
from tests.stores import ID, contents, run_of


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore.open(tmp_path / "runs", create=True)


FILES = {"config.yaml": b"x: 1\n", "model/small.yaml": b"depth: 3\n", "leer": b""}


def test_a_snapshot_is_kept_as_it_was(store: RunStore) -> None:
    folder = store.snapshot_folder(store.keep_snapshot(FILES))
    assert {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    } == FILES
    assert contents(store.root / ".staging") == {}


def test_a_snapshot_is_kept_once(store: RunStore) -> None:
    name = store.keep_snapshot(FILES)
    folder = store.snapshot_folder(name)
    before = (folder.stat().st_mtime_ns, (store.root / ".staging").stat().st_mtime_ns)
    assert store.keep_snapshot(dict(reversed(FILES.items()))) == name
    assert (folder.stat().st_mtime_ns, (store.root / ".staging").stat().st_mtime_ns) == before


paths = st.text("ab./é", min_size=1, max_size=5)
mappings = st.dictionaries(paths, st.binary(max_size=4), max_size=3)


@given(mappings, mappings)
def test_a_digest_stands_for_paths_and_contents(
    one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    assert (digest(one) == digest(other)) == (one == other)


def test_a_digest_is_the_same_for_ever() -> None:
    framed = b"".join(
        len(part).to_bytes(8, "big") + part
        for path in sorted(FILES)
        for part in (path.encode(), FILES[path])
    )
    assert digest(FILES) == hashlib.sha256(framed).hexdigest()


@pytest.mark.parametrize("path", ["", "/etc/x", "../x", "a/../../x", "a//b", "./a", "a/", "a\0"])
def test_a_snapshots_files_stay_in_it(store: RunStore, path: str) -> None:
    before = contents(store.root)
    with pytest.raises(Mistake, match="is no path within the configuration's folder"):
        store.keep_snapshot({path: b""})
    assert contents(store.root) == before


@pytest.mark.parametrize("name", ["", "..", "../" + ID, "0" * 64, "x"])
def test_an_unknown_snapshot_is_told(store: RunStore, name: str) -> None:
    with pytest.raises(Mistake, match=r"^no copy of the configuration named "):
        store.snapshot_folder(name)


def test_a_result_that_joblib_keeps_is_read_back(store: RunStore) -> None:
    store.create(run_of())
    store.write_result(ID, {(1, 2): {3}})
    store.write_result(ID, {(1, 2): {4}})
    assert store.read_result(ID) == {(1, 2): {4}}


def test_a_result_that_cannot_be_pickled_leaves_the_old_one(store: RunStore) -> None:
    store.create(run_of())
    store.write_result(ID, 1)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        store.write_result(ID, [1, lambda: None])
    assert store.read_result(ID) == 1
    names = sorted(path.name for path in (store.folder(ID) / ".runner").iterdir())
    assert names == ["lock", "record.json", "result.joblib"]


def test_no_result_is_told(store: RunStore) -> None:
    store.create(run_of())
    with pytest.raises(Mistake, match=r"^no result is stored in .*result\.joblib$"):
        store.read_result(ID)
