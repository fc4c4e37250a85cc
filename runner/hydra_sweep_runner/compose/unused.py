"""Finds flags that a command, or the steps of a pipeline, do not receive: no interpolation leads
from what is executed to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from hydra_sweep_runner.compose.reference import BY_REFERENCE, PURE
from hydra_sweep_runner.operation.flags import covered_by, flatten, node_of

_NAME = re.compile(r"[^\W\d][\w.\[\]@/-]*")
_RESOLVER = re.compile(r"\$\{\s*([\w.]+)\s*:")


def unused_names(
    config: DictConfig, names: Iterable[str], readers: Sequence[str] = ("operation",)
) -> tuple[str, ...]:
    """Those of the given names (flags and config groups) of a whole configuration, with Hydra's
    node, that reach a command neither by an argument nor by its environment.

    A name counts as used if it occurs in any interpolation of the nodes named in `readers` or of
    `hydra.job`, or of a flag that is used itself. So a used name is never returned, but an unused
    one may be missing: where a resolver of somebody else's could read anything, or the overrides
    are passed on as a whole, nothing is returned. Names without a flag are left out.
    """
    whole: Any = OmegaConf.to_container(config, resolve=False)
    flags = flatten({key: held for key, held in whole.items() if key not in ("hydra", *readers)})
    job = {name: held for name, held in whole["hydra"]["job"].items() if name != "override_dirname"}
    seen = [*_texts([whole.get(name) for name in readers]), *_texts(job)]
    used: set[str] = set()
    while seen:
        text = seen.pop()
        if _reads_anything(text):
            return ()
        for name in _names_in(text):
            found = [flag for flag in flags if _concerns(name, flag) and flag not in used]
            used.update(found)
            seen += [one for flag in found for one in _texts(flags[flag])]
    return tuple(name for name in names if _is_unused(name, flags, used))


def _is_unused(name: str, flags: Mapping[str, Any], used: set[str]) -> bool:
    below = [flag for flag in flags if covered_by(flag, name) or covered_by(flag, node_of(name))]
    return bool(below) and not used.intersection(below)


def _texts(value: Any) -> Iterator[str]:
    """The texts with interpolations in a value."""
    if isinstance(value, str):
        if "${" in value:
            yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


def _reads_anything(text: str) -> bool:
    known = {*BY_REFERENCE, *PURE}
    return "override" in text or any(name not in known for name in _RESOLVER.findall(text))


def _names_in(text: str) -> Iterator[str]:
    """Every word of a text with interpolations that may be a flag's name."""
    for word in _NAME.findall(text):
        yield word.replace("[", ".").replace("]", "").strip(".")


def _concerns(name: str, flag: str) -> bool:
    """Whether a name in an interpolation may mean the flag, a node above it, or an entry below it;
    relative names (`${.lr}`) are compared by their end."""
    plain = flag.replace("[", ".").replace("]", "")
    return covered_by(plain, name) or covered_by(name, plain) or plain.endswith(f".{name}")


def first_flag_of(config: DictConfig, name: str) -> str:
    """A name that an argument can refer to: the flag's own or, for a config group or a node, that
    of the first flag below it."""
    whole: Any = OmegaConf.to_container(config, resolve=False)
    flags = flatten({key: held for key, held in whole.items() if key != "hydra"})
    below = (flag for flag in flags if covered_by(flag, name) or covered_by(flag, node_of(name)))
    return next(below, name)


def is_switch(config: DictConfig, name: str) -> bool:
    """Whether the flag is a boolean."""
    return isinstance(OmegaConf.select(config, name, throw_on_missing=False), bool)
