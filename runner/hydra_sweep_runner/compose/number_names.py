"""Configs of a group whose names look like numbers: `batch_size=16` chooses the config `16`, `1e3`
the config `1e3`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from hydra_sweep_runner.compose.elements import element_text, has_number_or_boolean, read_element
from hydra_sweep_runner.compose.fast.changes import read_change
from hydra_sweep_runner.compose.overrides import parse_override


class Groups(Protocol):
    """The config groups of a project."""

    def is_group(self, name: str) -> bool:
        """Whether there is a group of this name."""
        ...

    def is_group_choice(self, text: str) -> bool:
        """Whether an override chooses a config of a group."""
        ...


def with_name(text: str, groups: Groups, configs_of: Callable[[str], Iterable[str]]) -> str:
    """The override with the names of configs as texts, if it chooses configs by numbers."""
    change = read_change(text)
    if change is not None and (isinstance(change[1], str) or not groups.is_group(change[0])):
        return text
    from hydra_sweep_runner.compose.sweeps import value_items  # few overrides come so far

    override = parse_override(text)
    value = override._value
    items = value_items(value)
    if override.is_delete() or not any(map(has_number_or_boolean, items)):
        return text
    if not groups.is_group_choice(text):
        return text
    read = [(read_element(name), name) for name in configs_of(override.key_or_group)]
    names = [(number, name) for number, name in read if has_number_or_boolean(number)]
    if not names:
        return text
    shown = [element_text(_as_name(item, names)) for item in items]
    if not override.is_sweep_override():
        return f"{override.get_key_element()}={shown[0]}"
    how = "shuffle" if getattr(value, "shuffle", False) else "choice"
    return f"{override.get_key_element()}={how}({','.join(shown)})"


def _as_name(item: Any, names: Sequence[tuple[Any, str]]) -> Any:
    """The name of the config that an element chooses, as a text."""
    if isinstance(item, list):
        return [_as_name(each, names) for each in item]
    if not has_number_or_boolean(item):
        return item
    for value, name in names:
        if type(value) is type(item) and value == item:
            return name
    return element_text(item)
