"""Puts the values of flags into a script's syntax tree.

Like all of this folder it imports only modules that Python has loaded by itself.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ONLY_AST = 0x400  # ast.PyCF_ONLY_AST
_ROWS = ("Tuple", "List")


def code_with_values(source: bytes, path: str, flags: "dict[str, Any]") -> "Any":
    """The code of the script at `path`, with the flags' values in the assignments to them. Every
    node keeps its place in the source.

    In `a = b = value`, the value is still evaluated; flags among the targets are assigned
    afterwards.
    """
    tree: Any = compile(source, path, "exec", _ONLY_AST, dont_inherit=True)
    tree.body = _with_values(tree.body, flags)
    return compile(tree, path, "exec", dont_inherit=True)


def _with_values(statements: "list[Any]", flags: "dict[str, Any]") -> "list[Any]":
    body = []
    for node in statements:
        body.append(node)
        kind = type(node).__name__
        if kind == "AnnAssign" and type(node.target).__name__ == "Name":
            if node.target.id in flags and names_in(node):
                node.value = _constant(flags[node.target.id], node.target)
        elif kind == "Assign" and len(node.targets) == 1:
            node.value = _replaced(node.targets[0], node.value, flags)
        elif kind == "Assign":
            body.extend(
                type(node)([name], _constant(flags[name.id], name), **_place(node))
                for name in names_in(node)
                if name.id in flags
            )
        elif _is_main_guard(node):
            node.body = _with_values(node.body, flags)
    return body


def top_level(statements: "list[Any]") -> "list[Any]":
    """The statements that run once, in any case, when a module is run, including those below `if
    __name__ == "__main__":`."""
    found = []
    for node in statements:
        found.append(node)
        if _is_main_guard(node):
            found.extend(top_level(node.body))
    return found


def _is_main_guard(node: "Any") -> bool:
    if type(node).__name__ != "If" or type(node.test).__name__ != "Compare":
        return False
    sides = [node.test.left, *node.test.comparators]
    names = [getattr(side, "id", getattr(side, "value", None)) for side in sides]
    is_equal = [type(each).__name__ for each in node.test.ops] == ["Eq"]
    return is_equal and names in (["__name__", "__main__"], ["__main__", "__name__"])


def names_in(node: "Any") -> "list[Any]":
    """The Name nodes that a statement of the module declares, or assigns a literal to."""
    kind = type(node).__name__
    if kind == "Assign":
        return [name for each in node.targets for name in _names(each, node.value)]
    return _names(node.target, node.value) if kind == "AnnAssign" else []


def _is_literal(value: "Any") -> bool:
    """Whether a value is written as a literal: an expression of other values is code."""
    kind = type(value).__name__
    if kind in _ROWS or kind == "Set":
        return all(_is_literal(each) for each in value.elts)
    if kind == "Dict":
        return all(_is_literal(each) for each in value.keys + value.values)
    if kind == "UnaryOp":
        return type(value.op).__name__ in ("USub", "UAdd") and _is_literal(value.operand)
    return kind == "Constant"


def _names(target: "Any", value: "Any") -> "list[Any]":
    if type(target).__name__ == "Name":
        return [target] if value is None or _is_literal(value) else []
    return [name for pair in _pairs(target, value) for name in _names(*pair)]


def _pairs(target: "Any", value: "Any") -> "list[tuple[Any, Any]]":
    """The targets and values of `a, b = 1, 2`, paired; empty if they cannot be paired."""
    if type(target).__name__ not in _ROWS or type(value).__name__ not in _ROWS:
        return []
    stars = [1 for each in target.elts + value.elts if type(each).__name__ == "Starred"]
    if stars or len(target.elts) != len(value.elts):
        return []
    return list(zip(target.elts, value.elts))  # noqa: B905 - they are of one length


def _replaced(target: "Any", value: "Any", flags: "dict[str, Any]") -> "Any":
    if type(target).__name__ == "Name" and target.id in flags and _is_literal(value):
        return _constant(flags[target.id], value)
    pairs = _pairs(target, value)
    if pairs:
        value.elts = [_replaced(*pair, flags) for pair in pairs]
    return value


def _constant(value: "Any", at: "Any") -> "Any":
    """A node that evaluates to a flag's value, at another node's place in the source."""
    import _ast

    place = _place(at)
    if isinstance(value, list):
        return _ast.List([_constant(each, at) for each in value], _ast.Load(), **place)
    if isinstance(value, dict):
        keys = [_constant(key, at) for key in value]
        return _ast.Dict(keys, [_constant(each, at) for each in value.values()], **place)
    return _ast.Constant(value, **place)


def _place(node: "Any") -> "dict[str, Any]":
    names = ("lineno", "col_offset", "end_lineno", "end_col_offset")
    return {name: getattr(node, name) for name in names}
