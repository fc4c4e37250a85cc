"""The files that the page is made of, by the paths under which they are served."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import resources

from hydra_sweep_runner.charts.vendored_files import (
    ECHARTS,
    TABULATOR,
    TABULATOR_CSS,
    UPLOT,
    UPLOT_CSS,
)
from hydra_sweep_runner.dataclass import dataclass

_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Static:
    """A file of the page: its type, and what gives its content."""

    media_type: str
    read: Callable[[], bytes]

    @cached_property
    def content(self) -> bytes:
        """The file, read once."""
        return self.read()

    @cached_property
    def etag(self) -> str:
        """Tells it from any other content."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:24]}"'


def _own() -> dict[str, Static]:
    """Our own files: `page.css`, `js/main.js`, …"""
    found = {}
    root = resources.files(__package__).joinpath("static")
    for folder, prefix in ((root, ""), (root.joinpath("js"), "js/")):
        for file in folder.iterdir():
            ending = file.name.rpartition(".")[2]
            if file.is_file() and ending in _TYPES:
                found[f"{prefix}{file.name}"] = Static(_TYPES[ending], file.read_bytes)
    return found


def static_files() -> Mapping[str, Static]:
    """All of them; `index.html` is not served under that name."""
    charts = resources.files("hydra_sweep_runner.charts").joinpath("charts.js")
    return {
        **_own(),
        "vendored/charts.js": Static(_TYPES["js"], charts.read_bytes),
        **{
            f"vendored/{library.file}": Static(
                _TYPES[library.file.rpartition(".")[2]], library.read
            )
            for library in (ECHARTS, TABULATOR, TABULATOR_CSS, UPLOT, UPLOT_CSS)
        },
    }
