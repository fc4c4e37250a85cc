"""How a script takes its flags, and whether it can: read from its source, nothing run."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.script.argparse_source import options_of
from hydra_sweep_runner.execute.script.boot.run import names_in
from hydra_sweep_runner.model import FlagsTo, Value

_ARGUMENT_PARSERS = frozenset({"argparse", "click", "typer"})
# What argparse takes for a number and not for an option, in every version.
_NEGATIVE_NUMBER = re.compile(r"-\d+|-\d*\.\d+")


def resolve_flags_to(source_path: Path, flags_to: FlagsTo) -> FlagsTo:
    """GLOBALS or ARGS; AUTO is ARGS if the script imports argparse, click or typer.

    Raises Mistake if the script cannot be read or does not parse.
    """
    if flags_to is not FlagsTo.AUTO:
        return flags_to
    imports = _imported(_read_tree(source_path))
    return FlagsTo.ARGS if imports & _ARGUMENT_PARSERS else FlagsTo.GLOBALS


def check_flags(source_path: Path, flags_to: FlagsTo, names: Iterable[str]) -> None:
    """Raise Mistake for flags that the script cannot take, as far as its source tells.

    `names` are the flags' dotted names; `flags_to` is not AUTO.
    """
    tree = _read_tree(source_path)
    if flags_to is FlagsTo.GLOBALS:
        _check_globals(source_path.name, tree, list(names))
    else:
        _check_options(source_path.name, tree, list(names))


def arguments(flags: Mapping[str, Value]) -> list[str]:
    """The flags as a script's arguments: `--name value`.

    True gives a bare `--name`, false and null give nothing, a list gives several values, and
    what is nested in a list is JSON. A value that a parser would take for an option is given
    as `--name=-value`, if it is the only one.
    """
    found = []
    for name, value in flags.items():
        if value is None or value is False:
            continue
        if value is True:
            found.append(f"--{name}")
            continue
        values = value if isinstance(value, list) else [value]
        texts = [_text(each) for each in values]
        if len(texts) == 1 and _looks_like_option(values[0], texts[0]):
            found.append(f"--{name}={texts[0]}")
        else:
            found += [f"--{name}", *texts]
    return found


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def _looks_like_option(value: Value, text: str) -> bool:
    is_number = not isinstance(value, str) and _NEGATIVE_NUMBER.fullmatch(text) is not None
    return text.startswith("-") and not is_number


def _read_tree(path: Path) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the script's own; it will show them itself
            return ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise Mistake(f"script {path} cannot be read: {error.strerror}") from error
    except SyntaxError as error:
        where = "" if error.lineno is None else f", line {error.lineno}"
        raise Mistake(f"script {path}{where} does not parse: {error.msg}") from error
    except ValueError as error:
        raise Mistake(f"script {path} does not parse: {error}") from error


def _imported(tree: ast.Module) -> set[str]:
    """The top-level packages that the script imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _check_globals(script: str, tree: ast.Module, names: list[str]) -> None:
    nested = [name for name in names if "." in name]
    if nested:
        raise Mistake(
            f"{_the_flags(nested)} nested; {script} takes its flags as globals, which have "
            "plain names: flatten them, or set operation.flags_to to args"
        )
    variables = list(dict.fromkeys(n.id for node in tree.body for n in names_in(node)))
    unknown = [name for name in names if name not in variables]
    if unknown:
        has = _listing(variables, "none")
        raise Mistake(
            f"{script} has no module-level variable {_quoted(unknown)} for "
            f"{_the_flags(unknown, verb=False)}; it has: {has}"
        )


def _check_options(script: str, tree: ast.Module, names: list[str]) -> None:
    options = options_of(tree)
    if options is None:
        return
    unknown = [name for name in names if not options.takes(name)]
    if not unknown:
        return
    alike = [
        f"--{option}"
        for option in options.names
        if _plain(option) in {_plain(name) for name in unknown}
    ]
    has = _listing([f"--{option}" for option in options.names], "none")
    hint = f" (a flag's name is the option's: `-` and `_` differ, see {', '.join(alike)})"
    said = " or ".join(f"--{name}" for name in unknown)
    raise Mistake(f"{script} has no option {said}; it has {has}{hint if alike else ''}")


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
