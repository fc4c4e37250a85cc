"""Finds in a script's source which command-line parser it makes, and what its options do."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from hydra_sweep_runner.dataclass import dataclass


class Style(Enum):
    """How a parser expects values that are not plain text; it depends on the library."""

    ARGPARSE = "argparse"
    CLICK = "click"
    NEGATED = "negated"  #: booleans are `--name` and `--no-name`: typer, tyro, cyclopts
    ABSL = "absl"
    FIRE = "fire"
    OTHER = "other"


# Callables that make a parser, by full name; a name with a final dot covers all names below it.
_MAKERS: Mapping[str, Style] = {
    "argparse.ArgumentParser": Style.ARGPARSE,
    "configargparse.": Style.ARGPARSE,
    "jsonargparse.": Style.OTHER,
    "simple_parsing.": Style.OTHER,
    "transformers.HfArgumentParser": Style.OTHER,
    "optparse.OptionParser": Style.OTHER,
    "getopt.": Style.OTHER,
    "docopt.docopt": Style.OTHER,
    "click.command": Style.CLICK,
    "click.group": Style.CLICK,
    "click.Command": Style.CLICK,
    "rich_click.command": Style.CLICK,
    "typer.run": Style.NEGATED,
    "typer.Typer": Style.NEGATED,
    "tyro.": Style.NEGATED,
    "cyclopts.": Style.NEGATED,
    "absl.flags.": Style.ABSL,
    "tensorflow.app.flags.": Style.ABSL,
    "tensorflow.compat.v1.flags.": Style.ABSL,
    "fire.Fire": Style.FIRE,
    "plac.": Style.OTHER,
    "defopt.": Style.OTHER,
    "clize.": Style.OTHER,
    "tap.Tap": Style.OTHER,
    "pydantic_settings.CliApp.": Style.OTHER,
    "lightning.pytorch.cli.LightningCLI": Style.OTHER,
    "pytorch_lightning.cli.LightningCLI": Style.OTHER,
}


class Unknown(Enum):
    """A default that the source computes."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class ParserOption:
    """An option as declared: argparse's action (`boolean` for BooleanOptionalAction, None for an
    action of the script's own), the name of its type, and its default. `dest` is the name of its
    value, None if that is the option's own. `is_certain` is false if the source declares the option
    in several ways."""

    action: str | None = "store"
    type: str | None = None
    nargs: Any = None
    default: Any = None
    dest: str | None = None
    is_certain: bool = True

    @property
    def takes_no_value(self) -> bool:
        """Whether the option is a switch, which a value after it would not belong to."""
        return self.is_certain and self.action in ("store_true", "store_false", "boolean")

    def turns_off(self, name: str) -> bool:
        """Whether giving the option, of this name, makes its own value false. `--no-cache` with the
        destination `cache` does not: given, `no-cache` is true."""
        return self.action == "store_false" and is_own_value(name, self.dest)

    @property
    def is_repeated(self) -> bool:
        """Whether the option's name is repeated before each of several values."""
        return self.action == "append" and self.nargs is None


def is_own_value(name: str, dest: str | None) -> bool:
    """Whether the destination of an option (None: not declared) has the option's own name."""
    return dest is None or dest.replace("_", "-") == name.replace("_", "-")


def style_of(tree: ast.Module) -> Style | None:
    """The style of the parser that the script itself makes; None if it makes none."""
    named = imports_of(tree)
    for node in ast.walk(tree):
        names: list[ast.expr] = []
        if isinstance(node, ast.Call):
            names = [node.func]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names = list(node.decorator_list)
        elif isinstance(node, ast.ClassDef):
            names = list(node.bases)
        for name in names:
            style = _maker(full_name(name, named))
            if style is not None:
                return style
    return None


def options_declared(tree: ast.Module) -> dict[str, ParserOption]:
    """The options of argparse and click that the source declares with literal names, by their long
    names without dashes. For `--a/--no-a` the second is listed under its own name."""
    found: dict[str, ParserOption] = {}
    defaults: dict[str, Any] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = _last_name(node.func)
        if called == "set_defaults":
            defaults |= {word.arg: _literal(word.value) for word in node.keywords if word.arg}
        elif called in ("add_argument", "option"):
            for name, option in _declared(node, is_click=called == "option"):
                known = found.get(name)
                is_same = known in (None, option)
                found[name] = (
                    option if is_same else replace(option, default=UNKNOWN, is_certain=False)
                )
    for dest, default in defaults.items():
        for name in (dest, dest.replace("_", "-")):
            if name in found:
                found[name] = replace(found[name], default=default)
    return found


def file_prefixes(tree: ast.Module) -> str:
    """The characters that mark a file of arguments for an argparse parser
    (`fromfile_prefix_chars`); empty if the script has no such parser."""
    given = [
        _literal(word.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "fromfile_prefix_chars"
    ]
    return "".join("@" if text is UNKNOWN else text for text in given if text)


def _declared(call: ast.Call, *, is_click: bool) -> Iterator[tuple[str, ParserOption]]:
    words = {word.arg: word.value for word in call.keywords}
    action = "store" if "action" not in words else _action(words["action"])
    if is_click and _literal(words.get("count")) is True:
        action = "count"
    elif is_click and _literal(words.get("is_flag")) is True:
        action = "store_true"
    if _literal(words.get("multiple")) is True:
        action = "append"
    option = ParserOption(
        action=action,
        type=None if "type" not in words else _last_name(words["type"]) or "?",
        nargs=None if "nargs" not in words else _literal(words["nargs"]),
        default=_default(action, words),
        dest=dest if isinstance(dest := _literal(words.get("dest")), str) else None,
    )
    for argument in call.args:
        text = _literal(argument)
        if not isinstance(text, str) or not text.startswith("--"):
            continue
        positive, slash, negative = text.partition("/")
        if slash and is_click:
            yield positive[2:].strip(), replace(option, action="store_true")
            if negative.strip().startswith("--"):
                dest = positive[2:].strip()
                yield negative.strip()[2:], replace(option, action="store_false", dest=dest)
        else:
            yield text[2:], option


def _default(action: str | None, words: Mapping[str | None, ast.expr]) -> Any:
    if "default" in words:
        return _literal(words["default"])
    if action == "store_false":
        return True
    return False if action == "store_true" else None


def _action(node: ast.expr) -> str | None:
    text = _literal(node)
    if isinstance(text, str):
        return text
    return "boolean" if _last_name(node) == "BooleanOptionalAction" else None


def _literal(node: ast.expr | None) -> Any:
    if node is None:
        return None
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return UNKNOWN


def imports_of(tree: ast.Module) -> dict[str, str]:
    """The full names of the names that are imported anywhere in the script."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                found[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            if "*" in found:
                del found["*"]
                found |= _makers_of(node.module)
    return found


def _makers_of(module: str) -> dict[str, str]:
    """The parser-making names that `from module import *` imports."""
    parts = [maker.rpartition(".") for maker in _MAKERS if not maker.endswith(".")]
    return {name: f"{module}.{name}" for place, _, name in parts if place == module}


def full_name(node: ast.expr, named: Mapping[str, str]) -> str:
    """The dotted name of a called function or base class; empty if it does not come from a
    module."""
    parts: list[str] = []
    if isinstance(node, ast.Call):
        node = node.func
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in named:
        return ""
    return ".".join([named[node.id], *reversed(parts)])


def _maker(name: str) -> Style | None:
    for maker, style in _MAKERS.items():
        if name == maker or (maker.endswith(".") and name.startswith(maker)):
            return style
    # The subclasses of argparse's parser in other libraries have such names, too.
    return Style.ARGPARSE if name.endswith(("ArgumentParser", "ArgParser")) else None


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call):
        return None
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
