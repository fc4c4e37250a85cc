"""Explains an unknown flag that the script has an option for, by this or by another name."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hydra_sweep_runner.errors import Mistake, UnknownFlag


@contextmanager
def naming_own_option(project_dir: Path) -> Iterator[None]:
    """Say of an unknown flag that it is an option of the script which the configuration lacks, or
    another name of one, and which of the names the flag has, if so it is."""
    try:
        yield
    except UnknownFlag as mistake:
        first = None
        with suppress(Mistake):  # a script that cannot be read is told when it is run
            first = _first_name(mistake, project_dir)
        if first is None:
            raise
        if first == mistake.name:
            added = shlex.quote(f"+{mistake.override}")
            raise Mistake(
                f"{mistake.override}: {mistake.script} has an option --{first}, and the "
                f"configuration has no flag {first}: add {first}: VALUE to it, or give {added}"
            ) from mistake
        raise Mistake(
            f"{mistake.name} is another name of {mistake.script}'s option --{first}: give the "
            f"flag {first}"
        ) from mistake


def _first_name(mistake: UnknownFlag, project_dir: Path) -> str | None:
    from hydra_sweep_runner.execute.script.flags import names_of_option

    if mistake.script is None:
        return None
    names = names_of_option(project_dir / mistake.script, mistake.name)
    others = (name for name in names if name != mistake.name)
    return next(others, mistake.name if names else None)
