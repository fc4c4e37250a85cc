"""Finds the options that a click script defines, if its source shows all of them."""

from __future__ import annotations

import ast

from hydra_sweep_runner.execute.script.argparse_option_names import ScriptOptions
from hydra_sweep_runner.execute.script.parser_source import full_name, imports_of
from hydra_sweep_runner.execute.script.places import click_place, places_of

# Decorators that add no option, and those that add an option with a known name.
_NO_OPTION = frozenset({"pass_context", "pass_obj", "make_pass_decorator"})
_ONE_OPTION = {
    "version_option": "version",
    "help_option": "help",
    "password_option": "password",
    "confirmation_option": "yes",
}
# With these keywords a command takes other options than its decorators say.
_OPAQUE_KEYWORDS = frozenset({None, "cls", "context_settings", "params", "add_help_option"})


def click_options_of(tree: ast.Module) -> ScriptOptions | None:
    """The script's options; None if its source does not show all of them.

    It shows them if one function is made a command, there is no group, and all of its decorators
    are click's own with literal names.
    """
    named = imports_of(tree)
    calls = [full_name(node, named) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    commands = [each for each in functions if "click.command" in _decorators(each, named)]
    makers = ("click.group", "click.Group", "click.Command", "click.MultiCommand")
    if len(commands) != 1 or any(name.startswith(makers) for name in calls):
        return None
    if any("click.group" in _decorators(each, named) for each in functions):
        return None
    names: list[str] = []
    positionals: list[tuple[ast.Call, str]] = []
    for decorator in commands[0].decorator_list:
        kind = full_name(decorator, named).removeprefix("click.")
        words = _words(decorator)
        if words is None:
            return None
        if kind == "option":
            names += [name for word in words for name in _long(word)]
        elif kind == "argument":
            positionals += [
                (decorator, word) for word in words[:1] if isinstance(decorator, ast.Call)
            ]
        elif kind in _ONE_OPTION:
            names += [name for word in words for name in _long(word)] or [_ONE_OPTION[kind]]
        elif kind != "command" and kind not in _NO_OPTION:
            return None
    return ScriptOptions(
        names=tuple(dict.fromkeys([*names, "help"])),
        positionals=tuple(name for _, name in positionals),
        places=places_of(tree, positionals, click_place),
        abbreviates=False,
    )


def _decorators(function: ast.FunctionDef, named: dict[str, str]) -> list[str]:
    return [full_name(each, named) for each in function.decorator_list]


def _words(decorator: ast.expr) -> list[str] | None:
    """The texts passed to a decorator; None if it has other arguments."""
    if not isinstance(decorator, ast.Call):
        return []
    if any(keyword.arg in _OPAQUE_KEYWORDS for keyword in decorator.keywords):
        return None
    words = [each.value for each in decorator.args if isinstance(each, ast.Constant)]
    texts = [word for word in words if isinstance(word, str)]
    return texts if len(texts) == len(decorator.args) else None


def _long(word: str) -> list[str]:
    parts = [part.strip() for part in word.split("/")]
    return [part[2:] for part in parts if part.startswith("--")]
