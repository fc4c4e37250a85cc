"""Finds the variables that hold the parser of an argparse script, and where they go.

The parser may be made at the top of the script, in a function that also reads the arguments, or in
one that returns it: `def get_parser(): …; return parser` with `get_parser().parse_args()` or
`parser = get_parser()`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from hydra_sweep_runner.dataclass import dataclass

#: Uses of a parser that cannot change its options.
HARMLESS = frozenset(
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
#: Calls that make a group of a parser, whose options are the parser's.
GROUPS = frozenset({"add_argument_group", "add_mutually_exclusive_group"})
_MAKER = "ArgumentParser"
_OPAQUE_KEYWORDS = frozenset({None, "prefix_chars"})


@dataclass(frozen=True, kw_only=True)
class Parsers:
    """The variables that hold the parser, its parents, or a group of them. `harmless` are the ids
    of the nodes that read such a variable without changing its options: a `return`, and `parents=`.
    `abbreviates` says whether the parser takes a unique beginning of a name for an option."""

    names: frozenset[str]
    harmless: frozenset[int]
    abbreviates: bool


def parsers_of(tree: ast.Module) -> Parsers | None:
    """The script's parser; None if it is unclear which it is, or what else is done with it."""
    made = dict(_made(tree))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    makers = [call for call in calls if called(call) in GROUPS | {_MAKER}]
    if any(id(call) not in made for call in makers):
        return None
    parsers = [call for call in makers if called(call) == _MAKER]
    family = _family(parsers, made)
    if family is None:
        return None
    main, listed = family
    if any(_opaque(call, is_parent=call is not main) for call in parsers):
        return None
    given = _returned(tree, made[id(main)], main)
    if given is None:
        return None
    names = frozenset([*made.values(), *given.variables])
    if _change_late(calls, {made[id(call)] for call in parsers if call is not main}, main):
        return None
    abbreviation = next((word.value for word in main.keywords if word.arg == "allow_abbrev"), None)
    return Parsers(
        names=names,
        harmless=frozenset([*map(id, listed), *given.returns]),
        abbreviates=not (isinstance(abbreviation, ast.Constant) and abbreviation.value is False),
    )


def _made(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The variable that each call is assigned to, by the id of the call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target = node.targets[0] if len(node.targets) == 1 else None
            if isinstance(target, ast.Name) and called(node.value) in GROUPS | {_MAKER}:
                yield id(node.value), target.id


def _family(
    parsers: Sequence[ast.Call], made: dict[int, str]
) -> tuple[ast.Call, list[ast.expr]] | None:
    """The parser that the others are parents of, and the places that name them; None if some other
    parser is made, or a parent from elsewhere is named."""
    with_parents = [call for call in parsers if any(k.arg == "parents" for k in call.keywords)]
    if not with_parents:
        return (parsers[0], []) if len(parsers) == 1 else None
    if len(with_parents) > 1:
        return None
    main = with_parents[0]
    parents = next(word.value for word in main.keywords if word.arg == "parents")
    if not isinstance(parents, (ast.List, ast.Tuple)):
        return None
    named = [each.id for each in parents.elts if isinstance(each, ast.Name)]
    others = [made[id(call)] for call in parsers if call is not main]
    if len(named) < len(parents.elts) or sorted(named) != sorted(others):
        return None
    return (main, list(parents.elts)) if made[id(main)] not in others else None


def _opaque(call: ast.Call, *, is_parent: bool) -> bool:
    """Whether a parser has other options than its `add_argument` say, or other names for them."""
    words = {word.arg for word in call.keywords}
    return bool(words & _OPAQUE_KEYWORDS) or ("add_help" in words and not is_parent)


def _change_late(calls: Sequence[ast.Call], parents: set[str], main: ast.Call) -> bool:
    """Whether an option may be added to a parent after the parser has taken its options."""
    for call in calls:
        function = call.func
        if isinstance(function, ast.Attribute) and ast.unparse(function.value) in parents:
            late = function.attr == "add_argument" and call.lineno > main.lineno
            if late or function.attr in GROUPS:
                return True
    return False


@dataclass(frozen=True, kw_only=True)
class _Returned:
    """Where a function that makes the parser gives it: the variables, and the ids of the nodes in
    its `return` statements."""

    variables: tuple[str, ...] = ()
    returns: tuple[int, ...] = ()


def _returned(tree: ast.Module, name: str, main: ast.Call) -> _Returned | None:
    """Where the parser goes that a function returns; None if that is unclear."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    maker = next((f for f in functions if any(node is main for node in ast.walk(f))), None)
    if maker is None:
        return _Returned()
    returns = [
        id(node.value)
        for node in ast.walk(maker)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Name)
        if node.value.id == name
    ]
    if not returns:
        return _Returned()
    is_one = sum(f.name == maker.name for f in functions) == 1
    if maker.decorator_list or not is_one:
        return None
    uses = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == maker.name]
    followed: set[int] = set()
    variables: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _calls(node.value, maker.name):
            target = node.targets[0]
            if len(node.targets) > 1 or not isinstance(target, ast.Name):
                return None
            variables.append(target.id)
            followed.add(id(_function_called(node.value)))
        elif isinstance(node, ast.Attribute) and node.attr in HARMLESS:
            followed.add(id(_function_called(node.value)))
    if not uses or any(id(use) not in followed for use in uses):
        return None
    return _Returned(variables=tuple(variables), returns=tuple(returns))


def _calls(node: ast.expr, name: str) -> bool:
    function = _function_called(node)
    return isinstance(function, ast.Name) and function.id == name


def _function_called(node: ast.expr) -> ast.expr | None:
    return node.func if isinstance(node, ast.Call) else None


def called(call: ast.Call) -> str | None:
    """The last word of the name of the function that is called."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None
