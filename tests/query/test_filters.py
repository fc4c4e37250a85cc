"""Filters, their combination, names that nothing has, and sorting: contract section 9."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Scalar
from hydra_sweep_runner.query.evaluate import PlainSubject, value_of
from hydra_sweep_runner.query.filters import Filters, explain_nothing, parse_since, select
from hydra_sweep_runner.query.parse import parse
from hydra_sweep_runner.query.sorting import sort_by

NOW = datetime(2026, 2, 1, 12, tzinfo=timezone.utc)


@dataclass(frozen=True, kw_only=True)
class Seen(PlainSubject):
    at: datetime | None = NOW


def seen(number: int, **attributes: Any) -> Seen:
    at = attributes.pop("at", NOW)
    return Seen(flags={"n": number}, attributes={"id": f"{number:032x}", **attributes}, at=at)


ONE = seen(1, operation="train", status="completed", kind="trial", tags=["a"], label="best")
TWO = seen(2, operation="train", status="error", kind="trial", tags=[], batch=["b" * 32])
THREE = seen(3, operation="test", status="error", kind="run", step="t", at=NOW - timedelta(days=3))
UNREADABLE = Seen(attributes={"id": "f" * 32, "status": "unreadable"}, at=None)
ALL = [ONE, TWO, THREE, UNREADABLE]


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (Filters(), ALL),
        (Filters(operation="train"), [ONE, TWO]),
        (Filters(statuses=("error",)), [TWO, THREE]),
        (Filters(statuses=("error", "completed")), [ONE, TWO, THREE]),
        (Filters(statuses=("unreadable",)), [UNREADABLE]),
        (Filters(kind="run"), [THREE]),
        (Filters(batch="b" * 32), [TWO]),
        (Filters(step="t"), [THREE]),
        (Filters(label="best"), [ONE]),
        (Filters(label="bes"), []),
        (Filters(tag="a"), [ONE]),
        (Filters(since=NOW - timedelta(days=1)), [ONE, TWO]),
        (Filters(since=NOW), [ONE, TWO]),
        (Filters(where=parse("n > 1")), [TWO, THREE]),
        (Filters(operation="train", statuses=("error",), where=parse("n < 9")), [TWO]),
        (Filters(operation="nobody", where=parse("unknown == 1")), []),
    ],
)
def test_filters_combine_with_and(filters: Filters, chosen: list[Seen]) -> None:
    assert select(filters, ALL) == chosen


def test_a_name_that_no_run_has_is_a_mistake_that_lists_those_there_are() -> None:
    loss = Scalar(first=1, last=1, min=1, max=1, count=1, step=0, min_step=0, max_step=0)
    run = Seen(flags={"lr": 0.1, "model.depth": 2}, scalars={"loss": loss})
    with pytest.raises(Mistake) as told:
        select(Filters(where=parse("lrr > 1")), [run, ONE])
    assert "lrr" in str(told.value) and "did you mean lr?" in str(told.value)
    assert "lr, model.depth, n" in str(told.value) and "loss" in str(told.value)
    assert "random_seed" in str(told.value)
    with pytest.raises(Mistake, match=r"scalar acc; scalars: loss$"):
        select(Filters(where=parse("scalar.acc > 1")), [run])
    with pytest.raises(Mistake, match=r"scalar acc; scalars: loss$"):
        select(Filters(where=parse("max(acc) > 1")), [run])
    with pytest.raises(Mistake, match=r"flag loss; flags: lr, model.depth$"):
        select(Filters(where=parse("flag.loss > 1")), [run])


def test_a_name_counts_among_those_that_the_other_filters_select() -> None:
    run = Seen(flags={"lr": 1}, attributes={"operation": "other"})
    assert select(Filters(where=parse("lr == 1")), [run, ONE]) == [run]
    with pytest.raises(Mistake, match="flag, scalar or attribute lr"):
        select(Filters(operation="train", where=parse("lr == 1")), [run, ONE])


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("30m", NOW - timedelta(minutes=30)),
        ("7d", NOW - timedelta(days=7)),
        ("1.5h", NOW - timedelta(minutes=90)),
        ("2026-01-31", datetime(2026, 1, 31).astimezone()),
        ("2026-01-31T12:00", datetime(2026, 1, 31, 12).astimezone()),
        ("2026-01-31T12:00:30Z", datetime(2026, 1, 31, 12, 0, 30, tzinfo=timezone.utc)),
    ],
)
def test_since_is_so_long_ago_or_a_date(text: str, time: datetime) -> None:
    assert parse_since(text, NOW) == time


@pytest.mark.parametrize(
    "text",
    [
        "yesterday-ish",
        "",
        "h",
        "2",
        "-2h",
        "2w",
        "2h3m",
        "2026-02-30",
        "2026-1-1",
        "2026-01-31T25:00",
        "9" * 400 + "d",
        "99999999999d",
        "٢h",
    ],
)
def test_what_is_no_time_is_a_mistake(text: str) -> None:
    with pytest.raises(Mistake, match="--since"):
        parse_since(text, NOW)


def test_runs_without_a_value_stand_last_in_either_direction() -> None:
    runs = [seen(0), *(Seen(flags={"x": x}) for x in (2, None, math.nan, 1.5, "a", True, [1], 1))]
    x = parse("x")
    ascending = [value_of(x, run) for run in sort_by(x, runs, descending=False)]
    assert ascending[:6] == [1, 1.5, 2, True, "a", [1]]
    descending = [value_of(x, run) for run in sort_by(x, runs, descending=True)]
    assert descending[:6] == ascending[:6][::-1]
    assert all(value is None or value != value for value in ascending[6:] + descending[6:])


@given(st.lists(st.none() | st.integers(0, 3)), st.booleans())
def test_equal_ones_keep_their_order(numbers: list[int | None], descending: bool) -> None:
    runs = [Seen(flags={"x": x, "n": place}) for place, x in enumerate(numbers)]
    placed = [
        (run.flags["x"], run.flags["n"]) for run in sort_by(parse("x"), runs, descending=descending)
    ]
    for (one, before), (other, after) in pairwise(placed):
        assert one != other or before < after


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        ("tags == good", "'good' in tags"),
        ("good == tags", "'good' in tags"),
        ("tags != good", "'good' not in tags"),
        ("good in tags", "'good' in tags"),
        ("batch == newest", "'newest' in batch"),
        ("label == good", "label == 'good'"),
    ],
)
def test_a_text_without_quotes_is_told_as_the_condition_that_was_meant(
    where: str, meant: str
) -> None:
    with pytest.raises(Mistake) as raised:
        select(Filters(where=parse(where)), ALL)
    assert f"(a text stands in quotes: {meant})" in str(raised.value)


@pytest.mark.parametrize("name", ["n", "flag.n", "duration", "run.duration", 'flag["a-b"]'])
def test_a_name_alone_whose_values_are_numbers_is_no_condition(name: str) -> None:
    runs = [Seen(flags={"n": 0.5, "a-b": True}), Seen(flags={"a-b": 0.5})]
    timed = Seen(attributes={"duration": 0.5})
    with pytest.raises(Mistake) as told:
        select(Filters(where=parse(name)), [*runs, timed])
    assert str(told.value) == (
        f"{name} alone is no condition, its values are numbers: compare it, as in {name} > 0.5; "
        f"in a shell in quotes: --where '{name} > 0.5'"
    )
    assert select(Filters(where=parse(f"{name} > 0.1")), [*runs, timed])


@pytest.mark.parametrize("number", [math.nan, math.inf, 10**400])
def test_what_is_no_plain_number_is_no_example(number: float) -> None:
    with pytest.raises(Mistake, match="as in n > 0;"):
        select(Filters(where=parse("n")), [Seen(flags={"n": number})])


def test_a_name_alone_of_truths_texts_or_lists_holds_as_in_python() -> None:
    amp = Seen(flags={"amp": True}, attributes={"label": "a", "tags": ["b"]})
    plain = Seen(flags={"amp": False}, attributes={"label": None, "tags": []})
    for name in ("amp", "label", "tags"):
        assert select(Filters(where=parse(name)), [amp, plain]) == [amp]


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ('lr == "0.1"', "lr has numbers, written without quotes: 0.1, 0.01, 10"),
        ("'0.01' == lr", "lr has numbers, written without quotes: 0.01, 0.1, 10"),
        ('lr in ["1"]', "lr has numbers, written without quotes: 10, 0.1, 0.01"),
        ('lr > "x"', "lr has numbers, written without quotes: 0.01, 0.1, 10"),
        ("lr == true", "lr has numbers: 0.01, 0.1, 10"),
        ("amp == 'true'", "amp has true and false, written without quotes"),
        ("amp == 1", "amp has true and false"),
        ("opt == 3", "opt has texts, written in quotes: 'adam', 'sgd'"),
        ("started > 2026", "started has texts, written in quotes: '2026-01-31T12:00:00.000000'"),
    ],
)
def test_a_value_of_another_kind_is_answered_with_the_kind_that_there_is(
    where: str, told: str
) -> None:
    runs = [
        Seen(flags={"lr": 0.1, "amp": True, "opt": "sgd"}),
        Seen(flags={"lr": 0.01, "amp": False, "opt": "adam"}),
        Seen(flags={"lr": 10}, attributes={"started": "2026-01-31T12:00:00.000000"}),
    ]
    filters = Filters(where=parse(where))
    assert select(filters, runs) == []
    assert explain_nothing(filters, runs) == [told]


def test_a_number_that_a_list_is_compared_with_is_answered_with_what_holds_for_a_list() -> None:
    runs = [Seen(flags={"layers": [64, 32]}), Seen(flags={"layers": [16]})]
    filters = Filters(where=parse("layers == 16"))
    assert select(filters, runs) == []
    assert explain_nothing(filters, runs) == ["of a list: 16 in layers"]


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        (Filters(statuses=("terminated",)), ["status has: completed, error, unreadable"]),
        (Filters(operation="trian"), ["operation has: train, test"]),
        (Filters(tag="b"), ["tags has: a"]),
        (Filters(where=parse("status == 'failed'")), ["status has: completed, error, unreadable"]),
        (Filters(where=parse("label in ['bets', 'worst']")), ["label has: best"]),
        (Filters(where=parse("tags == 'a'")), ["of a list: 'a' in tags"]),
        (Filters(where=parse("n > 5")), []),
        (Filters(where=parse("status != 'failed' and n > 5")), []),
        (Filters(kind="run", where=parse("step == 'train'")), ["step has: t"]),
    ],
)
def test_filters_that_select_nothing_tell_what_there_is_instead(
    filters: Filters, told: list[str]
) -> None:
    assert explain_nothing(filters, ALL) == told
