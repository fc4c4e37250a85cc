"""Frozen classes do what those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from hydra_sweep_runner.dataclass import dataclass

Decorator = Callable[..., Any]


def point(decorator: Decorator, **options: bool) -> Any:
    """A class with every sort of field."""

    @decorator(frozen=True, **options)
    class Point:
        """A point."""

        x: float
        y: float = 0.0
        notes: list[str] = field(default_factory=list)
        hidden: int = field(default=1, repr=False, compare=False)
        _own: str = ""

        def __post_init__(self) -> None:
            if self.x != self.x:
                raise ValueError("x is NaN")

    return Point


def single(decorator: Decorator) -> Any:
    """A class with one field."""

    @decorator(frozen=True)
    class Single:
        value: object

    return Single


def both(make: Callable[..., Any], **options: bool) -> list[Any]:
    """The same class by the standard decorator and by ours."""
    return [make(dataclasses.dataclass, **options), make(dataclass, **options)]


def outcome(call: Callable[[], object]) -> object:
    """What a call returns, as text, or the class of the error that it raises."""
    try:
        return repr(call())
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("kw_only", [False, True])
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ((), {}),
        ((1,), {}),
        ((1, 2, ["a"], 5, "o"), {}),
        ((1, 2, ["a"], 5, "o", 6), {}),
        ((), {"x": 1}),
        ((), {"x": 1, "y": 2, "notes": ["a"], "hidden": 5, "_own": "o"}),
        ((), {"x": 1, "z": 2}),
        ((1,), {"x": 1}),
        ((), {"x": float("nan")}),
    ],
)
def test_the_constructor_takes_the_same_arguments(
    given: tuple[object, ...], named: dict[str, object], kw_only: bool
) -> None:
    standard, ours = both(point, kw_only=kw_only)
    assert outcome(lambda: ours(*given, **named)) == outcome(lambda: standard(*given, **named))


def test_each_object_has_its_own_default() -> None:
    ours = point(dataclass)
    assert ours(1).notes is not ours(1).notes


def test_objects_are_equal_where_those_of_the_standard_library_are() -> None:
    nan = float("nan")
    points = [(1,), (1.0, 0), (1, 0, ["a"]), (1, 0, [], 9), (2,)]
    standard, ours = both(point)
    for one, other in itertools.product(points, repeat=2):
        assert (ours(*one) == ours(*other)) is (standard(*one) == standard(*other))
    standard, ours = both(single)
    for left, right in itertools.product((1, 1.0, nan, "a", [1], None), repeat=2):
        assert (ours(left) == ours(right)) is (standard(left) == standard(right))
    assert ours(1) != standard(1)
    assert ours(1) != 1


def test_hashes_follow_equality() -> None:
    ours = single(dataclass)
    assert hash(ours(1)) == hash(ours(1.0))
    assert len({ours(1), ours(1), ours(2)}) == 2
    with pytest.raises(TypeError):
        hash(ours([]))


def test_without_eq_an_object_equals_itself_alone() -> None:
    ours = point(dataclass, eq=False)
    it = ours(1)
    assert it == it and it != ours(1)
    assert len({it, it, ours(1)}) == 2


def test_fields_are_neither_set_nor_deleted() -> None:
    it = point(dataclass)(1)
    for name in ("x", "other"):
        with pytest.raises(FrozenInstanceError, match=name):
            setattr(it, name, 2)
        with pytest.raises(FrozenInstanceError, match=name):
            delattr(it, name)
    assert it.x == 1


def test_a_subclass_adds_fields_and_keeps_abstract_methods() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Shape(ABC):
        name: str = "shape"

        @abstractmethod
        def area(self) -> float:
            """Its area."""

    @dataclass(frozen=True, kw_only=True)
    class Square(Shape):
        side: float

        def area(self) -> float:
            return self.side**2

    with pytest.raises(TypeError, match="abstract"):
        Shape()  # type: ignore[abstract]
    square = Square(side=2.0)
    assert (square.area(), square.name) == (4.0, "shape")
    with pytest.raises(FrozenInstanceError):
        square.name = "x"  # type: ignore[misc]


@dataclass(frozen=True)
class Pair:
    """A pair that pickle finds."""

    left: object
    right: object = None


def test_the_standard_librarys_functions_work() -> None:
    pair = Pair(1, [2])
    assert dataclasses.replace(pair, right=3) == Pair(1, 3)
    assert dataclasses.asdict(pair) == {"left": 1, "right": [2]}
    assert [each.name for each in dataclasses.fields(pair)] == ["left", "right"]
    assert pickle.loads(pickle.dumps(pair)) == copy.deepcopy(pair) == pair
    match pair:
        case Pair(left, [right]):
            assert (left, right) == (1, 2)
        case _:
            pytest.fail("it does not match")


def test_methods_of_the_class_itself_stay() -> None:
    @dataclass(frozen=True)
    class Named:
        name: str

        def __repr__(self) -> str:
            return self.name

    assert repr(Named("x")) == "x"
