"""Run options among typed overrides: taken out of them, and refused where they are misspelt."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable

from hydra.core.override_parser.types import ChoiceSweep, Override, OverrideType

from hydra_sweep_runner.compose.elements import plain
from hydra_sweep_runner.compose.overrides import parse_override
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.operation.option_suggestions import misspelt, nearer
from hydra_sweep_runner.operation.run_options import OPTIONS


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


#: Settings of Hydra's nodes that are taken for run options, with what each says.
_SETTINGS = {
    "n_jobs": "how many trials run at once is, in a Hydra program after hydra/launcher=runner, "
    "hydra.launcher.n_jobs",
    "stop": "rules that end a batch are hydra.sweeper.stop",
}


def _is_setting(override: Override) -> bool:
    name = override.key_or_group
    return name in _SETTINGS and (name != "stop" or isinstance(override._value, list))


def check_added(
    texts: Iterable[str], is_group: Callable[[str], bool], flags: Callable[[], Iterable[str]]
) -> None:
    """Raise Mistake for an added flag that looks like a misspelt option; with `++` it counts as
    meant. `flags` gives the names of the flags that there are, which may be meant as well."""
    for text in texts:
        override = parse_override(text)
        name = override.key_or_group
        if override.type is not OverrideType.ADD or override.package is not None:
            continue
        if _is_setting(override) and not is_group(name):
            value = text.split("=", 1)[1]
            added = shlex.quote(f"++{name}={value}")
            raise Mistake(
                f"{text}: there is no run option {name}; {_SETTINGS[name]}={value} (a flag of that "
                f"name is added by {added})"
            )
        option = misspelt(name)
        if option is not None and not is_group(name):
            value = text.split("=", 1)[1]
            flag = nearer(name, flags(), option)
            meant = shlex.quote(f"{flag}={value}") if flag else option_as_meant(option, value)
            raise Mistake(
                f"{text}: there is no run option {name}; did you mean {meant}? (A flag of that "
                f"name is added by {shlex.quote(f'++{name}={value}')})"
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
    if option == "retries" and _ID.fullmatch(value):
        option = "restart"
    is_switch = value.lower() in ("true", "false", "1", "0", "yes", "")
    return shlex.quote(f"+{option}={'ID' if option == 'restart' and is_switch else value}")


#: What `restart` takes, and is no small number.
_ID = re.compile(r"last(:batch)?|(?=.*[a-f])[0-9a-f]{4,32}|[0-9]{8,32}")


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
