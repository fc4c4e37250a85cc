"""Plain changes: overrides such as `lr=0.1` of a configuration that holds plain values only.

Most trials differ from one another in nothing else. What such an override does to such a
configuration can be said without Hydra's parser and without OmegaConf: one leaf has another
value. Whatever is not plainly of this form is left to Hydra.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from omegaconf import AnyNode, DictConfig, ListConfig

PlainValue: TypeAlias = "bool | int | float | str"

#: Top-level nodes of a project's configuration that hold no flags.
NOT_FLAGS = ("hydra", "operation")

# A part of Hydra's grammar whose meaning is the same in Python: see INT, FLOAT, BOOL, ID and
# UNQUOTED_CHAR in its OverrideLexer.g4. Other words that mean something (null, nan) are left
# out below.
_CHANGE = re.compile(
    r"""(?P<name> [A-Za-z_]\w* (?: \.[A-Za-z_]\w*)* ) =
    (?: (?P<int> -? (?:0|[1-9][0-9]{0,17}) )
      | (?P<float> -? (?:0|[1-9][0-9]{0,17}) (?: \.[0-9]{1,17} (?:e-?[0-9]{1,2})? | e-?[0-9]{1,2}) )
      | (?P<text> [A-Za-z_/][\w./-]* ) )""",
    re.VERBOSE | re.ASCII,
)
_BOOLEANS = {"true": True, "false": False}
_WORDS = frozenset(("null", "nan", "inf"))


@lru_cache(maxsize=65536)
def read_change(text: str) -> tuple[str, PlainValue] | None:
    """The dotted name and the value of an override of the plainest form; None for any other.

    What it gives is what Hydra's parser gives.
    """
    match = _CHANGE.fullmatch(text)
    if match is None:
        return None
    name, whole, real, word = match.groups()
    if whole is not None:
        return name, int(whole)
    if real is not None:
        return name, float(real)
    lower = word.lower()
    if lower in _WORDS:
        return None
    return name, _BOOLEANS.get(lower, word)


class Plain:
    """A configuration whose every value is plain: no type, no interpolation, nothing missing.

    `names` are the flags that a change can set: its scalar leaves, but for those of
    `operation`.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree
        self.names = frozenset(_names(tree, ""))

    @classmethod
    def of(cls, job: DictConfig) -> Plain | None:
        """The configuration as plain values; None if there is anything in it that is not."""
        try:
            tree = _plain(job)
        except _NotPlain:
            return None
        return cls(tree)

    def tree(self, changes: Mapping[str, PlainValue]) -> dict[str, Any]:
        """A copy of all values, nested, with the changes made."""
        copied: dict[str, Any] = _copy(self._tree)
        for name, value in changes.items():
            *parents, last = name.split(".")
            node = copied
            for key in parents:
                node = node[key]
            node[last] = value
        return copied


def plain_changes(plain: Plain, texts: Sequence[str]) -> dict[str, PlainValue] | None:
    """What overrides change in a plain configuration, by name, the last of a name; None if
    they do anything else."""
    changes: dict[str, PlainValue] = {}
    for text in texts:
        change = read_change(text)
        if change is None or change[0] not in plain.names:
            return None
        changes[change[0]] = change[1]
    return changes


def change_config(config: DictConfig, changes: Mapping[str, PlainValue]) -> DictConfig:
    """Make the changes in a copy of the configuration that they are for, and return it."""
    for name, value in changes.items():
        node: Any = config
        for key in name.split("."):
            node = node._get_node(key)
        node._set_value(value)
    return config


class _NotPlain(Exception):
    """There is something in the configuration that OmegaConf has to look after."""


def _plain(node: Any) -> Any:
    about = node._metadata
    if not about.flags.keys() <= {"struct"}:
        raise _NotPlain
    if type(node) is AnyNode:
        return _plain_scalar(node._value())
    content = node._content if type(node) in (DictConfig, ListConfig) else None
    if about.ref_type is not Any or about.element_type is not Any:
        raise _NotPlain
    if isinstance(content, dict) and about.object_type is dict and about.key_type is Any:
        if not all(isinstance(key, str) and key.isidentifier() for key in content):
            raise _NotPlain
        return {key: _plain(below) for key, below in content.items()}
    if isinstance(content, list):
        return [_plain(below) for below in content]
    raise _NotPlain


def _plain_scalar(value: Any) -> Any:
    if type(value) is str and ("${" in value or value == "???"):
        raise _NotPlain
    if value is not None and type(value) not in (bool, int, float, str):
        raise _NotPlain
    return value


def _names(tree: Mapping[str, Any], prefix: str) -> list[str]:
    found: list[str] = []
    for key, value in tree.items():
        if not prefix and key in NOT_FLAGS:
            continue
        if isinstance(value, dict):
            found += _names(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            found.append(f"{prefix}{key}")
    return found


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_copy(below) for below in value]
    return value
