"""The errors that the runner raises on purpose, classed by whose fault they are.

Only the edge (the command line and the Hydra plugins) catches them, prints one line and
exits. Any other exception is a bug of the runner.
"""

from __future__ import annotations


class RunnerError(Exception):
    """An error with a message for the user: what is wrong, where, and what would be right.

    The message is one line; `exit_status` is what the process ends with.
    """

    exit_status = 1


class Mistake(RunnerError):
    """The command, the configuration or the store's path is wrong. Nothing was changed."""

    exit_status = 2


class UnknownRun(Mistake):
    """No run in the store has the id, or the prefix of one, that was given."""


class AmbiguousRun(Mistake):
    """More than one run in the store begins with the prefix that was given."""


class Busy(Mistake):
    """The run is at work already, in a process that is alive."""


class UnreadableRecord(RunnerError):
    """A run's record is damaged, foreign, or of a format that this version does not know.

    Listing tells it and goes on; whoever needs the record itself stops with this.
    """

    exit_status = 2


class StoreFailed(RunnerError):
    """The store could not be written: no space, no permission, a lost disk.

    The exit status is `EX_IOERR` of sysexits.h, so that it is not taken for a failed trial.
    """

    exit_status = 74


class OutputFailed(RunnerError):
    """What was asked for could not be written to standard output: a full disk, say.

    The exit status is `EX_IOERR` of sysexits.h.
    """

    exit_status = 74

    @classmethod
    def of(cls, error: OSError) -> OutputFailed:
        """The error of a write that the system refused."""
        return cls(f"standard output cannot be written: {error.strerror}")
