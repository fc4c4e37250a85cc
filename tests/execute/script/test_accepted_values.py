"""A value that argparse would refuse is refused before anything runs, and never any other.

Argparse itself is the judge: each script is run with the arguments that would be given.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.script.flags import read_parser

PARSER = """
import argparse
NAMES = ["a", "b"]
MADE = {{"a": len, "3": print}}
NUMBERS: range = range(3, 4)
GROWN = ["a"]
GROWN.append("b")
REGISTERED = {{"a": len}}
REGISTERED["b"] = print
BOUND_TWICE = ["a"]
if len(BOUND_TWICE) > 0:
    BOUND_TWICE = ["b"]
parser = argparse.ArgumentParser()
parser.add_argument("--{name}"{words})
parser.parse_args()
"""

VALUES = [
    3,
    -3,
    2.0,
    2.5,
    "a",
    "b",
    "3",
    "1_0",
    " 3",
    "-1",
    "nan",
    "é",
    "",
    True,
    [1, 2],
    ["a"],
]
WORDS = [
    "",
    "type=int",
    "type=float",
    "type=str",
    "choices=['a', 'b']",
    "choices=['3', 'true']",
    "type=int, choices=[3, 10]",
    "type=int, choices=range(2, 4)",
    "type=float, choices=(2.5,)",
    "type=int, nargs='+'",
    "type=int, nargs='*'",
    "nargs='?', choices=['a']",
    "type=int, action='append'",
    "choices=set('ab')",
    "choices=NAMES",
    "choices=sorted(NAMES)",
    "choices=MADE",
    "choices=list(MADE.keys())",
    "choices=GROWN",
    "choices=REGISTERED",
    "choices=BOUND_TWICE",
    "type=int, choices=NUMBERS",
    "type=lambda text: 1",
    "type=bool",
    "action='store_true'",
]


def _refusal(folder: Path, source: str, name: str, value: Any) -> tuple[str | None, Any]:
    """Our refusal, or None with the arguments."""
    script = folder / "train.py"
    script.write_text(source)
    try:
        return None, read_parser(script).given(name, value)
    except Mistake as mistake:
        return str(mistake), None


def _parses(source: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            exec(compile(source, "train.py", "exec"), {"__name__": "__main__"})
    except SystemExit:
        return False
    return True


def _as_given(value: Any) -> list[str]:
    """What would be passed if nothing was checked."""
    if isinstance(value, bool):
        return ["--x"]
    return ["--x", *map(str, value)] if isinstance(value, list) else [f"--x={value}"]


@pytest.mark.parametrize("words", WORDS)
def test_argparse_refuses_what_is_refused_and_takes_what_is_not(
    tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = PARSER.format(name="x", words=f", {words}" if words else "")
    for value in VALUES:
        refused, arguments = _refusal(tmp_path, source, "x", value)
        if refused is None and "nargs" not in words and isinstance(value, list):
            continue  # how many values an option takes is not looked at
        takes = _parses(source, arguments or _as_given(value), monkeypatch)
        unknown = ("set(", "lambda", "bool", "GROWN", "REGISTERED", "TWICE")
        certain = not any(word in words for word in unknown)
        assert not takes if refused is not None else (takes or not certain), value


@given(st.text(max_size=6), st.sampled_from(["int", "float"]))
def test_a_text_is_refused_just_if_the_type_refuses_it(text: str, type_name: str) -> None:
    from hydra_sweep_runner.execute.script.accepted_values import Accepted

    converts = True
    try:
        {"int": int, "float": float}[type_name](text)
    except ValueError:
        converts = False
    accepted = Accepted(needs_value=True, type_name=type_name)
    if converts:
        accepted.check("train.py", "x", text)
    else:
        with pytest.raises(Mistake):
            accepted.check("train.py", "x", text)


UNCERTAIN = {
    "an error that is replaced": "parser.error = print\n",
    "a refusal that is caught": "try:\n    parser.parse_args()\nexcept SystemExit:\n    pass\n",
    "arguments of its own": "parser.parse_args(['--x', 'a'])\n",
    "a type of the same name": "def int(text): return 1\n",
    "two declarations": "if True:\n    parser.add_argument('--x', type=str)\n",
    "another parser": "other = argparse.ArgumentParser()\n",
    "arguments that are changed": "import sys\nsys.argv = []\n",
}


@pytest.mark.parametrize("more", UNCERTAIN.values(), ids=UNCERTAIN)
def test_where_it_is_not_certain_nothing_is_refused(tmp_path: Path, more: str) -> None:
    source = PARSER.format(name="x", words=", type=int")
    refused, _ = _refusal(tmp_path, source + more, "x", "abc")
    assert refused is None
    for replaced in ("argparse.ArgumentParser(exit_on_error=False)", "Mine()"):
        text = f"class Mine(argparse.ArgumentParser): ...\n{source}"
        text = text.replace("argparse.ArgumentParser()\n", f"{replaced}\n")
        assert _refusal(tmp_path, text, "x", "abc")[0] is None


def test_the_line_names_what_would_be_right(tmp_path: Path) -> None:
    def said(words: str, value: Any) -> str | None:
        return _refusal(tmp_path, PARSER.format(name="x", words=f", {words}"), "x", value)[0]

    assert said("type=int", "abc") == "x=abc: --x of train.py takes a whole number (type=int)"
    assert said("choices=['a', 'b']", "c") == "x=c: --x of train.py takes one of a, b"
    assert said("type=int", True) == "x=true: --x of train.py takes a value, and is no switch"
    many = json.dumps([str(n) for n in itertools.islice(itertools.count(), 30)])
    assert str(said(f"choices={many}", "c")).endswith(
        "takes one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, …"
    )


def test_a_list_for_an_option_that_takes_one_value_is_refused(tmp_path: Path) -> None:
    def said(words: str, value: Any) -> str | None:
        return _refusal(tmp_path, PARSER.format(name="x", words=f", {words}"), "x", value)[0]

    assert said("type=float", [0.1, 0.2]) == (
        "x=[0.1,0.2]: --x of train.py takes one value; to sweep over them: -m x=0.1,0.2"
    )
    assert said("type=float, nargs=2", [0.1, 0.2]) is None
    assert said("type=float, action='append'", [0.1, 0.2]) is None


RETURNED = """
import argparse
def get_parser(defaults=None) -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description="trains")
    group = p.add_argument_group("model")
    group.add_argument("--x", type=int, choices=[1, 2])
    return p
def main():
    {use}
main()
"""
PARENTS = """
import argparse
base = argparse.ArgumentParser(add_help=False)
base.add_argument("--x", type=int, choices=[1, 2])
parser = argparse.ArgumentParser(parents=[base])
parser.add_argument("--y", type=float)
args = parser.parse_args()
"""
USES = [
    "args = get_parser().parse_args()",
    "parser = get_parser()\n    args = parser.parse_args()",
    "parser = get_parser(3)\n    parser.add_argument('--y')\n    parser.parse_args()",
]


@pytest.mark.parametrize(
    "source", [*(RETURNED.format(use=use) for use in USES), PARENTS], ids=range(4)
)
def test_a_parser_that_a_function_returns_or_that_has_parents_is_read_as_any(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("abc", 3, True, [1, 2]):
        assert _refusal(tmp_path, source, "x", value)[0] is not None
        assert not _parses(source, _as_given(value), monkeypatch)
    assert _refusal(tmp_path, source, "x", 2) == (None, ["--x", "2"])
    assert _parses(source, ["--x", "2"], monkeypatch)


UNCERTAIN_PARSERS = {
    "a parser given away": RETURNED.format(use="more(get_parser())"),
    "a function given away": RETURNED.format(use="more(get_parser); get_parser().parse_args()"),
    "a decorated function": RETURNED.format(use=USES[0]).replace("def get", "@changed\ndef get"),
    "two functions": RETURNED.format(use=USES[0]) + "def get_parser(): return None\n",
    "options that a caller adds": RETURNED.format(use="get_parser().add_argument('--x')"),
    "a parent from elsewhere": PARENTS.replace("[base]", "[base, other.base]"),
    "a parent that is changed late": PARENTS.replace("args =", "base.add_argument('--z')\nargs ="),
    "a parser that is no parent": PARENTS + "other = argparse.ArgumentParser()\n",
    "a parent with a group": PARENTS.replace("base.add_arg", "base.add_argument_group().add_arg"),
}


@pytest.mark.parametrize("source", UNCERTAIN_PARSERS.values(), ids=UNCERTAIN_PARSERS)
def test_where_a_parser_may_have_changed_on_its_way_nothing_is_refused(
    tmp_path: Path, source: str
) -> None:
    assert _refusal(tmp_path, source, "x", "abc")[0] is None
