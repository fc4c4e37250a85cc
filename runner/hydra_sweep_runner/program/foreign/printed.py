"""The scalars of a job that another launcher runs, whose output nobody else sees.

Its standard streams are the launcher's: a terminal, a file, a pool's. So they stay what they
are, and what is written to them in Python is looked at on its way. Where they are a pipe that
nobody reads any more, the job goes on, as one that our own launcher runs does.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from hydra_sweep_runner.execute.attempt.scalars import Scalars
from hydra_sweep_runner.model import Scalar
from hydra_sweep_runner.terminal.streams import lead_nowhere

_T = TypeVar("_T")


class JobScalars:
    """The scalars of one job, whose threads may all print. Raises StoreFailed as `Scalars`."""

    def __init__(self, scalars: Scalars) -> None:
        self._scalars = scalars
        self._lock = threading.RLock()

    @contextmanager
    def seen(self) -> Iterator[None]:
        """Look at what is written to sys.stdout and sys.stderr in the block."""
        with ExitStack() as streams:
            for number, stream in enumerate((sys.stdout, sys.stderr)):
                streams.enter_context(self._seen(number, stream))
            yield

    def look(self) -> None:
        """Keep what has been reported so far."""
        with self._lock:
            self._scalars.look()

    def finish(self, result: Mapping[str, float]) -> Mapping[str, Scalar]:
        """Nothing more comes but the scalars of the result; the summaries of all there is."""
        with self._lock:
            return self._scalars.finish(result)

    @contextmanager
    def _seen(self, number: int, stream: Any) -> Iterator[None]:
        own = getattr(stream, "__dict__", {})
        before = {name: own[name] for name in ("write", "flush") if name in own}
        try:
            stream.write, stream.flush = (
                self._writing(number, stream, stream.write),
                _unless_closed(stream, stream.flush),
            )
        except AttributeError:  # there is none, or nothing can be added to it
            yield
            return
        try:
            yield
        finally:
            del stream.write, stream.flush
            vars(stream).update(before)

    def _writing(
        self, number: int, stream: Any, write: Callable[[str], int]
    ) -> Callable[[str], int]:
        write_unless_closed = _unless_closed(stream, write)

        def write_and_look(text: str) -> int:
            write_unless_closed(text)
            self._take(number, text)
            return len(text)

        return write_and_look

    def _take(self, number: int, text: str) -> None:
        data = text.encode("utf-8", "replace")
        with self._lock:
            self._scalars.printed(number, data)


def _unless_closed(stream: Any, act: Callable[..., _T]) -> Callable[..., _T | None]:
    """The same, but that a stream which nobody reads any more leads nowhere from then on."""

    def act_or_go_on(*arguments: Any) -> _T | None:
        try:
            return act(*arguments)
        except BrokenPipeError:
            lead_nowhere(stream.fileno())
            return None

    return act_or_go_on
