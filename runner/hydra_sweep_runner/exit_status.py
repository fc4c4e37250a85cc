"""The exit statuses of a command, as shells report them; `errors` says which error gives which.
Pure."""

from __future__ import annotations

from typing import Final

FAILED: Final = 1
MISTAKE: Final = 2
#: A bug of the runner; EX_SOFTWARE of sysexits.h.
BUG: Final = 70
#: A file or an output could not be written; EX_IOERR of sysexits.h.
NOT_WRITTEN: Final = 74

# A command that a signal has stopped: 128 and the signal's number.
#: The terminal has gone.
HUNG_UP: Final = 129
#: Ctrl-C.
INTERRUPTED: Final = 130
#: The reader of its output has gone.
CLOSED_PIPE: Final = 141
#: SIGTERM, and `runner runs stop`.
TERMINATED: Final = 143


def of_batch(stopped: int | None, *, is_whole: bool) -> int:
    """A batch's: that of the signal by which it was stopped, else 0 if all trials that were to run
    are completed."""
    if stopped is not None:
        return stopped
    return 0 if is_whole else FAILED
