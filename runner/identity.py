"""When two trials are the same: a canonical text of operation and flags, and its digest.

Key order does not count; 1 and 1.0 are the same number, as are 0.0 and -0.0, and a NaN equals
a NaN; `true` is no number and a string is never one. Dicts and lists are compared by the same
rules all the way down. The digest is the same on every machine, Python and library version,
which is why it is made from a text of our own and not from a pickle.
"""

from __future__ import annotations

import hashlib
import json
import math

from runner.model import Flags, Operation, Value


def canonical(value: Value) -> str:
    """A text that two values share exactly if they are the same flag value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:d}"
    if isinstance(value, float):
        return _canonical_float(value)
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    entries = sorted((json.dumps(str(key)), canonical(item)) for key, item in value.items())
    return "{" + ",".join(f"{key}:{text}" for key, text in entries) + "}"


def _canonical_float(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value.is_integer():
        return f"{int(value):d}"
    return value.hex()


def identity(operation: Operation, flags: Flags) -> str:
    """The digest (64 hexadecimal digits) that the same trials share.

    Of the operation count its name, its kind and its target; how flags reach a script, and
    the files that it requires, do not make it another operation.
    """
    target = operation.target
    what: list[Value] = [
        operation.name,
        operation.kind.value,
        target if isinstance(target, str) else list(target),
    ]
    text = canonical(what) + canonical(dict(flags))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
