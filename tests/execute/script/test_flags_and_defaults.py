"""Flags and defaults are read from a source, and nothing of it is run."""

from __future__ import annotations

from textwrap import dedent

import pytest

from hydra_sweep_runner.execute.script.flags_and_defaults import (
    REQUIRED,
    Defaults,
    find_declared,
    function_defaults,
)
from hydra_sweep_runner.model import FlagsTo

ARGPARSE = """
    import argparse
    parser = argparse.ArgumentParser()
    group = parser.add_argument_group("training")
    group.add_argument("--lr", "-l", type=float, default=1e-3)
    parser.add_argument("-n", "--batch-size", type=int, default=32)
    parser.add_argument("--data", required=True)
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--no-cache", dest="cache", action="store_false")
    parser.add_argument("--layers", nargs="+", default=(64, 32))
    parser.add_argument("--out", default=str(len("computed")))
    parser.add_argument("--seed", type=int)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--version", action="version", version="1")
"""

CLICK = """
    import click
    @click.command()
    @click.option("--lr", default=0.1)
    @click.option("--shout/--no-shout", default=True)
    @click.option("--quiet", is_flag=True)
    @click.option("--name", required=True)
    def main(lr, shout, quiet, name): ...
"""

TYPER = """
    import typer
    app = typer.Typer()
    @app.command()
    def main(data: str, lr: float = 0.1, deep: bool = typer.Option(False, help="x")): ...
    app()
"""

FIRE = """
    import fire
    def other(y=1): ...
    def train(lr=0.1, *, layers=[64, 32], data): ...
    fire.Fire(train)
"""

ABSL = """
    from absl import flags
    flags.DEFINE_float("lr", 0.1, "help")
    flags.DEFINE_string("name", default=None, help="help")
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            ARGPARSE,
            {
                "lr": 1e-3,
                "batch-size": 32,
                "data": REQUIRED,
                "debug": False,
                "no-cache": False,
                "layers": [64, 32],
                "out": None,
                "seed": None,
            },
        ),
        (CLICK, {"lr": 0.1, "shout": True, "quiet": False, "name": REQUIRED}),
        (TYPER, {"lr": 0.1, "deep": False}),
        (FIRE, {"lr": 0.1, "layers": [64, 32], "data": REQUIRED}),
        (ABSL, {"lr": 0.1, "name": None}),
    ],
    ids=["argparse", "click", "typer", "fire", "absl"],
)
def test_options_are_read_with_their_defaults(source: str, expected: Defaults) -> None:
    assert find_declared(dedent(source).encode(), FlagsTo.ARGS).flags == expected


@pytest.mark.parametrize(
    ("source", "positionals"),
    [
        (ARGPARSE, {"file": None}),
        (
            'import argparse\np = argparse.ArgumentParser()\np.add_argument("data")\n',
            {"data": "???"},
        ),
        (
            "import argparse\np = argparse.ArgumentParser()\n"
            'p.add_argument("rest", nargs=argparse.REMAINDER)\np.add_argument("n", nargs=2)\n',
            {"rest": None, "n": "???"},
        ),
        (CLICK.replace("def main", '@click.argument("data")\n    def main'), {"data": "???"}),
        (TYPER, {"data": REQUIRED}),
        (FIRE, {}),
    ],
    ids=["optional", "required", "several", "click", "typer", "fire"],
)
def test_arguments_without_a_name_are_no_flags(source: str, positionals: Defaults) -> None:
    assert find_declared(dedent(source).encode(), FlagsTo.ARGS).positionals == positionals


def test_typers_options_have_hyphens_and_may_be_declared_by_annotations() -> None:
    source = """
        import typer
        from typing import Annotated
        def main(
            data: str,
            out_file: Annotated[str, typer.Argument()] = "here",
            learning_rate: float = 0.1,
            seed: Annotated[int, typer.Option()] = 3,
            *,
            key: Annotated[str, typer.Option(help="x")],
        ): ...
        typer.run(main)
    """
    declared = find_declared(dedent(source).encode(), FlagsTo.ARGS)
    assert declared.flags == {"learning-rate": 0.1, "seed": 3, "key": REQUIRED}
    assert declared.positionals == {"data": REQUIRED, "out_file": "here"}


def test_everything_that_a_parser_has_is_a_flag_or_left_out_with_a_reason() -> None:
    source = """
        import argparse
        p = argparse.ArgumentParser()
        p.add_argument("-v", "--verbose", action="count", default=0)
        p.add_argument("-q", action="store_true")
        p.add_argument("--fast", dest="speed", action="store_const", const=3)
        p.add_argument("--amp", action=argparse.BooleanOptionalAction, default=True)
        for name in ("a", "b"):
            p.add_argument("--" + name)
        p.add_argument("--home", default=str(len("computed")))
        p.add_argument("--help-me", action="help")
        p.add_subparsers()
    """
    found = find_declared(dedent(source).encode(), FlagsTo.ARGS)
    assert found.flags == {"verbose": 0, "amp": True, "home": None}
    assert found.switches == {"verbose", "amp"}
    assert found.left_out == {
        "-q": "it has no long name",
        "--fast": "it stands for a constant",
        "the option of line 9": "its name is computed",
        "the default of home": "it is computed: null leaves it to the script",
        "its subcommands": "a command chooses one",
    }


def test_variables_that_hold_literals_are_flags() -> None:
    source = b"""
lr: float = 0.1
a, b = 1, (2, 3)
c = d = {"deep": [1]}
_private = 1
scaled = lr * 10
lr = 0.2
def f(): inner = 1
"""
    assert find_declared(source, FlagsTo.GLOBALS).flags == {
        "lr": 0.1,
        "a": 1,
        "b": [2, 3],
        "c": {"deep": [1]},
        "d": {"deep": [1]},
    }


def test_parameters_of_a_function_are_flags_but_not_the_whole_configuration() -> None:
    source = b"async def train(lr=0.1, *, n): ...\ndef run(cfg): ...\n"
    assert function_defaults(source, "train") == {"lr": 0.1, "n": REQUIRED}
    assert function_defaults(source, "run") == {}
    assert function_defaults(source, "no") is None
