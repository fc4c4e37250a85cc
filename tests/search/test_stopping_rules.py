"""Rules that end a batch: what they say, and when they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.search.objective import Objective, Values, improvements
from hydra_sweep_runner.search.stopping_rules import parse_stopping

LOSS = Objective.parse(["loss"])
ACCURACY = Objective.parse(["-acc"])
BOTH = Objective.parse(["loss", "-acc"])

results = st.lists(st.none() | st.tuples(st.floats(-5, 5)), max_size=12)


def told(*values: float | None) -> list[Values | None]:
    return [None if value is None else (value,) for value in values]


@pytest.mark.parametrize(
    ("rule", "known", "ends"),
    [
        ({"objective": "< 0.5"}, told(0.7, None, 0.4), "loss < 0.5"),
        ({"objective": "< 0.5"}, told(0.7, None, 0.5), None),
        ({"objective": "<=0.5"}, told(0.5), "loss <= 0.5"),
        ({"objective": "> 1e3"}, told(1001.0), "loss > 1e3"),
        ({"loss": ">= 2"}, told(2.0), "loss >= 2"),
        ({"objective": "< 0.5"}, told(), None),
        ({"patience": 2}, told(3.0, 2.0, 2.5), None),
        ({"patience": 2}, told(3.0, 2.0, 2.5, None), "no better trial among 2"),
        ({"patience": 2}, told(3.0, 2.0, 2.0, 2.0), "no better trial among 2"),
        ({"patience": 2}, told(None, None), "no better trial among 2"),
        ({"patience": 2}, told(None), None),
        ({"time": "2m"}, told(), None),
        ({"time": "90s"}, told(), "the time of 90s is over"),
        ({"time": "1m"}, told(), "the time of 1m is over"),
        ({"time": "1h"}, told(), None),
    ],
)
def test_a_rule_ends_a_batch_when_it_holds(
    rule: dict[str, object], known: list[Values | None], ends: str | None
) -> None:
    assert parse_stopping([rule], LOSS).why(known, elapsed_s=100.0) == ends


def test_a_comparison_is_with_the_scalar_itself_also_where_more_is_better() -> None:
    stopping = parse_stopping([{"objective": "> 0.9"}], ACCURACY)
    assert stopping.why([(0.5,)], 0.0) is None
    assert stopping.why([(0.95,)], 0.0) == "acc > 0.9"


def test_with_more_is_better_patience_waits_for_more() -> None:
    stopping = parse_stopping([{"patience": 1}], ACCURACY)
    assert stopping.why([(0.5,), (0.6,)], 0.0) is None
    assert stopping.why([(0.6,), (0.5,)], 0.0) == "no better trial among 1"


def test_with_several_objectives_a_comparison_names_one() -> None:
    stopping = parse_stopping([{"acc": "> 0.9"}], BOTH)
    assert stopping.why([(5.0, 0.95)], 0.0) == "acc > 0.9"
    with pytest.raises(Mistake, match="name the one that is meant: loss, acc"):
        parse_stopping([{"objective": "< 1"}], BOTH)


def test_any_of_several_rules_ends_a_batch() -> None:
    stopping = parse_stopping([{"patience": 50}, {"objective": "< 1"}, {"time": "1d"}], LOSS)
    assert stopping.looks_at_results
    assert stopping.why([(0.5,)], 0.0) == "loss < 1"
    assert stopping.why([(2.0,)], 86400.0) == "the time of 1d is over"
    assert stopping.why([(2.0,)], 86399.0) is None
    hours = parse_stopping([{"time": "2h"}], LOSS)
    assert (hours.why([], 7199.0), hours.why([], 7200.0)) == (None, "the time of 2h is over")


def test_no_rules_end_nothing() -> None:
    assert parse_stopping(None, LOSS).why([(0.0,)] * 1000, 1e9) is None
    assert not parse_stopping([{"time": "2h"}], LOSS).looks_at_results


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("patience", "must be a list of rules"),
        ({"patience": 3}, "must be a list of rules"),
        ([3], "each rule has one key"),
        ([{"patience": 3, "time": "2h"}], "each rule has one key"),
        ([{"patience": 0}], "at least 1"),
        ([{"patience": "3"}], "at least 1"),
        ([{"patience": True}], "at least 1"),
        ([{"time": "2"}], "s, m, h or d"),
        ([{"time": "0s"}], "s, m, h or d"),
        ([{"time": "2w"}], "s, m, h or d"),
        ([{"time": 7200}], "s, m, h or d"),
        ([{"objective": 0.05}], "write a comparison"),
        ([{"objective": "< x"}], "write a comparison"),
        ([{"objective": "< nan"}], "write a comparison"),
        ([{"objective": "== 1"}], "write a comparison"),
        ([{"nosuch": "< 1"}], "write objective, patience or time"),
    ],
)
def test_what_is_no_rule_is_a_mistake(rules: object, words: str) -> None:
    with pytest.raises(Mistake, match=words) as told:
        parse_stopping(rules, LOSS)
    assert str(told.value).startswith("hydra.sweeper.stop")


@given(results)
def test_an_improvement_is_better_than_all_before_it(known: list[Values | None]) -> None:
    best = None
    for place, values in enumerate(known):
        better = values is not None and (best is None or values[0] < best)
        assert (place in improvements(LOSS, known)) == better
        if better:
            assert values is not None
            best = values[0]


def test_with_several_objectives_what_nothing_beats_is_an_improvement() -> None:
    known: list[Values | None] = [(1.0, 1.0), (2.0, 2.0), (1.0, 1.0), (2.0, 0.5), (0.5, 3.0)]
    assert improvements(BOTH, known) == [0, 1, 4]


# ---- objectives


@pytest.mark.parametrize("texts", [[], [""], ["-"], ["a", "a"], ["a", "-a"], [" a"]])
def test_what_is_no_objective_is_a_mistake(texts: list[str]) -> None:
    with pytest.raises(Mistake, match="objective"):
        Objective.parse(texts)


@pytest.mark.parametrize(
    ("last", "values"),
    [
        ({"loss": 1.0, "acc": 0.5, "other": 3.0}, (1.0, 0.5)),
        ({"loss": 1.0}, None),
        ({"loss": 1.0, "acc": float("nan")}, None),
        ({"loss": float("inf"), "acc": 0.5}, None),
        ({}, None),
    ],
)
def test_a_trial_needs_a_finite_value_of_each_objective(
    last: dict[str, float], values: Values | None
) -> None:
    assert BOTH.values(last) == values


def test_objectives_are_written_as_they_were_read() -> None:
    assert BOTH.texts == ("loss", "-acc")
    assert BOTH.oriented((1.0, 0.5)) == (1.0, -0.5)
