"""Run options among the overrides that were typed."""

from __future__ import annotations

import pytest

from hydra_sweep_runner.compose.typed_options import take_options
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.operation.run_options import Options


def test_options_are_taken_out_and_the_rest_keeps_its_order() -> None:
    texts = ["x=1", "+max_trials=3", "-b=2", "+needed=true", "+y=2", "~z"]
    texts.remove("-b=2")
    assert take_options(texts) == (
        {"max_trials": 3, "needed": True},
        ["x=1", "+y=2", "~z"],
    )


def test_only_a_plus_makes_an_option() -> None:
    texts = ["max_trials=3", "++max_trials=3", "~max_trials", "+a.max_trials=3", "+label@x=3"]
    assert take_options(texts) == ({}, texts)


def test_an_option_is_given_once() -> None:
    with pytest.raises(Mistake, match=r"\+label is given twice, the second time as \+label=b"):
        take_options(["+label=a", "x=1", "+label=b"])


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("12e45678", "12e45678"),
        ("00012345", "00012345"),
        ("1_000", "1_000"),
        ("12345678", "12345678"),
        ("'12e45678'", "12e45678"),
        ('"12e45678"', "12e45678"),
        ("../x", "../x"),
        ("true", "true"),
        ("null", "null"),
        ("a,b", "a,b"),
        ("", ""),
    ],
)
def test_restart_is_the_text_that_was_typed(typed: str, taken: str) -> None:
    assert take_options([f"+restart={typed}"]) == ({"restart": taken}, [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+tags=a,b", ["a", "b"]),
        ("+tags=[a,b]", ["a", "b"]),
        ("+tags=a", "a"),
        ("+tags='a,b'", "a,b"),
        ("+tags='a',2", ["a", 2]),
        ("+label='two words'", "two words"),
        ("+label=two words", "two words"),
        ("+label=null", None),
        ("+timeout=1.5", 1.5),
        ("+max_trials=1,2", [1, 2]),
        ("+max_trials=range(1,3)", "range(1,3)"),
        ("+label=glob(*)", "glob(*)"),
    ],
)
def test_an_option_s_value_is_read_by_hydra_s_grammar(text: str, value: object) -> None:
    (options, rest) = take_options([text])
    assert (list(options.values()), rest) == ([value], [])


def test_a_sweep_over_an_option_is_told_as_it_was_typed() -> None:
    options, _ = take_options(["+max_trials=range(1,3)"])
    with pytest.raises(Mistake) as caught:
        Options.read(options)
    assert str(caught.value) == "+max_trials=range(1,3): must be an integer of at least 1"
