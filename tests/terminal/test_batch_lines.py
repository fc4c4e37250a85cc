"""How a batch ended, in one line: contract section 6."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.model import Status
from hydra_sweep_runner.terminal.batch_lines import (
    count_trials,
    ends_well,
    last_line,
    restart_words,
)
from tests.stores import run_of

COMMAND = "runner +restart="


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        (
            {Status.COMPLETED: 3, Status.ERROR: 1},
            "Batch 77b01c52: 4 trials, 3 completed, 1 failed; to go on: "
            "runner +restart=77b01c52 +needed=true",
        ),
        ({Status.COMPLETED: 4}, "Batch 77b01c52: 4 trials, 4 completed"),
        ({Status.COMPLETED: 1}, "Batch 77b01c52: 1 trial, 1 completed"),
        ({Status.COMPLETED: 2, Status.ERROR: 0}, "Batch 77b01c52: 2 trials, 2 completed"),
        (
            {
                Status.PENDING: 5,
                Status.RUNNING: 4,
                Status.TERMINATED: 3,
                Status.ERROR: 2,
                Status.COMPLETED: 1,
            },
            "Batch 77b01c52: 15 trials, 1 completed, 2 failed, 3 terminated, 4 running "
            "elsewhere, 5 pending; to go on: runner +restart=77b01c52 +needed=true",
        ),
    ],
)
def test_the_line_of_a_batch(counts: dict[Status, int], line: str) -> None:
    assert last_line("77b01c52", counts, COMMAND) == line


def test_the_line_says_how_to_go_on_in_the_words_of_whoever_started_it() -> None:
    line = last_line("77b01c52", {Status.ERROR: 1}, "python app.py -m +restart=")
    assert line.endswith("; to go on: python app.py -m +restart=77b01c52 +needed=true")


@pytest.mark.parametrize(
    ("counts", "is_lifted"),
    [
        ({Status.COMPLETED: 2, Status.PENDING: 3, Status.ERROR: 0}, True),
        ({Status.COMPLETED: 2, Status.PENDING: 3, Status.ERROR: 1}, False),
        ({Status.COMPLETED: 2}, False),
    ],
)
def test_a_stopping_rule_is_lifted_if_it_alone_keeps_trials_from_starting(
    counts: dict[Status, int], is_lifted: bool
) -> None:
    lift = "hydra.sweeper.stop=null"
    assert restart_words(counts, lift) == ["+needed=true", *([lift] if is_lifted else [])]


@given(st.lists(st.sampled_from(Status), max_size=8))
def test_every_trial_is_counted_and_all_must_be_completed_to_end_well(
    statuses: list[Status],
) -> None:
    counts = count_trials(run_of(status=status) for status in statuses)
    assert sum(counts.values()) == len(statuses)
    assert ends_well(counts) == (set(statuses) <= {Status.COMPLETED})
    assert ("to go on" in last_line("77b01c52", counts, COMMAND)) != ends_well(counts)
