"""Records that something has damaged: one run is unreadable, and everything else works."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydra_sweep_runner.cli import main as cli_main
from hydra_sweep_runner.model import Unreadable
from hydra_sweep_runner.record import text as record_text
from hydra_sweep_runner.record.check import RecordError
from hydra_sweep_runner.store.runs import RunStore
from tests.scenarios.forked import Result
from tests.scenarios.project import Listed
from tests.torture.invariants import content_of
from tests.torture.projects import Place
from tests.torture.size import sized
from tests.torture.zygote import Zygote

_RECORD = ".runner/record.json"


def _put(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _edit(**parts: Any) -> Callable[[Path], object]:
    """Put other values in the place of parts of the record."""

    def edit(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text()), **parts}))

    return edit


def _in_place_of(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def replace(path: Path) -> None:
        path.unlink()
        make(path)

    return replace


def _without_its_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def _with_a_file_for_its_folder(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_text("no folder")


def _with_a_locked_loop(path: Path) -> None:
    path.write_bytes(b"")
    lock = path.parent / "lock"
    lock.unlink()
    lock.symlink_to("lock")


def _nested(value: str, depth: int) -> Callable[[Path], object]:
    """A list in a list, many times, as the value of a flag."""

    def nest(path: Path) -> None:
        text = path.read_text().replace('"flags": {', '"flags": {"deep": DEEP,', 1)
        path.write_text(text.replace("DEEP", "[" * depth + value + "]" * depth, 1))

    return nest


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": _put(b""),
    "blank": _put(b" \n"),
    "cut off": _cut,
    "zeros": _put(b"\0" * 1000),
    "no UTF-8": _put(b'{"format": 1, "label": "\xff"}'),
    "UTF-16": lambda path: path.write_bytes(path.read_text().encode("utf-16")),
    "foreign": _put(b'{"name": "of another program"}'),
    "YAML": _put(b"format: 1\nid: x\n"),
    "a list": _put(b"[1, 2]"),
    "a future version": _edit(format=2),
    "a version of no kind": _edit(format=True),
    "no version": _edit(format=None),
    "another's": _edit(id="0" * 32),
    "a huge number": _put(b'{"format": ' + b"9" * 5000 + b"}"),
    "a deep nest": _put(b"[" * 200_000),
    "a nest in a flag": _nested("1", 900),
    "a nest in a flag, with a number": _nested('{"$float": "NaN"}', 400),
    "no record": lambda path: path.unlink(),
    "a folder": _in_place_of(lambda path: path.mkdir()),
    "a link to itself": _in_place_of(lambda path: path.symlink_to(path.name)),
    "a link to nowhere": _in_place_of(lambda path: path.symlink_to("nowhere")),
    "nothing of the runner's": _without_its_folder,
    "a file for its folder": _with_a_file_for_its_folder,
    "a lock that is a loop": _with_a_locked_loop,
}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Place:
    """A project with a batch of two trials, and a run of its own."""
    place = Place.make(tmp_path_factory.mktemp("damage") / "origin", zygote)
    place.run("-m", "x=1,2", "+label=all of it", "+tags=[a,b]")
    place.run("x=7")
    return place


@pytest.fixture
def place(origin: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of it to be damaged, and the present folder."""
    copy = origin.copy(tmp_path / "copy")
    monkeypatch.chdir(copy.folder)
    return copy


class Commands:
    """`runner` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Result:
        """Carry out a command: it ends with 0 or, with one line, 2."""
        self._capsys.readouterr()
        status = cli_main.run(list(words))
        out, err = self._capsys.readouterr()
        assert status in (0, 2), (words, err)
        assert status == 0 or (len(err.splitlines()) == 1 and err.startswith("runner: ")), err
        return Result(status, out, err)

    def list(self) -> dict[str, Listed]:
        """What the list says of each run, by id."""
        self("runs", "list", "--all")
        return {run["id"]: run for run in json.loads(self("runs", "list", "--json").out)}

    def show(self, run_id: str) -> Result:
        """Show a run, as text; as JSON it has to end the same."""
        shown = self("runs", "show", run_id)
        assert self("runs", "show", run_id, "--json").returncode == shown.returncode
        return shown


@pytest.fixture
def runner(capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(capsys)


def _by_x(runs: dict[str, Listed], x: int) -> str:
    return next(run_id for run_id, run in runs.items() if run["flags"].get("x") == x)


def _batch(runs: dict[str, Listed]) -> str:
    return next(run_id for run_id, run in runs.items() if run["kind"] == "batch")


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_trial_is_unreadable_and_everything_else_works(
    name: str, place: Place, runner: Commands
) -> None:
    before = runner.list()
    trial, batch = _by_x(before, 1), _batch(before)
    path = place.store / trial / _RECORD
    DAMAGES[name](path)
    damaged = content_of(place.store)

    runs = runner.list()
    assert (runs[trial]["status"], runs[trial]["dir"]) == ("unreadable", str(path.parents[1]))
    assert {**runs, trial: None} == {**before, trial: None}
    assert str(path.parents[1]) in runner("runs", "list").out
    for run_id in runs:
        shown = runner.show(run_id)
        assert shown.returncode == (2 if run_id == trial else 0)
        if run_id == trial:
            assert f"{path}: " in shown.err
        elif run_id == batch:
            assert f"{trial[:8]} unreadable" in shown.out
    assert content_of(place.store) == damaged

    ended = place.run(f"+restart={batch}", "+needed=true")
    assert any(f"Trial {trial[:8]} cannot be read and is left" in line for line in ended.said)
    again = runner.list()
    assert again[batch]["status"] == "completed"
    assert trial not in again[batch]["trials"]
    left = content_of(place.store / trial)
    assert left == {
        name.removeprefix(f"{trial}/"): content
        for name, content in damaged.items()
        if name.startswith(f"{trial}/")
    }

    assert runner("runs", "delete", trial, "--yes").returncode == 0
    assert runner.list().keys() == again.keys() - {trial}
    assert not (place.store / trial).exists()


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_batch_is_not_restarted_and_its_trials_are_as_they_were(
    name: str, place: Place, runner: Commands
) -> None:
    before = runner.list()
    batch = _batch(before)
    path = place.store / batch / _RECORD
    DAMAGES[name](path)
    damaged = content_of(place.store)
    runs = runner.list()
    assert runs[batch]["status"] == "unreadable"
    for run_id in runs.keys() - {batch}:
        assert runs[run_id] == {**before[run_id], "batches": []}
        assert runner.show(run_id).returncode == 0
    refused = runner(f"+restart={batch}")
    assert refused.returncode == 2
    assert content_of(place.store) == damaged
    assert runner("runs", "delete", _by_x(before, 2), batch, "--yes").returncode == 0


def test_a_copy_of_the_configuration_that_was_changed_is_not_composed_from(
    place: Place, runner: Commands
) -> None:
    (config,) = place.store.glob(".snapshots/*/main/config.yaml")
    config.write_text(config.read_text().replace("x: 1", "x: 1\ny: 2"))
    batch = _batch(runner.list())
    before = content_of(place.store)
    refused = runner(f"+restart={batch}", "+needed=true")
    assert refused.returncode == 2
    assert "is not what it was" in refused.err and "+refresh=true" in refused.err
    assert content_of(place.store) == before
    place.run(f"+restart={batch}", "+needed=true", "+refresh=true")


# ---- anything at all in a record's place

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -1, 10**400, 0, 9999999999999])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999-23:59"])
    | st.sampled_from(["completed", "batch", "trial", "\x1b[2J", "\ud800", "0" * 32, "../.."]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "$float", "x", "\x1b[0m"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths that lead to each value within one."""
    if not isinstance(value, (dict, list)):
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [path, *(place for key, each in inner for place in _places(each, (*path, key)))]


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = _with(value[key], tuple(rest), new)
    return copy


@settings(
    max_examples=sized(150, 20_000),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_value_in_any_place_of_a_record_is_read_and_shown_or_refused(
    place: Place, runner: Commands, data: st.DataObject
) -> None:
    store = RunStore(place.store)
    path = store.folder(data.draw(st.sampled_from(sorted(store.ids())))) / _RECORD
    good = path.read_bytes()
    try:
        content = json.loads(good)
        for _ in range(data.draw(st.integers(1, 2))):
            content = _with(content, data.draw(st.sampled_from(_places(content))), data.draw(_JSON))
        path.write_text(json.dumps(content))
        runs = runner.list()
        for run_id in runs:
            shown = runner.show(run_id).returncode
            assert shown == (2 if runs[run_id]["status"] == "unreadable" else 0)
    finally:
        path.write_bytes(good)


@settings(max_examples=sized(200, 50_000))
@given(text=st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_a_record_or_none(text: str) -> None:
    with pytest.raises(RecordError):
        record_text.from_text(text, run_id="0" * 32)


def test_a_text_that_utf_8_cannot_encode_is_listed(place: Place, runner: Commands) -> None:
    trial = _by_x(runner.list(), 1)
    _edit(label="caf\udce9")(place.store / trial / _RECORD)
    assert runner.list()[trial]["label"] == "caf\udce9"
    assert runner.show(trial).returncode == 0


def test_what_is_unreadable_says_why(place: Place, runner: Commands) -> None:
    trial = _by_x(runner.list(), 1)
    (place.store / trial / _RECORD).write_bytes(b"")
    (found,) = [run for run in RunStore(place.store).read_all() if isinstance(run, Unreadable)]
    assert found.why == f"{_RECORD}: empty"
