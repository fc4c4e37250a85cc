"""Explains flags that nothing takes and that a config sets below its group's name, because it lacks
the line `# @package _global_`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.overrides import name_in, parse_override, values_of
from hydra_sweep_runner.compose.value_overrides import has_flag
from hydra_sweep_runner.errors import Mistake, NotTaken


@contextmanager
def naming_package_line(composer: Composer, task: Sequence[str]) -> Iterator[None]:
    """Say of flags that what is run does not take that a config chosen by `task` sets them in the
    place of the project's flags, if one does."""
    try:
        yield
    except NotTaken as mistake:
        found = None
        with suppress(Mistake):  # the project alone does not compose: that says nothing of this
            found = next(_misplaced(composer, task, mistake.names), None)
        if found is None:
            raise
        path, name, meant = found
        raise Mistake(
            f"{path} sets {name}, not {meant}: it lacks its first line, `# @package _global_`"
        ) from mistake


def _misplaced(
    composer: Composer, task: Sequence[str], names: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """The files without the line, each with the flag that it sets and the one that it would."""
    project = composer.trial(()).job()
    for text in filter(composer.is_group_choice, task):
        group = name_in(text)
        node = f"{group.replace('/', '.')}."
        below = [name for name in names if name.startswith(node)]
        meant = [name for name in below if has_flag(project, name.removeprefix(node))]
        for choice in values_of(parse_override(text)):
            for path, data in composer.files().items() if meant else ():
                is_it = path.endswith(f"/{group}/{choice}.yaml")
                if is_it and b"@package" not in data:
                    yield path.partition("/")[2], meant[0], meant[0].removeprefix(node)
