"""Functions by their dotted names: importing them, and how they can be called."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from hydra_sweep_runner.operation.kinds.kind import Signature


class NotCallable(Exception):
    """What a dotted name leads to is no function; the message says what it is."""


def import_function(target: str) -> Callable[..., Any]:
    """The function with the dotted name. A class's method has a class in its path."""
    module_name, _, rest = target.rpartition(".")
    attributes = [rest]
    while True:
        try:
            found: Any = importlib.import_module(module_name)
            break
        except ModuleNotFoundError as error:
            parent, _, attribute = module_name.rpartition(".")
            if not parent or error.name != module_name:
                raise
            module_name, attributes = parent, [attribute, *attributes]
    for attribute in attributes:
        found = getattr(found, attribute)
    if not callable(found):
        raise NotCallable(f"is no function but a {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def signature_of(function: Callable[..., Any]) -> Signature:
    """How the function can be called, as far as Python can tell."""
    source = getattr(inspect.getmodule(inspect.unwrap(function)), "__file__", None)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # builtins need not have one
        return Signature(
            parameters=(), required=(), takes_config=False, takes_any=True, source_file=source
        )
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return Signature(
        parameters=tuple(p.name for p in named if p.kind is not p.POSITIONAL_ONLY),
        required=tuple(p.name for p in named if p.default is p.empty),
        takes_config=[p.name for p in parameters] == ["cfg"] and parameters == named,
        takes_any=any(p.kind is p.VAR_KEYWORD for p in parameters),
        source_file=source,
    )
