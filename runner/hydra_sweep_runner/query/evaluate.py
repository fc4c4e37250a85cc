"""Evaluates an expression for a run.

Values compare as trials' flags do: 1 equals 1.0, a NaN equals a NaN, `true` is not a number and
neither is a text. An ordering comparison of different types is false. If the run lacks a value, a
comparison with it is false, except `== null` with the word itself. Arithmetic with anything but
numbers, or without a result (division by zero), yields a missing value, too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Flags, Scalar, Value
from hydra_sweep_runner.operation.values import is_number, same
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
    Relation,
    Scope,
    Sign,
    Signed,
)

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Reported

#: The summaries of a run's scalars, by name.
Scalars: TypeAlias = "Mapping[str, Scalar] | Mapping[str, Reported]"


class Subject(Protocol):
    """The subject of an expression: a run, as names and values."""

    @property
    def flags(self) -> Flags:
        """The flags by dotted name."""
        ...

    @property
    def scalars(self) -> Scalars:
        """The summaries of what the run reported, by name."""
        ...

    @property
    def attributes(self) -> Mapping[str, Value]:
        """What `tree.ATTRIBUTES` names; null or missing is what the run lacks."""
        ...

    @property
    def steps(self) -> Collection[str]:
        """The steps of pipelines that the run fills."""
        ...


@dataclass(frozen=True, kw_only=True)
class PlainSubject:
    """A subject that holds what is asked of it."""

    flags: Flags = field(default_factory=dict)
    scalars: Scalars = field(default_factory=dict)
    attributes: Mapping[str, Value] = field(default_factory=dict)

    @property
    def steps(self) -> Collection[str]:
        """Its step, if it has one."""
        step = self.attributes.get("step")
        return (step,) if isinstance(step, str) else ()


class _Nothing(Enum):
    """Stands for a missing value and for the word null."""

    LACKED = 0
    WORD = 1


# A member of an enum is looked up ten times as slowly by its class.
_ANY, _FLAG, _SCALAR, _RUN = Scope.ANY, Scope.FLAG, Scope.SCALAR, Scope.RUN

# The elements of a list may be of any of these types.
_Result: TypeAlias = "Value | _Nothing | list[Any]"


def value_of(expression: Expression, subject: Subject) -> Value:
    """The expression's value; None for null and for a missing value."""
    return _plain(_evaluate(expression, subject))


def holds(expression: Expression, subject: Subject) -> bool:
    """Whether the expression's value counts as true in Python."""
    return _is_true(_evaluate(expression, subject))


def has_name(name: Name, subject: Subject) -> bool:
    """Whether the subject has this name; it has every attribute."""
    text, scope = name.name, name.scope
    return (
        (scope in (Scope.ANY, Scope.RUN) and text in ATTRIBUTES)
        or (scope in (Scope.ANY, Scope.FLAG) and text in subject.flags)
        or (scope in (Scope.ANY, Scope.SCALAR) and text in subject.scalars)
        or (scope is Scope.ANY and _own_name(text, subject) is not None)
    )


def _own_name(name: str, subject: Subject) -> str | None:
    """For a run of the step `train`, `train.lr` is its own flag `lr`, as it is for what is
    downstream of it. Returns the flag's name, None for any other name."""
    step, _, flag = name.partition(".")
    is_own = flag in subject.flags and step in subject.steps
    return flag if is_own else None


def _evaluate(expression: Expression, subject: Subject) -> _Result:
    return _EVALUATE[type(expression)](expression, subject)


def _constant(node: Constant, subject: Subject) -> _Result:
    return _Nothing.WORD if node.value is None else node.value


def _name(node: Name, subject: Subject) -> _Result:
    name, scope = node.name, node.scope
    if (scope is _ANY or scope is _FLAG) and name in subject.flags:
        return subject.flags[name]
    if (scope is _ANY or scope is _SCALAR) and name in subject.scalars:
        return subject.scalars[name].last
    if scope is _ANY or scope is _RUN:
        value = subject.attributes.get(name)
        if value is not None:
            return value
    if scope is _ANY and "." in name:
        own = _own_name(name, subject)
        if own is not None:
            return subject.flags[own]
    return _Nothing.LACKED


def _items(node: Items, subject: Subject) -> _Result:
    return [_evaluate(item, subject) for item in node.items]


def _summary(node: Aggregate, subject: Subject) -> _Result:
    summary = subject.scalars.get(node.scalar.name)
    part: Value = None if summary is None else getattr(summary, node.part)
    return _Nothing.LACKED if part is None else part


def _and(node: And, subject: Subject) -> _Result:
    value: _Result = True
    for part in node.parts:
        value = _evaluate(part, subject)
        if not _is_true(value):
            return value
    return value


def _or(node: Or, subject: Subject) -> _Result:
    value: _Result = False
    for part in node.parts:
        value = _evaluate(part, subject)
        if _is_true(value):
            return value
    return value


def _not(node: Not, subject: Subject) -> _Result:
    return not _is_true(_evaluate(node.part, subject))


def _signed(node: Signed, subject: Subject) -> _Result:
    value = _evaluate(node.number, subject)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _Nothing.LACKED
    return -value if node.sign == "-" else value


_CALCULATE: Mapping[Sign, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def _arithmetic(node: Arithmetic, subject: Subject) -> _Result:
    left: Any = _evaluate(node.left, subject)
    right: Any = _evaluate(node.right, subject)
    if not (is_number(left) and is_number(right)):
        return _Nothing.LACKED
    try:
        result: int | float = _CALCULATE[node.sign](left, right)
    except (ZeroDivisionError, OverflowError):  # OverflowError: an integer too large for a float
        return _Nothing.LACKED
    return result


def _comparison(node: ComparisonChain, subject: Subject) -> _Result:
    left = _evaluate(node.first, subject)
    for relation, other in node.rest:
        right = _evaluate(other, subject)
        if not _COMPARE[relation](left, right):
            return False
        left = right
    return True


def _equals(left: _Result, right: _Result) -> bool:
    if left is _Nothing.LACKED or right is _Nothing.LACKED:
        return left is _Nothing.WORD or right is _Nothing.WORD
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equals, left, right))
    return same(_plain(left), _plain(right))


def _differs(left: _Result, right: _Result) -> bool:
    return not (_lacks(left) or _lacks(right) or _equals(left, right))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[_Result, _Result], bool]:
    def is_ordered(left: Any, right: Any) -> bool:
        if isinstance(left, list) and isinstance(right, list):
            for one, other in zip(left, right, strict=False):
                if not _equals(one, other):
                    return is_ordered(one, other)
            return compare(len(left), len(right))
        alike = (is_number(left) and is_number(right)) or (
            type(left) is type(right) and isinstance(left, (str, bool))
        )
        return alike and compare(left, right)

    return is_ordered


def _in(left: _Result, right: _Result) -> bool:
    if isinstance(right, list):
        return any(_equals(left, item) for item in right)
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    return isinstance(right, dict) and isinstance(left, str) and left in right


def _not_in(left: _Result, right: _Result) -> bool:
    if isinstance(right, list):
        return not (_lacks(left) or _lacks(right) or _in(left, right))
    return isinstance(right, (str, dict)) and isinstance(left, str) and left not in right


_COMPARE: Mapping[Relation, Callable[[_Result, _Result], bool]] = {
    "==": _equals,
    "!=": _differs,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": _in,
    "not in": _not_in,
}


def _is_true(value: _Result) -> bool:
    return not isinstance(value, _Nothing) and bool(value)


def _lacks(value: _Result) -> bool:
    if isinstance(value, list):
        return any(map(_lacks, value))
    return value is _Nothing.LACKED


def _plain(value: _Result) -> Value:
    if isinstance(value, _Nothing):
        return None
    return [_plain(item) for item in value] if isinstance(value, list) else value


_EVALUATE: Mapping[type[Any], Callable[[Any, Subject], _Result]] = {
    Constant: _constant,
    Name: _name,
    Items: _items,
    Aggregate: _summary,
    And: _and,
    Or: _or,
    Not: _not,
    Signed: _signed,
    Arithmetic: _arithmetic,
    ComparisonChain: _comparison,
}
