"""Finds the options that an argparse script defines, if its source shows all of them."""

from __future__ import annotations

import ast

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.script.places import Place, argparse_place, places_of

# Uses of a parser that cannot change its options.
_HARMLESS = frozenset(
    {
        "parse_args",
        "set_defaults",
        "get_default",
        "error",
        "exit",
        "print_help",
        "print_usage",
        "format_help",
        "format_usage",
        "description",
        "epilog",
        "prog",
        "usage",
    }
)
_GROUPS = frozenset({"add_argument_group", "add_mutually_exclusive_group"})
_OPAQUE_PARSER_KEYWORDS = frozenset({None, "parents", "prefix_chars", "add_help"})


@dataclass(frozen=True, kw_only=True)
class Options:
    """The long options of a script, without their dashes, in the order of the source, and the names
    of its arguments without a name. `places` are those if their values can be given for certain,
    else empty. `abbreviates` says whether the parser accepts abbreviated names."""

    names: tuple[str, ...]
    by_place: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    abbreviates: bool = True

    def takes(self, name: str) -> bool:
        """Whether the parser accepts a value of this name: as an option, as an abbreviation,
        because it has a `--no-name`, or by place."""
        wanted = (name, f"no-{name}", f"no_{name}")
        return name in [place.name for place in self.places] or any(
            option in wanted or (self.abbreviates and option.startswith(name))
            for option in self.names
        )


def options_of(tree: ast.Module) -> Options | None:
    """The script's options; None if its source does not show all of them.

    It shows them if one ArgumentParser is made, and it and its groups are used only for
    `add_argument` with literal names and for calls that do not change the options.
    """
    parsers = _parser_names(tree)
    if parsers is None:
        return None
    names = ["help"]
    by_place: list[tuple[ast.Call, str]] = []
    allowed = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and _is_name(node.value, parsers)):
            continue
        if node.attr not in _HARMLESS | _GROUPS | {"add_argument"}:
            return None
        allowed.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in parsers:
            if isinstance(node.ctx, ast.Load) and id(node) not in allowed:
                return None
        elif isinstance(node, ast.Call) and _is_call_of(node, "add_argument"):
            found = _long_options(node)
            if found is None:
                return None
            names += found
            by_place += [(node, text) for text in _texts(node) if not text.startswith("-")]
    return Options(
        names=tuple(dict.fromkeys([*names[1:], "help"])),
        by_place=tuple(name for _, name in by_place),
        places=places_of(tree, by_place, argparse_place),
    )


def _parser_names(tree: ast.Module) -> set[str] | None:
    """The variables that hold the parser or a group of it; None if that is unclear."""
    found: set[str] = set()
    assigned: set[int] = set()
    makers = _GROUPS | {"ArgumentParser"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target, call = node.targets[0], node.value
            if _called(call) not in makers or len(node.targets) > 1:
                continue
            if isinstance(target, ast.Name):
                found.add(target.id)
                assigned.add(id(call))
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and _called(n) in makers]
    parsers = [call for call in calls if _called(call) == "ArgumentParser"]
    if len(parsers) != 1 or any(id(call) not in assigned for call in calls):
        return None
    if {keyword.arg for keyword in parsers[0].keywords} & _OPAQUE_PARSER_KEYWORDS:
        return None
    return found


def _long_options(call: ast.Call) -> list[str] | None:
    names = []
    for argument in call.args:
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            return None
        if argument.value.startswith("--"):
            names.append(argument.value[2:])
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    action = next((k.value for k in call.keywords if k.arg == "action"), None)
    if action is None:
        return names
    if not (isinstance(action, ast.Constant) and isinstance(action.value, str)):
        # BooleanOptionalAction and classes of the script's own may add names.
        return [*names, *(f"no-{name}" for name in names)]
    return names


def _texts(call: ast.Call) -> list[str]:
    constants = [each.value for each in call.args if isinstance(each, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]


def _called(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def _is_call_of(call: ast.Call, method: str) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == method


def _is_name(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names
