"""The syntax tree of an expression."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Literal, TypeAlias

from hydra_sweep_runner.dataclass import dataclass

Sign: TypeAlias = Literal["+", "-", "*", "/"]
Relation: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
#: The functions that read a part of a scalar's summary.
Part: TypeAlias = Literal["min", "max", "first", "last", "count"]

#: The attributes of a run that expressions can name.
ATTRIBUTES = (
    "id",
    "operation",
    "kind",
    "status",
    "started",
    "stopped",
    "duration",
    "label",
    "tags",
    "step",
    "batch",
    "random_seed",
    "reason",
    "repeat",
)


class Scope(str, Enum):
    """Where a name is looked up."""

    ANY = "any"  #: among flags, then scalars, then attributes
    FLAG = "flag"
    SCALAR = "scalar"
    RUN = "run"  #: among a run's attributes


@dataclass(frozen=True)
class Constant:
    """A number, a text, true, false or, as None, null."""

    value: bool | int | float | str | None


@dataclass(frozen=True)
class Name:
    """A flag, a scalar or an attribute, by its dotted name."""

    scope: Scope
    name: str


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Aggregate:
    """`min(S)` and similar functions of a scalar."""

    part: Part
    scalar: Name


@dataclass(frozen=True)
class And:
    """The first operand that is false, else the last."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    """The first operand that is true, else the last."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Not:
    """True if the operand is false."""

    part: Expression


@dataclass(frozen=True)
class Signed:
    """A number with a sign, `-` or `+`."""

    sign: Literal["+", "-"]
    number: Expression


@dataclass(frozen=True)
class Arithmetic:
    """An arithmetic operation on two numbers."""

    sign: Sign
    left: Expression
    right: Expression


@dataclass(frozen=True)
class ComparisonChain:
    """`first R1 second R2 third …`: each operand compared with the next."""

    first: Expression
    rest: tuple[tuple[Relation, Expression], ...]


Expression: TypeAlias = (
    Constant | Name | Items | Aggregate | And | Or | Not | Signed | Arithmetic | ComparisonChain
)


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all expressions in it, in order of appearance, each before its parts."""
    yield expression
    for part in _parts(expression):
        yield from walk(part)


def names_in(expression: Expression) -> Iterator[Name]:
    """Every name in an expression, in order of appearance."""
    return (part for part in walk(expression) if isinstance(part, Name))


def _parts(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Items(parts) | And(parts) | Or(parts):
            return parts
        case Not(part) | Signed(_, part) | Aggregate(_, part):
            return (part,)
        case Arithmetic(_, left, right):
            return (left, right)
        case ComparisonChain(first, rest):
            return (first, *(other for _, other in rest))
        case Name() | Constant():
            return ()
