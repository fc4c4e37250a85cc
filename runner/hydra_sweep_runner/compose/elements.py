"""The single values of Hydra's override grammar, as plain values and as text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from hydra_sweep_runner.compose.fast.changes import read_change
from hydra_sweep_runner.compose.spaces import override_parser


def plain(value: Any) -> Any:
    """A parsed element as a plain value, strings without quotes."""
    return Override._convert_value(value)


def element_text(value: Any) -> str:
    """A parsed element as Hydra writes it for a job, so that it is read back as the same value: a
    text made by a cast (`str(1)`) is quoted if it would be read as another type without quotes."""
    if isinstance(value, QuotedString):
        return str(value.with_quotes())
    if isinstance(value, str):
        return _bare_or_quoted(value)
    if isinstance(value, list):
        return f"[{','.join(map(element_text, value))}]"
    if isinstance(value, dict):
        entries = (f"{element_text(key)}:{element_text(item)}" for key, item in value.items())
        return f"{{{','.join(entries)}}}"
    return str(Override._get_value_element_as_str(value))


@lru_cache(maxsize=4096)
def _bare_or_quoted(text: str) -> str:
    change = read_change(f"x={text}")
    if change is not None and change[1] == text:
        return text
    bare = str(Override._get_value_element_as_str(text))
    try:
        read = override_parser().parse_override(f"x={bare}")._value
    except HydraException:
        return quoted(text)
    return bare if type(read) is str and read == text else quoted(text)


def typed_text(text: str) -> str:
    """A text as a person types it for a value: bare, or in double quotes, so that a shell's single
    quotes can enclose it."""
    change = read_change(f"x={text}")
    is_plain = change is not None and change[1] == text
    return text if is_plain else str(QuotedString(text, Quote.double).with_quotes())


def read_element(text: str) -> Any:
    """The value that Hydra reads from a text; None if it cannot."""
    try:
        return override_parser().parse_override(f"x={text}")._value
    except HydraException:
        return None


def has_number_or_boolean(element: Any) -> bool:
    """Whether a parsed element is a number, a boolean, or a list that contains some."""
    if isinstance(element, list):
        return any(map(has_number_or_boolean, element))
    return isinstance(element, (int, float))


def quoted(text: str) -> str:
    """A text in Hydra's grammar that is read as exactly this text."""
    return QuotedString(text, Quote.single).with_quotes()
