"""Explains an unknown flag that is another name of an option of the script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hydra_sweep_runner.errors import Mistake, UnknownFlag


@contextmanager
def naming_own_option(project_dir: Path) -> Iterator[None]:
    """Say of an unknown flag that it is another name of an option of the script, if it is, and
    which of the names the flag has."""
    try:
        yield
    except UnknownFlag as mistake:
        first = None
        with suppress(Mistake):  # a script that cannot be read is told when it is run
            first = _first_name(mistake, project_dir)
        if first is None:
            raise
        raise Mistake(
            f"{mistake.name} is another name of {mistake.script}'s option --{first}: give the "
            f"flag {first}"
        ) from mistake


def _first_name(mistake: UnknownFlag, project_dir: Path) -> str | None:
    from hydra_sweep_runner.execute.script.flags import names_of_option

    if mistake.script is None:
        return None
    names = names_of_option(project_dir / mistake.script, mistake.name)
    return next((name for name in names if name != mistake.name), None)
