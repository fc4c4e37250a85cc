"""Values of the environment are taken out of texts, by the names that refer to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.model import Attempt, Run, Status
from hydra_sweep_runner.record.redaction import redact, redact_all, redact_run
from hydra_sweep_runner.system.clock import now
from tests.stores import run_of

SECRET = "correct-horse"
ENVIRONMENT = {"TOKEN": SECRET, "LONGER": f"{SECRET}-battery", "SHORT": "abc", "PATH": "/usr/bin"}


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        (f"no {SECRET}!", ["TOKEN"], "no ${oc.env:TOKEN}!"),
        (f"{SECRET}{SECRET}", ["TOKEN"], "${oc.env:TOKEN}${oc.env:TOKEN}"),
        (f"no {SECRET}", ["OTHER"], f"no {SECRET}"),
        ("abc", ["SHORT"], "abc"),
        (f"{SECRET}-battery", ["TOKEN", "LONGER"], "${oc.env:LONGER}"),
    ],
)
def test_a_value_becomes_its_reference(text: str, names: list[str], said: str) -> None:
    assert redact(text, names, ENVIRONMENT) == said


@given(st.text(), st.text(min_size=4), st.text())
def test_no_value_is_left_where_it_was(before: str, value: str, after: str) -> None:
    cleaned = redact(before + value + after, ["NAME"], {"NAME": value})
    parts = cleaned.split("${oc.env:NAME}")
    assert len(parts) > 1
    assert not any(value in part for part in parts)


def failed(reason: str, **changes: object) -> Run:
    run = run_of(status=Status.ERROR, reason=reason)
    return replace(run, **changes)  # type: ignore[arg-type]


def test_a_run_is_cleaned_of_what_its_flags_refer_to() -> None:
    run = failed(f"ValueError: {SECRET}", flags={"a": {"b": ["x${oc.env:TOKEN}"]}})
    assert redact_run(run, ENVIRONMENT).state.reason == "ValueError: ${oc.env:TOKEN}"


def test_a_default_is_no_part_of_the_name() -> None:
    run = failed(SECRET, flags={"a": "${oc.env:TOKEN,none}"})
    assert redact_run(run, ENVIRONMENT).state.reason == "${oc.env:TOKEN}"


def test_a_commands_arguments_refer_too() -> None:
    operation = replace(run_of().operation, target=("run", "${oc.env:TOKEN}"))
    assert redact_run(failed(SECRET, operation=operation), ENVIRONMENT).state.reason != SECRET


def test_a_run_that_refers_to_nothing_is_as_it_was() -> None:
    run = failed(SECRET)
    assert redact_run(run, ENVIRONMENT) is run


def test_attempts_are_cleaned_too() -> None:
    at = now()
    attempt = Attempt(started=at, stopped=at, exit_status=1, reason=SECRET, log="0001.log")
    run = replace(run_of(), flags={"a": "${oc.env:TOKEN}"})
    run = replace(run, state=replace(run.state, attempts=(attempt,)))
    (cleaned,) = redact_run(run, ENVIRONMENT).state.attempts
    assert cleaned == replace(attempt, reason="${oc.env:TOKEN}")


def test_a_bugs_text_loses_every_longer_value_that_is_no_path() -> None:
    text = f"{SECRET} in /usr/bin, abc"
    assert redact_all(text, ENVIRONMENT) == "${oc.env:TOKEN} in /usr/bin, abc"
