"""A comparison as one HTML file that needs nothing else, no network either."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from hydra_sweep_runner.charts.library import ECHARTS


def render_html(data: Mapping[str, Any], title: str) -> str:
    """The page of a comparison's charts (`data.chart_data`), the scripts in it."""
    # In a script's text only these three could end it, or begin what is no script.
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
