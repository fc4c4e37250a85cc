"""The overrides of one value each that a swept override stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra.core.override_parser.types import IntervalSweep

from hydra_sweep_runner.compose.overrides import is_sweep, parse_override

if TYPE_CHECKING:
    from hydra_sweep_runner.compose.sweeps import ConfigGroups


def single_values(text: str, groups: ConfigGroups) -> Sequence[str]:
    """An override for each value of a swept one, at least one; that of the lower end for an
    interval. `groups` lists the configs that a glob chooses from. Raises Mistake."""
    if not is_sweep(text):
        return [text]
    from hydra_sweep_runner.compose.sweeps import dimensions

    values = dimensions([text], 0, groups)[0].overrides
    if len(values):
        return values
    override = parse_override(text)
    low = override._value.start if isinstance(override._value, IntervalSweep) else 0
    return [f"{override.get_key_element()}={low}"]
