"""The filters that select runs, common to all commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.operation.duration import read_seconds
from hydra_sweep_runner.query.conditions import check_no_number
from hydra_sweep_runner.query.evaluate import Subject, holds
from hydra_sweep_runner.query.meant import (
    instead,
    texts_of,
    texts_that_none_has,
    unlike_kinds,
    values_for_lists,
)
from hydra_sweep_runner.query.names import check_names
from hydra_sweep_runner.query.tree import Expression, Name, Scope

_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


class Candidate(Subject, Protocol):
    """A run that filters are applied to."""

    @property
    def at(self) -> datetime | None:
        """Its last start or, if never started, its initialisation; None if that is unknown."""
        ...


_C = TypeVar("_C", bound=Candidate)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The conditions on a run; None or an empty collection is no condition.

    `statuses` are alternatives. `step` is one of those that the run fills. `batch` is the whole id
    of a batch whose plan contains the run. `since` is aware.
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
    """The candidates that meet all conditions, in their order.

    Raises Mistake for a name in `where` that none of the candidates selected by the other filters
    has, if those select any, and for one that stands alone and has a number for any of them.
    """
    tests = _plain_tests(filters)
    chosen = [one for one in candidates if all(test(one) for test in tests)]
    where = filters.where
    if where is None:
        return chosen
    check_names([where], chosen)
    check_no_number(where, chosen)
    return [candidate for candidate in chosen if holds(where, candidate)]


def explain_nothing(filters: Filters, candidates: Sequence[Candidate]) -> list[str]:
    """For filters that select none of the candidates: what those have instead of a text that none
    of them has, `status has: completed, error`, or of a value of another kind, and what is meant
    where a list is compared."""
    wanted = [
        *((name, text) for name, text in _equal_texts(filters).items() if text is not None),
        *(("status", status) for status in filters.statuses),
        *(("tags", tag) for tag in (filters.tag,) if tag is not None),
    ]
    if filters.step is not None and not any(filters.step in one.steps for one in candidates):
        wanted.append(("step", filters.step))
    hints = {}
    for name, text in wanted:
        known = texts_of(Name(Scope.RUN, name), candidates)
        if known and text not in known:
            hints[name] = instead(name, text, known)
    if filters.where is not None and not hints:
        tests = _plain_tests(filters)
        chosen = [one for one in candidates if all(test(one) for test in tests)]
        for name, text, there in texts_that_none_has(filters.where, chosen):
            hints.setdefault(name, instead(name, text, there))
        for name, there_is in unlike_kinds(filters.where, chosen):
            hints.setdefault(name, there_is)
        for meant in values_for_lists(filters.where, chosen):
            hints.setdefault(meant, f"of a list: {meant}")
    return list(hints.values())


_Test = Callable[[Candidate], bool]


def _plain_tests(filters: Filters) -> list[_Test]:
    """The conditions other than `where`; only those that were given."""
    equals = _equal_texts(filters)
    holds = {"batch": filters.batch, "tags": filters.tag}
    tests = [_equals(name, text) for name, text in equals.items() if text is not None]
    tests += [_holds(name, text) for name, text in holds.items() if text is not None]
    statuses, since, step = filters.statuses, filters.since, filters.step
    if step is not None:
        tests.append(lambda one: step in one.steps)
    if statuses:
        tests.append(lambda one: one.attributes.get("status") in statuses)
    if since is not None:
        tests.append(lambda one: one.at is not None and one.at >= since)
    return tests


def _equal_texts(filters: Filters) -> dict[str, str | None]:
    """The texts that an attribute must be equal to, by its name; None is no condition."""
    return {
        "operation": filters.operation,
        "kind": filters.kind,
        "label": filters.label,
    }


def _equals(name: str, text: str) -> _Test:
    return lambda one: one.attributes.get(name) == text


def _holds(name: str, text: str) -> _Test:
    def test(one: Candidate) -> bool:
        value = one.attributes.get(name)
        return isinstance(value, (list, tuple)) and text in value

    return test


def parse_since(text: str, now: datetime) -> datetime:
    """The time that `2h`, `30m` or `7d` ago was, or the time of a date.

    A date without a zone is in this machine's. Raises Mistake.
    """
    ago_s = read_seconds(text)
    try:
        if ago_s is not None:
            return now - timedelta(seconds=ago_s)
        if _DATE.fullmatch(text.strip()) is not None:
            return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).astimezone()
    except (ValueError, OverflowError):
        pass
    raise Mistake(
        f"--since {text}: not a time; give 2h, 30m or 7d, for so long ago, or a date like "
        "2026-01-31 or 2026-01-31T12:00"
    )
