"""The exit statuses of a command, as shells report them. Pure.

`errors` says which error gives which, `commands.start.signals` which signal, and
`commands.start.single` what a run on its own gives.
"""

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


def of_batch(signal_status: int | None, *, all_completed: bool) -> int:
    """The exit status of a batch: that of the signal that stopped it, else 0 if every trial that
    was to run is completed, else 1."""
    if signal_status is not None:
        return signal_status
    return 0 if all_completed else FAILED
