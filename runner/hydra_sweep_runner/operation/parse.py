"""Reads the configuration's `operation` node as an Operation. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from hydra_sweep_runner.errors import Mistake, NoOperation
from hydra_sweep_runner.model import FlagsTo, Operation
from hydra_sweep_runner.operation.kinds.known import IN_YAML, KINDS
from hydra_sweep_runner.operation.run_options import OPTIONS
from hydra_sweep_runner.scalars.form import parse_form

KEYS = ("name", *IN_YAML, "flags_to", "requires", "preload", "scalars", "code")

_EXAMPLE = "for example `operation: {script: train.py}`"
#: `script:train.py` or `script train.py`.
_NO_COLON = re.compile(rf"({'|'.join(IN_YAML)})(?::| +)\s*(\S.*)")


def parse_operation(node: Mapping[str, Any] | None, beside: Iterable[str] = ()) -> Operation:
    """The operation that the node describes; `beside` are the names beside it, one of which may be
    a misspelt `operation`.

    Raises Mistake unless the node has exactly one target of a kind in IN_YAML and no unknown keys.
    """
    if node is None:
        names = list(beside)
        near = get_close_matches("operation", names, n=1, cutoff=0.8)
        stray = next((name for name in IN_YAML if name in names), None)
        what = f"say what to run, {_EXAMPLE}"
        if near:
            what = f"{near[0]!r} has to be 'operation'"
        elif stray is not None:
            what = f"{stray} belongs below `operation:`, indented"
        raise NoOperation(f"the configuration has no operation: {what}")
    if not isinstance(node, Mapping):
        raise not_a_mapping(node)
    for key in node:
        if key not in KEYS:
            raise Mistake(f"operation.{key}: unknown key; {_right_key(str(key))}")
    given = [name for name in IN_YAML if node.get(name) is not None]
    if len(given) != 1:
        *others, last = IN_YAML
        what = " and ".join(given) or "none of them"
        raise Mistake(f"operation: give exactly one of {', '.join(others)} and {last}, not {what}")
    name = given[0]
    kind = KINDS[name]
    _refuse_keys_of_others(name, node)
    target = kind.read_target(node[name])
    return Operation(
        name=_name(node.get("name")) or kind.default_name(target),
        kind=name,
        target=target,
        flags_to=_flags_to(node.get("flags_to")),
        requires=_texts("requires", node.get("requires")),
        preload=_modules(node.get("preload")),
        scalars=_scalars(node.get("scalars")),
        code=_texts("code", node.get("code")),
    )


def not_a_mapping(node: object) -> Mistake:
    """The mistake for an `operation` that is a text, a number or a list."""
    apart = _NO_COLON.fullmatch(str(node))
    if apart is not None:
        return Mistake(
            f"operation is the text {node!r}: a colon and a space stand between a name and its "
            f"value: `{apart[1]}: {apart[2]}`"
        )
    return Mistake(f"operation must be a mapping, {_EXAMPLE}, not {node!r}")


def _right_key(key: str) -> str:
    if key in OPTIONS:
        return f"it is an option: hydra.sweeper.{key}"
    close = get_close_matches(key, KEYS, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"it takes {', '.join(KEYS)}; flags stand beside operation, and not below it"


def _refuse_keys_of_others(name: str, node: Mapping[str, Any]) -> None:
    for other in IN_YAML:
        for key in sorted(KINDS[other].own_keys - KINDS[name].own_keys):
            if node.get(key) is not None:
                raise Mistake(f"operation.{key}: is for a {other}, not for a {name}")


def _name(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise Mistake(f"operation.name: must be a text, not {value!r}")
    return value


def _flags_to(value: object) -> FlagsTo:
    if value is None:
        return FlagsTo.AUTO
    try:
        return FlagsTo(value)
    except ValueError:
        allowed = ", ".join(choice.value for choice in FlagsTo)
        raise Mistake(f"operation.flags_to: must be one of {allowed}, not {value!r}") from None


def _scalars(value: object) -> bool | str:
    parse_form(value)
    return value if isinstance(value, (bool, str)) else True


def _modules(value: object) -> tuple[str, ...]:
    names = _texts("preload", value)
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise Mistake(f"operation.preload: must be names of modules, not {name!r}")
    return names


def _texts(key: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item for item in items):
        raise Mistake(f"operation.{key}: must be a list of texts, not {value!r}")
    return tuple(str(item) for item in items)
