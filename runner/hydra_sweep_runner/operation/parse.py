"""The configuration's `operation` node as an Operation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import FlagsTo, Operation, OperationKind

TARGETS = (OperationKind.SCRIPT, OperationKind.FUNCTION, OperationKind.COMMAND)
KEYS = ("name", *(kind.value for kind in TARGETS), "flags_to", "requires", "preload")

_EXAMPLE = "for example `operation: {script: train.py}`"


def parse_operation(node: Mapping[str, Any] | None) -> Operation:
    """The operation that a configuration describes.

    Raises Mistake, in one line that says what would be right, for anything else than
    exactly one of script, function and command, and for unknown keys.
    """
    if node is None:
        raise Mistake(f"the configuration has no operation: say what to run, {_EXAMPLE}")
    if not isinstance(node, Mapping):
        raise Mistake(f"operation must be a mapping, {_EXAMPLE}, not {node!r}")
    for key in node:
        if key not in KEYS:
            close = get_close_matches(str(key), KEYS, n=1)
            wanted = f"did you mean {close[0]}?" if close else f"it takes {', '.join(KEYS)}"
            raise Mistake(f"operation.{key}: unknown key; {wanted}")
    given = [kind for kind in TARGETS if node.get(kind.value) is not None]
    if len(given) != 1:
        what = " and ".join(kind.value for kind in given) or "none of them"
        raise Mistake(f"operation: give exactly one of script, function and command, not {what}")
    kind = given[0]
    if kind is not OperationKind.SCRIPT and node.get("preload") is not None:
        raise Mistake(f"operation.preload: is for a script, not for a {kind.value}")
    target = _target(kind, node[kind.value])
    return Operation(
        name=_name(node.get("name"), kind, target),
        kind=kind,
        target=target,
        flags_to=_flags_to(node.get("flags_to")),
        requires=_texts("requires", node.get("requires")),
        preload=_modules(node.get("preload")),
    )


def _target(kind: OperationKind, value: object) -> str | tuple[str, ...]:
    key = f"operation.{kind.value}"
    if kind is OperationKind.COMMAND:
        if isinstance(value, str):
            raise Mistake(
                f"{key}: must be a list of arguments, for example [bash, train.sh], not the "
                f"text {value!r} (commands go through no shell)"
            )
        if not isinstance(value, list) or not value:
            raise Mistake(f"{key}: must be a list of at least one argument")
        if not isinstance(value[0], str) or not value[0].strip():
            raise Mistake(f"{key}: the program to run must be a text, not {value[0]!r}")
        return tuple(argument(item) for item in value)
    if not isinstance(value, str) or not value.strip():
        raise Mistake(f"{key}: must be a text, not {value!r}")
    if kind is OperationKind.FUNCTION and not _is_dotted(value):
        raise Mistake(f"{key}: must be a dotted name such as package.module.name, not {value!r}")
    return value


def _is_dotted(value: str) -> bool:
    parts = value.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def argument(value: object) -> str:
    """One element of a command as the program receives it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str) and "\0" in value:
        raise Mistake(f"operation.command: {value!r}: an argument can hold no NUL character")
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Mistake(f"operation.command: an argument must be a text or a number, not {value!r}")


def _name(value: object, kind: OperationKind, target: str | tuple[str, ...]) -> str:
    if value is not None:
        if not isinstance(value, str) or not value.strip():
            raise Mistake(f"operation.name: must be a text, not {value!r}")
        return value
    if isinstance(target, tuple):
        return target[0]
    return PurePosixPath(target).name if kind is OperationKind.SCRIPT else target


def _flags_to(value: object) -> FlagsTo:
    if value is None:
        return FlagsTo.AUTO
    try:
        return FlagsTo(value)
    except ValueError:
        allowed = ", ".join(choice.value for choice in FlagsTo)
        raise Mistake(f"operation.flags_to: must be one of {allowed}, not {value!r}") from None


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
