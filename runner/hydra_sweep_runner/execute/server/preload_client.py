"""The runner's side of preloading: processes that have imported the modules that scripts need."""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.attempt.stop_signals import StopSwitch
from hydra_sweep_runner.execute.server import messages
from hydra_sweep_runner.execute.server.client import ForkServer, ServerDied
from hydra_sweep_runner.operation.call import ScriptCall

# A script's own search path: its folder first, then the interpreter's default path.
_CODE = """
import sys
fd, root, folder, *modules = sys.argv[1:]
del sys.path[0]
if root not in sys.path:
    sys.path.append(root)
from hydra_sweep_runner.execute.server.preload_process import main
main(int(fd), folder, modules)
"""
_ROOT = str(Path(__file__).parents[3])


class Preloading:
    """Processes that scripts are forked from. Each has imported some modules and forks scripts of
    one folder. The methods may be called from any thread."""

    def __init__(self, environment: Mapping[str, str], stop: StopSwitch) -> None:
        """The modules are imported in this `environment`."""
        self._environment = dict(environment)
        self._stop = stop
        self._lock = threading.Lock()
        self._servers: dict[tuple[tuple[str, ...], str], ForkServer] = {}

    def preload(self, modules: Sequence[str], script: str) -> ForkServer:
        """The process for a script; it is started if there is none yet.

        Raises Mistake if a module cannot or must not be imported, and KeyboardInterrupt if the
        runner is stopped meanwhile.
        """
        folder = str(Path(script).resolve().parent)
        key = (tuple(modules), folder)
        with self._lock:
            found = self._servers.get(key)
            if found is not None:
                try:
                    found.check()
                    return found
                except ServerDied:  # the process was killed: start another
                    del self._servers[key]
                    found.close()
            self._servers[key] = self._start(modules, folder)
            return self._servers[key]

    def for_call(self, call: object) -> ForkServer | None:
        """The process for a call, if it calls a script with modules to preload; else None."""
        if not isinstance(call, ScriptCall) or not call.preload:
            return None
        return self.preload(call.preload, call.path)

    def close(self) -> None:
        """End all these processes with their children."""
        with self._lock:
            servers, self._servers = self._servers, {}
        for server in servers.values():
            server.close()

    def _start(self, modules: Sequence[str], folder: str) -> ForkServer:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", _CODE, str(theirs.fileno()), _ROOT, folder, *modules],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=self._environment,
                cwd=folder,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # it must not get signals sent to the runner's group
            )
        process.returncode = 0  # so that subprocess does not reap it; the server's close does
        server = ForkServer(ours, process.pid)
        why = self._answer(ours)
        if why:
            server.close()
            raise Mistake(f"operation.preload: {why}")
        return server

    def _answer(self, connection: socket.socket) -> str:
        """Why the modules could not be imported; empty if they were."""
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            selector.register(self._stop, selectors.EVENT_READ)
            if any(key.fileobj is self._stop for key, _ in selector.select()):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                raise KeyboardInterrupt
        try:
            return str(messages.receive(connection)[0])
        except messages.ConnectionLost:
            return "the process died while it imported them"
