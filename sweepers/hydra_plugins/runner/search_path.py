"""Keeps the deletions of a restart from what Hydra composes: see `compose.restart_deletions`."""

import sys

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin


class RunnerSearchPathPlugin(SearchPathPlugin):
    """Adds nothing to the search path. It is the only kind of plugin that Hydra calls early
    enough."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Let a restart remove a flag that an earlier start added."""
        words = sys.argv[1:]
        if not any(word.startswith("~") for word in words):
            return
        from hydra_sweep_runner.compose.restart_deletions import (
            leave_deletions_to_sweeper,
            restarts_and_deletes,
        )

        if restarts_and_deletes(words):
            leave_deletions_to_sweeper()
