"""Names that are no run option, and what they probably mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.operation.option_suggestions import misspelt, slip_of
from hydra_sweep_runner.operation.run_options import OPTIONS


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("neded", "needed"),
        ("needd", "needed"),
        ("needed_", "needed"),
        ("max_trial", "max_trials"),
        ("maxtrials", "max_trials"),
        ("ramdon_seed", "random_seed"),
        ("lable", "label"),
        ("tag", "tags"),
        ("timout", "timeout"),
        ("failfast", "fail_fast"),
        ("onyl", "only"),
    ],
)
def test_a_name_a_letter_or_two_away_is_a_slip(typed: str, meant: str) -> None:
    assert misspelt(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"), [("resume", "restart"), ("rerun", "restart"), ("n_trials", "max_trials")]
)
def test_what_other_tools_call_an_option_is_known(typed: str, meant: str) -> None:
    assert misspelt(typed) == meant


@pytest.mark.parametrize(
    "name", ["lr", "x", "model.label", "seed", "epochs", "trail_mix", "max", ""]
)
def test_a_name_further_away_is_another_name(name: str) -> None:
    assert misspelt(name) is None


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_no_slip_of_itself(name: str) -> None:
    assert misspelt(name) is None


@given(st.sampled_from(sorted(OPTIONS)), st.data())
def test_every_one_letter_slip_of_an_option_is_found(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz_"))
    kind = data.draw(st.sampled_from(["left out", "added", "changed", "swapped"]))
    slips = {
        "left out": name[:place] + name[place + 1 :],
        "added": name[:place] + letter + name[place:],
        "changed": name[:place] + letter + name[place + 1 :],
        "swapped": name[:place] + name[place : place + 2][::-1] + name[place + 2 :],
    }
    slip = slips[kind]
    assert misspelt(slip) == (None if slip in OPTIONS else name)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hlep", "help"),
        ("colums", "columns"),
        ("opration", "operation"),
        ("col", "columns"),
        ("mni", "min"),
        ("format", None),
        ("excel", None),
        ("trials", None),
        ("all", None),
        ("m", None),
    ],
)
def test_only_what_is_near_enough_is_taken_for_a_slip(typed: str, meant: str | None) -> None:
    assert slip_of(typed, ["operation", "columns", "min", "max", "sort", "help", "kind"]) == meant


def test_a_beginning_may_be_no_slip() -> None:
    assert slip_of("experiment", ["experimental-rerun", "help"], begins=False) is None
    assert slip_of("anything", []) is None
