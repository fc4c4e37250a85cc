"""What a script takes by place arrives as its flags say."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.script.arguments import Parser
from hydra_sweep_runner.execute.script.flags import check_flags, places_by_name, read_parser
from hydra_sweep_runner.execute.script.parser_source import Style
from hydra_sweep_runner.model import FlagsTo, Value

_HEAD = "import argparse\np = argparse.ArgumentParser()\n"

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
_NARGS = st.sampled_from([None, "?", "*", "+", 1, 2])


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "train.py"


@st.composite
def _value_of(draw: st.DrawFn, nargs: int | str | None) -> Value:
    if nargs is None:
        return draw(_TEXTS)
    if nargs == "?":
        return draw(st.none() | _TEXTS)
    least = nargs if isinstance(nargs, int) else 1 if nargs == "+" else 0
    most = nargs if isinstance(nargs, int) else 3
    return draw(st.lists(_TEXTS, min_size=least, max_size=most))


@given(st.data())
def test_argparse_reads_what_the_flags_say_or_it_is_a_mistake(data: st.DataObject) -> None:
    numbers = data.draw(st.lists(_NARGS, min_size=1, max_size=3))
    source = _HEAD + "p.add_argument('--layers', nargs='+')\n"
    source += "".join(f"p.add_argument('x{n}', nargs={each!r})\n" for n, each in enumerate(numbers))
    flags: dict[str, Value] = {
        f"x{n}": data.draw(_value_of(each)) for n, each in enumerate(numbers)
    }
    flags["layers"] = ["1", "2"]
    parser = Parser(style=Style.ARGPARSE, places=places_by_name(ast.parse(source)))
    try:
        arguments = parser.arguments(flags)
    except Mistake:
        optional = [each for each in numbers if each in ("?", "*", "+")]
        assert len(optional) > 1 or "--" in str(flags)
        return
    assert vars(_made(source).parse_args(arguments)) == flags


def _made(source: str) -> argparse.ArgumentParser:
    names: dict[str, argparse.ArgumentParser] = {}
    exec(source, names)
    return names["p"]


CLICK = (
    "import click\n@click.command()\n@click.argument('src')\n@click.option('--n', type=int)\n"
    "@click.argument('rest', nargs=-1)\ndef main(**words): ...\n"
)


@pytest.mark.parametrize(
    ("source", "flags", "expected"),
    [
        (CLICK, {"src": "-a", "n": 1, "rest": ["b", "c"]}, ("--n", "1", "--", "-a", "b", "c")),
        (CLICK, {"src": "a", "rest": []}, ("--", "a")),
        (_HEAD + "p.add_argument('n', type=int)", {"n": 1e3}, ("--", "1000")),
        (_HEAD + "p.add_argument('b', type=bool)", {"b": False}, ("--", "")),
        (_HEAD + "p.add_argument('n', nargs='?')", {"n": None}, ()),
    ],
)
def test_they_stand_last_in_the_order_of_the_source(
    script: Path, source: str, flags: Mapping[str, Value], expected: tuple[str, ...]
) -> None:
    script.write_text(source)
    check_flags(script, FlagsTo.ARGS, flags)
    assert read_parser(script).arguments(flags) == expected


@pytest.mark.parametrize(
    ("declared", "flags", "said"),
    [
        ("'x'", {"x": None}, "x=null: train.py takes one value of x"),
        ("'x', nargs=2", {"x": ["a"]}, 'x=["a"]: train.py takes 2 values of x'),
        ("'x', nargs='+'", {"x": []}, "x=[]: train.py takes at least one value of x"),
        ("'x'", {"x": ["a", "b"]}, "takes one value of x"),
        ("'x', type=int", {"x": "a"}, "x=a: x of train.py takes a whole number (type=int)"),
        ("'x', nargs='?', default=3", {"x": None}, "without it runs with 3: give it that value"),
        ("'x'", {"x": "--"}, "argparse leaves this value out"),
    ],
)
def test_a_value_that_would_arrive_otherwise_is_a_mistake(
    script: Path, declared: str, flags: Mapping[str, Value], said: str
) -> None:
    script.write_text(f"{_HEAD}p.add_argument({declared})\np.parse_args()\n")
    with pytest.raises(Mistake) as caught:
        read_parser(script).arguments(flags)
    assert said in str(caught.value)


def test_a_place_without_a_flag_before_one_that_has_one_is_a_mistake(script: Path) -> None:
    script.write_text(_HEAD + "p.add_argument('a', nargs='?')\np.add_argument('b', nargs='?')\n")
    check_flags(script, FlagsTo.ARGS, ["a"])
    with pytest.raises(Mistake, match=r"takes a by place, before b: .* needs a flag a"):
        check_flags(script, FlagsTo.ARGS, ["b"])


@pytest.mark.parametrize(
    "source",
    [
        "if MORE:\n    p.add_argument('x')",
        "p.add_argument('x', action=Mine)",
        "p.add_argument('x', nargs=N)",
        "p.add_argument('x', nargs=argparse.REMAINDER)",
    ],
)
def test_an_unclear_place_gets_no_value(source: str) -> None:
    assert places_by_name(ast.parse(_HEAD + source)) == {}
