from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.model import (
    Attempt,
    BatchPart,
    FlagsTo,
    Input,
    Kind,
    Operation,
    Process,
    Provenance,
    Recipe,
    Result,
    Run,
    Scalar,
    State,
    Status,
)
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.record import text as record_text
from hydra_sweep_runner.record.check import RecordError
from hydra_sweep_runner.record.text import from_text, to_text

ID = "3f2a9c1d" * 4
OLD = Path(__file__).parents[1] / "data" / "record-1.json"


def utc(second: int, microsecond: int = 0) -> datetime:
    return datetime(2026, 3, 1, 12, 0, second, microsecond, tzinfo=timezone.utc)


TRIAL = Run(
    id=ID,
    kind=Kind.TRIAL,
    operation=Operation(
        name="train",
        kind="command",
        target=("bash", "train.sh", "${oc.env:HOME}"),
        flags_to=FlagsTo.ARGS,
        requires=("data",),
        preload=("sklearn",),
    ),
    flags={"lr": math.inf, "model": {"$float": [1, "é"]}, "x": 1.0, "y": None},
    recipe=Recipe(config_name="config", snapshot="5" * 64, task=("x=1.0",), hydra=("a=b",)),
    state=State(
        status=Status.ERROR,
        initialized=utc(0),
        started=utc(1, 250),
        stopped=utc(9),
        exit_status=3,
        reason="exit status 3",
        process=Process(host="ada", boot="b00t", pid=41, created=1.25, since=utc(1)),
        attempts=(
            Attempt(started=utc(1), stopped=utc(2), exit_status=None, reason="x", log="1.log"),
        ),
    ),
    options={"max_trials": 3, "tags": ["a"]},
    given=("x",),
    random_seed=2**32 - 1,
    generated_by="77b01c52" * 4,
    label="a label",
    tags=("a", "b"),
    provenance=Provenance(
        commit="c0ffee",
        dirty=True,
        sources={"train.sh": "0" * 64},
        versions={"runner": "0.1.0"},
    ),
    result=Result(value={"loss": -math.inf}),
)
PLAIN = replace(
    TRIAL, flags={"x": 1}, state=State(status=Status.PENDING, initialized=utc(0)), result=None
)
BATCH = replace(PLAIN, kind=Kind.BATCH, batch=BatchPart(trials=(ID,), generated=(ID, "0" * 32)))

# ---- laws

texts = st.text(max_size=8)
finite = st.floats(allow_nan=False)  # a NaN equals nothing; it has a test of its own
keys = texts | st.sampled_from(["$float", "$$float", "$$$float", "$", "float"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | finite
    | texts
    | st.sampled_from(["NaN", "$float", '"$float"']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
tables = st.dictionaries(keys, values, max_size=4)
tuples = st.lists(texts, max_size=3).map(tuple)
ids = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")
times = st.integers(0, 2**53).map(lambda us: utc(0) + timedelta(microseconds=us))
processes = st.builds(
    Process,
    host=texts,
    boot=texts,
    pid=st.integers(),
    created=st.floats(allow_nan=False, allow_infinity=False),
    since=times,
)
attempts = st.builds(
    Attempt,
    started=times,
    stopped=times,
    exit_status=st.none() | st.integers(),
    reason=st.none() | texts,
    log=st.just("1.log"),
)
states = st.builds(
    State,
    status=st.sampled_from(Status),
    initialized=times,
    started=st.none() | times,
    stopped=st.none() | times,
    exit_status=st.none() | st.integers(),
    reason=st.none() | texts,
    process=st.none() | processes,
    attempts=st.lists(attempts, max_size=2).map(tuple),
    attempt=st.integers(0, 9),
)
numbers = st.integers() | finite
scalars = st.builds(
    Scalar,
    first=numbers,
    last=numbers,
    min=st.none() | numbers,
    max=st.none() | numbers,
    count=st.integers(1),
    step=numbers,
    min_step=st.none() | numbers,
    max_step=st.none() | numbers,
)
inputs = st.builds(
    Input, run=ids, path=texts, attempt=st.integers(0), identity=st.none() | texts
) | st.builds(Input, runs=st.lists(ids, max_size=3).map(tuple))
parts = st.builds(BatchPart, trials=st.lists(ids).map(tuple), generated=st.lists(ids).map(tuple))
runs = st.builds(
    Run,
    id=ids,
    kind=st.sampled_from([Kind.RUN, Kind.TRIAL]),
    operation=st.builds(
        Operation,
        name=texts,
        kind=st.sampled_from(sorted(KINDS)),
        target=texts | tuples,
        flags_to=st.sampled_from(FlagsTo),
        requires=tuples,
        preload=tuples,
    ),
    flags=tables,
    recipe=st.builds(
        Recipe, config_name=st.none() | texts, snapshot=texts, task=tuples, hydra=tuples
    ),
    state=states,
    options=tables,
    given=tuples,
    random_seed=st.none() | st.integers(),
    generated_by=st.none() | ids,
    label=st.none() | texts,
    tags=tuples,
    provenance=st.builds(
        Provenance,
        commit=st.none() | texts,
        dirty=st.none() | st.booleans(),
        sources=st.dictionaries(texts, texts, max_size=2),
        versions=st.dictionaries(texts, texts, max_size=2),
    ),
    result=st.none() | st.builds(Result, value=values, stored=st.booleans()),
    note=st.none() | texts,
    choices=tables,
    step=st.none() | texts,
    repeat=st.integers(0),
    inputs=st.dictionaries(texts, inputs, max_size=2),
    basis=st.none() | st.dictionaries(keys, values, min_size=1, max_size=2),
    scalars=st.dictionaries(keys, scalars, max_size=2),
) | st.builds(lambda part: replace(BATCH, batch=part), parts)


def refuse_constant(constant: str) -> None:
    raise AssertionError(f"not strict JSON: {constant}")


@given(runs)
def test_a_run_that_is_written_and_read_is_the_same(run: Run) -> None:
    text = to_text(run)
    again = from_text(text, run_id=run.id)
    assert again == run
    assert repr(again) == repr(run)  # 1 is not 1.0 and True, 0.0 is not -0.0; order counts


@given(runs, runs)
def test_a_record_is_the_same_whatever_was_written_before(first: Run, second: Run) -> None:
    record_text._kept.clear()
    alone = to_text(first)
    record_text._kept.clear()
    to_text(second)
    mixed = replace(second, id=first.id)
    to_text(mixed)
    assert to_text(first) == alone
    assert from_text(to_text(mixed), run_id=first.id) == mixed


@given(runs)
def test_the_text_is_strict_json_in_utf_8(run: Run) -> None:
    content = json.loads(to_text(run).encode(), parse_constant=refuse_constant)
    assert content["format"] == 1
    assert content["id"] == run.id


# ---- writing


def test_nan_survives() -> None:
    again = from_text(to_text(replace(PLAIN, flags={"x": [math.nan]})), run_id=ID)
    value: Any = again.flags["x"]
    assert math.isnan(value[0])


def test_a_byte_of_an_argument_that_is_no_utf_8_survives() -> None:
    run = replace(PLAIN, flags={"x": "\udcff"}, label="é")
    assert from_text(to_text(run), run_id=ID) == run
    to_text(run).encode()


def test_people_can_read_other_alphabets_in_it() -> None:
    assert '"label": "naïve 実験"' in to_text(replace(PLAIN, label="naïve 実験"))


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    zone = timezone(timedelta(hours=2))
    run = replace(PLAIN, state=State(status=Status.PENDING, initialized=utc(0).astimezone(zone)))
    assert '"2026-03-01T12:00:00.000000+00:00"' in to_text(run)


def test_a_value_of_no_json_type_is_refused() -> None:
    with pytest.raises(TypeError):
        to_text(replace(PLAIN, result=Result(value=object())))


def test_a_batch_without_its_part_is_refused() -> None:
    with pytest.raises(ValueError, match="is a batch"):
        to_text(replace(PLAIN, kind=Kind.BATCH))


# ---- reading


def test_a_record_of_format_1_is_read_for_ever() -> None:
    assert from_text(OLD.read_text("utf-8"), run_id=ID) == TRIAL


def test_what_may_be_missing_is_taken_as_nothing() -> None:
    content = json.loads(to_text(PLAIN))
    for key in ("given", "random_seed", "generated_by", "label", "tags", "result"):
        del content[key]
    expected = replace(PLAIN, given=(), random_seed=None, generated_by=None, label=None, tags=())
    assert from_text(json.dumps(content), run_id=ID) == expected


def test_keys_that_it_does_not_know_are_passed_over() -> None:
    content = {**json.loads(to_text(PLAIN)), "later": 1}
    assert from_text(json.dumps(content), run_id=ID) == PLAIN


HUGE = {"first": 1, "last": 1, "min": 1, "max": 2**1024, "count": 2, "step": 1, "min_step": 0,
        "max_step": 0}  # fmt: skip

WRONG = [
    ("format", 2, "format: 2 is newer than 1, the newest that this version of runner reads; "
     "upgrade runner"),
    ("format", 0, "format: there is no format 0"),
    ("format", "1", "format: not an integer: '1'"),
    ("format", True, "format: not an integer: True"),
    ("id", "0" * 32, f"id: '{'0' * 32}', but the folder is that of '{ID}'"),
    ("kind", "walk", "kind: not one of run, trial, batch: 'walk'"),
    ("kind", "batch", "batch: missing"),
    ("batch", {"trials": [], "generated": []}, "batch: not of a trial"),
    ("flags", [], "flags: not an object: []"),
    ("flags", {"x": {"$float": "nan"}}, "not a float's name: 'nan'"),
    ("flags", {"x": {"$float": []}}, "not a float's name: []"),
    ("flags", {"$float": "NaN"}, "flags: not an object: nan"),
    ("tags", "ab", "tags: not a list of texts: 'ab'"),
    ("tags", ["a", 1], "tags[1]: not text: 1"),
    ("generated_by", "../x", "generated_by: not a run's id: '../x'"),
    ("state.status", "asleep", "state.status: not one of pending, running, completed, error, "
     "terminated: 'asleep'"),
    ("state.started", "x", "state.started: not a time: 'x'"),
    ("state.started", "2026-03-01T12:00", "state.started: not a time: '2026-03-01T12:00'"),
    ("state.started", "2026-03-01T12:00:00", "state.started: not a time with its zone: "
     "'2026-03-01T12:00:00'"),
    ("state.initialized", None, "state.initialized: not a time: None"),
    ("state.initialized", ..., "state.initialized: missing"),
    ("state.exit_status", 1.0, "state.exit_status: not an integer: 1.0"),
    ("state.process", 7, "state.process: not an object: 7"),
    ("state.process.created", "1", "state.process.created: not a number: '1'"),
    ("state.process.created", 10**400, "state.process.created: not a number: 1"
     + "0" * 56 + "..."),
    ("state.attempts", {}, "state.attempts: not a list of objects: {}"),
    ("state.attempts", [1], "state.attempts[0]: not an object: 1"),
    ("operation.target", ["a", None], "operation.target[1]: not text: None"),
    ("recipe.snapshot", ..., "recipe.snapshot: missing"),
    ("provenance.dirty", 1, "provenance.dirty: not true or false: 1"),
    ("provenance.sources", {"a": 1}, "provenance.sources: not an object of texts: {'a': 1}"),
    ("result.stored", 1, "result.stored: not true or false: 1"),
    ("scalars", {"loss": HUGE}, "scalars.loss.max: larger than a float can be"),
    ("label", ["x" * 100], "label: not text: ['" + "x" * 55 + "..."),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_what_is_wrong_is_named_by_its_path(path: str, value: Any, message: str) -> None:
    content = json.loads(to_text(TRIAL))
    *parents, key = path.split(".")
    table = content
    for parent in parents:
        table = table[parent]
    if value is ...:
        del table[key]
    else:
        table[key] = value
    with pytest.raises(RecordError) as caught:
        from_text(json.dumps(content), run_id=ID)
    assert str(caught.value) == message


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container and key in a JSON value."""
    if not isinstance(node, (dict, list)):
        return []
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    return [(node, key) for key in keys] + [each for key in keys for each in places(node[key])]


@given(st.data())
def test_whatever_stands_in_a_record_it_is_read_or_told(data: st.DataObject) -> None:
    content = json.loads(to_text(data.draw(st.sampled_from([TRIAL, BATCH]))))
    for _ in range(data.draw(st.integers(1, 2))):
        container, key = data.draw(st.sampled_from(places(content)))
        container[key] = data.draw(values)
    text = json.dumps(content)
    try:
        run = from_text(text, run_id=ID)
    except RecordError as error:
        assert "\n" not in str(error)
    else:
        assert from_text(to_text(run), run_id=ID) == run


@pytest.mark.parametrize("log", ["../../x", "/etc/passwd", "..", "", "a/b"])
def test_an_attempts_log_cannot_lie_elsewhere(log: str) -> None:
    content = json.loads(to_text(TRIAL))
    content["state"]["attempts"][0]["log"] = log
    with pytest.raises(RecordError, match=r"^state\.attempts\[0\]\.log: not a file's name: "):
        from_text(json.dumps(content), run_id=ID)


def test_a_gather_has_an_attempt_for_each_run_or_none() -> None:
    gather = Input(runs=(ID, ID[::-1]), attempts=(1, 2))
    content = json.loads(to_text(replace(TRIAL, inputs={"runs": gather})))
    assert from_text(json.dumps(content), run_id=ID).inputs["runs"] == gather
    content["inputs"]["runs"]["attempts"] = [1]
    with pytest.raises(
        RecordError, match=r"^inputs\.runs\.attempts: not as many as there are runs$"
    ):
        from_text(json.dumps(content), run_id=ID)


def test_a_batchs_trials_are_ids() -> None:
    content = json.loads(to_text(BATCH))
    content["batch"]["trials"] = [ID, "../x"]
    with pytest.raises(RecordError, match=r"^batch\.trials: not a run's id: '\.\./x'$"):
        from_text(json.dumps(content), run_id=ID)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("{", "not JSON: Expecting property name"),
        ("id: 3", "not JSON: Expecting value"),
        ("null", "not a record: no JSON object"),
        ("[]", "not a record: no JSON object"),
        ("{}", "format: missing"),
        ('{"format": NaN}', "not JSON: NaN"),
        ("[" * 100_000, "nested too deep"),
        ('{"format": ' + "9" * 5000 + "}", ""),
    ],
)
def test_what_is_no_record_is_told(text: str, message: str) -> None:
    with pytest.raises(RecordError) as caught:
        from_text(text, run_id=ID)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


THREADS = """
import sys, threading
from hydra_sweep_runner.record.text import from_text, read_process

text, process = open(sys.argv[1]).read(), {"host": "h", "boot": "b", "pid": 1, "created": 1.0}
sys.setswitchinterval(1e-6)
begin = threading.Barrier(8)

def read():
    begin.wait()
    try:
        from_text(text, run_id=sys.argv[2])
        read_process(process, "")
    except ValueError:
        pass

threads = [threading.Thread(target=read) for _ in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
"""


def test_threads_may_all_read_their_first_record_at_once() -> None:
    # Without a lock, msgspec crashes in three of ten such processes.
    run_id = json.loads(OLD.read_text())["id"]
    for _ in range(6):
        subprocess.run([sys.executable, "-c", THREADS, str(OLD), run_id], check=True, timeout=60)
