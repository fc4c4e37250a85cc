"""Parses the text of an expression into its tree.

The grammar is a part of Python's, so Python's own parser reads the text (`ast.parse`, which
evaluates nothing). Its tree is then copied node by node; a node that `query.tree` does not have is
a mistake.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, get_args

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.query.conditions import JOINED, NEGATED, RELATIONS, refuse_lone_values
from hydra_sweep_runner.query.tree import (
    ATTRIBUTES,
    Aggregate,
    And,
    Arithmetic,
    ComparisonChain,
    Constant,
    Expression,
    Items,
    Name,
    Not,
    Or,
    Part,
    Scope,
    Sign,
    Signed,
)

_MOST_CHARACTERS = 100_000
_MOST_NESTED = 100
_SHOWN = 30

_WORDS: Mapping[str, bool | float | None] = {
    "true": True,
    "false": False,
    "null": None,
    "nan": math.nan,
    "inf": math.inf,
}
_PARTS: tuple[Part, ...] = get_args(Part)
_SCOPES = {scope.value: scope for scope in Scope if scope is not Scope.ANY}
_SIGNS: Mapping[type[ast.operator], Sign] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_PERMITTED = (
    "an expression is made of names, numbers, texts, [lists], true, false, null, and, or, not, "
    f"comparisons, in, + - * /, and {', '.join(f'{part}(S)' for part in _PARTS)} of a scalar"
)


_LIKE_A_DATE = re.compile(r"\d{4}-\d")


def parse(text: str, *, flags_only: bool = False) -> Expression:
    """The expression in a text.

    With `flags_only` every name is a flag's, because no run exists yet. Raises Mistake, with the
    place in the text, if it is not an expression.
    """
    return _Reading(text.strip(), flags_only=flags_only).expression()


def parse_condition(text: str, *, flags_only: bool = False) -> Expression:
    """The expression in a text by which runs are selected. Raises Mistake as `parse`, and for a
    number, a text or a list in the place of a condition."""
    return _Reading(text.strip(), flags_only=flags_only, is_condition=True).expression()


class _Reading:
    """The state of parsing one text; `_nested` is the present depth of nesting."""

    def __init__(self, text: str, *, flags_only: bool, is_condition: bool = False) -> None:
        self._text = text
        self._flags_only = flags_only
        self._is_condition = is_condition
        self._nested = 0

    def expression(self) -> Expression:
        if not self._text:
            raise Mistake("an expression is empty: give one like lr < 0.1 and loss < 0.5")
        if len(self._text) > _MOST_CHARACTERS:
            raise Mistake(f"an expression is longer than {_MOST_CHARACTERS} characters")
        self._refuse_lines_and_comments()
        self._refuse_dates()
        body = self._parsed().body
        expression = self._read(body)
        if self._is_condition:
            refuse_lone_values(self._text, body)
        return expression

    def _refuse_dates(self) -> None:
        if _LIKE_A_DATE.search(self._text):
            from hydra_sweep_runner.query.slips import date_in_quotes  # needed for few expressions

            date = date_in_quotes(self._text)
            if date is not None:
                raise Mistake(date)

    def _refuse_lines_and_comments(self) -> None:
        for place, char in enumerate(self._text):
            if char < " " and char != "\t":
                self._fail(place, "it has to stand on one line")
        if "#" not in self._text:
            return
        try:
            for token in tokenize.generate_tokens(io.StringIO(self._text).readline):
                if token.type == tokenize.COMMENT:
                    self._fail(token.start[1], "a comment has no place in it")
        except (tokenize.TokenError, SyntaxError, ValueError):
            return  # the parser reports what is wrong

    def _parsed(self) -> ast.Expression:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about invalid escapes in texts, for instance
                return ast.parse(self._text, mode="eval")
        except SyntaxError as error:
            why = (error.msg or "invalid syntax").splitlines()[0]
            offset = error.offset or 0  # 0 at the end of the text
            place = offset - 1 if offset > 0 and error.lineno == 1 else len(self._text)
            from hydra_sweep_runner.query.slips import explain  # needed for few expressions

            place, why = explain(self._text, place, self._parses) or (place, why)
            self._fail(place, why.rstrip("."))
        except (RecursionError, MemoryError):
            self._fail(0, "it is nested too deeply")
        except ValueError as error:  # a lone surrogate
            self._fail(0, f"it cannot be read ({type(error).__name__})")

    def _parses(self, text: str) -> bool:
        """Whether another text is such an expression."""
        try:
            _Reading(
                text, flags_only=self._flags_only, is_condition=self._is_condition
            ).expression()
        except Mistake:
            return False
        return True

    def _read(self, node: ast.expr) -> Expression:
        read = _READ.get(type(node))
        if read is None:
            self._refuse(node, _PERMITTED)
        self._nested += 1
        if self._nested > _MOST_NESTED:
            self._refuse(node, f"it is nested more than {_MOST_NESTED} deep")
        expression = read(self, node)
        self._nested -= 1
        return expression

    def _constant(self, node: ast.Constant) -> Expression:
        if node.value is None or isinstance(node.value, (bool, int, float, str)):
            return Constant(node.value)
        return self._refuse(node, _PERMITTED)

    def _plain_name(self, node: ast.Name) -> Expression:
        if node.id in _WORDS:
            return Constant(_WORDS[node.id])
        return self._named(node, Scope.ANY, node.id)

    def _dotted_name(self, node: ast.Attribute) -> Expression:
        parts = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            self._refuse(node, "a dot stands between the parts of a name only")
        parts.append(inner.id)
        parts.reverse()
        if parts[0] in _SCOPES:
            return self._named(node, _SCOPES[parts[0]], ".".join(parts[1:]))
        return self._named(node, Scope.ANY, ".".join(parts))

    def _subscript(self, node: ast.Subscript) -> Expression:
        scope = node.value
        if not isinstance(scope, ast.Name) or scope.id not in _SCOPES:
            self._refuse(node, 'brackets follow flag, scalar or run only: flag["val/loss"]')
        key = node.slice
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            self._refuse(key, f'a name in quotes stands here: {scope.id}["val/loss"]')
        return self._named(node, _SCOPES[scope.id], key.value)

    def _named(self, node: ast.expr, scope: Scope, name: str) -> Name:
        if self._flags_only:
            if scope in (Scope.SCALAR, Scope.RUN):
                self._refuse(node, "only flags are known here: no run exists yet")
            scope = Scope.FLAG
        if scope is Scope.RUN and name not in ATTRIBUTES:
            self._refuse(node, f"a run has no such attribute; it has {', '.join(ATTRIBUTES)}")
        return Name(scope, name)

    def _call(self, node: ast.Call) -> Expression:
        function = node.func
        if not isinstance(function, ast.Name) or function.id not in _PARTS:
            from hydra_sweep_runner.query.slips import part_by_method  # needed for few expressions

            part = part_by_method(node)
            self._refuse(node, part or f"the functions are {', '.join(_PARTS)}")
        if len(node.args) != 1 or node.keywords:
            self._refuse(node, f"{function.id} takes the name of one scalar")
        if self._flags_only:
            self._refuse(node, "only flags are known here: no run exists yet")
        named = self._read(node.args[0])
        if not isinstance(named, Name) or named.scope not in (Scope.ANY, Scope.SCALAR):
            text = ast.unparse(node.args[0]).replace(" ", "")
            self._refuse(
                node.args[0],
                f"{function.id} takes the name of a scalar; one that is no plain word is written "
                f'{function.id}(scalar["{text}"])',
            )
        return Aggregate(_PARTS[_PARTS.index(function.id)], Name(Scope.SCALAR, named.name))

    def _list(self, node: ast.List) -> Expression:
        return Items(tuple(self._read(item) for item in node.elts))

    def _connected(self, node: ast.BoolOp) -> Expression:
        parts = tuple(self._read(part) for part in node.values)
        return And(parts) if isinstance(node.op, ast.And) else Or(parts)

    def _unary(self, node: ast.UnaryOp) -> Expression:
        if isinstance(node.op, ast.Not):
            return Not(self._read(node.operand))
        if isinstance(node.op, ast.Invert):
            self._refuse(node, f"{NEGATED}; {_PERMITTED}")
        return Signed("-" if isinstance(node.op, ast.USub) else "+", self._operand(node.operand))

    def _arithmetic(self, node: ast.BinOp) -> Expression:
        sign = _SIGNS.get(type(node.op))
        if isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            self._fail(self._text.find("&" if isinstance(node.op, ast.BitAnd) else "|"), JOINED)
        if sign is None:
            self._refuse(node, "the signs between numbers are + - * /")
        return Arithmetic(sign, self._operand(node.left), self._operand(node.right))

    def _operand(self, node: ast.expr) -> Expression:
        expression = self._read(node)
        if isinstance(expression, Items) or (
            isinstance(expression, Constant)
            and (isinstance(expression.value, (str, bool)) or expression.value is None)
        ):
            self._refuse(node, "only numbers are added, subtracted, multiplied and divided")
        return expression

    def _comparison(self, node: ast.Compare) -> Expression:
        first = self._read(node.left)
        rest = []
        for operator, other in zip(node.ops, node.comparators, strict=True):
            relation = RELATIONS.get(type(operator))
            if relation is None:
                self._refuse(node, "values are compared with == and !=, not with is")
            rest.append((relation, self._read(other)))
        return ComparisonChain(first, tuple(rest))

    def _refuse(self, node: ast.expr, why: str) -> NoReturn:
        # Python's column offsets count bytes of UTF-8.
        before = self._text.encode("utf-8", "surrogatepass")[: node.col_offset]
        self._fail(len(before.decode("utf-8", "replace")), why)

    def _fail(self, place: int, why: str) -> NoReturn:
        text, rest = self._text, self._text[place:]
        whole = text if len(text) <= 2 * _SHOWN else f"{text[: 2 * _SHOWN]}…"
        if not rest:
            raise Mistake(f"the expression {whole} does not parse at its end: {why}")
        there = rest if len(rest) <= _SHOWN else f"{rest[:_SHOWN]}…"
        raise Mistake(
            f"the expression {whole} does not parse at character {place + 1}, {there}: {why}"
        )


_READ: Mapping[type[ast.expr], Callable[[_Reading, Any], Expression]] = {
    ast.Constant: _Reading._constant,
    ast.Name: _Reading._plain_name,
    ast.Attribute: _Reading._dotted_name,
    ast.Subscript: _Reading._subscript,
    ast.Call: _Reading._call,
    ast.List: _Reading._list,
    ast.BoolOp: _Reading._connected,
    ast.UnaryOp: _Reading._unary,
    ast.BinOp: _Reading._arithmetic,
    ast.Compare: _Reading._comparison,
}
