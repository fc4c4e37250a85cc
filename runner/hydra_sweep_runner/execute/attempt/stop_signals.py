"""Stopping trials: who requested it, and which signal to send next, and when.

This module decides when a signal is due. `execute.server.process` sends it to the trial's
process group, and kills what is left of its process tree. `exit_reason.of_timeout` gives a
trial that took too long exit status 124. Jobs of other Hydra launchers have a time limit of
their own: `program.foreign.deadline`.
"""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from enum import Enum
from signal import Signals

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake


class Urgency(int, Enum):
    """How urgently the runner is to stop."""

    NONE = 0
    STOP = 1  #: trials may shut down by themselves within the grace periods
    KILL = 2  #: at once


class Cause(Enum):
    """Why the runner ended an attempt."""

    STOP = "stop"  #: the whole runner is being stopped
    ASKED = "asked"  #: a user requested that this run be stopped (`runs stop`)
    TIMEOUT = "timeout"
    LOST = "lost"  #: the process that started the trial has died


@dataclass(frozen=True, kw_only=True)
class Graces:
    """The grace periods in seconds: from SIGINT to SIGTERM, and from SIGTERM to SIGKILL."""

    interrupt_s: float = 5.0
    terminate_s: float = 3.0

    @classmethod
    def given(cls, interrupt_s: object = None, terminate_s: object = None) -> Graces:
        """The grace periods from `hydra.launcher`; None means the default. Raises Mistake."""
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
    """Set once to stop the runner. Its descriptor becomes readable, so selectors wake up.

    It may be set in a signal handler. The descriptor stays readable from then on.
    """

    def __init__(self) -> None:
        self._reads, self._writes = os.pipe()
        self.urgency = Urgency.NONE

    def fileno(self) -> int:
        """The descriptor to select on."""
        return self._reads

    def set(self, urgency: Urgency) -> None:
        """Request the stop; an urgency below the present one has no effect."""
        before = self.urgency
        self.urgency = max(before, urgency)  # set before the selectors wake up and read it
        if before is Urgency.NONE and urgency is not Urgency.NONE:
            os.write(self._writes, b"!")

    def close(self) -> None:
        """Close both ends of the pipe."""
        os.close(self._reads)
        os.close(self._writes)


# A shell that has just started loses an interrupt when it executes its command.
_SETTLE_S = 0.2
#: How often to check whether a run was requested to stop, in seconds.
REQUESTS_S = 1.0
# How often to check, while a trial is being stopped, whether the urgency has grown.
_LOOK_S = 0.1


class SignalSchedule:
    """Which signal to send to an attempt next: SIGINT, SIGTERM, SIGKILL, with grace periods
    between them.

    `is_asked` says whether a user has requested that this run stop; it is called about once a
    second. All times are arguments, in seconds of the same clock.
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
        """The longest time until `due` must be called again."""
        if self.cause is not None:
            return _LOOK_S
        ends_s = self._ask_at_s
        if self._deadline_s is not None:
            ends_s = min(ends_s, self._deadline_s)
        return max(0.0, ends_s - now_s)

    def due(self, now_s: float, urgency: Urgency) -> list[Signals]:
        """The signals to send now; each step is returned once."""
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


# A stopped process handles SIGINT and SIGTERM only after SIGCONT.
_STEPS = (
    (signal.SIGINT, signal.SIGCONT),
    (signal.SIGTERM, signal.SIGCONT),
    (signal.SIGKILL,),
)
