"""The errors that the runner raises on purpose, classed by whose fault they are.

Only the edge (the command line and the Hydra plugins) catches them, prints one line and
exits. Any other exception is a bug of the runner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hydra_sweep_runner import exit_status as statuses


class RunnerError(Exception):
    """An error with a message for the user: what is wrong, where, and what would be right.

    The message is one line; `exit_status` is the exit status of the process.
    """

    exit_status: int = statuses.FAILED


class Mistake(RunnerError):
    """The command, the configuration or the store's path is wrong. Nothing was changed."""

    exit_status = statuses.MISTAKE


class NoOperation(Mistake):
    """The configuration does not say what to run."""


class MissingConfig(Mistake):
    """A config is not found, and nothing else of its group: one that only a program has is not."""


class OtherPlace(Mistake):
    """The present YAML that this command composes is in another place than that of a run."""


class AlreadyThere(Mistake):
    """An override adds a flag that the configuration has; `name` is the flag's."""

    def __init__(self, *, name: str, override: str) -> None:
        change = override.lstrip("+")
        super().__init__(
            f"{override}: there is a flag {name} already; to change it: {change} (++{change} "
            "changes or adds it)"
        )
        self.name = name
        self.override = override

    def of(self, given: str) -> AlreadyThere:
        """The same about the override as it was given, where it gives several values."""
        return AlreadyThere(name=self.name, override=given)


class UnknownFlag(Mistake):
    """An override is of a flag that the configuration does not have; `name` is the flag's, `script`
    what the configuration runs, if that is a script, `near` says which flags there are."""

    def __init__(
        self, said: str, *, name: str, override: str, script: str | None = None, near: str = ""
    ) -> None:
        super().__init__(said)
        self.name = name
        self.override = override
        self.script = script
        self.near = near

    def of(self, given: str) -> UnknownFlag:
        """The same about the override as it was given, where it gives several values."""
        said = with_override(str(self), self.override, given)
        return UnknownFlag(said, name=self.name, override=given, script=self.script, near=self.near)


def with_override(said: str, override: str, given: str) -> str:
    """A message with another override in the place of one; where it is suggested, with a + before
    it, it is a word for the shell."""
    import shlex  # needed for few messages

    text = re.escape(override)
    found = re.compile(rf"(?P<quote>'?)(?P<sign>\+{{1,2}}){text}(?P=quote)|{text}")
    return found.sub(lambda m: shlex.quote(m["sign"] + given) if m["sign"] else given, said)


class NotTaken(Mistake):
    """What is run takes no flags of these names, which the configuration has."""

    def __init__(self, said: str, names: Iterable[str]) -> None:
        super().__init__(said)
        self.names = tuple(names)


class UnknownRun(Mistake):
    """No run in the store has this id, or an id with this prefix."""


class AmbiguousRun(Mistake):
    """The ids of several runs in the store begin with this prefix."""


class Busy(Mistake):
    """A living process already runs the run."""


class UnreadableRecord(RunnerError):
    """A run's record is damaged, not the runner's, or of a format that this version does not know.

    Lists report it and go on; a command that needs the record itself stops with this error.
    """

    exit_status = statuses.MISTAKE


class StoreFailed(RunnerError):
    """The store could not be written: no space, no permission, a lost disk.

    The exit status is `EX_IOERR` of sysexits.h, so that it is not taken for a failed trial.
    """

    exit_status = statuses.NOT_WRITTEN


class OutputFailed(RunnerError):
    """The requested output could not be written to standard output: a full disk, for instance.

    The exit status is `EX_IOERR` of sysexits.h.
    """

    exit_status = statuses.NOT_WRITTEN

    @classmethod
    def of(cls, error: OSError) -> OutputFailed:
        """The error for a write that the operating system refused."""
        return cls(f"standard output cannot be written: {error.strerror}")
