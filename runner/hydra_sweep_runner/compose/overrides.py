"""Override strings: parsed, told apart, those of a restart merged in.

Hydra's own parser parses Hydra's grammar.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    OverrideType,
)
from hydra.errors import HydraException

from hydra_sweep_runner.compose.elements import plain
from hydra_sweep_runner.compose.fast.changes import read_change
from hydra_sweep_runner.compose.refusal import explain_refusal
from hydra_sweep_runner.compose.spaces import override_parser
from hydra_sweep_runner.errors import Mistake


@lru_cache(maxsize=65536)
def parse_override(text: str) -> Override:
    """The parsed override string. Raises Mistake, naming the text, if it is not an override.

    The result is shared between callers, who must not change it.
    """
    try:
        override = override_parser().parse_override(text)
    except HydraException as error:
        nested = _GROUP_OF_STEP.fullmatch(text)
        if nested is not None:
            return _of_step(text, *nested.groups())
        said = explain_refusal(text, str(error).splitlines()[0])
        raise Mistake(f"cannot read the override {text!r}: {said}") from error
    if not override.key_or_group:
        raise Mistake(f"cannot read the override {text!r}: {explain_refusal(text, '')}")
    return override


#: A nested config group of a pipeline's step: Hydra's grammar has no dot before a slash.
_GROUP_OF_STEP = re.compile(
    r"(\+{0,2}|~)([A-Za-z_][\w-]*)\.([A-Za-z_][\w-]*(?:/[\w-]+)+(?:@[\w.:]+)?(?:=.*)?)", re.DOTALL
)


def is_group_of_step(text: str) -> bool:
    """Whether an override has the form `STEP.GROUP/SUB=x`, which Hydra itself cannot parse."""
    return _GROUP_OF_STEP.fullmatch(text) is not None


def _of_step(text: str, sign: str, step: str, rest: str) -> Override:
    own = parse_override(f"{sign}{rest}")
    return replace(own, key_or_group=f"{step}.{own.key_or_group}", input_line=text)


def name_of(override: Override) -> str:
    """The flag or config group that an override sets, without Hydra's prefixes."""
    package = f"@{override.package}" if override.package is not None else ""
    return f"{override.key_or_group}{package}"


def name_in(text: str) -> str:
    """The flag or config group that an override string sets. Raises Mistake."""
    change = read_change(text)
    return name_of(parse_override(text)) if change is None else change[0]


def is_for_hydra(text: str) -> bool:
    """Whether an override sets a part of Hydra's own configuration."""
    return bool(parse_override(text).is_hydra_override())


def gives_sweep(text: str) -> bool:
    """Whether a text is an override with several values; False for a text that cannot be parsed."""
    try:
        return is_sweep(text)
    except Mistake:
        return False


def is_sweep(text: str) -> bool:
    """Whether an override has several values."""
    return bool(parse_override(text).is_sweep_override())


def read_path(text: str) -> str | None:
    """The path that an override sets; None for null. Raises Mistake for any other value."""
    override = parse_override(text)
    value = plain(override._value)
    if value is None and not override.is_sweep_override():
        return None
    typed = value if isinstance(value, str) else text.split("=", 1)[1]
    if isinstance(value, (list, dict)) or override.is_sweep_override():
        raise Mistake(f"{text}: must be one folder's path")
    if not typed.strip():
        raise Mistake(f"{text}: the path is empty; name a folder")
    if "${" in typed:
        raise Mistake(f"{text}: write the path itself; interpolations are for YAML")
    return typed


def values_of(override: Override) -> list[Any]:
    """The plain values of an override: those of a choice, or its only one."""
    value = override._value
    return (
        [plain(item) for item in value.list] if isinstance(value, ChoiceSweep) else [plain(value)]
    )


def gives_mappings(override: Override) -> bool:
    """Whether each value of an override is a mapping, which is merged into the present one."""
    value = override._value
    if isinstance(value, ChoiceSweep):
        return all(isinstance(item, dict) for item in value.list)
    return isinstance(value, dict)


def merge(before: Sequence[str], new: Sequence[str]) -> list[str]:
    """The overrides of a restart: new ones replace the old ones of the same name, in place; if a
    name has several (`~x` and `+x=1`), the last.

    A flag that was appended with `+` stays appended if a plain `name=value` replaces it. A deletion
    of such a flag removes the appending override.
    """
    names = [name_in(text) for text in new]
    if not before and len(set(names)) == len(names):
        return list(new)  # nothing is replaced
    merged = list(before)
    place_of = _places(merged)
    given: set[str] = set()
    for name, text in zip(names, new, strict=True):
        place = place_of.get(name)
        is_second = name in given and gives_mappings(parse_override(text))
        given.add(name)
        if place is None or is_second:
            place_of[name] = len(merged)
            merged.append(text)
            continue
        replaced = _in_place_of(merged[place], text)
        merged[place : place + 1] = replaced
        if not replaced:
            place_of = _places(merged)
    return merged


def _places(texts: Sequence[str]) -> dict[str, int]:
    """The index of the last override of each name."""
    return {name_in(text): place for place, text in enumerate(texts)}


def _in_place_of(former: str, text: str) -> list[str]:
    """The overrides that result if an override replaces an earlier one of its name."""
    if read_change(former) is not None:
        return [text]
    was, override = parse_override(former), parse_override(text)
    appended = was.type in (OverrideType.ADD, OverrideType.FORCE_ADD)
    if override.is_delete() and appended:
        return []
    if override.type is OverrideType.CHANGE and appended:
        return [f"{'+' if was.is_add() else '++'}{text}"]
    return [text]


def params_as_overrides(params: Mapping[str, Any] | None) -> list[str]:
    """`hydra.sweeper.params` as override strings, in order. Raises Mistake for an entry that is
    none."""
    for name, value in (params or {}).items():
        if isinstance(value, Mapping):
            first, below = next(iter(value.items()), ("FLAG", "VALUES"))
            raise Mistake(
                f"hydra.sweeper.params.{name}: a mapping; flags stand there by their whole names, "
                f"as in {name}.{first}: {below}"
            )
    texts = {name: f"{name}={value}" for name, value in (params or {}).items()}
    for name, text in texts.items():
        try:
            parse_override(text)
        except Mistake as mistake:
            raise Mistake(f"hydra.sweeper.params.{name}: {mistake}") from mistake
    return list(texts.values())


def check_values(texts: Iterable[str], advice: str | None = None) -> None:
    """Raise Mistake for a sweep where a single value is expected; `advice` says what to do instead
    of starting a batch with -m."""
    for text in texts:
        if is_sweep(text):
            name = name_of(parse_override(text))
            if isinstance(parse_override(text)._value, IntervalSweep):
                raise Mistake(
                    f"{text} is a space that values of {name} are drawn from: "
                    f"{advice or 'add -m to draw 20, or as many as +max_trials says'}"
                )
            raise Mistake(
                f"{text} gives {name} several values: {advice or 'add -m to sweep over them'}"
                f"{_as_one_value(text)}"
            )


_QUOTED = re.compile(r"['\"\\]")


def _as_one_value(text: str) -> str:
    """How values with commas between them are written as one, as the end of a message; empty for a
    sweep of another form."""
    given, _, values = text.partition("=")
    swept = parse_override(text)._value
    if not isinstance(swept, ChoiceSweep) or not swept.simple_form or _QUOTED.search(values):
        return ""
    as_text, as_list = (shlex.quote(f"{given}={one}") for one in (f'"{values}"', f"[{values}]"))
    return f"; with its commas, one text is written {as_text}, and a list {as_list}"
