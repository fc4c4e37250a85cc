"""What a function returned, as a run's record can hold it: in JSON, if nothing is lost."""

from __future__ import annotations

from typing import Any

from hydra_sweep_runner.record.text import DEEPEST

_PLAIN = (type(None), bool, int, float, str)
_DEEPEST = DEEPEST - 10  # the rest of the record is around it


class NotPlain(Exception):
    """JSON cannot hold the value, or would give back another."""


def plain(value: object) -> Any:
    """The value in JSON's types, equal to what was given. Raises NotPlain.

    Plain are None, booleans, numbers (NaN and the infinities too), strings, lists, and dicts
    with strings for keys, of just these types: a tuple would come back as a list, a
    subclass as its base. NumPy's scalars are taken for the numbers they are.
    """
    return _plain(value, _DEEPEST)


def _plain(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if not depth:
        raise NotPlain
    if kind is list:
        return [_plain(each, depth - 1) for each in value]
    if kind is dict:
        if not all(type(key) is str for key in value):
            raise NotPlain
        return {key: _plain(each, depth - 1) for key, each in value.items()}
    if kind.__module__ == "numpy" and getattr(value, "shape", None) == ():
        number = value.item() if hasattr(value, "item") else None
        if type(number) in (bool, int, float) and kind.__name__ != "ndarray":
            return number
    raise NotPlain
