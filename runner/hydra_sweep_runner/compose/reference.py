"""Reads flags and operation from a configuration in reference form.

A value that depends on the environment, the clock or the place of a run is recorded as the written
interpolation (`${oc.env:TOKEN}`), not as its resolved value. So no secret is recorded, and the same
trial has the same identity tomorrow. To find out whether a value depends on such a resolver,
directly or indirectly, it is resolved with stand-ins for those resolvers, which only note that they
were called; the real resolvers are never called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.basecontainer import BaseContainer
from omegaconf.errors import (
    InterpolationKeyError,
    InterpolationToMissingValueError,
    OmegaConfBaseException,
)

from hydra_sweep_runner.compose.resolution_errors import one_line
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Operation, Value
from hydra_sweep_runner.operation.flags import covered_by, dotted, flatten
from hydra_sweep_runner.operation.parse import not_a_mapping, parse_operation

#: Resolvers whose values depend on the moment of a run and are not part of its identity.
BY_REFERENCE = (
    "oc.env",
    "now",
    "hydra",
    "python_version",
    "hydra_override_dirname",
    "hydra_deprecated_override_dirname",
)

#: OmegaConf's own resolvers whose values depend on the configuration only.
PURE = frozenset(
    (
        *("oc.coerce", "oc.create", "oc.decode", "oc.deprecated", "oc.select"),
        *("oc.dict.keys", "oc.dict.values"),
    )
)


_UNKNOWN = re.compile(r"Unsupported interpolation type (\S+)")
_RESOLVER = re.compile(r"\$\{\s*([\w.]+)\s*:")


class _Tracker:
    """Notes whether one of the resolvers was called, and which containers are being read."""

    def __init__(self, *, is_strict: bool, keeps_unknown: bool) -> None:
        self.is_strict = is_strict
        self.keeps_unknown = keeps_unknown
        self.touched = False
        self._within: list[int] = []

    def note(self, *_: Any) -> str:
        self.touched = True
        return ""

    def enter(self, container: Any, name: str) -> None:
        if id(container) in self._within:
            raise Mistake(f"the flag {name} contains itself, by an interpolation")
        self._within.append(id(container))

    def leave(self) -> None:
        self._within.pop()


@contextmanager
def _tracked(
    config: DictConfig, *, is_strict: bool = True, keeps_unknown: bool = False
) -> Iterator[_Tracker]:
    """Replace the resolvers inside the context, and set the resolver cache of `config` aside:
    cached results of the real resolvers must not be mistaken for plain values, or the reverse."""
    tracker = _Tracker(is_strict=is_strict, keeps_unknown=keeps_unknown)
    registry = BaseContainer._resolvers
    others = () if is_strict else (name for name in registry if name not in PURE)
    replaced = dict.fromkeys((*BY_REFERENCE, *others))
    saved = {name: registry[name] for name in replaced if name in registry}
    root: Any = config._get_root()
    cache = OmegaConf.get_cache(root)
    OmegaConf.clear_cache(root)
    for name in replaced:
        registry[name] = tracker.note
    try:
        yield tracker
    except RecursionError as error:
        raise Mistake("the configuration contains itself, by an interpolation") from error
    finally:
        OmegaConf.set_cache(root, cache)
        for name in replaced:
            if name in saved:
                registry[name] = saved[name]
            else:
                del registry[name]


def read_flags(
    job: DictConfig,
    leave_out: tuple[str, ...] = (),
    *,
    is_strict: bool = True,
    keeps_unknown: bool = False,
) -> dict[str, Value]:
    """Every leaf of the configuration by dotted name, in reference form, in its order.

    An empty dict or list is a leaf. An interpolation of a missing value (`???`) is kept as text.
    Raises Mistake for an interpolation that is broken or refers to itself, and for two keys
    with the same dotted name. Two arguments relax this:

    - `is_strict=False`: broken interpolations, and those by resolvers that are not OmegaConf's,
      are kept as text, because a program may never read them, and the effect of its own
      resolvers is unknown.
    - `keeps_unknown`: interpolations by resolvers that are not registered here are kept as text,
      too, because a function's module may register them.
    """
    with _tracked(job, is_strict=is_strict, keeps_unknown=keeps_unknown) as tracker:
        flags: dict[str, Value] = {}
        for name, value in _leaves(job, "", tracker, leave_out):
            if name in flags:
                raise Mistake(f"the configuration has two flags named {name!r}")
            flags[name] = value
        return flags


def unknown_resolver(error: BaseException) -> str | None:
    """The unregistered resolver that an error is about; None for any other error."""
    found = _UNKNOWN.search(str(error))
    return None if found is None else found[1]


def registered_resolvers() -> tuple[str, ...]:
    """The names of the resolvers registered in this process."""
    return tuple(BaseContainer._resolvers)


def resolvers_in(flags: Flags) -> set[str]:
    """The names of the resolvers that flags in reference form use."""
    texts = (text for value in flags.values() for text in _texts(value) if "${" in text)
    return {name for text in texts for name in _RESOLVER.findall(text)}


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def read_plain(node: DictConfig, name: str = "") -> dict[str, Value]:
    """A node with all its descendants as plain values, in reference form; `name` is the node's."""
    with _tracked(node) as tracker:
        value = _plain(node, name, tracker)
    return value if isinstance(value, dict) else {}


def read_entry(node: DictConfig, key: str) -> Value:
    """An entry of a node as plain values, in reference form."""
    with _tracked(node) as tracker:
        return _below(node, key, "", tracker)


def read_operation(job: DictConfig) -> Operation:
    """The operation that a configuration's `operation` node describes. Raises Mistake."""
    node = job.get("operation")
    if node is not None and not isinstance(node, DictConfig):
        raise not_a_mapping(OmegaConf.to_container(node) if OmegaConf.is_config(node) else node)
    plain = None if node is None else read_plain(node, "operation")
    return parse_operation(plain, beside=(str(key) for key in job if key != "operation"))


def _leaves(
    node: DictConfig, prefix: str, tracker: _Tracker, leave_out: tuple[str, ...]
) -> Iterator[tuple[str, Value]]:
    tracker.enter(node, prefix)
    for key in node:
        if not prefix and key in leave_out:
            continue
        name = dotted(prefix, key)
        found = _resolved(node, key, name, tracker)
        if isinstance(found, DictConfig) and len(found):
            yield from _leaves(found, name, tracker, ())
        else:
            yield name, _plain(found, name, tracker)
    tracker.leave()


def _resolved(node: Any, key: Any, name: str, tracker: _Tracker) -> Any:
    """The value of a key: a container, a plain value, or the reference's text."""
    raw = node._get_node(key)
    if OmegaConf.is_missing(node, key):
        return "???"
    if not raw._is_interpolation():
        return node[key]
    tracker.touched = False
    try:
        value = node[key]
    except (OmegaConfBaseException, ValueError, TypeError) as error:
        if tracker.touched or not tracker.is_strict:
            return raw._value()
        if isinstance(error, InterpolationToMissingValueError):
            return raw._value()
        unknown = unknown_resolver(error)
        if unknown is None:
            meant = ""
            if name.startswith("operation.command") and isinstance(error, InterpolationKeyError):
                meant = _meant_in_command(node, one_line(error))
            subject = name if covered_by(name, "operation") else f"the flag {name}"
            raise Mistake(f"{subject} cannot be resolved: {one_line(error)}{meant}") from error
        if tracker.keeps_unknown:
            return raw._value()
        raise Mistake(
            f"the flag {name} cannot be resolved: {raw._value()} asks for a resolver {unknown!r}, "
            "which nobody has registered; a plugin of Hydra's can (hydra_plugins/…), or, for an "
            "operation that is a function, its module"
        ) from error
    return raw._value() if tracker.touched else value


def _meant_in_command(node: BaseContainer, said: str) -> str:
    """What an interpolation in a command that names nothing is likely to mean, as an addition to
    OmegaConf's message."""
    key = _NO_KEY.search(said)
    whole: Any = OmegaConf.to_container(node._get_root(), resolve=False)
    near = get_close_matches(key[1], flatten(whole), n=1) if key else []
    if near:
        return f"; did you mean ${{{near[0]}}}?"
    return r"; a shell's own ${NAME} is written '\${NAME}', in single quotes, or $NAME"


_NO_KEY = re.compile("Interpolation key '([^']+)' not found")


def _plain(value: Any, name: str, tracker: _Tracker) -> Value:
    if isinstance(value, DictConfig):
        if value._is_none():
            return None
        tracker.enter(value, name)
        entries = {str(key): _below(value, key, name, tracker) for key in value}
        tracker.leave()
        return entries
    if isinstance(value, ListConfig) or OmegaConf.is_list(value) or _is_tuple(value):
        if value._is_none():
            return None
        tracker.enter(value, name)
        items = [_below(value, place, name, tracker) for place in range(len(value))]
        tracker.leave()
        return items
    return plain_scalar(value)


def _below(node: Any, key: Any, prefix: str, tracker: _Tracker) -> Value:
    name = dotted(prefix, key)
    return _plain(_resolved(node, key, name, tracker), name, tracker)


def _is_tuple(value: Any) -> bool:
    return type(value).__name__ == "TupleConfig"


def plain_scalar(value: Any) -> Value:
    """A leaf's value in JSON's types: an enum becomes its name, a path its text, bytes hexadecimal
    digits; keys become texts."""
    plain: Value = _as_plain(value, str)
    return plain


def real_value(value: Any) -> Any:
    """The same for a process that receives the value; there, keys that are numbers stay numbers."""
    return _as_plain(value, lambda key: key if isinstance(key, (int, float)) else plain_scalar(key))


def _as_plain(value: Any, key_of: Callable[[Any], Any]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.name if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [_as_plain(item, key_of) for item in value]
    if isinstance(value, dict):
        return {key_of(key): _as_plain(item, key_of) for key, item in value.items()}
    return str(value)
