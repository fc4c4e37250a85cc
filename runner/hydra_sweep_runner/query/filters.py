"""Which runs are meant: the filters that all commands share, and their combination."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.query.evaluate import Subject, holds
from hydra_sweep_runner.query.names import check_names
from hydra_sweep_runner.query.tree import Expression

_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


class Candidate(Subject, Protocol):
    """A run that filters look at."""

    @property
    def at(self) -> datetime | None:
        """When it was last started or, if never, initialised; None where that is unknown."""
        ...


_C = TypeVar("_C", bound=Candidate)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a run has to be; what is None or empty asks for nothing.

    `statuses` are alternatives; `batch` is the whole id of a batch whose plan holds the run;
    `since` is aware.
    """

    operation: str | None = None
    statuses: tuple[str, ...] = ()
    kind: str | None = None
    batch: str | None = None
    step: str | None = None
    label: str | None = None
    tag: str | None = None
    since: datetime | None = None
    where: Expression | None = None


def select(filters: Filters, candidates: Iterable[_C]) -> list[_C]:
    """Those that all of the filters hold for, in their order.

    Raises Mistake for a name in `where` that none has of those that the others select, if
    they select any.
    """
    chosen = [candidate for candidate in candidates if _is_plain_match(filters, candidate)]
    where = filters.where
    if where is None:
        return chosen
    check_names([where], chosen)
    return [candidate for candidate in chosen if holds(where, candidate)]


def _is_plain_match(filters: Filters, candidate: Candidate) -> bool:
    attributes = candidate.attributes
    for name, wanted in (
        ("operation", filters.operation),
        ("kind", filters.kind),
        ("step", filters.step),
        ("label", filters.label),
    ):
        if wanted is not None and attributes.get(name) != wanted:
            return False
    if filters.statuses and attributes.get("status") not in filters.statuses:
        return False
    for name, member in (("batch", filters.batch), ("tags", filters.tag)):
        if member is not None and not _holds_text(attributes.get(name), member):
            return False
    return filters.since is None or (candidate.at is not None and candidate.at >= filters.since)


def _holds_text(value: object, text: str) -> bool:
    return isinstance(value, (list, tuple)) and text in value


def parse_since(text: str, now: datetime) -> datetime:
    """The time that `2h`, `30m`, `7d` ago was, or that a date is.

    A date without a zone is in that of this machine. Raises Mistake.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return now - timedelta(seconds=float(ago[1]) * _SECONDS[ago[2]])
        if _DATE.fullmatch(text.strip()) is not None:
            return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).astimezone()
    except (ValueError, OverflowError):
        pass
    raise Mistake(
        f"--since {text}: not a time; give 2h, 30m or 7d, for so long ago, or a date like "
        "2026-01-31 or 2026-01-31T12:00"
    )
