"""Times as text: ISO 8601, UTC, with microseconds."""

from __future__ import annotations

from datetime import datetime, timezone


def time_text(time: datetime) -> str:
    """The text of an aware time."""
    if time.tzinfo is not timezone.utc:
        time = time.astimezone(timezone.utc)
    return time.isoformat(timespec="microseconds")
