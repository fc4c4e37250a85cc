"""The progress line of a batch on a terminal: trials done, failed and running, rate, time left.

A thread of its own draws it ten times a second, together with all lines that are to stand above it.
Printing and counting only queue a note, so trials do not wait for a terminal.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

_REDRAW_S = 0.1

# With fewer ended trials than this the time left is not estimated.
_FEWEST_ENDED = 5


class _WithCursor(Console):
    """A console that leaves the cursor visible: after a kill nobody would show it again."""

    def show_cursor(self, show: bool = True) -> bool:
        """Do nothing."""
        return False


class ProgressLine:
    """A progress line for `total` trials, `at_once` side by side (None: it is not known), shown
    until `close`. Safe to call from threads.

    `surviving` is the context in which a vanished terminal is handled.
    """

    def __init__(
        self,
        total: int,
        at_once: int | None,
        surviving: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._at_once = at_once
        self._surviving = surviving
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._done = self._failed = self._running = 0
        self._best = self._steps = ""
        self._began_s = time.monotonic()
        self._closing = threading.Event()
        self._bar = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=_WithCursor(stderr=True, highlight=False),
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task: Any = self._bar.add_task("", total=total, left="")
        self._total = total
        with surviving():
            self._bar.start()
        self._thread = threading.Thread(target=self._keep_drawing, name="progress", daemon=True)
        self._thread.start()

    def print(self, line: str) -> None:
        """Queue a line to be printed above, with its colours."""
        with self._lock:
            self._lines.append(line)

    def count(self, *, running: int, done: int = 0, failed: int = 0) -> None:
        """Add to the counts."""
        with self._lock:
            self._running += running
            self._done += done
            self._failed += failed

    def steps(self, text: str) -> None:
        """Show the progress of each step of a pipeline."""
        with self._lock:
            self._steps = escape(text)

    def best(self, text: str) -> None:
        """Show the values of the best trial so far."""
        with self._lock:
            self._best = escape(text)

    def close(self) -> None:
        """Print the queued lines and remove the progress line."""
        self._closing.set()
        self._thread.join()
        with self._surviving():
            self._draw()
            self._bar.stop()

    def _keep_drawing(self) -> None:
        while not self._closing.wait(_REDRAW_S):
            with self._surviving():
                self._draw()

    def _draw(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
            done, told = self._done, self._counts()
            elapsed_s = time.monotonic() - self._began_s
            left = time_left(done, self._total, self._at_work, elapsed_s)
        if lines:
            self._bar.console.print(Text.from_ansi("\n".join(lines)), soft_wrap=True)
        self._bar.update(self._task, completed=done, description=told, left=left)
        self._bar.refresh()

    @property
    def _at_work(self) -> int:
        """The number of running trials. What has ended is counted when that is on the disk, and
        what takes its place has started by then."""
        return self._running if self._at_once is None else min(self._running, self._at_once)

    def _counts(self) -> str:
        told = [f"{self._at_work} running"]
        if self._failed:
            told.append(f"[red]{self._failed} failed[/red]")
        if self._done:
            told.append(rate(self._done, time.monotonic() - self._began_s))
        if self._steps:
            told.append(self._steps)
        if self._best:
            told.append(self._best)
        return ", ".join(told)


def time_left(done: int, total: int, running: int, elapsed_s: float) -> str:
    """`about 1:20 left`; empty until five trials, and twice as many as run at once, have ended.
    Running trials count as half done."""
    if done < max(_FEWEST_ENDED, 2 * running) or done >= total:
        return ""
    left_s = round((total - done - running / 2) * elapsed_s / (done + running / 2))
    minutes, seconds = divmod(max(left_s, 1), 60)
    hours, minutes = divmod(minutes, 60)
    told = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"about {told} left"


def rate(count: int, seconds: float) -> str:
    """The rate at which trials have ended: `12/s`, `3.4/min`, `0.5/h`."""
    a_second = count / max(seconds, 1e-3)
    for unit, many in (("s", 1.0), ("min", 60.0)):
        if a_second * many >= 1:
            return f"{_short(a_second * many)}/{unit}"
    return f"{_short(a_second * 3600)}/h"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}"
