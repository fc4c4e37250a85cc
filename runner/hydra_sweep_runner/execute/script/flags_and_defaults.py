"""Finds the flags of a script or function, with their defaults, in its source.

Nothing is executed. `runner init` writes them into a configuration for the user to check, so flags
that the source does not show are simply left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TypeAlias, TypeGuard

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.script.boot.tree import names_in, top_level
from hydra_sweep_runner.execute.script.parser_source import full_name, imports_of, is_own_value
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


@dataclass
class Declared:
    """What the parser of a script declares, in the order of the source.

    `flags` are the options that can be flags. `positionals` are its positional arguments, REQUIRED
    those that have to be given. `switches` are the flags that take no value. `subcommands` are the
    names of argparse's subcommands. `left_out` gives the reason why something is no flag, by its
    name in the source.
    """

    flags: Defaults = field(default_factory=dict)
    positionals: Defaults = field(default_factory=dict)
    switches: set[str] = field(default_factory=set)
    subcommands: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def find_declared(source: bytes, flags_to: FlagsTo) -> Declared:
    """The flags of a script that takes them as module-level variables (GLOBALS), or as
    options (ARGS) of argparse, click, typer, absl, fire or tyro.

    Raises SyntaxError if the source does not parse.
    """
    tree = ast.parse(source)
    if flags_to is FlagsTo.GLOBALS:
        return Declared(flags=_variables(tree))
    declared = Declared()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        _declare(call, declared)
    if not (declared.flags or declared.positionals):
        _declare_parameters(tree, declared)
    return declared


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


def _declare(call: ast.Call, declared: Declared) -> None:
    """Add what a call declares: `parser.add_argument("--lr", default=0.1)`, or a similar call of
    click or absl."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    words = [_text(word) for word in call.args]
    given = {k.arg: k.value for k in call.keywords if k.arg is not None}
    if called in ("add_argument", "option"):
        names = [word for word in words if word is not None]
        if len(names) < len(words) or not names:
            declared.left_out[f"the option of line {call.lineno}"] = "its name is computed"
        elif called == "add_argument" and not names[0].startswith("-"):
            declared.positionals[names[0]] = _by_place(given)
        else:
            _declare_option(names, given, declared)
    elif called == "argument" and words and words[0] is not None:
        is_left = _literal(given.get("required")) is False or "default" in given
        declared.positionals[words[0]] = None if is_left else REQUIRED
    elif called == "add_subparsers":
        declared.left_out["its subcommands"] = "a command chooses one"
    elif called == "add_parser" and words and words[0] is not None:
        declared.subcommands.append(words[0])
    elif called.startswith("DEFINE_") and words and words[0] is not None:
        default = given.get("default", call.args[1] if len(call.args) > 1 else None)
        _add(words[0], default, None, declared)


def _by_place(given: Mapping[str, ast.expr]) -> Value:
    is_optional = _literal(given.get("nargs")) in ("?", "*") or "default" in given
    if "nargs" in given and _literal(given["nargs"]) is _NOTHING:  # argparse.REMAINDER
        is_optional = True
    return _shown(_literal(given.get("default"))) if is_optional else REQUIRED


def _declare_option(names: list[str], given: Mapping[str, ast.expr], declared: Declared) -> None:
    action = _text(given.get("action"))
    long = [name[2:] for name in names if name.startswith("--")]
    if action in ("help", "version"):
        return
    if not long:
        declared.left_out[names[0]] = "it has no long name"
    elif action in ("store_const", "append_const"):
        declared.left_out[f"--{long[0]}"] = "it stands for a constant"
    else:
        name, switch, _ = long[0].partition("/")
        name = name.strip()
        if action == "store_false" and not is_own_value(name, _text(given.get("dest"))):
            _add(name, None, False, declared)  # its default is another flag's
        else:
            default = _default_of_option(given, switch=bool(switch))
            _add(name, given.get("default"), default, declared)
        custom = given.get("action")
        is_boolean = isinstance(custom, ast.Attribute) and custom.attr == "BooleanOptionalAction"
        is_click_switch = any(_literal(given.get(word)) is True for word in ("is_flag", "count"))
        is_switch = action in ("store_true", "store_false", "count")
        if switch or is_boolean or is_switch or is_click_switch:
            declared.switches.add(name)


def _add(name: str, written: ast.expr | None, default: Value, declared: Declared) -> None:
    """Add a flag; `written` is its default in the source, `default` the one if there is none."""
    value = default if written is None else _literal(written)
    if value is not ... and not _is_plain(value):
        declared.left_out[f"the default of {name}"] = "it is computed: null leaves it to the script"
    declared.flags[name] = _shown(value)


def _default_of_option(given: Mapping[str, ast.expr], *, switch: bool) -> Value:
    """The value of an option that is left out, if the source gives no default."""
    action = _text(given.get("action"))
    if action == "store_false":
        return True
    if action == "count" or _literal(given.get("count")) is True:
        return 0
    if action == "store_true" or switch or _literal(given.get("is_flag")) is True:
        return False
    return REQUIRED if _literal(given.get("required")) is True else None


def _declare_parameters(tree: ast.Module, declared: Declared) -> None:
    """Add the parameters of the function that typer, fire or tyro makes a command line from.

    With typer, a parameter without a default is taken by place unless it is declared an option, and
    an option has `-` for each `_` of its parameter's name.
    """
    function = _function_of_command(tree)
    if function is None:
        return
    named = imports_of(tree)
    is_typer = "typer" in {name.partition(".")[0] for name in named.values()}
    written = dict(_written_defaults(function))
    says = {each.arg: _typer_word(each.annotation, named) for each in _arguments_of(function)}
    for name, default in _parameters(function).items():
        made_by = written[name]
        word = says[name] or _typer_word(made_by, named)
        if word == "Argument" or (is_typer and made_by is None and word != "Option"):
            declared.positionals[name] = default
        else:
            declared.flags[name.replace("_", "-") if is_typer else name] = default


def _arguments_of(function: _Function) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _typer_word(node: ast.expr | None, named: Mapping[str, str]) -> str | None:
    """`Option` or `Argument` if a default or an annotation calls typer's function of that name."""
    for call in ast.walk(node) if node is not None else ():
        if isinstance(call, ast.Call):
            place, _, word = full_name(call, named).rpartition(".")
            if place == "typer" and word in ("Option", "Argument"):
                return word
    return None


def _function_of_command(tree: ast.Module) -> _Function | None:
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
    return functions[0] if len(functions) == 1 else None


def _is_command(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in _COMMANDS


def _parameters(function: _Function) -> Defaults:
    return {
        name: REQUIRED if default is None else _shown(_literal(_unwrapped(default)))
        for name, default in _written_defaults(function)
    }


def _written_defaults(function: _Function) -> list[tuple[str, ast.expr | None]]:
    """The names of a function's parameters, each with its default in the source."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    none: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [
        *zip(positional, [*none, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return [(name.arg, default) for name, default in pairs]


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
