"""Writes the files in `.hydra`: config.yaml, hydra.yaml and overrides.yaml, as Hydra writes them.

Writing a configuration as YAML takes longer than most of a short trial. Its text differs only in a
few places from trial to trial, so it is made once, with marks in those places. If a value's text in
YAML may depend on its place, the whole text is made anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

#: Texts that YAML writes without quotes in a block: no numbers, keywords or special characters.
_PLAIN = re.compile(r"(?=.*[G-Zg-z])[A-Za-z_/][\w/.,=+-]*[\w/]|[g-mo-xzG-MO-XZ]")
#: An id: hexadecimal digits that YAML does not read as a number.
_ID = re.compile(r"(?!0b[01]*$)[0-9a-f]*[a-df][0-9a-f]*")
#: A float whose text in YAML is the same as in Python.
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+")
_KEYWORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "nan", "inf", "infinity"))

#: Texts up to this length are never folded, at any depth.
_SHORT = 40

#: The mark for the single entry of `overrides.task`.
TASK_MARK = "runner_mark_task"

#: Numbers from this one on are the marks for numbers.
_FIRST_NUMBER = 7_340_000_000

#: The mark for each of some values, of the value's type, by name.
Marks = tuple[tuple[str, "str | int"], ...]


def marks_for(values: Mapping[str, Any]) -> Marks:
    """Marks for values with these names and types."""
    return tuple(
        (name, _FIRST_NUMBER + place if isinstance(value, int) else f"runner_mark_{place}_")
        for place, (name, value) in enumerate(values.items())
    )


class Template:
    """A YAML text with places for named values and for the list of a task's overrides."""

    def __init__(self, text: str, marks: Marks) -> None:
        """In `text` each mark is in the place of its value, and TASK_MARK, if it occurs, is the
        single entry of the list of overrides."""
        names = {str(mark): name for name, mark in marks}
        task = rf"^(?P<head> *task:)\n(?P<dash> *- ){TASK_MARK}\n"
        found = re.compile("|".join((task, *map(re.escape, names))), re.MULTILINE)
        self._parts: list[tuple[str, str | None]] = []
        self._head = self._dash = ""
        start = 0
        for match in found.finditer(text):
            name = names.get(match[0], TASK_MARK)
            if name == TASK_MARK:
                self._head, self._dash = match["head"], match["dash"]
            self._parts.append((text[start : match.start()], name))
            start = match.end()
        self._parts.append((text[start:], None))

    def fill(self, values: Mapping[str, Any], task: Sequence[str] = ()) -> str | None:
        """The text with these values and overrides; None if YAML's own rules are needed for a
        value."""
        texts = {name: in_yaml(value) for name, value in values.items()}
        items = [in_yaml(text) for text in task]
        if None in texts.values() or None in items:
            return None
        texts[TASK_MARK] = _list(self._head, self._dash, items)
        return "".join(
            literal if name is None else f"{literal}{texts[name]}" for literal, name in self._parts
        )


def in_yaml(value: Any) -> str | None:
    """A value's text in YAML, if it is the same in every place; else None."""
    if isinstance(value, int):
        return str(value).lower()  # also for booleans
    if isinstance(value, float):
        text = repr(value)
        return text if _FLOAT.fullmatch(text) else None
    if not isinstance(value, str):
        return None
    if is_plain(value):
        return value
    if value.isascii() and value.isdigit():
        return f"'{value}'"
    if len(value) > _SHORT or not value.isprintable() or "$" in value:
        return None
    return _by_yaml(value)


@lru_cache(maxsize=1024)
def _by_yaml(text: str) -> str:
    return OmegaConf.to_yaml(OmegaConf.create([text])).removeprefix("- ").removesuffix("\n")


def is_plain(text: str) -> bool:
    """Whether YAML writes the text without quotes."""
    if text.lower() in _KEYWORDS:
        return False
    return _PLAIN.fullmatch(text) is not None or _ID.fullmatch(text) is not None


def list_text(items: Sequence[str]) -> str:
    """A list of texts in YAML."""
    texts = [in_yaml(item) for item in items]
    if texts and None not in texts:
        return "".join(f"- {text}\n" for text in texts)
    return OmegaConf.to_yaml(OmegaConf.create(list(items)))


def write_files(folder: str, texts: Iterable[tuple[str, str]]) -> None:
    """Write files with these names and texts to a folder, which is made with its parents."""
    try:
        os.mkdir(folder)  # noqa: PTH102 - as everything here, done for each trial
    except OSError:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for name, text in texts:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        descriptor = os.open(f"{folder}/{name}", flags, 0o666)
        try:
            rest = memoryview(text.encode())
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)


def _list(head: str, dash: str, items: Sequence[str | None]) -> str:
    if not items:
        return f"{head} []\n"
    return f"{head}\n" + "".join(f"{dash}{item}\n" for item in items)
