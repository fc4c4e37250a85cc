"""`runner page`: serve a site on this machine until Ctrl-C."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable

import uvicorn

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.page.application import make_application
from hydra_sweep_runner.page.site import Site

HOST = "127.0.0.1"
#: Where the page is unless told; where others are there already, one of the next ports.
PORT = 8710
_TRIED = 20
# Who still listens when the server ends has this long.
_GRACE_S = 2


def bind(port: int | None) -> socket.socket:
    """A socket at the port, or at the first free one from PORT on, or at any.

    Raises Mistake if the port that was asked for cannot be had.
    """
    wanted = [port] if port is not None else [*range(PORT, PORT + _TRIED), 0]
    for number in wanted:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((HOST, number))
            bound.listen(128)
        except OSError as error:
            bound.close()
            if port is not None:
                raise Mistake(_why_not(port, error)) from error
        else:
            return bound
    raise Mistake("no port is free on this machine")


def address(bound: socket.socket) -> str:
    """The address of what is served at a socket."""
    return f"http://{HOST}:{bound.getsockname()[1]}/"


def serve(site: Site, bound: socket.socket, when_up: Callable[[], object]) -> None:
    """Serve until SIGINT or SIGTERM, which then does what it does without a server: Ctrl-C
    raises KeyboardInterrupt. `when_up` is called when requests are answered."""
    config = uvicorn.Config(
        make_application(site),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
        date_header=False,
    )
    try:
        _Server(config, site, when_up).run(sockets=[bound])
    finally:
        site.project.starts.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, site: Site, when_up: Callable[[], object]) -> None:
        super().__init__(config)
        self._site = site
        self._when_up = when_up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_up()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._site.feed.close()  # else each stream would be waited for
        await super().shutdown(sockets)


def _why_not(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"--port {port}: in use already; leave --port out to have a free one"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"--port {port}: not permitted ({os.strerror(error.errno)}); give one above 1023"
    return f"--port {port}: {error.strerror}"
