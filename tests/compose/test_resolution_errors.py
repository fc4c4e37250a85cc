"""OmegaConf's messages, in one line."""

from __future__ import annotations

import pytest

from hydra_sweep_runner.compose.resolution_errors import one_line


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("one", "one"),
        ("one\ntwo", "one; two"),
        ("one:\n  two,\n\nthree", "one: two, three"),
        ("one\n    full_key: a.b\n    object_type=dict", "one"),
        ("full_key: a", "ValueError"),
        ("", "ValueError"),
    ],
)
def test_a_message_is_told_in_one_line_without_an_address(message: str, line: str) -> None:
    assert one_line(ValueError(message)) == line
