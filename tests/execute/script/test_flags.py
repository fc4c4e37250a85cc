"""Whether a script can take its flags is told from its source."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.script.flags import arguments, check_flags, resolve_flags_to
from hydra_sweep_runner.model import FlagsTo, Value


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "train.py"


def wrong(script: Path, text: str, flags_to: FlagsTo, *names: str) -> str:
    """The mistake's message."""
    script.write_text(textwrap.dedent(text))
    with pytest.raises(Mistake) as caught:
        check_flags(script, flags_to, names)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", FlagsTo.GLOBALS),
        ("import argparse", FlagsTo.ARGS),
        ("def main():\n    from click.core import command", FlagsTo.ARGS),
        ("import os, typer as t", FlagsTo.ARGS),
        ("import argparser", FlagsTo.GLOBALS),
        ("from . import argparse", FlagsTo.GLOBALS),
    ],
)
def test_auto_means_arguments_where_a_parser_of_them_is_imported(
    script: Path, text: str, expected: FlagsTo
) -> None:
    script.write_text(text)
    assert resolve_flags_to(script, FlagsTo.AUTO) is expected


@pytest.mark.parametrize("given", [FlagsTo.GLOBALS, FlagsTo.ARGS])
def test_what_is_given_is_not_looked_for(script: Path, given: FlagsTo) -> None:
    assert resolve_flags_to(script, given) is given


def test_a_variable_that_is_not_there_is_a_mistake(script: Path) -> None:
    assert wrong(script, "x = 1\ny: int\n(a, b), z = (1, 2), 3", FlagsTo.GLOBALS, "x", "q") == (
        "train.py has no module-level variable 'q' for the flag q; it has: x, y, a, b, z"
    )
    assert wrong(script, "def f(): x = 1", FlagsTo.GLOBALS, "x", "y") == (
        "train.py has no module-level variable 'x' or 'y' for the flags x, y; it has: none"
    )


def test_a_nested_flag_is_no_global(script: Path) -> None:
    assert wrong(script, "model = {}", FlagsTo.GLOBALS, "model.depth") == (
        "the flag model.depth is nested; train.py takes its flags as globals, which have "
        "plain names: flatten them, or set operation.flags_to to args"
    )


def test_a_script_that_does_not_parse_is_a_mistake_with_its_place(script: Path) -> None:
    message = wrong(script, "x = 1\ny = (\n", FlagsTo.GLOBALS, "x")
    assert message == f"script {script}, line 2 does not parse: '(' was never closed"
    script.write_bytes(b"\xff\x00")
    with pytest.raises(Mistake, match="does not parse"):
        resolve_flags_to(script, FlagsTo.AUTO)


def test_a_script_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="cannot be read: No such file"):
        resolve_flags_to(tmp_path / "no.py", FlagsTo.AUTO)


ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
group = parser.add_argument_group("model")
group.add_argument("-l", "--lr", type=float)
parser.add_argument("--batch-size", type=int)
parser.add_argument("data")
parser.set_defaults(lr=1)
"""


def test_an_option_that_argparse_does_not_know_is_a_mistake(script: Path) -> None:
    message = wrong(script, f"{ARGPARSE}\nargs = parser.parse_args()", FlagsTo.ARGS, "lr", "q")
    assert message == "train.py has no option --q; it has --lr, --batch-size, --help"


def test_a_dash_taken_for_an_underscore_is_pointed_at(script: Path) -> None:
    message = wrong(script, f"{ARGPARSE}\nparser.parse_args()", FlagsTo.ARGS, "batch_size")
    assert message.startswith("train.py has no option --batch_size; it has --lr, --batch-size")
    assert "`-` and `_` differ, see --batch-size" in message


@pytest.mark.parametrize(
    "more",
    [
        "parser.parse_known_args()",
        "add_more_options(parser)",
        "other = parser",
        "parser.add_subparsers()",
        "for name in names: parser.add_argument(f'--{name}')",
        "parser.add_argument(*names)",
        "parser.add_argument('--x', **settings)",
        "second = argparse.ArgumentParser(parents=[p])",
        "def make(): return parser",
    ],
)
def test_where_the_source_does_not_tell_all_options_nothing_is_a_mistake(
    script: Path, more: str
) -> None:
    script.write_text(ARGPARSE + more)
    check_flags(script, FlagsTo.ARGS, ["q"])


def test_what_argparse_takes_for_a_short_form_is_none_either(script: Path) -> None:
    script.write_text(ARGPARSE)
    check_flags(script, FlagsTo.ARGS, ["batch"])


def test_scripts_with_other_parsers_are_not_judged(script: Path) -> None:
    script.write_text("import click, sys\nprint(sys.argv)")
    check_flags(script, FlagsTo.ARGS, ["q"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, ["--x", "1"]),
        (-1, ["--x", "-1"]),
        (-0.5, ["--x", "-0.5"]),
        (-1e-05, ["--x=-1e-05"]),
        (0.1, ["--x", "0.1"]),
        (float("nan"), ["--x", "nan"]),
        (float("-inf"), ["--x=-inf"]),
        ("", ["--x", ""]),
        ("a b", ["--x", "a b"]),
        ("-1", ["--x=-1"]),
        (True, ["--x"]),
        (False, []),
        (None, []),
        ([], ["--x"]),
        ([1, "b", 0.5], ["--x", "1", "b", "0.5"]),
        (["-a"], ["--x=-a"]),
        ([[1, 2], {"k": "ü"}], ["--x", "[1, 2]", '{"k": "ü"}']),
        ({}, ["--x", "{}"]),
    ],
)
def test_a_flag_becomes_arguments(value: Value, expected: list[str]) -> None:
    assert arguments({"x": value}) == expected
