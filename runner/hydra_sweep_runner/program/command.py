"""Which command line a sweep was started by, as its trials' processes know it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

#: By which a process knows that its command line is a sweep's: how many words that had, and
#: their digest. More words may follow.
COMMAND = "RUNNER_COMMAND"


def mark(words: Sequence[str]) -> str:
    """What tells a command line from others, program left out."""
    digest = hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{len(words)}:{digest}"


def is_again(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a command line is the one of the sweep that this process is a trial of."""
    marked = environment.get(COMMAND, "")
    size = marked.partition(":")[0]
    if not size.isdecimal() or "RUNNER_RUN_DIR" not in environment:
        return False
    return mark(words[: int(size)]) == marked and len(words) >= int(size)


@contextmanager
def marked_command() -> Iterator[None]:
    """Have all processes that are started meanwhile know this command line."""
    before = os.environ.get(COMMAND)
    os.environ[COMMAND] = mark(sys.argv[1:])
    try:
        yield
    finally:
        if before is None:
            del os.environ[COMMAND]
        else:
            os.environ[COMMAND] = before
