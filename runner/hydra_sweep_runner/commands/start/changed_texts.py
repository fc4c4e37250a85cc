"""Tells texts that are read as numbers and so changed: `rev=12e4` is 120000.0, and in YAML
`version: 1.10` is 1.1."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import yaml

from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.commands.start.own_defaults import own_defaults
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.elements import read_element, typed_text
from hydra_sweep_runner.compose.overrides import name_in
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Operation, Value
from hydra_sweep_runner.operation.flags import given_flags
from hydra_sweep_runner.terminal.render import escape, render_value, shown_value

#: A line of YAML with a value in it.
_ENTRY = re.compile(r"^[ \t]*([\w.-]+)[ \t]*:[ \t]+(.+?)[ \t]*$", re.MULTILINE)


def report_texts_read_as_numbers(
    world: World, composing: Composing, overrides: Iterable[str], combination: Sequence[str]
) -> None:
    """Print which overrides give a flag, whose default is a text, a number that is written
    otherwise than it was typed: two commit hashes may be the same number, and 1.10 is 1.1.
    `combination` are the overrides of one trial, which choose the config groups."""
    changed = {text: found for text in overrides if (found := dict(_changed(text)))}
    if not changed:
        return
    groups = [text for text in combination if composing.composer.is_group_choice(text)]
    defaults: dict[str, Value] = {}
    own: Mapping[str, Value] = {}
    with suppress(Mistake):  # without what was given, it need not compose
        operation, flags = composing.describe_combination(groups)[:2]
        defaults, own = dict(flags), own_defaults(world.project_dir, operation)
    for text, found in changed.items():
        name = name_in(text)
        default = defaults.get(name)
        default = default if isinstance(default, str) else own.get(name)
        if not isinstance(default, str) or "${" in default or default == "???":
            continue
        sign, _, values = text.partition("=")
        words = ",".join(typed_text(each) if each in found else each for each in values.split(","))
        numbers = escape(", ".join(f"{each} is {number}" for each, number in found.items()))
        world.reporter.say(
            f"{escape(text)}: as numbers, {numbers}; as texts, like the default "
            f"{shown_value(default)!r}: {escape(shlex.quote(f'{sign}={words}'))}"
        )


def _changed(text: str) -> Iterator[tuple[str, str]]:
    """The values of an override that are numbers and are not written as numbers are, with how they
    are written."""
    for value in text.partition("=")[2].split(","):
        try:
            number = float(value)
        except ValueError:
            continue
        if value in (repr(number), str(int(number)) if number.is_integer() else ""):
            continue
        read = read_element(value)
        if isinstance(read, (int, float)) and render_value(read) != value.strip():
            yield value, render_value(read)


def report_yaml_texts_read_as_numbers(
    world: World, operation: Operation, flags: Flags, composing: Composing
) -> None:
    """Print which flags have a number in the YAML that is written otherwise than the script gets
    it, where the script's own default is a text: `version: 1.10` is 1.1, `mode: 0644` is 420.
    """
    if operation.kind != "script":
        return
    typed = given_flags(flags, composing.names())
    in_yaml = {name: value for name, value in flags.items() if name not in typed}
    files = [
        text.decode("utf-8", "replace")
        for path, text in composing.composer.files().items()
        if path.endswith((".yaml", ".yml"))
    ]
    entries = {entry for text in files for entry in _ENTRY.findall(text)}
    found = [
        name
        for name, value in in_yaml.items()
        if _has_numbers(value) and (_last(name), render_value(value)) not in entries
    ]
    own = own_defaults(world.project_dir, operation) if found else {}
    for name in found:
        default = own.get(name)
        is_text = default != [] and all(isinstance(each, str) for each in _items(default))
        written = _in_yaml(name, in_yaml[name], files) if is_text else ()
        changed = {
            text: read for text, read in written if read not in (None, text) and "${" not in text
        }
        if not changed:
            continue
        said = ", ".join(f"{text} is {read}" for text, read in changed.items())
        words = [f'"{text}"' if text in changed else text for text, _ in written]
        meant = f"[{', '.join(words)}]" if isinstance(in_yaml[name], list) else words[0]
        world.reporter.say(
            f"{escape(name)} in the YAML: as YAML reads it, {escape(said)}; as a text, like the "
            f"default {escape(shown_value(default))} of {escape(str(operation.target))}, it is "
            f"written {escape(f'{name}: {meant}')}"
        )


def _items(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _has_numbers(value: Value) -> bool:
    """Whether a value is a number, or a list with a number or a truth value in it."""
    kinds = (bool, int, float) if isinstance(value, list) else (int, float)
    return any(type(each) in kinds for each in _items(value))


def _in_yaml(name: str, value: Value, files: Sequence[str]) -> Sequence[tuple[str, str | None]]:
    """How the YAML writes each element of a flag's value, with how that is shown; None for a text.
    Empty if the YAML does not write the flag."""
    shown = [None if isinstance(each, str) else render_value(each) for each in _items(value)]
    for text in files:
        with suppress(yaml.YAMLError):  # a file that Hydra does not read lies beside the others
            for written in _written(yaml.compose(text, yaml.SafeLoader), _last(name)):
                if len(written) == len(shown):
                    return list(zip(written, shown, strict=True))
    return ()


def _written(node: yaml.Node | None, key: str) -> Iterator[list[str]]:
    """The values of a key, wherever it stands, as they are written: the texts of a list, or of one
    value."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == key:
                items = value.value if isinstance(value, yaml.SequenceNode) else [value]
                if all(isinstance(each, yaml.ScalarNode) for each in items):
                    yield [each.value for each in items]
            yield from _written(value, key)
