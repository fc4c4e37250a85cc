"""Where lines and output go, as a protocol: `terminal.console.Console` is the one of the command
line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Literal, Protocol

Stream = Literal["stdout", "stderr"]


class Reporter(Protocol):
    """Where the runner's lines and the operations' output go. Safe to call from threads."""

    @property
    def is_one_place(self) -> bool:
        """Whether both streams lead to the same place, so that nothing need be said twice."""
        ...

    @property
    def is_watched(self) -> bool:
        """Whether lines go to a terminal, so that somebody may look on."""
        ...

    @property
    def last_said(self) -> str:
        """The first line of what was said last; nothing if an operation's output came since."""
        ...

    def say(self, *lines: str) -> None:
        """Print lines of the runner's own, to standard error, nothing else in between."""
        ...

    def result(self, line: str) -> None:
        """Print a line of what was asked for, to standard output."""
        ...

    def output(self, stream: Stream, data: bytes) -> None:
        """Pass on a piece of an operation's output, unchanged."""
        ...

    def block(self, pieces: Iterable[tuple[Stream, bytes]], head: str = "") -> None:
        """Pass on the whole output of one trial with nothing else in between, the line `head`
        before it if there is any output."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether so much is still to be written that no more should be made."""
        ...

    def in_background(self, on_room: Callable[[], object]) -> AbstractContextManager[None]:
        """While the context lasts, have everything written by a thread, so that nobody waits for
        a reader; leaving waits until all is written. `on_room` is called, in any thread, when
        `is_behind` has come to an end."""
        ...

    def hurry(self) -> None:
        """Wait for no reader any longer; for a signal handler."""
        ...

    def begin(self, total: int) -> None:
        """A batch of `total` trials is about to be executed."""
        ...

    def started(self) -> None:
        """One of them has started."""
        ...

    def ended(self, *, failed: bool) -> None:
        """One of those that started has ended."""
        ...

    def best(self, text: str) -> None:
        """What the best trial so far has given, in a few words."""
        ...

    def leave_terminal(self) -> None:
        """The terminal is gone: what would be printed there is printed nowhere from now on.
        For a signal handler."""
        ...

    def finish(self) -> None:
        """No more of them will be executed."""
        ...
