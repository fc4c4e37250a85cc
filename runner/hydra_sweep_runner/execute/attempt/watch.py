"""Follows the process of one attempt until it ends."""

from __future__ import annotations

import selectors
import signal
import socket
import time
from contextlib import suppress
from typing import Any

from hydra_sweep_runner.execute.attempt.log import Output
from hydra_sweep_runner.execute.attempt.stop_signals import Cause, SignalSchedule, StopSwitch
from hydra_sweep_runner.execute.function.worker import Ready, Reply
from hydra_sweep_runner.execute.server import messages
from hydra_sweep_runner.execute.server.client import Child, ForkServer

# How long to wait for the death of a worker that has closed its socket, in seconds.
_DEATH_S = 1.0


class Watch:
    """Follows one child, and the function call in it if there is one, to the end.

    Between `attach` and `detach` its descriptors are registered in a selector. The data of each is
    the watch's owner and a function to call with the selector and the descriptor when it is
    readable.
    """

    def __init__(
        self,
        child: Child,
        server: ForkServer,
        output: Output,
        schedule: SignalSchedule,
        stop: StopSwitch,
        control: socket.socket | None = None,
    ) -> None:
        """`server` started the child; `control` is a function worker's socket. While the screen is
        behind, the output is not read, and the child blocks when its pipes are full."""
        self._child = child
        self._server = server
        self._output = output
        self._schedule = schedule
        self._stop = stop
        self._control = control
        self._kill_at_s: float | None = None
        self._selector: selectors.BaseSelector | None = None
        self._held: list[int] = []  # readers that are not read while the screen is behind
        self._owner: Any = None
        self.reply: Reply | None = None
        self.was_cut_off = False

    @property
    def cause(self) -> Cause | None:
        """The cause if the runner is ending the attempt, else None."""
        return self._schedule.cause

    @property
    def is_over(self) -> bool:
        """Whether the attempt's end is known. Other processes that hold the output's pipes open,
        because the trial left them behind, are not waited for."""
        return self._child.ended or self.reply is not None

    @property
    def is_lost(self) -> bool:
        """Whether the server, which reports the child's end, has died."""
        if self._child.lost:
            self._server.note_death()
        return self._child.lost

    def attach(self, selector: selectors.BaseSelector, owner: Any) -> None:
        """Register the descriptors in a selector, for `owner`."""
        self._selector, self._owner = selector, owner
        self._output.forget_writers()
        selector.register(self._child.reports, selectors.EVENT_READ, (owner, self._hear))
        if self._control is not None:
            selector.register(self._control, selectors.EVENT_READ, (owner, self._answer))
        for reader in self._output.readers:
            selector.register(reader, selectors.EVENT_READ, (owner, self._read))

    def detach(self, selector: selectors.BaseSelector) -> None:
        """Remove the descriptors from the selector."""
        self._selector = None
        own: list[Any] = [self._child.reports, *self._output.readers]
        for descriptor in own if self._control is None else [*own, self._control]:
            with suppress(KeyError, ValueError):  # closed, and therefore removed already
                selector.unregister(descriptor)

    def wait_s(self, now_s: float) -> float:
        """The longest time until `press` must be called again if nothing happens."""
        wait_s = self._schedule.wait_s(now_s)
        return wait_s if self._kill_at_s is None else min(wait_s, max(0.0, self._kill_at_s - now_s))

    def press(self, now_s: float) -> None:
        """Send the signals that are due, kill a living worker that closed its socket, and read the
        output that was held back."""
        if self.is_over:
            return
        if self._held and self._selector is not None and not self._output.is_behind():
            for reader in self._held:
                self._selector.register(reader, selectors.EVENT_READ, (self._owner, self._read))
            self._held.clear()
        for number in self._schedule.due(now_s, self._stop.urgency):
            self._server.signal(self._child, number)
        if self._kill_at_s is not None and now_s >= self._kill_at_s:
            self._kill_at_s = None
            self.was_cut_off = True
            self._server.signal(self._child, signal.SIGKILL)

    def _hear(self, _: selectors.BaseSelector, __: int) -> None:
        self._child.update()

    def _read(self, selector: selectors.BaseSelector, reader: int) -> None:
        if self._output.is_behind():
            selector.unregister(reader)
            self._held.append(reader)
        elif self._output.read(reader) == 0 and reader not in self._output.readers:
            selector.unregister(reader)

    def _answer(self, selector: selectors.BaseSelector, control: socket.socket) -> None:
        try:
            answer = messages.receive(control)[0]
            if not isinstance(answer, Ready):  # a new worker's first word
                self.reply = answer
        except messages.ConnectionLost:
            # The worker died, or its function closed our socket; a living worker is killed
            # after _DEATH_S.
            selector.unregister(control)
            self._kill_at_s = time.monotonic() + _DEATH_S
