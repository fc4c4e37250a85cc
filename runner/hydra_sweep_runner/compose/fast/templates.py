"""The files in `.hydra`: config.yaml, hydra.yaml and overrides.yaml, as Hydra writes them.

Writing a configuration as YAML takes longer than most of a short trial. It differs from one
trial to the next in a few places only, so its text is made once, with marks in those places.
A value whose text in YAML may depend on its place there makes the whole text anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

#: Texts that YAML shows as they are in a block: no number, no keyword, nothing with a meaning.
_PLAIN = re.compile(r"(?=.*[G-Zg-z])[A-Za-z_/][\w/.,=+-]*[\w/]|[g-mo-xzG-MO-XZ]")
#: An id: hexadecimal digits that no reader of YAML takes for a number.
_ID = re.compile(r"(?!0b[01]*$)[0-9a-f]*[a-df][0-9a-f]*")
#: A float's text in Python that is its text in YAML, too.
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+")
_KEYWORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "nan", "inf", "infinity"))

#: A text of this length is not folded, however deep it stands.
_SHORT = 40

#: What stands for the one entry of `overrides.task` in a text with marks.
TASK_MARK = "runner_mark_task"

#: Numbers from here on stand for numbers in a text with marks.
_FIRST_NUMBER = 7_340_000_000

#: What stands for each of some values in a text with marks, of the value's type.
Marks = tuple[tuple[str, "str | int"], ...]


def marks_for(values: Mapping[str, Any]) -> Marks:
    """The marks for values with these names and types."""
    return tuple(
        (name, _FIRST_NUMBER + place if isinstance(value, int) else f"runner_mark_{place}_")
        for place, (name, value) in enumerate(values.items())
    )


class Template:
    """A YAML text with places for named values, and for the list of a task's overrides."""

    def __init__(self, text: str, marks: Marks) -> None:
        """`text` has each mark in the place of its value, and TASK_MARK as the one entry of
        the list that stands for the overrides, if it has that."""
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
        """The text with these values and overrides; None if one needs YAML's own rules."""
        texts = {name: in_yaml(value) for name, value in values.items()}
        items = [in_yaml(text) for text in task]
        if None in texts.values() or None in items:
            return None
        texts[TASK_MARK] = _list(self._head, self._dash, items)
        return "".join(
            literal if name is None else f"{literal}{texts[name]}" for literal, name in self._parts
        )


def in_yaml(value: Any) -> str | None:
    """A value's text in YAML, where that does not depend on the place."""
    if isinstance(value, int):
        return str(value).lower()  # a bool, too
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
    """Whether a text is shown by YAML as it is."""
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
    """Write files of these names and texts to a folder, which is made with its parents."""
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
