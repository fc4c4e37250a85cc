"""The files in `.hydra`: config.yaml, hydra.yaml and overrides.yaml, as Hydra writes them.

Writing Hydra's own configuration as YAML takes longer than most of a short trial. It
differs from one trial to the next in a few places only, so its text is made once, with
marks in those places. A value that is not plainly the same in YAML as it is as text makes
the whole text anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

#: Texts that YAML shows as they are: no number, no keyword, nothing with a meaning.
_PLAIN = re.compile(r"(?=.*[G-Zg-z])[A-Za-z_/][\w/.=-]*[\w/]")
#: An id: hexadecimal digits that no reader of YAML takes for a number.
_ID = re.compile(r"(?!0b[01]*$)[0-9a-f]*[a-df][0-9a-f]*")
_KEYWORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null"))

#: What stands for the one entry of `overrides.task` in a text with marks.
TASK_MARK = "runner_mark_task"


#: Numbers from here on stand for numbers in a text with marks.
_FIRST_NUMBER = 7_340_000_000

#: What stands for each setting below `hydra` in a text with marks, of the setting's type.
Marks = tuple[tuple[str, "str | int"], ...]


def marks_for(settings: Mapping[str, Any]) -> Marks:
    """The marks for settings with these names and types."""
    return tuple(
        (name, _FIRST_NUMBER + place if isinstance(value, int) else f"runner_mark_{place}_")
        for place, (name, value) in enumerate(settings.items())
    )


def hydra_text(
    settings: Mapping[str, Any], task: Sequence[str], marked: Callable[[Marks], str]
) -> str | None:
    """The text of hydra.yaml with these settings, from the one with marks in their places.

    None if a value needs YAML's own rules.
    """
    marks = marks_for(settings)
    texts = {name: _in_yaml(value) for name, value in settings.items()}
    known = {name: text for name, text in texts.items() if text is not None}
    if len(known) < len(texts) or not all(_is_plain(text) for text in task):
        return None
    return _filled(marked(marks), dict(marks), known, task)


def _in_yaml(value: Any) -> str | None:
    """A value's text in YAML, where it is plain what that is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return f"'{value}'"
    return value if isinstance(value, str) and _is_plain(value) else None


def _is_plain(text: str) -> bool:
    if text.lower() in _KEYWORDS:
        return False
    return _PLAIN.fullmatch(text) is not None or _ID.fullmatch(text) is not None


def _filled(
    text: str, marks: Mapping[str, str | int], values: Mapping[str, str], task: Sequence[str]
) -> str:
    for name, value in values.items():
        text = text.replace(str(marks[name]), value)
    return re.sub(
        rf"^( *task:)\n( *- ){TASK_MARK}\n",
        lambda match: _list(match[1], match[2], task),
        text,
        flags=re.MULTILINE,
    )


def _list(head: str, dash: str, items: Sequence[str]) -> str:
    if not items:
        return f"{head} []\n"
    return f"{head}\n" + "".join(f"{dash}{item}\n" for item in items)


def write_files(folder: Path, *, task: DictConfig, hydra: str, overrides: Sequence[str]) -> None:
    """Write the three files; `hydra` is the text of hydra.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = all(_is_plain(text) for text in overrides) and overrides
    listed = "".join(f"- {text}\n" for text in overrides) if plain else None
    for name, text in (
        ("config.yaml", OmegaConf.to_yaml(task)),
        ("hydra.yaml", hydra),
        ("overrides.yaml", listed or OmegaConf.to_yaml(OmegaConf.create(list(overrides)))),
    ):
        (folder / name).write_text(text, encoding="utf-8")
