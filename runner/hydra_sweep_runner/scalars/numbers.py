"""The numbers among reported values. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any

#: The name whose number is the step of the others beside it.
STEP = "step"

# Mappings nested more deeply in a result are ignored.
_MOST_NESTED = 20


def number_of(value: Any) -> float | None:
    """The value as a float, or None if it is no number.

    Numbers are instances of `numbers.Real` and zero-dimensional arrays of NumPy, PyTorch and JAX.
    True and false are not.
    """
    kind = type(value)
    if kind is float:
        number: float = value
        return number
    if isinstance(value, bool):
        return None
    if not isinstance(value, Real):
        value = _item(value)
        if isinstance(value, bool) or not isinstance(value, Real):
            return None
    try:
        return float(value)
    except (OverflowError, ValueError, TypeError):
        return None


def step_of(number: float | None) -> float | None:
    """The number if it is finite, and can therefore be a step, else None."""
    return None if number is None or not math.isfinite(number) else number


def scalars_in(result: Any) -> Iterator[tuple[str, float]]:
    """The scalars in a result: `result` if it is a number. A mapping has one for each number under
    a text key; nested mappings give dotted names."""
    number = number_of(result)
    if number is not None:
        yield "result", number
    elif isinstance(result, Mapping):
        yield from _in_mapping(result, "", _MOST_NESTED)


def _in_mapping(mapping: Mapping[Any, Any], prefix: str, depth: int) -> Iterator[tuple[str, float]]:
    for key, value in mapping.items():
        if not isinstance(key, str):
            continue
        name = f"{prefix}{key}"
        number = number_of(value)
        if number is not None:
            yield name, number
        elif depth and isinstance(value, Mapping):
            yield from _in_mapping(value, f"{name}.", depth - 1)


def _item(value: Any) -> Any:
    """The element of a zero-dimensional array; None for any other value."""
    if type(value).__module__.split(".")[0] not in ("numpy", "torch", "jax", "jaxlib"):
        return None
    if getattr(value, "shape", None) != () or not hasattr(value, "item"):
        return None
    return value.item()
