"""The scalars of a job that another launcher runs, whose output nobody else sees.

Its standard streams are the launcher's: a terminal, a file, a pool's. So they stay what they
are, and what is written to them in Python is looked at on its way.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from hydra_sweep_runner.execute.attempt.scalars import Scalars
from hydra_sweep_runner.model import Scalar


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
        before = getattr(stream, "__dict__", {}).get("write")
        try:
            stream.write = self._writing(number, stream.write)
        except AttributeError:  # there is none, or nothing can be added to it
            yield
            return
        try:
            yield
        finally:
            if before is None:
                del stream.write
            else:
                stream.write = before

    def _writing(self, number: int, write: Callable[[str], int]) -> Callable[[str], int]:
        def write_and_look(text: str) -> int:
            count = write(text)
            self._take(number, text)
            return count

        return write_and_look

    def _take(self, number: int, text: str) -> None:
        data = text.encode("utf-8", "replace")
        with self._lock:
            self._scalars.printed(number, data)
