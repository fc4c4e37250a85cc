"""The stream of changes that each open page listens to, and the one watch that feeds them all.

The store is looked at once a second for all streams together, and not at all while there is none.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

from hydra_sweep_runner.errors import RunnerError
from hydra_sweep_runner.model import Kind
from hydra_sweep_runner.page.batches import batch_json
from hydra_sweep_runner.page.live import Changes, Live, View
from hydra_sweep_runner.page.starts import Starts
from hydra_sweep_runner.record.fields import Summary

#: How often the store is looked at while a page is open, in seconds.
LOOK_S = 1.0
#: A stream says something this often, so that a page that is gone is noticed.
ALIVE_S = 15.0
#: With more changes than this at once, pages read everything anew.
MOST_TOLD = 500


class Feed:
    """What has changed, for pages that are open. For one event loop.

    An event's id is `EPOCH.CURSOR`: the epoch is this process's, so that a page which comes back
    after a new start of the server reads everything anew.
    """

    def __init__(self, live: Live, starts: Starts) -> None:
        self.epoch = secrets.token_hex(4)
        self._live = live
        self._starts = starts
        self._streams = 0
        self._watch: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._looking = asyncio.Lock()
        self._closing = False
        self._trouble: str | None = None
        self._told_starts = "[]"
        self._turn = 0

    async def fresh(self, *, at_once: bool = False) -> View:
        """The present view: what the watch has seen, or a look if nobody watches or it has to
        be what is there at once. Raises StoreFailed."""
        if self._watch is None or at_once:
            return await self._look()
        return self._live.view

    @property
    def is_closing(self) -> bool:
        """Whether the server is about to end: nobody should wait any longer."""
        return self._closing

    async def close(self) -> None:
        """End all streams."""
        self._closing = True
        async with self._news:
            self._news.notify_all()

    async def stream(self, last: str | None) -> AsyncIterator[str]:
        """Events, as text, from the one behind the id `last` on."""
        epoch, _, text = (last or "").partition(".")
        is_known = epoch == self.epoch and text.isascii() and text.isdigit()
        cursor, turn = (int(text) if is_known else -1), -1
        self._streams += 1
        if self._watch is None:
            self._watch = asyncio.create_task(self._watching())
        try:
            while not self._closing:
                if self._is_news(cursor, turn):
                    changes, turn = self._live.since(cursor), self._turn
                    yield self._event(changes, is_known=cursor >= 0)
                    cursor = changes.cursor
                elif not await self._wait(cursor, turn):
                    yield ": alive\n\n"
        finally:
            self._streams -= 1
            if not self._streams:
                self._watch.cancel()
                self._watch = None

    def _is_news(self, cursor: int, turn: int) -> bool:
        return self._live.view.cursor != cursor or self._turn != turn

    async def _wait(self, cursor: int, turn: int) -> bool:
        """Wait for news, or the end; whether there was any before the stream has to show that
        it is alive."""

        def is_over() -> bool:
            return self._closing or self._is_news(cursor, turn)

        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(is_over), ALIVE_S)
            except asyncio.TimeoutError:
                return False
        return True

    def _event(self, changes: Changes, *, is_known: bool) -> str:
        """What has changed, as an event; `all` where it is too much to be told one by one."""
        told: dict[str, Any] = {"all": True}
        if is_known and len(changes.changed) + len(changes.gone) <= MOST_TOLD:
            told = {
                "changed": list(changes.changed),
                "gone": list(changes.gone),
                "batches": self._batches(changes.changed),
            }
        body = {
            "cursor": changes.cursor,
            "total": len(self._live.view.runs),
            **told,
            "trouble": self._trouble,
            "starts": self._starts.json(),
        }
        data = json.dumps(body)
        return f"id: {self.epoch}.{changes.cursor}\nevent: changes\ndata: {data}\n\n"

    def _batches(self, changed: Sequence[str]) -> list[dict[str, Any]]:
        """The batches that look otherwise: those among the changed, and those that hold one."""
        by_id = self._live.view.by_id
        found: dict[str, None] = {}
        for run_id in changed:
            seen = by_id.get(run_id)
            if seen is not None and isinstance(seen.source, Summary):
                found |= dict.fromkeys(seen.source.batches)
                found |= dict.fromkeys([run_id] if seen.source.glance.kind is Kind.BATCH else [])
        summaries = (by_id[batch].source for batch in found if batch in by_id)
        return [batch_json(one, by_id) for one in summaries if isinstance(one, Summary)]

    async def _watching(self) -> None:
        while True:
            trouble = None
            try:
                await self._look()
            except RunnerError as error:  # every page is told, and it is tried again
                trouble = str(error)
            await self._tell(trouble)
            await asyncio.sleep(LOOK_S)

    async def _tell(self, trouble: str | None) -> None:
        """Wake the streams if anything but the store has changed."""
        starts = json.dumps(self._starts.json())
        if (trouble, starts) != (self._trouble, self._told_starts):
            self._trouble, self._told_starts = trouble, starts
            self._turn += 1
            async with self._news:
                self._news.notify_all()

    async def _look(self) -> View:
        async with self._looking:
            before = self._live.view.cursor
            view = await asyncio.to_thread(self._live.look)
        if view.cursor != before:
            async with self._news:
                self._news.notify_all()
        return view
