"""Typed reading of what came out of JSON, with errors that name the key's path."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any, TypeVar

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Enum)
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_ZERO = timedelta(0)


class RecordError(ValueError):
    """A text is no record that can be read; the message names the key's path, and why."""


class Table:
    """A JSON object and the path that leads to it.

    Each getter returns the value of a key, or raises RecordError: `state.started: missing`,
    `state.started: not a time: 'x'`. Those that end in `_or_none` take null and a missing
    key for None; those of lists and objects take a missing key for an empty one.
    """

    __slots__ = ("content", "path")

    def __init__(self, content: dict[str, Any], path: str) -> None:
        self.content = content
        self.path = path

    def text(self, key: str) -> str:
        """A string."""
        return self._get(key, str, "text")

    def text_or_none(self, key: str) -> str | None:
        """A string or None."""
        return None if self.content.get(key) is None else self._get(key, str, "text")

    def integer(self, key: str) -> int:
        """An integer; true and false are none."""
        return self._get(key, int, "an integer")

    def integer_or_none(self, key: str) -> int | None:
        """An integer or None."""
        return None if self.content.get(key) is None else self._get(key, int, "an integer")

    def number(self, key: str) -> float:
        """An integer or a float, as a float, finite."""
        value = self.content.get(key)
        try:
            number = float(value) if type(value) is int else self._get(key, float, "a number")
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.wrong(key, "not a finite number")
        return number

    def truth(self, key: str) -> bool:
        """True or false."""
        return self._get(key, bool, "true or false")

    def truth_or_none(self, key: str) -> bool | None:
        """True, false or None."""
        return None if self.content.get(key) is None else self.truth(key)

    def member(self, key: str, kind: type[_E]) -> _E:
        """A member of an enumeration of texts, by its value."""
        text = self._get(key, str, "text")
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(str(member.value) for member in kind)
            raise self.wrong(key, f"not one of {known}") from None

    def time(self, key: str) -> datetime:
        """A time with its zone, in UTC."""
        text = self._get(key, str, "a time")
        try:
            time = datetime.fromisoformat(text)
            zone = time.utcoffset()
            if zone is None:
                raise ValueError
            return time if zone == _ZERO else time.astimezone(timezone.utc)
        except (ValueError, OverflowError):
            raise self.wrong(key, "not a time") from None

    def time_or_none(self, key: str) -> datetime | None:
        """A time with its zone, in UTC, or None."""
        return None if self.content.get(key) is None else self.time(key)

    def run_id_or_none(self, key: str) -> str | None:
        """A run's id or None."""
        if self.content.get(key) is None:
            return None
        if _RUN_ID.fullmatch(self.text(key)) is None:
            raise self.wrong(key, "not a run's id")
        return self.text(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, in its order."""
        values = self.content.get(key, [])
        if type(values) is not list or set(map(type, values)) - {str}:
            raise self._no(key, "a list of texts")
        return tuple(values)

    def run_ids(self, key: str) -> tuple[str, ...]:
        """A list of run ids, in its order."""
        ids = self.texts(key)
        for name in ids:
            if _RUN_ID.fullmatch(name) is None:
                raise RecordError(f"{self.path}{key}: not a run's id: {name!r}")
        return ids

    def table(self, key: str) -> Table:
        """An object."""
        return Table(self._get(key, dict, "an object"), f"{self.path}{key}.")

    def table_or_none(self, key: str) -> Table | None:
        """An object or None."""
        return None if self.content.get(key) is None else self.table(key)

    def tables(self, key: str) -> list[Table]:
        """A list of objects, in its order."""
        values = self.content.get(key, [])
        if type(values) is not list or set(map(type, values)) - {dict}:
            raise self._no(key, "a list of objects")
        return [Table(value, f"{self.path}{key}[{index}].") for index, value in enumerate(values)]

    def text_table(self, key: str) -> Mapping[str, str]:
        """An object of strings."""
        values = self.content.get(key, {})
        if type(values) is not dict or set(map(type, values.values())) - {str}:
            raise self._no(key, "an object of texts")
        return dict(values)

    def wrong(self, key: str, why: str) -> RecordError:
        """The error that the value of `key` is wrong, to be raised."""
        return RecordError(f"{self.path}{key}: {why}: {_short(self.content.get(key))}")

    def _get(self, key: str, kind: type[_T], words: str) -> _T:
        value = self.content.get(key)
        if type(value) is kind:
            return value
        raise self._no(key, words)

    def _no(self, key: str, words: str) -> RecordError:
        if key not in self.content:
            return RecordError(f"{self.path}{key}: missing")
        return self.wrong(key, f"not {words}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
