"""When two values of a flag are equal: they have the same canonical text.

Key order does not matter. 1 equals 1.0, 0.0 equals -0.0, and a NaN equals a NaN; `true` is not a
number, and a string equals only strings. Dicts and lists are compared by the same rules, at all
levels.
"""

from __future__ import annotations

import math
from json.encoder import encode_basestring_ascii as _quoted  # what json.dumps gives for a text

from hydra_sweep_runner.model import Value


def canonical(value: Value) -> str:
    """A text that two values have in common if and only if they are equal as flag values."""
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:d}"
    if isinstance(value, float):
        return _canonical_float(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join([canonical(item) for item in value])}]"
    entries = sorted([(_quoted(str(key)), canonical(item)) for key, item in value.items()])
    return f"{{{','.join([f'{key}:{text}' for key, text in entries])}}}"


def same(one: Value, other: Value) -> bool:
    """Whether two values have the same canonical text. The texts are not made, which takes half the
    time: a filter compares many numbers."""
    if isinstance(one, (list, tuple)):
        return (
            isinstance(other, (list, tuple))
            and len(one) == len(other)
            and all(map(same, one, other))
        )
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(value, other[key]) for key, value in one.items())
        )
    if is_number(one) and is_number(other):
        return one == other or (one != one and other != other)
    return type(one) is type(other) and one == other


def is_number(value: object) -> bool:
    """Whether the value is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _canonical_float(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value.is_integer():
        return f"{int(value):d}"
    return value.hex()
