"""Writes floats that JSON cannot represent, and reads them back exactly.

NaN and the infinities become `{"$float": "NaN"}`, `"Infinity"` or `"-Infinity"`. To keep this
unambiguous, a dict's own key `$float` becomes `$$float`, `$$float` becomes `$$$float`, and so on.
"""

from __future__ import annotations

import math
import re
from typing import Any

#: Every JSON text with such a float or an escaped key contains this; few others do.
MARK = '$float"'

_KEY = "$float"
_KEYS = re.compile(r"\$+float")
_BY_NAME = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def name(value: float) -> str:
    """The name of a float that is not finite: `NaN`, `Infinity` or `-Infinity`."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def escape(value: Any) -> Any:
    """A copy of a value of JSON's types in which floats that are not finite are escaped."""
    if isinstance(value, float) and not math.isfinite(value):
        return {_KEY: name(value)}
    if isinstance(value, dict):
        return {_escape_key(key): escape(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [escape(inner) for inner in value]
    return value


def restore(value: Any) -> Any:
    """The value that was passed to `escape`. Raises ValueError for an unknown name of a float."""
    if isinstance(value, dict):
        if len(value) == 1 and _KEY in value:
            return _by_name(value[_KEY])
        return {_restore_key(key): restore(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [restore(inner) for inner in value]
    return value


def spell(value: Any) -> Any:
    """A copy of a value of JSON's types in which floats that are not finite are replaced by their
    names."""
    if isinstance(value, float):
        return value if math.isfinite(value) else name(value)
    if isinstance(value, dict):
        return {
            key: inner if type(inner) in _NEVER else spell(inner) for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [inner if type(inner) in _NEVER else spell(inner) for inner in value]
    return value


# Types whose values are no such floats, and hold none.
_NEVER = frozenset({str, int, bool, type(None)})


def _escape_key(key: Any) -> Any:
    return f"${key}" if isinstance(key, str) and _KEYS.fullmatch(key) else key


def _restore_key(key: str) -> str:
    return key[1:] if key.startswith("$$") and _KEYS.fullmatch(key) else key


def _by_name(text: Any) -> float:
    try:
        return _BY_NAME[text]
    except (KeyError, TypeError):
        raise ValueError(f"not a float's name: {text!r}") from None
