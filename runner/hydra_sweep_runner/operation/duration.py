"""How long something takes, as people write it: `90s`, `30m`, `2h`, `7d`. Pure."""

from __future__ import annotations

import re

_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def read_seconds(text: str) -> float | None:
    """The seconds that a text means; None if it is no duration. They may be infinite."""
    match = _WRITTEN.fullmatch(text.strip())
    return None if match is None else float(match[1]) * _SECONDS[match[2]]
