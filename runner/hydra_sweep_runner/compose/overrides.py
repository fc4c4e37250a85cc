"""Override strings: parsed, run options taken out, those of a restart merged in.

Hydra's own parser parses Hydra's grammar.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    OverrideType,
    Quote,
    QuotedString,
)
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from hydra_sweep_runner.compose.fast.changes import read_change
from hydra_sweep_runner.compose.refusal import explain_refusal
from hydra_sweep_runner.compose.spaces import make_parser
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.operation.run_options import OPTIONS, misspelt

_ADDRESS = re.compile(r"(full_key|object_type|reference_type)[:=]")

_NO_VARIABLE = re.compile(r"Environment variable '([^']*)' not found")


@lru_cache(maxsize=65536)
def parse_override(text: str) -> Override:
    """The parsed override string. Raises Mistake, naming the text, if it is not an override.

    The result is shared between callers, who must not change it.
    """
    try:
        override = _parser().parse_override(text)
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


@cache
def _parser() -> OverridesParser:
    """Hydra's parser. It keeps no parsed results."""
    return make_parser()


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


def _no_group(name: str) -> bool:
    return False


def take_options(
    texts: Iterable[str], is_group: Callable[[str], bool] = _no_group
) -> tuple[dict[str, object], list[str]]:
    """Separate run options (`+name=value`) from overrides, keeping the order of both.

    `restart` keeps its typed text. A name that `is_group` says is a config group is Hydra's. Raises
    Mistake for an option that is given twice.
    """
    options: dict[str, object] = {}
    rest: list[str] = []
    for text in texts:
        override = parse_override(text)
        if (
            override.type is OverrideType.ADD
            and override.key_or_group in OPTIONS
            and override.package is None
            and not is_group(override.key_or_group)
        ):
            name = override.key_or_group
            if name in options:
                raise Mistake(f"+{name} is given twice, the second time as {text}: give it once")
            options[name] = _option_value(text, override)
        else:
            rest.append(text)
    return options, rest


def check_added(texts: Iterable[str], is_group: Callable[[str], bool]) -> None:
    """Raise Mistake for an added flag that looks like a misspelt option; with `++` it counts as
    meant."""
    for text in texts:
        override = parse_override(text)
        name = override.key_or_group
        if override.type is not OverrideType.ADD or override.package is not None:
            continue
        if name == "n_jobs" and not is_group(name):
            value = text.split("=", 1)[1]
            raise Mistake(
                f"{text}: there is no run option {name}; how many trials run at once is "
                f"hydra.launcher.n_jobs={value} (a flag of that name is added by ++{name}={value})"
            )
        option = misspelt(name)
        if option is not None and not is_group(name):
            value = text.split("=", 1)[1]
            meant = option_as_meant(option, value)
            raise Mistake(
                f"{text}: there is no run option {name}; did you mean {meant}? (A flag of that "
                f"name is added by ++{name}={value})"
            )


def check_choice(text: str) -> None:
    """Raise Mistake for `hydra.sweeper=NAME`, where `hydra/sweeper=NAME` chooses a config."""
    override = parse_override(text)
    name, value = override.key_or_group, override._value
    if name in ("hydra.sweeper", "hydra.launcher") and isinstance(value, str):
        raise Mistake(
            f"{text}: a config group is written with a slash: {name.replace('.', '/')}={value}"
        )


def option_as_meant(option: str, value: str) -> str:
    """A run option as it is suggested for a mistyped one with this value: `+restart=ID` where
    another tool takes a switch."""
    is_switch = value.lower() in ("true", "false", "1", "0", "yes", "")
    return f"+{option}={'ID' if option == 'restart' and is_switch else value}"


def _option_value(text: str, override: Override) -> object:
    typed = text.split("=", 1)[1].strip()
    if override.key_or_group == "restart":
        return _unquoted(typed)
    if override.key_or_group == "warm_start" and typed != "null":
        return [_unquoted(one.strip()) for one in typed.strip("[]").split(",")]
    value = override.value()
    if isinstance(value, ChoiceSweep):
        return [plain(item) for item in value.list]
    return text.split("=", 1)[1] if override.is_sweep_override() else value


def _unquoted(typed: str) -> str:
    """An id as it was typed: `12e45678` is not read as a number."""
    quoted = len(typed) > 1 and typed[0] == typed[-1] and typed[0] in "'\""
    return typed[1:-1] if quoted else typed


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


def plain(value: Any) -> Any:
    """A parsed element as a plain value, strings without quotes."""
    return Override._convert_value(value)


def element_text(value: Any) -> str:
    """A parsed element as Hydra writes it for a job, so that it is read back as the same value: a
    text made by a cast (`str(1)`) is quoted if it would be read as another type without quotes."""
    if isinstance(value, QuotedString):
        return str(value.with_quotes())
    if isinstance(value, str):
        return _bare_or_quoted(value)
    if isinstance(value, list):
        return f"[{','.join(map(element_text, value))}]"
    if isinstance(value, dict):
        entries = (f"{element_text(key)}:{element_text(item)}" for key, item in value.items())
        return f"{{{','.join(entries)}}}"
    return str(Override._get_value_element_as_str(value))


@lru_cache(maxsize=4096)
def _bare_or_quoted(text: str) -> str:
    change = read_change(f"x={text}")
    if change is not None and change[1] == text:
        return text
    bare = str(Override._get_value_element_as_str(text))
    try:
        read = _parser().parse_override(f"x={bare}")._value
    except HydraException:
        return quoted(text)
    return bare if type(read) is str and read == text else quoted(text)


def typed_text(text: str) -> str:
    """A text as a person types it for a value: bare, or in double quotes, so that a shell's single
    quotes can enclose it."""
    change = read_change(f"x={text}")
    is_plain = change is not None and change[1] == text
    return text if is_plain else str(QuotedString(text, Quote.double).with_quotes())


def read_element(text: str) -> Any:
    """The value that Hydra reads from a text; None if it cannot."""
    try:
        return _parser().parse_override(f"x={text}")._value
    except HydraException:
        return None


def is_number(element: Any) -> bool:
    """Whether a parsed element is a number, a boolean, or a list that contains some."""
    if isinstance(element, list):
        return any(map(is_number, element))
    return isinstance(element, (int, float))


def quoted(text: str) -> str:
    """A text in Hydra's grammar that is read as exactly this text."""
    return QuotedString(text, Quote.single).with_quotes()


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
                f"{text} gives {name} several values: "
                f"{advice or 'add -m to sweep over them'}, or quote or bracket them for one value"
            )


def why_unresolved(error: BaseException, config: DictConfig) -> str:
    """Why a value of a configuration cannot be resolved, in one line. If any value comes from the
    environment, OmegaConf's message may contain it and is not repeated."""
    said = one_line(error)
    if "oc.env" not in OmegaConf.to_yaml(config):
        return said
    missing = _NO_VARIABLE.search(said)
    if missing is not None and missing[1] not in os.environ.values():
        return missing[0]
    return f"{type(error).__name__} (its words are not shown: they may hold what oc.env gives)"


def one_line(error: BaseException) -> str:
    """An error's message in one line, without the node's path that OmegaConf adds."""
    told = ""
    for line in filter(None, (line.strip() for line in str(error).splitlines())):
        if _ADDRESS.match(line):
            break
        joint = "" if not told else " " if told.endswith((":", ",", ".", ";")) else "; "
        told += joint + line
    return told or type(error).__name__
