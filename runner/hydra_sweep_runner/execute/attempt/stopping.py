"""Stopping what runs: who asked for it, and which signal a trial is due next."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from signal import Signals

from hydra_sweep_runner.errors import Mistake


class Urgency(int, Enum):
    """How much the user wants the end."""

    NONE = 0
    STOP = 1  #: what runs may come to an end in its own way, within the graces
    KILL = 2  #: at once


class Cause(Enum):
    """Why the runner ended an attempt."""

    STOP = "stop"  #: the runner as a whole is stopped
    ASKED = "asked"  #: somebody has asked for the end of this run
    TIMEOUT = "timeout"
    LOST = "lost"  #: the process that started it has died, and it was ended for that


@dataclass(frozen=True, kw_only=True)
class Graces:
    """How long a trial has after an interrupt until it gets SIGTERM, and after that until
    it gets SIGKILL, in seconds."""

    interrupt_s: float = 5.0
    terminate_s: float = 3.0

    @classmethod
    def given(cls, interrupt_s: object = None, terminate_s: object = None) -> Graces:
        """The graces that `hydra.launcher` gives; None leaves one as it is. Raises Mistake."""
        return cls(
            interrupt_s=_grace("interrupt_grace_s", interrupt_s, cls.interrupt_s),
            terminate_s=_grace("terminate_grace_s", terminate_s, cls.terminate_s),
        )


def _grace(name: str, value: object, usual_s: float) -> float:
    if value is None:
        return usual_s
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    raise Mistake(f"hydra.launcher.{name}={value}: give seconds, 0 or more")


class StopSwitch:
    """Told once by whoever stops the runner, seen by everybody who selects on it.

    It may be used in a signal handler. It stays readable from the first use on.
    """

    def __init__(self) -> None:
        self._reads, self._writes = os.pipe()
        self.urgency = Urgency.NONE

    def fileno(self) -> int:
        """The descriptor to select on."""
        return self._reads

    def set(self, urgency: Urgency) -> None:
        """Ask for the end; a lesser urgency than before changes nothing."""
        before = self.urgency
        self.urgency = max(before, urgency)  # before anybody wakes up to look at it
        if before is Urgency.NONE and urgency is not Urgency.NONE:
            os.write(self._writes, b"!")

    def close(self) -> None:
        """Give the descriptors up."""
        os.close(self._reads)
        os.close(self._writes)


# A shell that has just been started forgets an interrupt when it executes its command.
_SETTLE_S = 0.2
#: How often to look whether somebody has asked for a run's end, in seconds.
REQUESTS_S = 1.0
# While a trial is being stopped, how often to look whether the urgency has grown.
_LOOK_S = 0.1


class Pressure:
    """Which signal an attempt is due: an interrupt, SIGTERM, SIGKILL, a grace between.

    `is_asked` tells whether somebody asks for the end of this run; it is asked about once a
    second. Times are of one clock, in seconds, and arguments.
    """

    def __init__(
        self,
        graces: Graces,
        began_s: float,
        timeout_s: float | None,
        is_asked: Callable[[], bool] = lambda: False,
    ) -> None:
        self._graces = graces
        self._is_asked = is_asked
        self._ask_at_s = began_s + REQUESTS_S
        self._began_s = began_s
        self._deadline_s = None if timeout_s is None else began_s + timeout_s
        self._next = 0
        self._next_at_s = 0.0
        self.cause: Cause | None = None

    def wait_s(self, now_s: float) -> float:
        """How long nothing is due at the most."""
        if self.cause is not None:
            return _LOOK_S
        ends_s = self._ask_at_s
        if self._deadline_s is not None:
            ends_s = min(ends_s, self._deadline_s)
        return max(0.0, ends_s - now_s)

    def due(self, now_s: float, urgency: Urgency) -> list[Signals]:
        """The signals to send now; each is given once."""
        if self.cause is None:
            if urgency is not Urgency.NONE:
                self.cause = Cause.STOP
            elif self._deadline_s is not None and now_s >= self._deadline_s:
                self.cause = Cause.TIMEOUT
            elif self._hears_request(now_s):
                self.cause = Cause.ASKED
            else:
                return []
            self._next_at_s = max(now_s, self._began_s + _SETTLE_S)
        if urgency is Urgency.KILL:
            self._next = max(self._next, len(_STEPS) - 1)
            self._next_at_s = min(self._next_at_s, now_s)
        if self._next >= len(_STEPS) or now_s < self._next_at_s:
            return []
        signals = _STEPS[self._next]
        self._next += 1
        graces = (self._graces.interrupt_s, self._graces.terminate_s, 0.0)
        self._next_at_s = now_s + graces[self._next - 1]
        return list(signals)

    def _hears_request(self, now_s: float) -> bool:
        if now_s < self._ask_at_s:
            return False
        self._ask_at_s = now_s + REQUESTS_S
        return self._is_asked()


# A process that is stopped takes no signal but these until it goes on.
_STEPS = (
    (signal.SIGINT, signal.SIGCONT),
    (signal.SIGTERM, signal.SIGCONT),
    (signal.SIGKILL,),
)
