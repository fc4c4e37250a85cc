"""A process that imports the modules that scripts need, and runs each script in a fork of itself.

It is a fork server in a fresh interpreter. When a script begins, none of the runner's own modules
is left in it. `preload_client` starts it and talks to it.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from hydra_sweep_runner.execute.function.generators import Generators
from hydra_sweep_runner.execute.function.module_state import ModuleState
from hydra_sweep_runner.execute.script.boot import run as boot_run
from hydra_sweep_runner.execute.server import messages
from hydra_sweep_runner.execute.server import process as server_process
from hydra_sweep_runner.execute.server.messages import StartScript


def main(connection_fd: int, folder: str, modules: Sequence[str]) -> None:
    """Import the modules with `folder` first in the search path, send "" or the error to the other
    end of the connection, and serve it; in a fork that is to become a script, run the script."""
    connection = socket.socket(fileno=os.dup(connection_fd))
    sys.path.insert(0, folder)
    try:
        messages.send(connection, _import(modules))
    finally:
        connection.close()
    generators = Generators.of_this_process()
    begun: server_process.ScriptBegins | None = None
    try:
        server_process.run(connection_fd, _no_work)
    except server_process.ScriptBegins as here:
        begun = here.with_traceback(None)
    if begun is not None:
        _become(begun, generators)


def _import(modules: Sequence[str]) -> str:
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException as error:
            said = " ".join(str(error).split())
            return f"cannot import {name}: {type(error).__name__}: {said}"
        if len(threading.enumerate()) > 1:
            return f"importing {name} starts threads, which a fork does not have: leave it out"
        if _has_cuda():
            return (
                f"importing {name} initialises CUDA, which cannot be shared by forked "
                "processes: leave it out"
            )
    return ""


def _has_cuda() -> bool:
    """Whether this process has a CUDA device open, or torch says so."""
    torch = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    if cuda is not None and cuda.is_initialized():
        return True
    with suppress(OSError):
        for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208
            with suppress(OSError):
                if os.readlink(f"/proc/self/fd/{fd}").startswith("/dev/nvidia"):  # noqa: PTH115
                    return True
    return False


def _no_work(control: socket.socket) -> None:
    control.close()


def _become(begun: server_process.ScriptBegins, generators: Generators) -> None:
    """Run the script, as `script.boot.run` does in a process of its own."""
    request: StartScript = begun.request
    for number in (signal.SIGCHLD, *server_process.IGNORED_SIGNALS):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.dup2(begun.stdout, 1)
    os.dup2(begun.stderr, 2)
    server_process.close_all_but({begun.held})
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv[:] = request.argv
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    generators.begin_trial()
    ModuleState().renew_generators()
    boot_run.note_imports_at_end(request.argv[0], is_fresh=False)
    run = boot_run.run_as_main
    for name in [name for name in sys.modules if name.partition(".")[0] == "hydra_sweep_runner"]:
        del sys.modules[name]  # the script may import a module of its own by that name
    run(request.argv[0])
