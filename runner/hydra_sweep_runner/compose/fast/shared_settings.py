"""Finds Hydra settings that are the same for many jobs, except for a few known values."""

from __future__ import annotations

import re
from typing import Any

from omegaconf import Container, DictConfig

from hydra_sweep_runner.compose.fast.templates import Marks

_REFERENCE = re.compile(r"\$\{hydra[.:]([\w.]+)\}")
_NOW = re.compile(r"\$\{now:[^{}$]*\}")


def depends_on_marks_alone(
    hydra: DictConfig, name: str, marks: Marks, *, or_now: bool = False
) -> bool:
    """Whether the setting with this dotted name below `hydra` depends only on Hydra settings that
    are the same for all jobs, and on settings that have a mark.

    With `or_now` it may also depend on the time, because all jobs share the resolved time.
    """
    return _Search(hydra, {marked for marked, _ in marks}, or_now).is_closed_at(name)


class _Search:
    def __init__(self, hydra: DictConfig, marked: set[str], or_now: bool) -> None:
        self._hydra = hydra
        self._marked = marked
        self._or_now = or_now
        self._within: set[str] = set()

    def is_closed_at(self, name: str) -> bool:
        if name in self._marked:
            return True
        if name in self._within:
            return False
        node: Any = self._hydra
        for key in name.split("."):
            node = node._get_node(key) if isinstance(node, DictConfig) else None
            if node is None:
                return False
        self._within.add(name)
        found = self._is_closed(node)
        self._within.remove(name)
        return found

    def _is_closed(self, node: Any) -> bool:
        value = node._value()
        if isinstance(value, str):
            return self._is_closed_text(value)
        if not isinstance(node, Container) or value is None:
            return True
        below = value.values() if isinstance(value, dict) else value
        return all(map(self._is_closed, below))

    def _is_closed_text(self, text: str) -> bool:
        if self._or_now:
            text = _NOW.sub("", text)
        if text == "???" or "$" in _REFERENCE.sub("", text):
            return False
        return all(map(self.is_closed_at, _REFERENCE.findall(text)))
