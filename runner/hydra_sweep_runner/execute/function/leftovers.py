"""Restores a worker's process after a trial; reports what cannot be restored.

A worker begins in the state in which its function was imported. After each trial this state is
restored. If that fails, the worker is replaced.
"""

from __future__ import annotations

import _thread
import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from hydra_sweep_runner.execute.function.loggers import Loggers
from hydra_sweep_runner.execute.function.settings import (
    SETTINGS,
    Setting,
    forget_shown_warnings,
)
from hydra_sweep_runner.execute.server.descendants import children_of_this

_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
#: How long to wait for a thread that is about to end, in seconds.
_THREAD_S = 0.05
#: The most additional open files that a trial may leave: libraries keep some open.
_MOST_FILES = 64
_IMPORTING = "<frozen importlib._bootstrap>"


class ExitCallbacks:
    """Counts the `atexit` callbacks that trials register. Callbacks registered while a module is
    imported belong to the process and run at its end."""

    def __init__(self) -> None:
        self._register: Callable[..., Any] = atexit.register
        self.of_trial = 0
        atexit.register = self._note  # type: ignore[assignment]

    def _note(self, function: Any, *args: Any, **keywords: Any) -> Any:
        if not _is_importing(sys._getframe(1)):
            self.of_trial += 1
        return self._register(function, *args, **keywords)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


class Leftovers:
    """The state of the process when this is made, in which every trial begins."""

    def __init__(self, exits: ExitCallbacks) -> None:
        self._exits = exits
        exits.of_trial = 0
        self._settings = {each: each.read() for each in SETTINGS if each.is_there}
        self._loggers = Loggers()
        self._threads = _thread._count()
        self._children = frozenset(children_of_this())
        self._files = _open_files()

    def finish(self) -> str | None:
        """Wait for what the trial has started and left running, as Python does at the end of a
        process; returns what that was. The process then cannot begin another trial."""
        left = self._left()
        if left is None:
            return None
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        return left

    def _left(self) -> str | None:
        if self._exits.of_trial:
            return "something to be done at the end"
        last_s = time.monotonic() + _THREAD_S
        while _thread._count() > self._threads:
            if time.monotonic() > last_s:
                return "a thread"
            time.sleep(0.001)
        if _has_children() and not self._children.issuperset(children_of_this()):
            return "a process"
        return None

    def put_right(self) -> str | None:
        """Restore all settings; returns what could not be restored, if anything."""
        try:
            self._loggers.put_back()
            for setting in SETTINGS:
                if setting.is_there:
                    self._put_back(setting)
        except Exception as error:
            return f"settings: {error}"
        forget_shown_warnings()
        return "open files" if _open_files() > self._files + _MOST_FILES else None

    def _put_back(self, setting: Setting) -> None:
        now = setting.read()
        if setting not in self._settings:
            self._settings[setting] = now if setting.usual is None else setting.usual()
        if now != self._settings[setting]:
            setting.write(self._settings[setting])


def disarm() -> None:
    """Disable all timers, whatever their handlers do meanwhile."""
    while True:
        try:
            for timer in _TIMERS:
                signal.setitimer(timer, 0)
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            signal.set_wakeup_fd(-1)
            return
        except Exception:  # a timer has just expired
            continue


def _has_children() -> bool:
    """Whether a child process is running; ended ones are reaped."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - after each trial
    except OSError:
        return 0
