"""The filters that all commands on many runs share, as options of click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from hydra_sweep_runner.commands.runs.selecting import KINDS, STATUSES, Asked

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = (
    ("operation", "NAME", "Runs of this operation."),
    ("status", "STATUS", f"Runs with this status ({', '.join(STATUSES)}); may be repeated."),
    ("kind", "KIND", f"Only {', '.join(KINDS)}."),
    ("batch", "ID", "Runs in the plan of this batch."),
    ("step", "NAME", "Runs of this step of a pipeline."),
    ("label", "TEXT", "Runs with this label."),
    ("tag", "TEXT", "Runs with this tag."),
    ("since", "TIME", "Started in the last 2h, 30m or 7d, or since 2026-01-31[T12:00]."),
    ("where", "EXPR", "Runs that an expression holds for: 'lr < 0.1 and min(loss) < 0.5'."),
)

#: The names of the filters.
FILTERS = tuple(name for name, _, _ in _OPTIONS)


def with_filters(command: _F) -> _F:
    """Add the filters to a command, which gets them in its keyword argument `asked`."""

    def gather(**given: Any) -> Any:
        asked = Asked(**{name: given.pop(name) for name, _, _ in _OPTIONS})
        return command(asked=asked, **given)

    gather.__doc__ = command.__doc__
    gather.__name__ = command.__name__
    wrapped: Any = gather
    wrapped.__click_params__ = getattr(command, "__click_params__", [])
    for name, metavar, text in reversed(_OPTIONS):
        several = name == "status"
        option = click.option(f"--{name}", metavar=metavar, multiple=several, help=text)
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]
