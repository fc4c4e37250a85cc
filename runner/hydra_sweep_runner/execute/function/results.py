"""Converts a function's return value to JSON's types, if nothing is lost."""

from __future__ import annotations

from typing import Any

from hydra_sweep_runner.record.text import DEEPEST

_PLAIN = (type(None), bool, int, float, str)
_DEEPEST = DEEPEST - 10  # the levels of the record around the result


class NotPlain(Exception):
    """JSON cannot hold the value, or would return a different one."""


def plain(value: object) -> Any:
    """The value in JSON's types, equal to the original. Raises NotPlain.

    Plain values are None, booleans, numbers (also NaN and the infinities), strings, lists, and
    dicts with string keys, of exactly these types: a tuple would come back as a list, a subclass as
    its base. NumPy's scalars count as the numbers they hold.
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
