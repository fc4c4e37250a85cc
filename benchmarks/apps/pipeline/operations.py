"""What fills the steps: nothing, since only plans are measured."""

from __future__ import annotations


def noop(**flags: object) -> None:
    """Do nothing."""
