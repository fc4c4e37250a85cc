"""Any byte of a store may have changed: no command fails for it in another way than it may."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.torture.invariants import content_of
from tests.torture.projects import Place
from tests.torture.size import sized
from tests.torture.test_damage import Commands
from tests.torture.zygote import Zygote

#: How long bytes are changed, in seconds, for each of the two tests.
_LASTS_S = sized(2, 60)
#: Pieces that mean something where they are put.
_PIECES = (
    *(b"null", b"true", b"-1", b"1e999", b"[]", b"{}", b'""', b'"', b"{", b"]", b"\\", b"\0"),
    *(b"\xff", b"\x1b[2J", b"../../", b"${x}", b"???", b"!!python/object:os.system", b"9" * 50),
    *(b'"completed"', b'"pending"', b'"running"', b'"batch"', b'"trial"', b"\n", b"- &a [*a]"),
)


def _change(data: bytes, chosen: random.Random) -> bytes:
    """The bytes with something else in them."""
    start = chosen.randrange(len(data) + 1)
    end = min(len(data), start + chosen.choice((0, 1, 1, 2, 8, 100, 10_000)))
    part = chosen.choice(
        (
            b"",
            chosen.choice(_PIECES),
            bytes(chosen.randrange(256) for _ in range(end - start)),
            data[start:end] * 2,
            data[: chosen.randrange(20)],
        )
    )
    return data[:start] + part + data[end:]


def _damage(store: Path, chosen: random.Random) -> Path:
    """Change a file of a store, most likely a record; which."""
    files = sorted(path for path in store.rglob("*") if path.is_file() and not path.is_symlink())
    records = [path for path in files if path.name == "record.json"]
    path = chosen.choice(records if chosen.random() < 0.7 else files)
    data = path.read_bytes()
    for _ in range(chosen.choice((1, 1, 3))):
        data = _change(data, chosen)
    path.write_bytes(data)
    return path


def _go_on(place: Place, try_one: Callable[[random.Random], object]) -> None:
    """Try with ever other changes, for as long as it lasts."""
    seed = random.randrange(1 << 32)
    last = time.monotonic() + _LASTS_S
    while time.monotonic() < last:
        seed += 1
        try:
            try_one(random.Random(seed))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Place:
    """A project with a restarted batch, an orphan, a script's batch and a run of its own."""
    place = Place.make(tmp_path_factory.mktemp("fuzz") / "origin", zygote)
    place.run("-m", "x=1,2", "+label=all of it", "+tags=[a,b]", "+retries=1")
    batch = next(place.store.glob("*/.runner/record.json")).parents[1].name
    place.run("-m", "x=1", "operation=script", "+max_trials=3", "+timeout=100")
    place.run("x=7")
    place.run("-m", "x=1,2", "+init_trials=true")
    assert batch
    return place


def test_reading_a_store_with_other_bytes_in_it_changes_nothing_and_never_fails(
    origin: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = origin.copy(tmp_path / "copy")
    monkeypatch.chdir(place.folder)
    runner = Commands(capsys)
    good = runner.list()
    before = content_of(place.store)

    def read(chosen: random.Random) -> None:
        path = _damage(place.store, chosen)
        name = str(path.relative_to(place.store))
        original = before[name][1]
        try:
            runs = runner.list()
            assert runs.keys() == good.keys()
            for run_id, run in runs.items():
                shown = runner.show(run_id).returncode
                assert shown == (2 if run["status"] == "unreadable" else 0)
                if not name.startswith(run_id):
                    assert {**run, "batches": None} == {**good[run_id], "batches": None}
            after = content_of(place.store)
            assert {**after, name: None} == {**before, name: None}
        finally:
            path.write_bytes(original)

    _go_on(place, read)


def _refused_or_done(place: Place, *words: str) -> None:
    ended = place.run(*words, status=None)
    assert ended.status in (0, 1, 2), (words, ended)
    assert "Traceback" not in ended.err, (words, ended)
    told = [line for line in ended.said if line.startswith("runner: ")]
    assert len(told) == (ended.status == 2), (words, ended)
    assert not ended.left


def test_a_store_with_other_bytes_in_it_is_restarted_and_deleted_or_refused(
    origin: Place, tmp_path: Path
) -> None:
    def change(chosen: random.Random) -> None:
        place = origin.copy(tmp_path / "copy")
        path = _damage(place.store, chosen)
        others = _others(place, path)
        run_id = path.relative_to(place.store).parts[0]
        if len(run_id) != 32:
            run_id = chosen.choice(sorted(each.name for each in place.store.glob("[0-9a-f]*")))
        _refused_or_done(place, f"+restart={run_id}", "+print_trials=true")
        assert _others(place, path) == others
        _refused_or_done(place, f"+restart={run_id}", "+needed=true")
        _refused_or_done(place, "runs", "delete", run_id, "--yes")
        _refused_or_done(place, "runs", "list")
        shutil.rmtree(place.folder)

    _go_on(origin, change)


def _others(place: Place, path: Path) -> Mapping[str, Any]:
    """What is in the store but the one file and its folder's lock."""
    return {
        name: content
        for name, content in content_of(place.store).items()
        if place.store / name != path
    }
