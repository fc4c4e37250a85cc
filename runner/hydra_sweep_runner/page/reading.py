"""What is asked of the page without changing anything: an address's parameters to an answer."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from hydra_sweep_runner.commands.runs.details import details_of
from hydra_sweep_runner.commands.runs.diff import diff_runs
from hydra_sweep_runner.commands.runs.files import files_of, find_folders
from hydra_sweep_runner.commands.runs.log import close_all, open_logs
from hydra_sweep_runner.errors import Mistake, RunnerError, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Status, Unreadable, Value
from hydra_sweep_runner.operation.flags import MISSING
from hydra_sweep_runner.page import files
from hydra_sweep_runner.page.answer import Mistakes
from hydra_sweep_runner.page.batches import batches_json
from hydra_sweep_runner.page.cells import cell, shown_text, table_json, told_flags
from hydra_sweep_runner.page.drawer import drawer_json
from hydra_sweep_runner.page.live import View
from hydra_sweep_runner.page.logs import MOST_BYTES, Piece, read_piece
from hydra_sweep_runner.page.plan import plan_json
from hydra_sweep_runner.page.plots import charts_json
from hydra_sweep_runner.page.question import parse_part, parse_question, whole_number
from hydra_sweep_runner.page.site import Site
from hydra_sweep_runner.page.thinning import thinned
from hydra_sweep_runner.query.columns import varying_flags
from hydra_sweep_runner.query.upstream import own_first, with_upstream_flags
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.store.scalars import read_series
from hydra_sweep_runner.terminal.render import escape, short, shown_value

#: Parameters by name, each with all its values.
Given = Mapping[str, Sequence[str]]
#: Answers what is asked by a view of the store.
Read = Callable[[Site, View, Given], dict[str, Any]]

_MOST_CURVES = 24
_MOST_POINTS = 2000
_MOST_FILES = 2000
# How long a request for more of a log waits for it, and how often it looks.
_LOG_WAIT_S = 10.0
_LOG_LOOK_S = 0.25
_CHUNK_BYTES = 1 << 18


def _store(site: Site, view: View, given: Given) -> dict[str, Any]:
    """What the page begins with."""
    glances = [run.source.glance for run in view.runs if isinstance(run.source, Summary)]
    return {
        "cursor": f"{site.feed.epoch}.{view.cursor}",
        "store": _as_typed(site.store.root),
        "project": escape(site.project.folder.name),
        "read_only": site.read_only,
        "has_conf": (site.project.folder / "conf" / "config.yaml").is_file(),
        "total": len(view.runs),
        "unreadable": [
            {"id": run.id, "why": escape(run.source.why), "path": escape(run.source.path)}
            for run in view.runs
            if isinstance(run.source, Unreadable)
        ],
        "operations": _distinct(glance.operation.name for glance in glances),
        "steps": _distinct(step for run in view.runs for step in run.steps),
        "labels": _distinct(glance.label for glance in glances),
        "tags": _distinct(tag for glance in glances for tag in glance.tags),
        "batches": batches_json(view),
        "starts": site.project.starts.json(),
    }


def _distinct(texts: Iterable[str | None]) -> list[str]:
    """Each text once, in the order of its first appearance."""
    return [shown_text(text) for text in dict.fromkeys(texts) if text is not None]


def _as_typed(path: Path) -> str:
    """A path as people write it: `~` for their home."""
    home = Path.home()
    return escape(f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path))


def _runs(site: Site, view: View, given: Given) -> dict[str, Any]:
    with _telling_mistakes() as mistake:
        answer = site.answers.answer(view, parse_question(given))
        return table_json(answer, parse_part(given), view)
    return mistake


def _charts(site: Site, view: View, given: Given) -> dict[str, Any]:
    with _telling_mistakes() as mistake:
        answer = site.answers.answer(view, parse_question(given))
        return charts_json(answer, view.cursor, view.by_id)
    return mistake


@contextmanager
def _telling_mistakes() -> Iterator[dict[str, Any]]:
    """Answer a filter that is no filter, perhaps one that is being typed, by what is wrong with it
    under `mistake`: this is no failure of the request, which browsers would complain of."""
    told: dict[str, Any] = {}
    try:
        yield told
    except UnknownRun:
        raise
    except Mistake as error:
        lines = error.lines if isinstance(error, Mistakes) else (str(error),)
        told["mistake"] = "\n".join(escape(" ".join(line.split())) for line in lines)


def _run(site: Site, view: View, given: Given) -> dict[str, Any]:
    run_id = _id(site, view, given, "id")
    others = {seen.id: seen.source for seen in view.runs if not isinstance(seen.source, Unreadable)}
    details = details_of(site.store, view.run(run_id), others, site.project.folder)
    (seen,) = with_upstream_flags([view.by_id[run_id]], view.by_id)
    return {"cursor": view.cursor, **drawer_json(details, view.by_id, seen.upstream)}


def _plan(site: Site, view: View, given: Given) -> dict[str, Any]:
    return plan_json(view, _id(site, view, given, "batch"))


def _diff(site: Site, view: View, given: Given) -> dict[str, Any]:
    one, other = (_id(site, view, given, name) for name in ("a", "b"))
    difference = diff_runs(site.store, one, other)
    subjects = {
        subject: [
            {"name": escape(name), "a": _side(pair[0]), "b": _side(pair[1])}
            for name, pair in pairs.items()
        ]
        for subject, pairs in difference.subjects.items()
        if pairs
    }
    return {"a": one, "b": other, "subjects": subjects}


def _side(value: Any) -> Value:
    """A value of one of two runs as a cell; None if the run has none."""
    if value is MISSING:
        return None
    if value is None:
        return shown_value(None)
    return cell(list(value) if isinstance(value, tuple) else value)


def _files(site: Site, view: View, given: Given) -> dict[str, Any]:
    run_id = _id(site, view, given, "id")
    place = find_folders(site.store, site.store.read(run_id))
    found = files_of(place, own=bool(given.get("own")))
    return {
        "total": len(found),
        "files": [
            {
                "path": file.path,
                "shown": escape(file.path),
                "size": file.size_bytes,
                "link": None if file.link is None else escape(file.link),
                "is_regular": file.is_regular,
                "is_picture": PurePosixPath(file.path).suffix.lower() in files.PICTURES,
            }
            for file in found[:_MOST_FILES]
        ],
    }


def _file(site: Site, view: View, given: Given) -> dict[str, Any]:
    name = _name(given)
    found = files.read_beginning(site.store, _id(site, view, given, "id"), name)
    return {"text": found.text, "size": found.size, "shown": files.SHOWN_BYTES}


def _series(site: Site, view: View, given: Given) -> dict[str, Any]:
    """The curves of one scalar, each with its run's status and the flags that tell it from the
    others: its own, then those of upstream."""
    ids = [_resolve(site, view, text) for text in given.get("run", ()) if text]
    name = _name(given, "scalar")
    shown = with_upstream_flags([view.by_id[one] for one in ids[:_MOST_CURVES]], view.by_id)
    flags = own_first(varying_flags(shown), shown)
    curves = []
    for seen in shown:
        run_id = seen.id
        points = thinned(read_series(site.store.folder(run_id), name), _MOST_POINTS)
        curves.append(
            {
                "id": run_id,
                "status": seen.attributes.get("status"),
                "flags": told_flags(seen, flags),
                "steps": [step for step, _ in points],
                "values": [value if _is_finite(value) else None for _, value in points],
            }
        )
    return {"cursor": view.cursor, "scalar": escape(name), "curves": curves, "asked": len(ids)}


def _is_finite(value: float) -> bool:
    return value - value == 0


#: What is read by which address.
READ: Mapping[str, Read] = {
    "store": _store,
    "runs": _runs,
    "charts": _charts,
    "run": _run,
    "plan": _plan,
    "diff": _diff,
    "files": _files,
    "file": _file,
    "series": _series,
}


def parameters(request: Request) -> Given:
    """An address's parameters."""
    names = dict.fromkeys(request.query_params.keys())
    return {name: request.query_params.getlist(name) for name in names}


async def read(site: Site, name: str, request: Request) -> Response:
    """Answer by the store as it is now."""
    view = await site.feed.fresh()
    given = parameters(request)
    found = await asyncio.to_thread(READ[name], site, view, given)
    return JSONResponse(found)


async def read_store(site: Site) -> dict[str, Any]:
    """What the page begins with. Raises StoreFailed."""
    view = await site.feed.fresh()
    return await asyncio.to_thread(_store, site, view, {})


async def prepare_first(site: Site, request: Request) -> None:
    """Make the answer that a page at this address asks for first, while a browser loads the page's
    files. What is wrong with the question is told to the page when it asks."""
    with suppress(RunnerError):
        view = await site.feed.fresh()
        question = parse_question(parameters(request))
        await asyncio.to_thread(site.answers.answer, view, question)


async def read_log(site: Site, request: Request) -> Response:
    """A piece of a run's log. With `wait`, an answer comes when there is more than the page has,
    or the run has ended, or after some seconds."""
    given = parameters(request)
    view = await site.feed.fresh()
    run_id = _id(site, view, given, "id")
    has_offset = bool(given.get("offset"))
    offset = whole_number(given, "offset", 0) if has_offset else None
    file = next(iter(given.get("file", ())), "") or None
    most = min(MOST_BYTES, max(1, whole_number(given, "most", MOST_BYTES)))
    last_s = time.monotonic() + (_LOG_WAIT_S if given.get("wait") else 0.0)
    while True:
        is_over = await asyncio.to_thread(_has_ended, site, run_id)  # before reading: all is there
        piece = await asyncio.to_thread(
            read_piece,
            site.store,
            run_id,
            offset=offset,
            file=file,
            most=most,
            is_earlier=bool(given.get("earlier")),
        )
        is_news = offset is None or _is_news(piece, offset, file)
        if is_news or is_over or time.monotonic() >= last_s or site.feed.is_closing:
            return JSONResponse({**piece.json(), "ended": is_over and piece.end == piece.size})
        await asyncio.sleep(_LOG_LOOK_S)


def _is_news(piece: Piece, offset: int, file: str | None) -> bool:
    return piece.end != offset or (file is not None and piece.file != file)


def _has_ended(site: Site, run_id: str) -> bool:
    try:
        status = site.store.observe(site.store.read(run_id)).state.status
    except (UnknownRun, UnreadableRecord):
        return True
    return status not in (Status.RUNNING, Status.PENDING)


async def download(site: Site, request: Request) -> Response:
    """A file of a run, as it is: a picture to be shown, anything else to be saved; with `log` its
    log."""
    given = parameters(request)
    view = await site.feed.fresh()
    run_id = _id(site, view, given, "id")
    if given.get("log"):
        logs = await asyncio.to_thread(open_logs, site.store, run_id)
        if not logs:
            raise Mistake(f"{short(run_id)} has no log yet")
        sized = [(log, os.fstat(log).st_size) for log in logs]
        return _sent(sized, f"{short(run_id)}.log", None)
    name = _name(given)
    path = await asyncio.to_thread(files.locate, site.store, run_id, name)
    opened, size = await asyncio.to_thread(files.open_file, path)
    picture = files.PICTURES.get(PurePosixPath(name).suffix.lower())
    return _sent([(opened, size)], path.name, None if given.get("save") else picture)


def _sent(sized: Sequence[tuple[int, int]], name: str, picture: str | None) -> Response:
    """Files that are open, one after the other, each with its size: as a picture of that type or
    to be saved under a name."""
    headers = {"Content-Length": str(sum(size for _, size in sized))}
    if picture is None:
        plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
        headers["Content-Disposition"] = f'attachment; filename="{plain}"'
    return StreamingResponse(
        _content(sized),
        media_type=picture or "application/octet-stream",
        headers=headers,
    )


def _content(sized: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """So many bytes of each file, and no more: it may be growing."""
    try:
        for opened, size in sized:
            left = size
            while left and (data := os.read(opened, min(_CHUNK_BYTES, left))):
                left -= len(data)
                yield data
    finally:
        close_all(opened for opened, _ in sized)


async def events(site: Site, request: Request) -> Response:
    """The stream of changes, from the last one that the page has on."""
    await site.feed.fresh()
    last = request.headers.get("last-event-id") or request.query_params.get("cursor")
    return StreamingResponse(
        _encoded(site.feed.stream(last)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _encoded(stream: AsyncIterator[str]) -> AsyncIterator[bytes]:
    async for text in stream:
        yield text.encode()


def _id(site: Site, view: View, given: Given, name: str) -> str:
    """The run that a parameter names, by its id or a beginning of it. Raises Mistake, UnknownRun
    and AmbiguousRun."""
    values = [text for text in given.get(name, ()) if text]
    if len(values) != 1:
        raise Mistake(f"{name}: give the id of one run")
    return _resolve(site, view, values[0])


def _resolve(site: Site, view: View, text: str) -> str:
    found = text if text in view.by_id else site.store.resolve(text[:64])
    if found not in view.by_id:
        raise UnknownRun(f"run {short(found)} is not there any more")
    return found


def _name(given: Given, name: str = "path") -> str:
    values = [text for text in given.get(name, ()) if text]
    if len(values) != 1:
        raise Mistake(f"{name}: give one name")
    return values[0]
