"""Intervals in overrides, with their bounds as written.

Hydra's own `interval` and `int` round the bounds while parsing (`int(interval(1.7,4))` begins at 1
there); these do not.
"""

# No postponed annotations here: Hydra checks its functions' arguments by their annotations.

from dataclasses import replace
from functools import cache
from typing import Any, Union

from hydra._internal.grammar import grammar_functions
from hydra.core.override_parser.overrides_parser import OverridesParser, create_functions
from hydra.core.override_parser.types import IntervalSweep

from hydra_sweep_runner.dataclass import dataclass


@dataclass(eq=False)
class WrittenInterval(IntervalSweep):
    """An interval with its bounds as written; `whole` says that it is inside `int`."""

    low: Any = None
    high: Any = None
    whole: bool = False


def _interval(start: Union[int, float], end: Union[int, float]) -> WrittenInterval:  # noqa: UP007
    return WrittenInterval(start=_float(start), end=_float(end), low=start, high=end)


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _cast_int(*args: Any, value: Any = None) -> Any:
    return _cast(args, value, grammar_functions.cast_int, whole=True)


def _cast_float(*args: Any, value: Any = None) -> Any:
    return _cast(args, value, grammar_functions.cast_float, whole=False)


def _cast(args: tuple[Any, ...], value: Any, of_hydra: Any, *, whole: bool) -> Any:
    given = args if value is None else (*args, value)
    if len(given) == 1 and isinstance(given[0], WrittenInterval):
        return replace(given[0], whole=whole)
    return of_hydra(*args) if value is None else of_hydra(*args, value=value)


@cache
def override_parser() -> OverridesParser:
    """Hydra's parser of overrides, with intervals that keep their written bounds; it keeps no
    parsed results."""
    functions = create_functions()
    for name, function in (("interval", _interval), ("int", _cast_int), ("float", _cast_float)):
        del functions.definitions[name], functions.functions[name]
        functions.register(name=name, func=function)
    return OverridesParser(functions=functions)
