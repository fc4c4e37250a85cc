"""Recognises the command line of a sweep in the processes of its trials."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

#: The environment variable by which a process recognises a sweep's command line: its number of
#: words, and their digest. Further words may follow.
COMMAND = "RUNNER_COMMAND"


def mark(words: Sequence[str]) -> str:
    """A text that identifies a command line, without the program."""
    digest = hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{len(words)}:{digest}"


def is_again(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a command line is that of the sweep that this process is a trial of."""
    marked = environment.get(COMMAND, "")
    size = marked.partition(":")[0]
    if not size.isdecimal() or "RUNNER_RUN_DIR" not in environment:
        return False
    return mark(words[: int(size)]) == marked and len(words) >= int(size)


@contextmanager
def marked_command() -> Iterator[None]:
    """Inside the context, let all processes that are started recognise this command line."""
    before = os.environ.get(COMMAND)
    os.environ[COMMAND] = mark(sys.argv[1:])
    try:
        yield
    finally:
        if before is None:
            del os.environ[COMMAND]
        else:
            os.environ[COMMAND] = before
