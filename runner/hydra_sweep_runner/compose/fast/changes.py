"""Plain changes: overrides such as `lr=0.1` of a configuration that holds plain values only.

Most trials differ only by such overrides. Their effect can be computed without Hydra's parser and
without OmegaConf: one leaf gets another value. Hydra handles any override that is not clearly of
this form.
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

# The part of Hydra's grammar that means the same in Python: see INT, FLOAT, BOOL, ID and
# UNQUOTED_CHAR in its OverrideLexer.g4. Other words with a meaning (null, nan) are excluded
# below.
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
    """The dotted name and the value of an override of the simplest form; None for any other.

    The result is the same as that of Hydra's parser.
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
    """A configuration whose values are all plain: no types, no interpolations, no missing values.

    `names` are the flags that a change can set: the scalar leaves outside `operation`.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree
        self.names = frozenset(_names(tree, ""))

    @classmethod
    def of(cls, job: DictConfig) -> Plain | None:
        """The configuration as plain values; None if any value is not plain."""
        try:
            tree = _plain(job)
        except _NotPlain:
            return None
        return cls(tree)

    def tree(self, changes: Mapping[str, PlainValue]) -> dict[str, Any]:
        """A nested copy of all values, with the changes applied."""
        copied: dict[str, Any] = _copy(self._tree)
        for name, value in changes.items():
            *parents, last = name.split(".")
            node = copied
            for key in parents:
                node = node[key]
            node[last] = value
        return copied


def plain_changes(plain: Plain, texts: Sequence[str]) -> dict[str, PlainValue] | None:
    """The changes that overrides make in a plain configuration, by name, the last one of each name;
    None if they do anything else."""
    changes: dict[str, PlainValue] = {}
    for text in texts:
        change = read_change(text)
        if change is None or change[0] not in plain.names:
            return None
        changes[change[0]] = change[1]
    return changes


def change_config(config: DictConfig, changes: Mapping[str, PlainValue]) -> DictConfig:
    """A copy of the configuration with the changes applied."""
    for name, value in changes.items():
        node: Any = config
        for key in name.split("."):
            node = node._get_node(key)
        node._set_value(value)
    return config


class _NotPlain(Exception):
    """The configuration has a value that OmegaConf must handle."""


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
