"""The page's HTML: what it fetches first, and what it holds already."""

from __future__ import annotations

import html
import json
import re

import pytest

from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.page.static_files import static_files
from tests.page.conftest import client_of, open_page
from tests.scenarios.project import Project

FILES = static_files()


def imported(module: str) -> set[str]:
    """The modules that a module of ours imports at its start, and those that they import."""
    text = FILES[f"js/{module}"].content.decode()
    direct = set(re.findall(r'^import .* from "\./(\w+\.js)";', text, re.MULTILINE))
    return direct.union(*map(imported, direct))


def test_all_modules_that_it_begins_with_are_fetched_at_once() -> None:
    text = FILES["index.html"].content.decode()
    fetched = re.findall(r'rel="modulepreload" href="/static/js/(\w+\.js)"', text)
    assert sorted(imported("main.js")) == fetched


def at_start(page: str) -> object:
    (held,) = re.findall(r'<meta name="store" content="(.*)">', page)
    return json.loads(html.unescape(held))


def test_it_holds_what_it_begins_with_whatever_names_there_are(project: Project) -> None:
    batch = project.newest("batch")["id"]
    project.run("runs", "label", batch, "</script><script>alert(1)</script> %TOKEN%")
    client = client_of(open_page(project))
    page = client.get("/").text
    assert at_start(page) == client.get("/api/store").json()
    assert page.count("<script") == 2


def test_it_is_served_while_the_store_cannot_be_read(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = open_page(project)

    def fail() -> None:
        raise StoreFailed("cannot read runs: Stale file handle")

    monkeypatch.setattr(site.live, "look", fail)
    client = client_of(site)
    assert at_start(client.get("/").text) is None
    assert client.get("/api/store").status_code == 503
