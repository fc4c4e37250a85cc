"""Explains an unknown flag that the script has an option for, by this or by another name."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hydra_sweep_runner.compose.value_overrides import how_to_add
from hydra_sweep_runner.errors import Mistake, UnknownFlag


@contextmanager
def naming_own_option(project_dir: Path) -> Iterator[None]:
    """Say of an unknown flag that it is an option of the script which the configuration lacks, or
    another name of one, and which of the names the flag has, if so it is."""
    try:
        yield
    except UnknownFlag as mistake:
        said = None
        if mistake.script is not None:
            with suppress(Mistake):  # a script that cannot be read is told when it is run
                said = _by_script(mistake, mistake.script, project_dir / mistake.script)
        if said is None:
            raise
        raise Mistake(said) from mistake


def _by_script(mistake: UnknownFlag, script: str, path: Path) -> str | None:
    """The message that the script's own options make of a mistake; None if they do not."""
    from hydra_sweep_runner.execute.script.flags import shown_options

    options, are_all = shown_options(path)
    if options is None:
        return None
    names = next((names for names in options.same if mistake.name in names), ())
    first = next((name for name in names if name != mistake.name), None)
    if first is not None:
        return (
            f"{mistake.name} is another name of {script}'s option --{first}: give the flag {first}"
        )
    plain = mistake.name.replace("-", "_")
    option = next((name for name in options.names if name.replace("-", "_") == plain), None)
    has_it = mistake.near == f"did you mean {option}?"  # in the option's own spelling
    if option is not None and not has_it:
        added = shlex.quote(f"+{option}{mistake.override.removeprefix(mistake.name)}")
        return (
            f"{mistake.override}: {script} has an option --{option}, and the configuration has no "
            f"flag {option}: add {option}: VALUE to it, or give {added}"
        )
    # Where all options are known, no flag of another name can be added.
    return str(mistake).removesuffix(how_to_add(mistake.override)) if are_all else None
