"""A command as one line for a shell, whatever its words hold. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def command_line(words: Sequence[str]) -> str:
    """The words as bash reads them, in one line without control characters."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    inner = "".join(_in_ansi_quotes(char) for char in word)
    return f"$'{inner}'"


def _in_ansi_quotes(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\U{code:08x}"
