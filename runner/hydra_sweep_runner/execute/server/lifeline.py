"""Has the kernel kill a child, and what that has started, when this process dies (Linux).

`prctl(PR_SET_PDEATHSIG)` must be called in the child: in a script that takes a millisecond, and a
command would have to be forked in a slower way. It kills the child alone. See fcntl(2), F_SETSIG.
"""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import suppress


class Lifeline:
    """A pipe to a child, which inherits `held`, its reading end. This process alone has the other
    end: when it dies, in whatever way, the pipe is cut, and the child's process group gets SIGKILL.
    """

    def __init__(self) -> None:
        """Raises OSError."""
        self.held, self._end = os.pipe()

    def tie(self, group: int) -> None:
        """Have the process group killed when the pipe is cut."""
        if hasattr(fcntl, "F_SETSIG"):
            with suppress(OSError):  # if the kernel cannot do it, only this process ends the group
                fcntl.fcntl(self.held, fcntl.F_SETSIG, signal.SIGKILL)
                fcntl.fcntl(self.held, fcntl.F_SETOWN, -group)
                fcntl.fcntl(self.held, fcntl.F_SETFL, os.O_ASYNC)
        os.close(self.held)

    def drop(self) -> None:
        """Close both ends of a pipe that no child has inherited."""
        os.close(self.held)
        os.close(self._end)

    def cut(self) -> None:
        """Close this process's end."""
        os.close(self._end)
