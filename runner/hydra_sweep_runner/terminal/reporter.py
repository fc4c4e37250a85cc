"""The protocol for lines and output; `terminal.console.Console` implements it for the command
line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Literal, Protocol

Stream = Literal["stdout", "stderr"]


class Reporter(Protocol):
    """Receives the runner's lines and the operations' output. Safe to call from threads."""

    @property
    def is_one_place(self) -> bool:
        """Whether standard output and standard error go to the same place, so that lines need not
        be printed on both."""
        ...

    @property
    def is_watched(self) -> bool:
        """Whether lines go to a terminal, where a person may read them."""
        ...

    @property
    def last_said(self) -> str:
        """The first line of the last message; empty if an operation's output followed it."""
        ...

    def say(self, *lines: str) -> None:
        """Print lines of the runner itself to standard error, with nothing between them."""
        ...

    def result(self, line: str) -> None:
        """Print a line of the command's result to standard output."""
        ...

    def output(self, stream: Stream, data: bytes) -> None:
        """Pass a piece of an operation's output on, unchanged."""
        ...

    def block(self, pieces: Iterable[tuple[Stream, bytes]], head: str = "") -> None:
        """Pass the whole output of one trial on, with nothing between its pieces, preceded by the
        line `head` if there is any output."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether so much output is queued that producers should pause."""
        ...

    def in_background(self, on_room: Callable[[], object]) -> AbstractContextManager[None]:
        """Inside the context, a thread writes everything, so that callers do not wait for a reader.
        Leaving the context waits until all is written. `on_room` is called, in any thread, when
        `is_behind` becomes false."""
        ...

    def hurry(self) -> None:
        """Stop waiting for readers; for a signal handler."""
        ...

    def begin(self, total: int, at_once: int | None) -> None:
        """Announce that `total` trials of a batch are about to be executed, `at_once` side by side;
        None if that is not known."""
        ...

    def started(self) -> None:
        """Count a trial as started."""
        ...

    def ended(self, *, failed: bool) -> None:
        """Count a started trial as ended."""
        ...

    def best(self, text: str) -> None:
        """Show the values of the best trial so far."""
        ...

    def steps(self, text: str) -> None:
        """Show the progress of each step of a pipeline."""
        ...

    def leave_terminal(self) -> None:
        """The terminal is gone: from now on, lines that would go there are dropped. For a signal
        handler."""
        ...

    def finish(self) -> None:
        """Announce that no more trials will be executed."""
        ...
