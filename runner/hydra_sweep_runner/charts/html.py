"""A comparison as a single HTML file that needs no other file and no network."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from hydra_sweep_runner.charts.vendored_files import ECHARTS


def render_html(data: Mapping[str, Any], title: str) -> str:
    """The page with a comparison's charts (`data.chart_data`), its scripts included."""
    # Only these three characters could end the script element, or begin a comment in it.
    content = json.dumps(data).replace("<", "\\u003c").replace(">", "\\u003e")
    content = content.replace("&", "\\u0026")
    parts = {
        "TITLE": html.escape(title),
        "ECHARTS": ECHARTS.read().decode("utf-8"),
        "CHARTS": _read("charts.js"),
        "DATA": content,
    }
    place = re.compile(f"%({'|'.join(parts)})%")
    return place.sub(lambda found: parts[found[1]], _read("comparison.html"))


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
