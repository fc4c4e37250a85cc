"""Added overrides that were meant to choose a config: what is suggested, on both lines of Hydra."""

from __future__ import annotations

import pytest

from hydra_sweep_runner.compose.unknown_groups import check_groups
from hydra_sweep_runner.errors import Mistake

GROUPS = {"": ["experiment", "model"], "experiment": ["fine"], "model": ["small"]}


def check(text: str) -> None:
    check_groups([text], GROUPS.__contains__, lambda g: GROUPS.get(g, []), lambda g: GROUPS[g])


def test_an_added_name_like_a_group_s_with_a_config_of_its_value_is_a_mistake() -> None:
    with pytest.raises(Mistake, match="did you mean \\+experiment=fine"):
        check("+experimnt=fine")
    check("+experimnt=7")
    check("++experimnt=fine")
