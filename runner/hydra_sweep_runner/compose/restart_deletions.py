"""Allows a restart's `~name` in a Hydra program whose YAML does not have the flag.

Hydra composes a sweep's configuration with all typed overrides before it calls the sweeper. A flag
that an earlier start added with `+name=` is not in that configuration, so Hydra refuses `~name`,
although the restart composes from other overrides, which contain the flag. So deletions are left
out of that single composition. The sweeper gets them, and checks them itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra._internal import config_loader_impl
from hydra.core.override_parser.types import Override, OverrideType

#: The module in which Hydra's loader looks the function up.
_LOADER: Any = config_loader_impl


def restarts_and_deletes(words: Sequence[str]) -> bool:
    """Whether a command line has both a restart and a deletion."""
    return any(word.startswith("~") for word in words) and any(
        word.startswith(("+restart=", "hydra.sweeper.restart=")) for word in words
    )


def leave_deletions_to_sweeper() -> None:
    """Make Hydra compose the sweep of a restart without the deletions among the overrides.

    Jobs, and sweeps that are no restart, are composed as usual.
    """
    made = _LOADER.create_defaults_list
    if getattr(made, "leaves_deletions", False):
        return

    def create_defaults_list(*given: Any, **named: Any) -> Any:
        overrides = named.get("overrides_list")
        if named.get("skip_missing") and overrides and any(map(_is_restart, overrides)):
            named["overrides_list"] = [one for one in overrides if not one.is_delete()]
        return made(*given, **named)

    replaced: Any = create_defaults_list
    replaced.leaves_deletions = True
    _LOADER.create_defaults_list = replaced


def _is_restart(override: Override) -> bool:
    key = override.key_or_group
    return key == "hydra.sweeper.restart" or (
        key == "restart" and override.type is OverrideType.ADD
    )
