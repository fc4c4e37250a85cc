"""The end of a trial's output, as it is shown with its failure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.terminal.output_tail import last_error_line, last_exception, last_lines


def test_the_last_lines_of_an_output_are_as_they_were_to_be_seen() -> None:
    assert last_lines(b"") == []
    assert last_lines(b"a\nb\n\n \n") == ["a", "b"]
    assert last_lines(b"".join(b"%d\n" % n for n in range(20))) == [str(n) for n in range(10, 20)]
    assert last_lines(b" 10%\r 50%\r100%\r\ndone\r\n") == ["100%", "done"]
    assert last_lines("é".encode()[1:] + b"\x1b[1mbold\x1b[0m\x1b]0;title\x07") == [
        "�bold\\x1b]0;title\\x07"
    ]
    (cut,) = last_lines(b"x" * 1000)
    assert (len(cut), cut[-1]) == (160, "…")


@given(st.binary(max_size=300))
def test_the_last_lines_never_hold_a_control_character(tail: bytes) -> None:
    lines = last_lines(tail)
    assert len(lines) <= 10
    assert all(line.isprintable() for line in lines)


PLAIN_TRACEBACK = b"""\
loss: 1
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    raise ValueError("no good")
ValueError: no good
"""

MISTAKE_IN_SYNTAX = b"""\
1 epoch
  File "/project/train.py", line 1
    x = (
        ^
SyntaxError: '(' was never closed
"""


@pytest.mark.parametrize(
    ("tail", "told"),
    [
        (PLAIN_TRACEBACK, "ValueError: no good"),
        (PLAIN_TRACEBACK + b"the end\n", "ValueError: no good"),
        (PLAIN_TRACEBACK.replace(b": no good", b""), "ValueError"),
        (PLAIN_TRACEBACK.replace(b"ValueError: ", b"my.own.Bad: "), "my.own.Bad: no good"),
        (PLAIN_TRACEBACK + b"\nDuring handling:\n\n" + PLAIN_TRACEBACK[8:], "ValueError: no good"),
        (
            b"\x1b[31m" + PLAIN_TRACEBACK[8:-20] + b"\x1b[1;35mKeyError\x1b[0m: 'x'\n",
            "KeyError: 'x'",
        ),
        (b"ValueError: only printed\n", ""),
        (MISTAKE_IN_SYNTAX, "SyntaxError: '(' was never closed"),
        (b"SyntaxError: only printed\n", ""),
        (b"", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_the_exception_that_an_output_ends_with(tail: bytes, told: str) -> None:
    assert last_exception(tail) == told


@pytest.mark.parametrize(
    ("tail", "told"),
    [
        (b"", ""),
        (b"sort: no such file\n\n", "sort: no such file"),
        (b"bad \x1b[31moption\x1b[0m\r\n+ exit 3\n++ echo\n", "bad option"),
        (b"no such user\n 10%\r100%\n", "no such user"),
        (b"+ exit 3\n", ""),
    ],
)
def test_the_last_line_of_the_errors_is_neither_empty_nor_a_trace_nor_overwritten(
    tail: bytes, told: str
) -> None:
    assert last_error_line(tail) == told
