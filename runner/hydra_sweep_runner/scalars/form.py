"""The printed lines that report scalars, as `operation.scalars` defines them. Pure."""

from __future__ import annotations

import re
from typing import TypeAlias

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake


@dataclass(frozen=True)
class Pairs:
    """Lines that consist of pairs only, `loss: 0.25` or `step=3 loss=0.25`: the default."""


@dataclass(frozen=True)
class Pattern:
    """Every match of a regular expression in a line; its groups are `name`, `value` and,
    optionally, `step`."""

    regex: re.Pattern[str]


#: None: printed lines report nothing.
Form: TypeAlias = Pairs | Pattern | None


def parse_form(value: object) -> Form:
    """The form that `operation.scalars` asks for: true, false or a regular expression.

    Raises Mistake for an expression that does not compile or lacks a group, and for any other
    value.
    """
    if value is None or value is True:
        return Pairs()
    if value is False:
        return None
    if not isinstance(value, str):
        raise Mistake(
            "operation.scalars has to be true, false or a regular expression with the groups "
            f"name and value, not {value!r}"
        )
    try:
        regex = re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise Mistake(f"operation.scalars is no regular expression: {error}: {value}") from error
    missing = [group for group in ("name", "value") if group not in regex.groupindex]
    if missing:
        raise Mistake(
            f"operation.scalars has no group {' and no group '.join(missing)}: write "
            f"(?P<name>…) and (?P<value>…) into {value}"
        )
    return Pattern(regex)
