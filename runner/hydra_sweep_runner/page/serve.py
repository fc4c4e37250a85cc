"""`runner page`: serve a site on this machine until Ctrl-C."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from hydra_sweep_runner.page.application import make_application
from hydra_sweep_runner.page.site import Site

# Who still listens when the server ends has this long.
_GRACE_S = 2


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
