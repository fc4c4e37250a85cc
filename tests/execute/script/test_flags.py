"""Whether a script can take its flags is told from its source."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.script.arguments import Parser
from hydra_sweep_runner.execute.script.flags import check_flags, read_parser, resolve_flags_to
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
        ("import argparse\nparser = argparse.ArgumentParser()", FlagsTo.ARGS),
        ("from argparse import Namespace\nx = Namespace(y=1)", FlagsTo.GLOBALS),
        (
            "def main():\n    from click import command as c\n    @c()\n    def f(): ...",
            FlagsTo.ARGS,
        ),
        ("import os, typer as t\nt.run(main)", FlagsTo.ARGS),
        ("from absl import flags\nflags.DEFINE_float('lr', 1, '')", FlagsTo.ARGS),
        ("import fire\nfire.Fire(main)", FlagsTo.ARGS),
        ("import tyro\ntyro.cli(main)", FlagsTo.ARGS),
        ("from transformers import HfArgumentParser as P\nP(A)", FlagsTo.ARGS),
        ("import tap\nclass Args(tap.Tap): ...", FlagsTo.ARGS),
        ("import argparser\nargparser.parse()", FlagsTo.GLOBALS),
        ("from . import argparse\nargparse.Namespace()", FlagsTo.GLOBALS),
        ("def run(f): ...\nrun(1)", FlagsTo.GLOBALS),
    ],
)
def test_auto_means_arguments_where_the_script_makes_a_parser(
    script: Path, text: str, expected: FlagsTo
) -> None:
    script.write_text(text)
    assert resolve_flags_to(script, FlagsTo.AUTO) is expected


@pytest.mark.parametrize("given", [FlagsTo.GLOBALS, FlagsTo.ARGS])
def test_what_is_given_is_not_looked_for(script: Path, given: FlagsTo) -> None:
    assert resolve_flags_to(script, given) is given


def test_a_variable_that_is_not_there_is_a_mistake(script: Path) -> None:
    assert wrong(script, "x = 1\ny: int\n(a, b), z = (1, 2), 3", FlagsTo.GLOBALS, "x", "q") == (
        "train.py has no module-level variable 'q' for the flag q; it has: x, y, a, b, z "
        "(set to a literal: what is computed is code; if it reads its arguments, set "
        "operation.flags_to: args)"
    )
    assert wrong(script, "def f(): x = 1", FlagsTo.GLOBALS, "x", "y") == (
        "train.py has no module-level variable 'x' or 'y' for the flags x, y; it has: none "
        "(set to a literal: what is computed is code; if it reads its arguments, set "
        "operation.flags_to: args)"
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


def test_a_flag_that_argparse_would_take_for_another_option_is_a_mistake(script: Path) -> None:
    said = wrong(script, ARGPARSE, FlagsTo.ARGS, "batch-size", "batch")
    assert said == (
        "train.py has no option --batch, and would take it for --batch-size: give the flag "
        "batch-size"
    )
    assert "would take it for --help" in wrong(script, ARGPARSE, FlagsTo.ARGS, "hel")
    exact = ARGPARSE.replace("ArgumentParser()", "ArgumentParser(allow_abbrev=False)")
    assert "has no option --batch; it has" in wrong(script, exact, FlagsTo.ARGS, "batch")
    two = f"{ARGPARSE}parser.add_argument('--batches')"
    assert "has no option --batch; it has" in wrong(script, two, FlagsTo.ARGS, "batch")


@pytest.mark.parametrize(
    "more",
    [
        "parser.parse_known_args()",
        "def more(parser): parser.add_argument('--more')\nmore(parser)",
        "sub = parser.add_subparsers()\none = sub.add_parser('one')\none.add_argument('--x')",
    ],
)
def test_where_not_all_is_visible_the_beginning_of_a_visible_option_is_a_mistake_too(
    script: Path, more: str
) -> None:
    said = wrong(script, ARGPARSE + more, FlagsTo.ARGS, "batch")
    assert "would take it for --batch-size" in said
    check_flags(script, FlagsTo.ARGS, ["other", "lr", "batch-size"])


@pytest.mark.parametrize(
    "more",
    [
        "add_more_options(parser)",
        "parser.add_argument(*names)",
        "second = argparse.ArgumentParser(parents=[p])",
        "other = lib.get_parser()\nother.add_argument('--x')",
        "other = argparse.ArgumentParser(allow_abbrev=False)",
    ],
)
def test_where_there_may_be_an_option_of_that_name_nothing_is_a_mistake(
    script: Path, more: str
) -> None:
    script.write_text(ARGPARSE + more)
    check_flags(script, FlagsTo.ARGS, ["batch"])


def test_two_names_of_one_option_are_no_two_flags(script: Path) -> None:
    text = f"{ARGPARSE}parser.add_argument('--name', '--run-name')"
    assert wrong(script, text, FlagsTo.ARGS, "name", "run-name") == (
        "train.py has one option of the names --name and --run-name: give the flag name alone"
    )
    check_flags(script, FlagsTo.ARGS, ["run-name"])


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
    assert list(Parser().arguments({"x": value})) == expected


def parser_of(script: Path, text: str) -> Parser:
    script.write_text(f"import argparse\np = argparse.ArgumentParser()\n{text}\n")
    return read_parser(script)


@pytest.mark.parametrize(
    ("declared", "true", "false"),
    [
        ("'--x', action='store_true'", ["--x"], []),
        ("'--x', action='store_false'", [], ["--x"]),
        ("'--no-x', dest='x', action='store_false'", [], ["--no-x"]),
        ("'--x', action=argparse.BooleanOptionalAction, default=True", ["--x"], ["--no-x"]),
        ("'--x', type=bool, default=True", ["--x=true"], ["--x="]),
        ("'--x', type=str2bool, default=True", ["--x=true"], ["--x=false"]),
        ("'--x', type=str2bool, nargs='?', const=True, default=True", ["--x"], ["--x=false"]),
    ],
)
def test_a_boolean_is_given_as_the_parser_takes_it(
    script: Path, declared: str, true: list[str], false: list[str]
) -> None:
    parser = parser_of(script, f"p.add_argument({declared})")
    assert parser.given("x", True) == true
    assert parser.given("x", False) == false


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("p.add_argument('--x', action='store_true', default=True)", False),
        ("p.add_argument('--x', action='store_true')\np.set_defaults(x=True)", False),
        ("p.add_argument('--x', default='yes')", False),
        ("p.add_argument('--x', action='store_true', default=computed())", False),
        ("p.add_argument('--x', type=int, default=3)", None),
        ("p.add_argument('--x', nargs='*')", ["-a", "b"]),
        ("p.add_argument('--x')", "a\0b"),
        ("p.add_argument('--x')", "a" * 131_072),
    ],
)
def test_a_value_that_no_argument_gives_is_a_mistake(script: Path, text: str, value: Value) -> None:
    with pytest.raises(Mistake, match="x"):
        parser_of(script, text).given("x", value)


def test_what_no_argument_gives_is_told_as_what_it_is(script: Path) -> None:
    parser = parser_of(
        script,
        "p.add_argument('--lr', type=float, default=0.1)\n"
        "p.add_argument('--quiet', action='store_true', default=True)",
    )
    with pytest.raises(Mistake) as null:
        parser.given("lr", None)
    assert str(null.value) == (
        f"lr=null: no argument gives {script.name} a null, and without --lr it runs with 0.1; give "
        "lr a value, or let the script take its flags otherwise (operation.flags_to)"
    )
    with pytest.raises(Mistake) as off:
        parser.given("quiet", False)
    assert str(off.value) == (
        f"quiet=false: {script.name} has no option that switches --quiet off, and without --quiet "
        "it runs with True; add one (argparse.BooleanOptionalAction makes --no-quiet), or let the "
        "script take its flags otherwise (operation.flags_to)"
    )


def test_several_values_are_given_as_the_option_takes_them(script: Path) -> None:
    parser = parser_of(
        script,
        "p.add_argument('--x', nargs='*')\n"
        "p.add_argument('--y', action='append')\n"
        "p.add_argument('--n', type=int)",
    )
    assert parser.given("x", [1, -1e-05, -0.5]) == ["--x", "1", "-0.00001", "-0.5"]
    assert parser.given("y", ["-a", "b"]) == ["--y=-a", "--y=b"]
    assert parser.given("n", 1000.0) == ["--n", "1000"]


CLICK = "import click\n@click.command()\n"


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("from absl import flags\nflags.DEFINE_bool('x', True, '')", False, ["--x=false"]),
        ("from absl import flags\nflags.DEFINE_list('x', [], '')", [1, 2], ["--x=1,2"]),
        ("import fire\nfire.Fire(main)", False, ["--x=False"]),
        ("import fire\nfire.Fire(main)", ["a", 1], ["--x=['a', 1]"]),
        ("import typer\ntyper.run(main)", False, ["--no-x"]),
        ("import tyro\ntyro.cli(main)", True, ["--x"]),
        (f"{CLICK}@click.option('--x/--no-x')\ndef f(): ...", False, ["--no-x"]),
        (f"{CLICK}@click.option('--x', multiple=True)\ndef f(): ...", [1], ["--x=1"]),
    ],
)
def test_each_library_has_its_way(
    script: Path, text: str, value: Value, expected: list[str]
) -> None:
    script.write_text(text)
    assert read_parser(script).given("x", value) == expected


def test_names_are_compared_as_python_reads_them(script: Path) -> None:
    script.write_text("größe = 1\n", encoding="utf-8")
    check_flags(script, FlagsTo.GLOBALS, ["gro\u0308ße"])


GUARDED = """
import os
lr = 0.1
if __name__ == "__main__":
    lr, name = 0.2, "a"
    if os.environ.get("MORE"):
        more = 1
if "__main__" == __name__:
    last = 3
if os.environ.get("FAST"):
    fast = True
"""


def test_what_stands_below_the_guard_of_main_is_at_the_top_level(script: Path) -> None:
    script.write_text(GUARDED)
    check_flags(script, FlagsTo.GLOBALS, ["lr", "name", "last"])
    assert "no module-level variable 'more' or 'fast'" in wrong(
        script, GUARDED, FlagsTo.GLOBALS, "more", "fast"
    )


CLICK = """
import click

@click.command()
@click.argument("src")
@click.option("-b", "--batch-size", type=int)
@click.option("--shout/--no-shout", default=True)
@click.version_option("1")
@click.pass_context
def main(**words): ...
"""


def test_clicks_options_are_known_from_its_decorators(script: Path) -> None:
    script.write_text(CLICK)
    check_flags(script, FlagsTo.ARGS, ["batch-size", "shout", "no-shout", "version", "help"])
    said = wrong(script, CLICK, FlagsTo.ARGS, "batch_size")
    assert "has no option --batch_size" in said and "see --batch-size" in said
    assert "has no option --batch;" in wrong(script, CLICK, FlagsTo.ARGS, "batch")


@pytest.mark.parametrize(
    "more",
    [
        "@click.group()\ndef group(): ...",
        "@click.command()\ndef other(): ...",
        "click.Command('other')",
    ],
)
def test_where_clicks_source_does_not_tell_all_nothing_is_a_mistake(
    script: Path, more: str
) -> None:
    script.write_text(f"{CLICK}\n{more}\n")
    check_flags(script, FlagsTo.ARGS, ["anything"])
    for old, new in (
        ("@click.pass_context", "@common_options"),
        ("@click.command()", "@click.command(cls=Mine)"),
        ('@click.option("-b", "--batch-size", type=int)', "@click.option(*NAMES)"),
        ('@click.option("-b", "--batch-size", type=int)', "@click.option('--b', **WORDS)"),
    ):
        script.write_text(CLICK.replace(old, new))
        check_flags(script, FlagsTo.ARGS, ["anything"])


@pytest.mark.parametrize(
    "text",
    [
        CLICK.replace('"src"', '"src", nargs=N'),
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('src', nargs=argparse.REMAINDER)\np.add_argument('--n')\np.parse_args()",
    ],
)
def test_what_is_taken_by_place_in_an_unclear_way_is_told_with_what_gives_it(
    script: Path, text: str
) -> None:
    said = wrong(script, text, FlagsTo.ARGS, "src")
    assert "train.py takes src by place" in said
    assert 'command: [python, train.py, "${src}", …]' in said


def test_a_text_is_no_file_of_arguments(script: Path) -> None:
    script.write_text(
        "import argparse\np = argparse.ArgumentParser(fromfile_prefix_chars='@+')\n"
        "p.add_argument('--x', nargs='*')\n"
    )
    parser = read_parser(script)
    assert parser.given("x", "@home") == ["--x=@home"]
    assert parser.given("x", ["+home"]) == ["--x=+home"]
    with pytest.raises(Mistake, match="would be taken for a file of arguments"):
        parser.given("x", ["a", "@home"])
    assert Parser().given("x", "@home") == ["--x", "@home"]


@pytest.mark.parametrize("value", ["--", ["--"], ["a", "--"]])
def test_what_argparse_leaves_out_is_a_mistake(script: Path, value: Value) -> None:
    script.write_text("import argparse\np = argparse.ArgumentParser()\np.add_argument('--x')\n")
    with pytest.raises(Mistake, match="argparse leaves this value out"):
        read_parser(script).given("x", value)
