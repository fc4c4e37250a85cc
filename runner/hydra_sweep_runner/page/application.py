"""The page as an ASGI application: which address is answered by what, and who is answered."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hydra_sweep_runner.errors import (
    Busy,
    Mistake,
    RunnerError,
    StoreFailed,
    UnknownRun,
    UnreadableRecord,
)
from hydra_sweep_runner.page import guard, reading
from hydra_sweep_runner.page.actions import ACTIONS, prepare
from hydra_sweep_runner.page.site import Site
from hydra_sweep_runner.page.static_files import static_files
from hydra_sweep_runner.terminal.console import report_bug
from hydra_sweep_runner.terminal.render import escape

_MOST_BODY_BYTES = 1 << 20

#: The first that fits counts.
_STATUSES: tuple[tuple[type[RunnerError], int], ...] = (
    (UnknownRun, 404),
    (Busy, 409),
    (Mistake, 400),
    (UnreadableRecord, 422),
    (StoreFailed, 503),
)

Endpoint = Callable[[Request], Awaitable[Response]]


def make_application(site: Site) -> Starlette:
    """The application that serves a site."""
    return Starlette(
        routes=[
            Route("/", _index(site)),
            Route("/static/{path:path}", _static()),
            *(
                Route(f"/api/{name}", _telling(partial(reading.read, site, name)))
                for name in reading.READ
            ),
            Route("/api/log", _telling(partial(reading.read_log, site))),
            Route("/api/events", _telling(partial(reading.events, site))),
            Route("/download", _telling(partial(reading.download, site))),
            Route("/api/actions/{name}", _telling(partial(_act, site)), methods=["POST"]),
        ],
        middleware=[Middleware(Guarded)],
        exception_handlers={404: _not_found, 405: _not_found},
    )


class Guarded:
    """Refuses what `guard` refuses, and sends its headers with every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = {name.lower() for name, _ in message["headers"]}
                added = [
                    (name.lower().encode(), value.encode())
                    for name, value in guard.HEADERS.items()
                    if name.lower().encode() not in held
                ]
                if b"cache-control" not in held:
                    added.append((b"cache-control", b"no-store"))
                message["headers"] = [*message["headers"], *added]
            await send(message)

        why = guard.refusal(scope["method"], scope["path"], headers)
        if why is None:
            await self._app(scope, receive, send_guarded)
        else:
            await JSONResponse({"error": why}, status_code=403)(scope, receive, send_guarded)


def _index(site: Site) -> Endpoint:
    """The page itself, with the answer to `/api/store` in it, which saves a request; null if the
    store cannot be read now."""
    content = static_files()["index.html"].content.decode()
    filled = {
        "TOKEN": "" if site.read_only else html.escape(site.token),
        "PROJECT": html.escape(escape(site.project.folder.name)),
    }

    async def index(request: Request) -> Response:
        try:
            store = await reading.read_store(site)
        except StoreFailed:
            store = None
        values = {**filled, "STORE": html.escape(json.dumps(store))}
        page = re.sub(r"%([A-Z]+)%", lambda found: values[found[1]], content)
        first = BackgroundTask(reading.prepare_first, site, request)
        return Response(page, media_type="text/html; charset=utf-8", background=first)

    return index


def _static() -> Endpoint:
    files = {name: file for name, file in static_files().items() if name != "index.html"}

    async def static(request: Request) -> Response:
        file = files.get(request.path_params["path"])
        if file is None:
            return _told("there is no such file", 404)
        headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)

    return static


def _telling(answer: Endpoint) -> Endpoint:
    """An endpoint whose errors are told as JSON, in the line that the command would print."""

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request)
        except RunnerError as error:
            status = next((code for kind, code in _STATUSES if isinstance(error, kind)), 500)
            return _told(str(error), status)
        except Exception:
            report_bug()
            return _told("this is a bug of the runner: where it was started says more", 500)

    return endpoint


async def _act(site: Site, request: Request) -> Response:
    """Say what an action would do, or with `do` do it."""
    if site.read_only:
        return _told("this page is read-only: it was started with --read-only", 403)
    if not guard.has_token(request.headers, site.token):
        return _told("changes need the page's token: load the page again", 403)
    name = request.path_params["name"]
    if name not in ACTIONS:
        return _told(f"no such action; there are {', '.join(ACTIONS)}", 404)
    given = await _body(request)
    prepared = await asyncio.to_thread(prepare, site.project, name, given)
    told = {
        "command": "\n".join(map(escape, prepared.command_lines)),
        "question": escape(prepared.question),
        "lines": [escape(line) for line in prepared.lines],
        "deleted": list(prepared.deleted),
    }
    if given.get("do") is not True:
        return JSONResponse(told)
    try:
        done = await asyncio.to_thread(prepared.do)
    finally:
        await site.feed.fresh(at_once=True)
    return JSONResponse({**told, "done": [escape(line) for line in done]})


async def _body(request: Request) -> dict[str, Any]:
    """What is sent: a JSON object. Raises Mistake."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Mistake("send a JSON object, as application/json")
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > _MOST_BODY_BYTES:
            raise Mistake(f"more than {_MOST_BODY_BYTES} bytes were sent")
    try:
        found = json.loads(bytes(data))
    except (ValueError, RecursionError) as error:
        raise Mistake("what was sent is no JSON") from error
    if not isinstance(found, dict):
        raise Mistake("send a JSON object")
    return found


def _told(error: str, status: int) -> Response:
    return JSONResponse({"error": escape(" ".join(error.split()))}, status_code=status)


async def _not_found(request: Request, error: Exception) -> Response:
    return _told("there is nothing here", getattr(error, "status_code", 404))
