"""The stream of changes: deltas with one cursor, and no watch while nobody looks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.model import Status
from hydra_sweep_runner.page import feed as feed_module
from hydra_sweep_runner.page.feed import Feed
from hydra_sweep_runner.page.live import Live, View
from hydra_sweep_runner.page.starts import Starts
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from tests.stores import run_of


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "LOOK_S", 0.01)


def make(folder: Path) -> tuple[RunStore, Feed]:
    store = RunStore.open(folder / "runs", create=True)
    store.create(run_of("a" * 32, Status.COMPLETED, started=now()))
    live = Live(store)
    live.look()
    return store, Feed(live, Starts(folder))


async def event(stream: AsyncIterator[str]) -> tuple[str, dict[str, Any]]:
    """The next event of a stream: its id and its data."""
    text = await asyncio.wait_for(anext(stream), 20)
    head, kind, data = text.strip().split("\n")
    assert kind == "event: changes"
    return head.removeprefix("id: "), json.loads(data.removeprefix("data: "))


async def close(*streams: AsyncIterator[str]) -> None:
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]


def test_a_page_that_comes_reads_everything_and_then_hears_what_changes(tmp_path: Path) -> None:
    async def run() -> None:
        store, feed = make(tmp_path)
        stream = feed.stream(None)
        first, told = await event(stream)
        assert told["all"] is True
        store.create(run_of("b" * 32))
        second, told = await event(stream)
        assert (told["changed"], told["gone"]) == (["b" * 32], [])
        assert told["total"] == 2
        store.delete(["b" * 32])
        third, told = await event(stream)
        assert told["total"] == 1
        assert (told["changed"], told["gone"]) == ([], ["b" * 32])
        cursors = [int(one.partition(".")[2]) for one in (first, second, third)]
        assert cursors == sorted(set(cursors))
        await close(stream)

    asyncio.run(run())


def test_a_page_that_comes_back_hears_what_it_has_missed_and_no_more(tmp_path: Path) -> None:
    async def run() -> None:
        store, feed = make(tmp_path)
        stream = feed.stream(None)
        seen, _ = await event(stream)
        await close(stream)
        store.create(run_of("b" * 32))
        store.create(run_of("c" * 32))
        await feed.fresh()
        again = feed.stream(seen)
        _, told = await event(again)
        assert set(told["changed"]) == {"b" * 32, "c" * 32} and "all" not in told
        other = feed.stream(f"otherone.{seen.partition('.')[2]}")
        _, told = await event(other)
        assert told["all"] is True  # another server's cursor says nothing
        await close(again, other)

    asyncio.run(run())


def test_nobody_watches_while_no_page_is_open_and_one_watches_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        _, feed = make(tmp_path)
        looks = 0
        look = Live.look

        def counted(self: Live) -> View:
            nonlocal looks
            looks += 1
            return look(self)

        monkeypatch.setattr(Live, "look", counted)
        await asyncio.sleep(0.1)
        assert looks == 0
        streams = [feed.stream(None) for _ in range(5)]
        for stream in streams:
            await event(stream)
        assert feed._watch is not None
        watch = feed._watch
        await close(*streams)
        assert feed._watch is None
        await asyncio.wait([watch], timeout=5)
        before = looks
        await asyncio.sleep(0.1)
        assert looks == before

    asyncio.run(run())


def test_a_store_that_cannot_be_read_is_told_and_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        store, feed = make(tmp_path)
        stream = feed.stream(None)
        await event(stream)

        def failing(self: Live) -> View:
            raise StoreFailed("the disk is gone")

        with monkeypatch.context() as patch:
            patch.setattr(Live, "look", failing)
            _, told = await event(stream)
            assert told["trouble"] == "the disk is gone"
        _, told = await event(stream)
        assert told["trouble"] is None
        store.create(run_of("b" * 32))
        _, told = await event(stream)
        assert told["changed"] == ["b" * 32]
        await close(stream)

    asyncio.run(run())


def test_streams_end_with_the_server(tmp_path: Path) -> None:
    async def run() -> None:
        _, feed = make(tmp_path)
        stream = feed.stream(None)
        await event(stream)
        waiting = asyncio.ensure_future(anext(stream, "over"))
        await asyncio.sleep(0.05)
        await feed.close()
        assert await asyncio.wait_for(waiting, 5) == "over"

    asyncio.run(run())
