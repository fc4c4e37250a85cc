"""Finds the options that an argparse script defines, if its source shows all of them."""

from __future__ import annotations

import ast

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.script.parser_names import GROUPS, HARMLESS, called, parsers_of
from hydra_sweep_runner.execute.script.parser_source import full_name, imports_of
from hydra_sweep_runner.execute.script.places import Place, argparse_place, places_of

# With these keywords (None: with `**keywords`) a parser has options that its calls do not show,
# or does not abbreviate.
_OTHER_NAMES = frozenset({None, "parents", "prefix_chars", "add_help", "allow_abbrev"})
_MAKERS = GROUPS | {"ArgumentParser", "add_parser"}


@dataclass(frozen=True, kw_only=True)
class ScriptOptions:
    """The long options of a script, without their dashes, in the order of the source, and the names
    of its positional arguments. `places` are these if the source shows how to fill each, else
    empty. `abbreviates` says whether the parser takes a unique beginning of an option's name
    for the option. `same` are the names of each option that has several."""

    names: tuple[str, ...]
    positionals: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    abbreviates: bool = True
    same: tuple[tuple[str, ...], ...] = ()

    def takes(self, name: str) -> bool:
        """Whether the parser accepts a value of this whole name: as an option, because it has a
        `--no-name`, or by place."""
        wanted = (name, f"no-{name}", f"no_{name}")
        return name in [place.name for place in self.places] or any(
            option in wanted for option in self.names
        )

    def abbreviated(self, name: str) -> str | None:
        """The only option that begins with this name, if it is not an option itself; else None."""
        if not self.abbreviates or self.takes(name):
            return None
        longer = [option for option in self.names if option.startswith(name)]
        return longer[0] if len(longer) == 1 else None


def options_of(tree: ast.Module) -> ScriptOptions | None:
    """The script's options; None if its source does not show all of them.

    It shows them if one ArgumentParser is made, beside its parents, and it and its groups are used
    only for `add_argument` with literal names and for calls that do not change the options. A
    function may make it and return it (`parser_names.parsers_of`).
    """
    found_parsers = parsers_of(tree)
    if found_parsers is None:
        return None
    parsers = found_parsers.names
    names = ["help"]
    same: list[tuple[str, ...]] = []
    positionals: list[tuple[ast.Call, str]] = []
    allowed = set(found_parsers.harmless)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and _is_name(node.value, parsers)):
            continue
        if node.attr not in HARMLESS | GROUPS | {"add_argument"}:
            return None
        allowed.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in parsers:
            if isinstance(node.ctx, ast.Load) and id(node) not in allowed:
                return None
        elif isinstance(node, ast.Call) and _is_call_of(node, "add_argument"):
            found = _long_options(node) if _is_of(node, parsers) else None
            if found is None:
                return None
            names += found
            if len(found) > 1:
                same.append(tuple(found))
            positionals += [(node, text) for text in _texts(node) if not text.startswith("-")]
    return ScriptOptions(
        names=tuple(dict.fromkeys([*names[1:], "help"])),
        positionals=tuple(name for _, name in positionals),
        places=places_of(tree, positionals, argparse_place),
        abbreviates=found_parsers.abbreviates,
        same=tuple(same),
    )


def visible_options(tree: ast.Module) -> ScriptOptions | None:
    """The options of an argparse script whose source does not show all uses of its parsers; None if
    there may be options that it does not show at all, or a parser does not abbreviate.

    It shows them if all names are literal, and no parser of another module takes part.
    """
    if not _is_argparse_alone(tree):
        return None
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_call_of(node, "add_argument"):
            found = _long_options(node)
            if found is None:
                return None
            names += found
    return ScriptOptions(names=tuple(dict.fromkeys([*names, "help"])))


def _is_argparse_alone(tree: ast.Module) -> bool:
    """Whether argparse's own parsers are made, and neither they nor their groups come from
    elsewhere, or are given to functions of other modules, which may add options."""
    named = imports_of(tree)
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    made = [each for each in calls if full_name(each.func, named) == "argparse.ArgumentParser"]
    if not made or any({w.arg for w in each.keywords} & _OTHER_NAMES for each in made):
        return False
    bases = [base for node in nodes if isinstance(node, ast.ClassDef) for base in node.bases]
    if any("Parser" in ast.unparse(base) for base in bases):
        return False
    parsers = {
        ast.unparse(c.func.value)
        for c in calls
        if isinstance(c.func, ast.Attribute) and c.func.attr == "add_argument"
    }
    for node in nodes:
        if isinstance(node, ast.Assign) and {ast.unparse(t) for t in node.targets} & parsers:
            maker = called(node.value) if isinstance(node.value, ast.Call) else None
            if maker not in _MAKERS | own:
                return False
        elif isinstance(node, ast.Call) and called(node) not in own:
            words = [*node.args, *(word.value for word in node.keywords)]
            if any(ast.unparse(word) in parsers for word in words):
                return False
    return True


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


def _is_call_of(call: ast.Call, method: str) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == method


def _is_of(call: ast.Call, names: frozenset[str]) -> bool:
    """Whether a method is called on one of these variables."""
    return isinstance(call.func, ast.Attribute) and _is_name(call.func.value, names)


def _is_name(node: ast.expr, names: frozenset[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names
