"""Finds the names in a script that stand for one value only, as its source shows it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

_CHANGING = frozenset(
    {
        *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"),
        *("add", "discard", "update", "setdefault", "popitem"),
        *("difference_update", "intersection_update", "symmetric_difference_update"),
    }
)


@lru_cache(maxsize=1)
def constants_of(tree: ast.Module) -> Mapping[str, ast.expr]:
    """The names that are bound once in the whole source, by `NAME = …`, with what they are bound
    to. Those whose value the source changes in its place are left out."""
    times = Counter(name for node in ast.walk(tree) for name in _bound(node))
    changed = {name for node in ast.walk(tree) for name in _changed(node)}
    found: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name) and times[target.id] == 1 and target.id not in changed:
            found[target.id] = value
    return found


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node binds, or may bind anew."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        yield from [node.name] if node.name is not None else []
    elif isinstance(node, ast.MatchMapping) and node.rest is not None:
        yield node.rest


def _changed(node: ast.AST) -> Iterator[str]:
    """The name of a list, set or mapping that a node changes."""
    if isinstance(node, ast.Subscript):
        held = None if isinstance(node.ctx, ast.Load) else node.value
    else:
        held = node.value if isinstance(node, ast.Attribute) and node.attr in _CHANGING else None
    if isinstance(held, ast.Name):
        yield held.id
