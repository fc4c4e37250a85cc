"""What has a value and is no condition, as 0.01 in `lr == 0.1 or 0.01`, which would be true for
every run.

Python takes any value for a condition. Here a number, a text or a list that stands alone is a
mistake, and so is a name alone whose values are numbers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.operation.values import is_number
from hydra_sweep_runner.query.evaluate import Subject, value_of
from hydra_sweep_runner.query.tree import Expression, Name, Relation, Scope

#: How conditions are written here, for those who write other signs.
NEGATED = "a condition is negated with not"
JOINED = "conditions are joined with and, or and not"
#: A longer value is cut where it is told.
_MOST_TOLD = 60
#: A greater number is no example.
_MOST_EXAMPLE = 1e15
#: What would be right is told up to this length.
_MOST_COMPARED = 300

#: What Python's tree calls the signs of comparisons.
RELATIONS: Mapping[type[ast.cmpop], Relation] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}


def refuse_lone_values(text: str, body: ast.expr) -> None:
    """Raise Mistake for a number, a text or a list that stands alone, as the whole or as an operand
    of and, or and not, and for a whole that is arithmetic. `body` is the tree of the text, which is
    known to be an expression."""
    source = _Source(text)
    if isinstance(body, ast.Constant) and isinstance(body.value, str):
        inner = body.value.strip()
        if _is_comparison(inner):
            raise Mistake(f"{source.of(body)} is a text: without its quotes it is {inner}")
    if _is_value(body):
        _refuse(source, [body], [])
    if isinstance(body, ast.BinOp) or _is_signed(body):
        raise Mistake(no_number(source.of(body), 1))
    _check(source, body, is_condition=True, around=None)


def check_no_number(expression: Expression, subjects: Sequence[Subject]) -> None:
    """Raise Mistake for a name that stands alone and has a number for one of the subjects: a shell
    leaves no more of `--where lr > 0.1` without quotes."""
    number = lone_number(expression, subjects)
    if number is not None and isinstance(expression, Name):
        name = _written(expression)
        raise Mistake(no_number(name, number, f"--where '{name} > {number}'"))


def lone_number(expression: Expression, subjects: Sequence[Subject]) -> float | None:
    """A number that one of the subjects has under a name which is the whole expression. None for
    any other expression, and for a name of nothing but truths, texts and lists."""
    if not isinstance(expression, Name):
        return None
    for subject in subjects:
        value = value_of(expression, subject)
        if isinstance(value, (int, float)) and is_number(value):
            return value if abs(value) < _MOST_EXAMPLE else 0
    return None


def no_number(name: str, number: float, typed: str = "") -> str:
    """What is wrong with a name alone, and how it is compared, with a number as an example; `typed`
    is that as it is typed in a shell."""
    shell = f"; in a shell in quotes: {typed}" if typed else ""
    return (
        f"{name} alone is no condition, its values are numbers: compare it, as in "
        f"{name} > {number}{shell}"
    )


def _written(name: Name) -> str:
    """A name as it stands in an expression."""
    scope = name.scope
    if all(part.isidentifier() for part in name.name.split(".")):
        return name.name if scope is Scope.ANY else f"{scope.value}.{name.name}"
    return f'{(Scope.FLAG if scope is Scope.ANY else scope).value}["{name.name}"]'


class _Source:
    """Gives the text of a part of an expression, which stands on one line."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()  # by which Python counts columns

    def of(self, node: ast.expr) -> str:
        """The part as it was typed, without brackets around it; its end is cut if it is long."""
        text = self._bytes[node.col_offset : node.end_col_offset].decode()
        return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}…"


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """A name, or what is calculated of one, compared with values of one kind.

    `values` stand in a list if `is_list`; there are none yet in the comparison that is around them.
    `is_beside` tells that the values to be added stand beside it, joined with it.
    """

    name: str
    relation: str
    values: Sequence[str]
    kind: type | None
    is_list: bool
    is_name_first: bool
    is_beside: bool

    def with_values(self, added: Sequence[str], joint: str) -> str:
        """The same comparison with more values; `joint` is `and` or `or`."""
        is_negative = self.relation in ("!=", "not in")
        among = ", ".join([*self.values, *added])
        in_list = f"{self.name} {'not in' if is_negative else 'in'} [{among}]"
        if self.is_list:
            return in_list
        if is_negative:
            joint = "and"
        one_each = f" {joint} ".join(
            map(self._one, [*self.values, *added] if self.is_beside else added)
        )
        if self.relation not in ("==", "!="):
            return one_each
        is_possible = self.is_beside and (is_negative or joint == "or")
        return f"{one_each}, or {in_list}" if is_possible else in_list

    def _one(self, value: str) -> str:
        if self.is_name_first or self.relation in ("==", "!="):
            return f"{self.name} {self.relation} {value}"
        return f"{value} {self.relation} {self.name}"


def _check(
    source: _Source, node: ast.expr, *, is_condition: bool, around: ast.Compare | None
) -> None:
    """Check what is in a part of an expression. An operand of a comparison, `around`, is no
    condition: there `acc or 0` may be a default, and only `0.1 or 0.01` is refused."""
    if isinstance(node, ast.BoolOp):
        lone = [part for part in node.values if _is_value(part)]
        if lone and (is_condition or len(lone) == len(node.values)):
            joint = "or" if isinstance(node.op, ast.Or) else "and"
            beside = _beside(source, lone[0], node)
            compared = beside if around is None else _around(source, node, around)
            _refuse(source, lone, compared, joint)
        for part in node.values:
            _check(source, part, is_condition=is_condition, around=around)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        if _is_value(node.operand):
            _refuse(source, [node.operand], [])
        _check(source, node.operand, is_condition=True, around=None)
    else:
        inner = node if isinstance(node, ast.Compare) else None
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                _check(source, child, is_condition=False, around=inner)


def _refuse(
    source: _Source, lone: Sequence[ast.expr], compared: Iterable[_Compared], joint: str = "or"
) -> NoReturn:
    """Raise that the first of the values alone is no condition, and what may be meant by all."""
    first, kind = source.of(lone[0]), _kind(lone[0])
    relation = "in" if isinstance(lone[0], ast.List) else "=="
    better = f"compare a name with it, as in NAME {relation} {first}"
    meant = next((one for one in compared if one.kind in (None, kind)), None)
    if meant is not None:
        added = [source.of(one) for value in lone for one in _elements(value)]
        told = meant.with_values(added, joint)
        if len(told) <= _MOST_COMPARED:
            better = told
    raise Mistake(f"{first} alone is no condition: {better}")


def _around(source: _Source, node: ast.BoolOp, around: ast.Compare) -> Iterator[_Compared]:
    """The comparison of which values between and or or are one side."""
    for left, relation, right in _pairs(around):
        if node in (left, right):
            yield _Compared(
                name=source.of(right if left is node else left),
                relation=relation,
                values=[],
                kind=None,
                is_list=isinstance(node.values[0], ast.List),
                is_name_first=right is node,
                is_beside=True,
            )


def _beside(source: _Source, lone: ast.expr, node: ast.BoolOp) -> Iterator[_Compared]:
    """The comparisons of values beside a value between and or or, the nearest before it first, then
    those within what is beside it."""
    place = node.values.index(lone)
    before, after = node.values[:place][::-1], node.values[place + 1 :]
    beside = [(part, True) for part in (*before, *after)]
    within = [(part, False) for one in before for part in reversed(_comparisons(one))]
    within += [(part, False) for one in after for part in _comparisons(one)]
    for part, is_beside in (*beside, *within):
        for left, relation, right in _pairs(part):
            if _is_value(left) == _is_value(right):
                continue
            name, value = (left, right) if _is_value(right) else (right, left)
            yield _Compared(
                name=source.of(name),
                relation=relation,
                values=list(map(source.of, _elements(value))),
                kind=_kind(value),
                is_list=isinstance(value, ast.List),
                is_name_first=name is left,
                is_beside=is_beside,
            )


def _comparisons(node: ast.expr) -> Sequence[ast.expr]:
    """The comparisons in a part of an expression, from left to right."""
    found = [part for part in ast.walk(node) if isinstance(part, ast.Compare)]
    return sorted(found, key=lambda part: part.col_offset)


def _pairs(node: ast.AST) -> Iterator[tuple[ast.expr, str, ast.expr]]:
    """The two sides of a comparison and what is between them; of a chain, each two."""
    if isinstance(node, ast.Compare):
        left = node.left
        for relation, right in zip(node.ops, node.comparators, strict=True):
            yield left, RELATIONS[type(relation)], right
            left = right


def _elements(value: ast.expr) -> Sequence[ast.expr]:
    return value.elts if isinstance(value, ast.List) else [value]


def _kind(value: ast.expr) -> type:
    """Text or number; that of a list is its first element's."""
    first = next(iter(_elements(value)), value)
    is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return str if is_text else float


def _is_value(node: ast.expr) -> bool:
    """Whether it is a number, a text or a list, or arithmetic without names; true, false and null
    are none."""
    if isinstance(node, ast.Constant):
        return node.value is not None and not isinstance(node.value, bool)
    if isinstance(node, ast.BinOp):
        return _is_value(node.left) and _is_value(node.right)
    if isinstance(node, ast.UnaryOp):
        return _is_signed(node) and _is_value(node.operand)
    return isinstance(node, ast.List) or (isinstance(node, ast.Name) and node.id in ("nan", "inf"))


def _is_signed(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd))


def _is_comparison(text: str) -> bool:
    """Whether a text is an expression with a comparison in it."""
    try:
        body = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(part, ast.Compare) for part in ast.walk(body))
