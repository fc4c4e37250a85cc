"""Finds the flags of a script or function, with their defaults, in its source.

Nothing is executed. `runner init` writes them into a configuration for the user to check, so flags
that the source does not show are simply left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeGuard

from hydra_sweep_runner.execute.script.boot.tree import names_in, top_level
from hydra_sweep_runner.model import FlagsTo, Value

#: Marks a value that the user has to set (OmegaConf's mark for a missing value).
REQUIRED = "???"

#: The names of flags and their defaults, in the order of the source.
Defaults: TypeAlias = "dict[str, Value]"

_Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_NOTHING = object()
# Calls and decorators that make a command line from a function.
_OF_FUNCTIONS = frozenset({"run", "Fire", "cli"})
_COMMANDS = frozenset({"command", "callback"})
_PLAIN = (type(None), bool, int, float, str)


def script_defaults(source: bytes, flags_to: FlagsTo) -> Defaults:
    """The flags of a script that takes them as module-level variables (GLOBALS), or as
    options (ARGS) of argparse, click, typer, absl, fire or tyro.

    Raises SyntaxError if the source does not parse.
    """
    tree = ast.parse(source)
    if flags_to is FlagsTo.GLOBALS:
        return _variables(tree)
    found: Defaults = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.update(_option(node))
    return found or _parameters_of_command(tree)


def function_defaults(source: bytes, name: str) -> Defaults | None:
    """The parameters of a function at the top of a module; none for one that takes the whole
    configuration as `cfg`. None if there is no such function.

    Raises SyntaxError if the source does not parse.
    """
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            found = _parameters(node)
            return {} if list(found) == ["cfg"] else found
    return None


def _variables(tree: ast.Module) -> Defaults:
    found: Defaults = {}
    for statement in top_level(tree.body):
        for name, value in _assigned(statement):
            if not name.startswith("_") and _is_plain(value):
                found.setdefault(name, _as_list(value))
    return found


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, object]]:
    if isinstance(statement, ast.AnnAssign):
        for name in names_in(statement):
            yield name.id, _literal(statement.value)
    elif isinstance(statement, ast.Assign):
        names = [name.id for name in names_in(statement)]
        value = _literal(statement.value)
        if isinstance(statement.targets[0], ast.Name):
            yield from ((name, value) for name in names)
        elif isinstance(value, (list, tuple)) and len(value) == len(names):
            yield from zip(names, value, strict=True)


def _option(call: ast.Call) -> Iterator[tuple[str, Value]]:
    """The option that a call defines: `parser.add_argument("--lr", default=0.1)`, or a similar call
    of click or absl."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    words = [a.value for a in call.args if isinstance(a, ast.Constant)]
    given = {k.arg: k.value for k in call.keywords if k.arg is not None}
    if called in ("add_argument", "option"):
        names = [word[2:] for word in words if isinstance(word, str) and word.startswith("--")]
        if names and _text(given.get("action")) not in ("help", "version"):
            yield names[0].partition("/")[0], _default_of_option(given, switch="/" in names[0])
    elif called.startswith("DEFINE_") and words and isinstance(words[0], str):
        value = _literal(given.get("default", call.args[1] if len(call.args) > 1 else None))
        yield words[0], _shown(value)


def _default_of_option(given: Mapping[str, ast.expr], *, switch: bool) -> Value:
    action = _text(given.get("action"))
    if "default" in given:
        return _shown(_literal(given["default"]))
    if action == "store_false":
        return True
    if action == "store_true" or switch or _literal(given.get("is_flag")) is True:
        return False
    return REQUIRED if _literal(given.get("required")) is True else None


def _parameters_of_command(tree: ast.Module) -> Defaults:
    """The parameters of the function that typer, fire or tyro makes a command line from."""
    passed = {
        argument.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _OF_FUNCTIONS
        for argument in node.args
        if isinstance(argument, ast.Name)
    }
    functions: list[_Function] = [
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.name in passed or any(_is_command(each) for each in node.decorator_list))
    ]
    return _parameters(functions[0]) if len(functions) == 1 else {}


def _is_command(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in _COMMANDS


def _parameters(function: _Function) -> Defaults:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    none: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [
        *zip(positional, [*none, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return {
        name.arg: REQUIRED if default is None else _shown(_literal(_unwrapped(default)))
        for name, default in pairs
    }


def _unwrapped(default: ast.expr) -> ast.expr | None:
    """The default inside `typer.Option(0.1, help=…)`; any other expression unchanged."""
    if not isinstance(default, ast.Call):
        return default
    return default.args[0] if default.args else None


def _literal(node: ast.expr | None) -> object:
    """The value of a literal; _NOTHING if there is none, or it has to be computed."""
    if node is None:
        return _NOTHING
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NOTHING


def _text(node: ast.expr | None) -> str | None:
    value = _literal(node)
    return value if isinstance(value, str) else None


def _shown(value: object) -> Value:
    """The default, if a configuration can hold it; else null."""
    if value is ...:
        return REQUIRED
    return _as_list(value) if _is_plain(value) else None


def _as_list(value: Value) -> Value:
    return [_as_list(each) for each in value] if isinstance(value, (list, tuple)) else value


def _is_plain(value: object) -> TypeGuard[Value]:
    if isinstance(value, (list, tuple)):
        return all(_is_plain(each) for each in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(value[key]) for key in value)
    return isinstance(value, _PLAIN)
