"""Finds the scalars in the output of a job that another launcher runs.

The job's standard streams belong to the launcher: a terminal, a file, a pool's pipe. So they are
not replaced; Python's writes to them are read on their way. Where they cannot be written to any
more, as a pipe whose reader has gone or a full disk, the job goes on, as one that our own launcher
runs does.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, TypeVar

from hydra_sweep_runner.execute.attempt.scalars import Scalars
from hydra_sweep_runner.model import Scalar
from hydra_sweep_runner.terminal.streams import given_up_line, lead_nowhere

_T = TypeVar("_T")

_STDERR = 1  # its number among the streams
#: The most characters that are kept of the end of sys.stderr.
_KEPT = 4096


class JobScalars:
    """The scalars of one job, whose threads may all print. Raises StoreFailed like `Scalars`."""

    def __init__(self, scalars: Scalars) -> None:
        self._scalars = scalars
        self._lock = threading.RLock()
        self._end = ""  # of what was written to sys.stderr

    @contextmanager
    def seen(self) -> Iterator[None]:
        """Inside the context, read what is written to sys.stdout and sys.stderr."""
        with ExitStack() as streams:
            for number, stream in enumerate((sys.stdout, sys.stderr)):
                streams.enter_context(self._seen(number, stream))
            yield

    def last_lines(self) -> list[str]:
        """The last lines that were written to sys.stderr."""
        with self._lock:
            return self._end.splitlines()

    def look(self) -> None:
        """Write what has been reported so far."""
        with self._lock:
            self._scalars.look()

    def finish(self, result: Mapping[str, float]) -> Mapping[str, Scalar]:
        """Take in the scalars of the result, which are the last, and return the summaries of
        all."""
        with self._lock:
            return self._scalars.finish(result)

    def _seen(self, number: int, stream: Any) -> AbstractContextManager[None]:
        return _written_by(stream, lambda write: self._writing(number, stream, write))

    def _writing(
        self, number: int, stream: Any, write: Callable[[str], int]
    ) -> Callable[[str], int]:
        write_unless_lost = _unless_lost(stream, write)

        def write_and_look(text: str) -> int:
            write_unless_lost(text)
            self._take(number, text)
            return len(text)

        return write_and_look

    def _take(self, number: int, text: str) -> None:
        data = text.encode("utf-8", "replace")
        with self._lock:
            self._scalars.printed(number, data)
            if number == _STDERR:
                self._end = (self._end + text)[-_KEPT:]


#: What is printed under a launcher of others and not written by logging is in no file.
_NOT_KEPT = "what the jobs print is kept under hydra/launcher=runner only"


@contextmanager
def lost_streams_ignored() -> Iterator[None]:
    """Inside the context, this process goes on if its output cannot be written any more."""
    with ExitStack() as streams:
        for stream in (sys.stdout, sys.stderr):
            streams.enter_context(_written_by(stream, functools.partial(_unless_lost, stream)))
        yield


@contextmanager
def _written_by(stream: Any, writing: Callable[[Any], Callable[..., Any]]) -> Iterator[None]:
    """Inside the context, a stream's `write` is what `writing` makes of it, and its `flush` goes on
    if the stream cannot be written to."""
    own = getattr(stream, "__dict__", {})
    before = {name: own[name] for name in ("write", "flush") if name in own}
    try:
        stream.write, stream.flush = (
            writing(stream.write),
            _unless_lost(stream, stream.flush),
        )
    except AttributeError:  # the stream is None, or its methods cannot be replaced
        yield
        return
    try:
        yield
    finally:
        del stream.write, stream.flush
        vars(stream).update(before)


def _unless_lost(stream: Any, act: Callable[..., _T]) -> Callable[..., _T | None]:
    """The function `act`, except that a stream that cannot be written to is redirected to /dev/null
    from then on."""

    def act_or_go_on(*arguments: Any) -> _T | None:
        try:
            return act(*arguments)
        except OSError as error:
            lead_nowhere(stream.fileno())
            if stream is sys.stdout:
                with suppress(OSError):
                    print(given_up_line(error, _NOT_KEPT), file=sys.stderr, flush=True)
            return None

    return act_or_go_on
