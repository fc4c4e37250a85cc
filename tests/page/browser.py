"""The page in a real browser: the Chromium of this system, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.scenarios.project import Project

WAIT_MS = 30_000

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """The browser, without a screen."""
    expect.set_options(timeout=WAIT_MS)
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@contextmanager
def served(project: Project, *words: str) -> Iterator[str]:
    """The page of a project, by the real command; gives its address."""
    with project.at_work("page", "--no-open", *words) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip().rstrip("/")


#: Tabs that tests have left as they found them, by browser: a page loads four times faster in one.
_left: WeakKeyDictionary[Browser, list[Page]] = WeakKeyDictionary()


@contextmanager
def tab(
    browser: Browser,
    address: str,
    *,
    is_clean: bool = True,
    is_new: bool = False,
    forgiven: str = "",
) -> Iterator[Page]:
    """A tab with the page in it, ready, as of somebody who has never seen it. Afterwards nothing
    may have been complained of, but for what has the text `forgiven` in it, nor asked of another
    machine. A test that changes more than the tab's storage, size and scheme needs one that
    `is_new`."""
    left = _left.setdefault(browser, [])
    page = left.pop() if left and not is_new else browser.new_context().new_page()
    page.set_default_timeout(WAIT_MS)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    complaints: list[str] = []
    asked: list[str] = []
    listeners: dict[Any, Callable[[Any], None]] = {
        "console": lambda message: complaints.append(_told(message)),
        "pageerror": lambda error: complaints.append(str(error)),
        "request": lambda request: asked.append(request.url),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    page.goto(address)
    page.wait_for_selector("body.ready")
    yield page
    host = "/".join(address.split("/")[:3])
    assert [url for url in asked if not url.startswith(host) and not url.startswith("data:")] == []
    if is_clean:
        told = [each for each in complaints if not forgiven or forgiven not in each]
        assert not told, told
    if is_new:
        page.context.close()
        return
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.goto("about:blank")
    left.append(page)


def _told(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text} {message.location}"


def rows(page: Page) -> list[str]:
    """The ids of the rows in sight, from the top."""
    found = page.locator(".tabulator-row").evaluate_all(
        "rows => rows.map((row) => row.dataset.id).filter(Boolean)"
    )
    assert isinstance(found, list)
    return found


def count(page: Page) -> str:
    """How many runs the page says that there are."""
    return page.locator("#count").inner_text()


def confirm(page: Page, verb: str) -> str:
    """Confirm what is asked; gives the command that was shown."""
    command = page.locator("dialog .command")
    expect(command).to_be_visible()
    text = command.inner_text()
    page.locator(f"dialog button:text-is('{verb}')").click()
    expect(page.locator("dialog")).to_be_hidden()
    return text


#: The rectangles on the axes of the parallel coordinates, each by its place and size.
_RECTANGLES = """() => {
  const drawing = document.querySelector("[data-chart=parallel] .drawing");
  const shapes = echarts.getInstanceByDom(drawing).getZr().storage.getDisplayList(true);
  return shapes.filter((shape) => shape.name === "main").map((shape) => {
    const { x, y, width, height } = shape.getBoundingRect();
    return [x, y, width, height].map(Math.round);
  });
}"""


def rectangles(page: Page) -> list[list[int]]:
    """What is marked on the axes, as it is drawn."""
    found: list[list[int]] = page.evaluate(_RECTANGLES)
    return found
