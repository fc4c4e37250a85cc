"""Decides from a script's source how it takes its flags, and whether it can. Nothing is
executed."""

from __future__ import annotations

import ast
import unicodedata
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NoReturn

from hydra_sweep_runner.errors import Mistake, NotTaken
from hydra_sweep_runner.execute.script.accepted_values import accepted_values
from hydra_sweep_runner.execute.script.argparse_option_names import (
    ScriptOptions,
    options_of,
    visible_options,
)
from hydra_sweep_runner.execute.script.arguments import Parser
from hydra_sweep_runner.execute.script.boot.tree import names_in, top_level
from hydra_sweep_runner.execute.script.click_option_names import click_options_of
from hydra_sweep_runner.execute.script.parser_source import (
    Style,
    file_prefixes,
    options_declared,
    style_of,
)
from hydra_sweep_runner.execute.script.places import Place, check_given
from hydra_sweep_runner.model import FlagsTo
from hydra_sweep_runner.operation.option_suggestions import perhaps_meant


def resolve_flags_to(source_path: Path, flags_to: FlagsTo) -> FlagsTo:
    """GLOBALS or ARGS; AUTO is ARGS if the script itself makes a parser of its command line.

    Raises Mistake if the script cannot be read or does not parse.
    """
    if flags_to is not FlagsTo.AUTO:
        return flags_to
    made = style_of(_read_tree(source_path))
    return FlagsTo.GLOBALS if made is None else FlagsTo.ARGS


def read_parser(source_path: Path) -> Parser:
    """The facts that the source shows about the script's parser. Raises Mistake."""
    tree = _read_tree(source_path)
    return Parser(
        script=source_path.name,
        style=style_of(tree) or Style.OTHER,
        options=options_declared(tree),
        places=places_by_name(tree),
        accepted=accepted_values(tree),
        file_prefixes=file_prefixes(tree),
    )


def places_by_name(tree: ast.Module) -> Mapping[str, Place]:
    """The arguments that the script takes by place and whose values can be given for certain, by
    name, in their order."""
    options = _options(tree)
    return {} if options is None else {place.name: place for place in options.places}


def shown_options(source_path: Path) -> tuple[ScriptOptions | None, bool]:
    """The options that a script's source shows, None if it shows none, and whether these are all.
    Raises Mistake."""
    tree = _read_tree(source_path)
    options = _options(tree)
    return options or visible_options(tree), options is not None


def check_flags(source_path: Path, flags_to: FlagsTo, names: Iterable[str]) -> None:
    """Raise Mistake for flags that the script cannot take, as far as its source shows.

    `names` are the flags' dotted names; `flags_to` is not AUTO.
    """
    tree = _read_tree(source_path)
    if flags_to is FlagsTo.GLOBALS:
        _check_globals(source_path.name, tree, list(names))
    else:
        _check_options(source_path.name, tree, list(names))


def identifier(name: str) -> str:
    """The name as Python normalises it in a source (PEP 3131)."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def _read_tree(path: Path) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the script shows its own warnings when it runs
            return ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise Mistake(f"script {path} cannot be read: {error.strerror}") from error
    except SyntaxError as error:
        where = "" if error.lineno is None else f", line {error.lineno}"
        other = (
            ""
            if path.suffix in (".py", "")
            else (
                "; a script is Python, another file is run by a program: operation.command: "
                f"[bash, {path.name}]"
            )
        )
        raise Mistake(f"script {path}{where} does not parse: {error.msg}{other}") from error
    except ValueError as error:
        raise Mistake(f"script {path} does not parse: {error}") from error


def _check_globals(script: str, tree: ast.Module, names: list[str]) -> None:
    nested = [name for name in names if "." in name]
    if nested:
        raise NotTaken(
            f"{_the_flags(nested)} nested; {script} takes its flags as globals, which have "
            "plain names: flatten them, or set operation.flags_to to args",
            nested,
        )
    variables = list(dict.fromkeys(n.id for node in top_level(tree.body) for n in names_in(node)))
    unknown = [name for name in names if identifier(name) not in variables]
    if unknown:
        has = _listing(variables, "none")
        raise NotTaken(
            f"{script} has no module-level variable {_quoted(unknown)} for "
            f"{_the_flags(unknown, verb=False)}; it has: {has} (set to a literal: what is "
            "computed is code; if it reads its arguments, set operation.flags_to: args)"
            f"{perhaps_meant(unknown)}",
            unknown,
        )


def _check_options(script: str, tree: ast.Module, names: list[str]) -> None:
    options = _options(tree)
    if options is None:
        visible = visible_options(tree)
        if visible is not None:
            _refuse_abbreviations(script, visible, names)
        return
    _refuse_abbreviations(script, options, names)
    unknown = [name for name in names if not options.takes(name)]
    if unknown:
        _refuse_unknown(script, options, unknown)
    _refuse_second_names(script, options, names)
    check_given(script, options.places, names)


def _refuse_unknown(script: str, options: ScriptOptions, unknown: list[str]) -> NoReturn:
    """Raise Mistake for flags that no option of the script takes."""
    said = " or ".join(f"--{name}" for name in unknown)
    positionals = [name for name in unknown if name in options.positionals]
    if positionals:
        words = ", ".join(f'"${{{name}}}"' for name in positionals)
        raise Mistake(
            f"{script} takes {' and '.join(positionals)} by place, not as {said}: run it as a "
            f"command, `command: [python, {script}, {words}, …]`, with the script in "
            "operation.requires"
        )
    has = _listing([f"--{option}" for option in options.names], "none")
    plain = {_plain(name) for name in unknown}
    alike = [f"--{option}" for option in options.names if _plain(option) in plain]
    if alike:
        has += f" (a flag's name is the option's: `-` and `_` differ, see {', '.join(alike)})"
    told = f"{script} has no option {said}; it has {has}{perhaps_meant(unknown)}"
    raise NotTaken(told, unknown)


def _refuse_abbreviations(script: str, options: ScriptOptions, names: list[str]) -> None:
    """Raise Mistake for a flag that the parser would take for another option, so that a trial would
    run with another value than its record says."""
    for name in names:
        meant = options.abbreviated(name)
        if meant is not None:
            raise Mistake(
                f"{script} has no option --{name}, and would take it for --{meant}: give the flag "
                f"{meant}{perhaps_meant([name])}"
            )


def _refuse_second_names(script: str, options: ScriptOptions, names: list[str]) -> None:
    """Raise Mistake for two flags that are names of one option, of which one would be ignored."""
    for same in options.same:
        given = [name for name in names if name in same]
        if len(given) > 1:
            raise Mistake(
                f"{script} has one option of the names {' and '.join(f'--{n}' for n in given)}: "
                f"give the flag {given[0]} alone"
            )


def _options(tree: ast.Module) -> ScriptOptions | None:
    return click_options_of(tree) if style_of(tree) is Style.CLICK else options_of(tree)


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _the_flags(names: list[str], *, verb: bool = True) -> str:
    several = len(names) > 1
    words = f"the flag{'s' if several else ''} {', '.join(names)}"
    if not verb:
        return words
    return f"{words} {'are' if several else 'is'}"


def _quoted(names: list[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)


def _listing(names: list[str], nothing: str, most: int = 20) -> str:
    shown = ", ".join(names[:most]) or nothing
    return f"{shown}, … ({len(names)} in all)" if len(names) > most else shown
