"""Explains flags that a config sets below its group's name, because it lacks the line
`# @package _global_`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import yaml

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.overrides import is_sweep, name_in, parse_override, values_of
from hydra_sweep_runner.compose.value_overrides import has_flag
from hydra_sweep_runner.errors import Mistake, NotTaken
from hydra_sweep_runner.terminal.render import escape

#: The names of a setting that tell which it is: those of `hydra.sweeper.params`.
_MOST_NAMES = 3


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
    for path, group, _ in _without_line(composer, task):
        node = f"{group.replace('/', '.')}."
        for name in names:
            meant = name.removeprefix(node)
            if meant != name and (has_flag(project, meant) or meant.startswith("hydra.")):
                yield path, name, meant


def report_misplaced(world: World, composer: Composer, task: Sequence[str]) -> None:
    """Print which chosen configs set Hydra's settings below their group's name, where they have no
    effect, and which ones set there only what the project has as flags of its own: most
    likely they were to set those."""
    with suppress(Mistake, yaml.YAMLError):  # what does not compose or parse is told otherwise
        for path, group, data in _without_line(composer, task):
            setting = _hydra_setting(yaml.safe_load(data))
            if setting is not None and group.partition("/")[0] != "hydra":
                node = group.replace("/", ".")
                world.reporter.say(
                    f"{escape(path)} sets {escape(f'{node}.{setting}')}, which has no effect: with "
                    f"`# @package _global_` as its first line it sets {escape(setting)}"
                )
    with suppress(Mistake, yaml.YAMLError):  # without the choice it does not compose: no hint
        for path, group, key in _left_as_they_are(composer, task):
            node = group.replace("/", ".")
            world.reporter.say(
                f"{escape(path)} sets {escape(f'{node}.{key}')} and leaves "
                f"{escape(key)} as it is: with `# @package _global_` as its first "
                "line it sets that"
            )


def _left_as_they_are(composer: Composer, task: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """The files without the line that set, below a node that the project has only by this choice,
    nothing but names of flags of the project's own: path, group and the first name. A file that
    takes the value of such a flag (`lr: ${lr}`) means both."""
    first = [_first_choice(text) for text in task if composer.is_group_choice(text)]
    for path, group, data in _without_line(composer, task):
        held = yaml.safe_load(data)
        keys = [str(key) for key in held if key != "defaults"] if isinstance(held, dict) else []
        # What is run is composed already, the project without its choices mostly not.
        if not keys or not all(key in composer.trial(first).job() for key in keys):
            continue
        project, node = composer.trial(()).job(), group.replace("/", ".")
        is_meant = any(f"${{{key}" in data.decode(errors="replace") for key in keys)
        if not is_meant and node not in project and all(key in project for key in keys):
            yield path, group, keys[0]


def _first_choice(text: str) -> str:
    """The override of the first trial for one that chooses a group's configs, several if swept."""
    if not is_sweep(text):
        return text
    return f"{text.partition('=')[0]}={values_of(parse_override(text))[0]}"


def _hydra_setting(held: object) -> str | None:
    """The first setting of Hydra's in a config, as `hydra.sweeper.params`; None without one."""
    if not isinstance(held, dict) or not isinstance(held.get("hydra"), dict):
        return None
    names, node = ["hydra"], held["hydra"]
    while len(names) < _MOST_NAMES and isinstance(node, dict) and node:
        name, node = next(iter(node.items()))
        names.append(str(name))
    return ".".join(names)


def _without_line(composer: Composer, task: Sequence[str]) -> Iterator[tuple[str, str, bytes]]:
    """The chosen configs whose files lack the line: path, group, and what is in the file."""
    for text in task:
        override = parse_override(text)
        if override.package is not None or not composer.is_group_choice(text):
            continue
        group = name_in(text)
        for choice in values_of(override):
            for path, data in composer.files().items():
                if path.endswith(f"/{group}/{choice}.yaml") and b"@package" not in data:
                    yield path.partition("/")[2], group, data
