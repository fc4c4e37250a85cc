"""Scalars among printed lines: contract section 8."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.scalars.form import Pairs, Pattern, parse_form
from hydra_sweep_runner.scalars.printed import Printed
from hydra_sweep_runner.scalars.series import AllSeries

Found = dict[str, list[tuple[float, float]]]


def read(*chunks: bytes | tuple[int, bytes], form: object = True) -> Found:
    """What is found in chunks of stdout, or of the stream that stands with them."""
    printed, found = Printed(parse_form(form)), AllSeries()
    for chunk in chunks:
        stream, data = chunk if isinstance(chunk, tuple) else (0, chunk)
        for reports in printed.feed(stream, data):
            found.add(reports)
    for reports in printed.end():
        found.add(reports)
    return {name: list(points) for name, points in found.points()}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("loss: 0.25", {"loss": 0.25}),
        ("loss=0.25", {"loss": 0.25}),
        ("step=3 loss=0.25, acc: 0.9", {"loss": 0.25, "acc": 0.9}),
        ("  loss: 0.25\t", {"loss": 0.25}),
        ("loss:   0.25", {"loss": 0.25}),
        ("a=1,b=2", {"a": 1, "b": 2}),
        ("a=1  b=2 , c=3", {"a": 1, "b": 2, "c": 3}),
        ("val/loss@1.x-y_z: 1", {"val/loss@1.x-y_z": 1}),
        ("_x=1", {"_x": 1}),
        ("précision: 0.5", {"précision": 0.5}),
        ("损失: 0.5", {"损失": 0.5}),
        ("loss: -1", {"loss": -1}),
        ("loss: +1", {"loss": 1}),
        ("loss: 1e+5", {"loss": 1e5}),
        ("loss: 1e-05", {"loss": 1e-5}),
        ("loss: 1.", {"loss": 1}),
        ("loss: .5", {"loss": 0.5}),
        ("loss: inf", {"loss": math.inf}),
        ("loss: -inf", {"loss": -math.inf}),
        ("loss: 1e999", {"loss": math.inf}),
        ("\x1b[32mloss=0.25\x1b[0m \x1b[1;34macc\x1b[0m: 0.9", {"loss": 0.25, "acc": 0.9}),
    ],
)
def test_a_line_of_nothing_but_pairs_reports(line: str, expected: dict[str, float]) -> None:
    found = {name: points[-1][1] for name, points in read(f"{line}\n".encode()).items()}
    assert found == expected


def test_a_nan_is_reported() -> None:
    assert math.isnan(read(b"loss: nan\n")["loss"][0][1])


@pytest.mark.parametrize(
    "line",
    [
        "the loss: 0.25",
        "loss: 0.25 now",
        "loss:0.25",
        "loss = 0.25",
        "loss 0.25",
        "loss: 0.25;",
        "loss: 0.25,",
        ", loss: 0.25",
        "1x: 2",
        "-x: 2",
        "x y: 2",
        "loss: true",
        "loss: 0.25 done: True",
        "loss: 1_000",
        "loss: 0x10",
        "loss: 1j",
        "loss: '1'",
        "loss: ٣",
        "loss: 1 2",
        "loss: 1e",
        "http://x: 1",
        "12:30: 5",
        "loss: infinite",
        "INFO loss: 1",
        "loss",
        "",
        "=1",
        "é!: 1",
        "±x: 1",
    ],
)
def test_any_other_line_is_passed_over(line: str) -> None:
    assert read(f"{line}\nok: 1\n".encode()) == {"ok": [(0, 1)]}
    assert read(f"ok: 1\n{line}\n".encode()) == {"ok": [(0, 1)]}


def test_a_carriage_return_ends_a_line_and_so_does_the_end_of_the_output() -> None:
    assert read(b"loss: 3\rloss: 2\r\nloss: 1") == {"loss": [(0, 3), (1, 2), (2, 1)]}


def test_both_streams_are_read_each_in_lines_of_its_own() -> None:
    found = read((0, b"lo"), (1, b"acc: 1\nac"), (0, b"ss: 2\n"), (1, b"c: 3"))
    assert found == {"acc": [(0, 1), (1, 3)], "loss": [(0, 2)]}


def test_a_step_holds_for_its_line_and_those_that_follow() -> None:
    found = read(
        b"loss: 9\nstep: 5\nloss: 8\nacc: 1\nloss=7 step=6\nloss=6\nstep: 7.5\n", b"loss: 5\n"
    )
    assert found == {"loss": [(0, 9), (5, 8), (6, 7), (6, 6), (7.5, 5)], "acc": [(5, 1)]}
    assert read(b"step: nan\nloss: 1\n") == {"loss": [(0, 1)]}
    assert read(b"step=1\n", b"loss: 2\n" * 3) == {"loss": [(1, 2)] * 3}


def test_without_a_step_a_report_takes_the_number_of_those_before_it() -> None:
    assert read(b"a: 1\nb: 2\na: 3\n") == {"a": [(0, 1), (1, 3)], "b": [(0, 2)]}


TRACE = b"""Traceback (most recent call last):
  File "x.py", line 3, in <module>
    raise KeyError(3)
KeyError: 3
"""


@pytest.mark.parametrize("indented", [b"", b"  "])
def test_the_last_line_of_a_traceback_does_not_count(indented: bytes) -> None:
    trace = b"".join(indented + line + b"\n" for line in TRACE.splitlines())
    for end in range(len(trace) + 1):
        found = read(b"a: 1\n", (1, trace[:end]), b"b: 2\n", (1, trace[end:]), (1, b"c: 3\n"))
        assert found == {"a": [(0, 1)], "b": [(0, 2)], "c": [(0, 3)]}
    chained = TRACE + b"\nDuring handling of the above exception, another exception occurred:\n\n"
    assert read((1, chained + TRACE + b"ok: 1\n")) == {"ok": [(0, 1)]}
    assert read((1, TRACE[:-1])) == {}


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    printed = Printed(Pairs())
    for _ in range(100):
        assert list(printed.feed(0, b"x" * 10_000)) == []
    assert all(len(stream.rest) < 100_000 for stream in printed._streams)
    assert [reports.name for reports in printed.feed(0, b": 1\nloss: 1\n")] == ["loss"]


def test_bytes_that_are_no_text_spoil_their_own_line_only() -> None:
    assert read(b"\xff\xfe: 1\nloss: 2\nx: \x80\n") == {"loss": [(0, 2)]}


@pytest.mark.parametrize("byte", range(1, 9))
def test_a_control_character_between_numbers_is_no_pair(byte: int) -> None:
    assert read(b"a=1 b=2\na=1%c2\n" % byte) == {"a": [(0, 1)], "b": [(0, 2)]}
    assert read(b"a=1 b=2\n%c1%c2\n" % (byte, byte)) == {"a": [(0, 1)], "b": [(0, 2)]}


def test_false_turns_printed_scalars_off() -> None:
    assert read(b"loss: 1\n", form=False) == {}


def test_a_regular_expression_replaces_the_form_and_every_match_counts() -> None:
    form = r"(?P<name>\w+)\s*->\s*(?P<value>\S+)"
    lines = b"epoch 3 loss -> 0.5 acc -> 0.25\nloss: 9\nloss -> 0.4 x -> none y -> 1_0\n"
    assert read(lines, form=form) == {"loss": [(0, 0.5), (1, 0.4)], "acc": [(0, 0.25)]}
    form = r"\[(?P<step>\d+)?\] (?P<name>\w+) (?P<value>[\d.]+)"
    assert read(b"[7] loss 1\n[] loss 2\n", form=form) == {"loss": [(7, 1), (1, 2)]}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("(", "no regular expression"),
        (r"(?P<name>\w+)", "no group value"),
        (r"(?P<value>\w+)", "no group name"),
        (r"\w", "no group name and no group value"),
        (3, "true, false or a regular expression"),
        (["x"], "true, false or a regular expression"),
    ],
)
def test_a_form_that_is_none_is_a_mistake(value: object, words: str) -> None:
    with pytest.raises(Mistake, match=r"operation\.scalars") as told:
        parse_form(value)
    assert words in str(told.value)


def test_true_and_nothing_are_the_default() -> None:
    assert parse_form(True) == parse_form(None) == Pairs()
    assert isinstance(parse_form(r"(?P<name>a)(?P<value>b)"), Pattern)


# ---- laws

LINES = [
    b"loss: 0.5",
    b"loss: 1e-3",
    b"loss: nan",
    b"acc: 0.25",
    b"step=3 loss=0.25",
    b"step=4 loss=0.25",
    b"step=5 loss=-inf",
    b"loss=1 step=9",
    b"step=3 loss=0.25, acc: 0.9",
    b"step: 2",
    b"x: 1 2",
    b"loss: 1-2",
    b"loss: 1\x012",
    b"loss: 5 ",
    b"a=1 a=2",
    b"a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9",
    b"caf\xc3\xa9: 3",
    b"some words",
    b"",
    *TRACE.splitlines(),
]
outputs = st.lists(st.sampled_from(LINES), max_size=30) | st.builds(
    lambda line, count: [line] * count, st.sampled_from(LINES), st.integers(1, 20)
)


@given(outputs, st.data())
def test_how_the_bytes_are_cut_does_not_matter(lines: list[bytes], data: Any) -> None:
    whole = b"\n".join(lines)
    places = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]
    one_by_one = [line + b"\n" for line in lines[:-1]] + lines[-1:]
    expected = repr(read(*one_by_one))  # a NaN is not itself
    assert repr(read(*pieces)) == expected
    assert repr(read(whole)) == expected


def test_what_follows_a_line_that_is_too_long_may_be_nothing() -> None:
    assert read(b"x" * 200_000, b"x" * 10 + b"\n", b"loss: 1\n") == read(b"loss: 1\n")


NUMBERS = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.integers().map(str),
    st.sampled_from(["-0", "+1", ".5", "5.", "01", "1e400", "1E5", "-0.0", "5e-324", str(2**70)]),
)


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.booleans())
def test_of_many_lines_at_once_each_number_is_what_float_makes_of_it(
    numbers: list[str], together: bool
) -> None:
    many = numbers * (1000 // len(numbers) + 1)
    lines = "".join(f"loss: {number}\n" for number in many).encode()
    found = read(lines) if together else read(*lines.splitlines(keepends=True))
    assert repr([value for _, value in found["loss"]]) == repr([float(one) for one in many])
