"""Explains an override of a flag that a sweep's trials have with some of the swept choices only."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.value_overrides import has_flag
from hydra_sweep_runner.errors import Mistake, UnknownFlag
from hydra_sweep_runner.planning.combinations import Dimension

#: The most choices that are named, and the most of a group that are composed to find them.
_MOST_NAMED = 3
_MOST_COMPOSED = 100


def of_some_choices(
    composer: Composer, dimensions: Sequence[Dimension], name: str, given: str
) -> UnknownFlag | None:
    """The mistake for the override `given` of the flag `name`, if there is such a flag with some
    choices of a swept config group and none with others; None if that is not so."""
    groups = [one for one in dimensions if one.overrides and _is_choice(composer, one)]
    for one in groups:
        first = [other.overrides[0] for other in groups if other is not one]
        choices = list(islice(one.overrides, _MOST_COMPOSED))
        with_flag = []
        with suppress(Mistake):  # a choice that does not compose is told by itself
            with_flag = [
                text for text in choices if has_flag(composer.trial([*first, text]).job(), name)
            ]
        without = [text for text in choices if text not in with_flag]
        if with_flag and without:
            change = given.lstrip("+")
            return UnknownFlag(
                f"{given}: with {_named(without)} there is no flag {name}, with "
                f"{_named(with_flag)} there is: start a sweep for each, or give ++{change}, which "
                "adds the flag where it is missing",
                name=name,
                override=given,
            )
    return None


def _is_choice(composer: Composer, dimension: Dimension) -> bool:
    return dimension.swept and composer.is_group_choice(dimension.overrides[0])


def _named(choices: Sequence[str]) -> str:
    """Choices as they are typed, the first few of them."""
    named = [text.lstrip("+") for text in choices[:_MOST_NAMED]]
    more = f" and {len(choices) - len(named)} more" if len(choices) > len(named) else ""
    return f"{' or '.join(named)}{more}"
