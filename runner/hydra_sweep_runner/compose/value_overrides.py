"""Applies value overrides to a composed configuration, and explains why one is not accepted."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.compose.elements import element_text
from hydra_sweep_runner.compose.fast.changes import (
    NOT_FLAGS,
)
from hydra_sweep_runner.compose.overrides import name_of, parse_override
from hydra_sweep_runner.compose.resolution_errors import one_line
from hydra_sweep_runner.compose.typed_options import option_as_meant
from hydra_sweep_runner.errors import AlreadyThere, Mistake, UnknownFlag
from hydra_sweep_runner.operation.option_suggestions import misspelt, perhaps_meant
from hydra_sweep_runner.operation.parse import KEYS
from hydra_sweep_runner.operation.run_options import OPTIONS

#: Names under which users may look for the number of trials at once.
JOBS_NAMES = frozenset(
    ("n_jobs", "n_job", "njobs", "jobs", "num_jobs", "max_jobs", "parallel", "workers")
)

# The most flags that are listed for an unknown one.
_MOST_NAMES = 20
# The most flags that are suggested for their last part alone.
_MOST_DEEPER = 3

#: The errors that Hydra raises for a configuration or an override that it does not accept, some
#: unintended: TypeError for `~list.0`, KeyError for an unset variable of `hydra.job.env_copy`,
#: OSError for YAML that is a number, AssertionError for an entry below a null, RecursionError
#: for a config among its own defaults.
REFUSALS = (
    HydraException,
    OmegaConfBaseException,
    yaml.YAMLError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


def apply_overrides(texts: Iterable[str], config: DictConfig, groups: Iterable[str] = ()) -> None:
    """Apply value overrides to a configuration, in order, as Hydra does.

    Raises Mistake, naming the override, if the configuration does not accept it; UnknownFlag if it
    has no such flag, AlreadyThere if it has one that is added. `groups` are the config groups in
    the defaults list, which a mistake about an unknown flag suggests, too.
    """
    for text in texts:
        override = parse_override(text)
        try:
            ConfigLoaderImpl._apply_overrides_to_config([override], config)
        except REFUSALS as error:
            if "Could not override" in str(error):
                if has_flag(config, override.key_or_group):
                    raise Mistake(_unknown_entry(override, config)) from error
                first = override.key_or_group.partition(".")[0]
                if first not in KEYS and has_flag(config, f"operation.{first}"):
                    raise Mistake(
                        f"{text}: {first} stands below operation in the YAML: flags stand beside "
                        "it, in the same column as operation"
                    ) from error
                raise UnknownFlag(
                    f"{text}: unknown flag {name_of(override)!r}; "
                    f"{_instead(override, config, tuple(groups))}",
                    name=override.key_or_group,
                    override=text,
                    script=_script_of(config),
                    near=_names_near(override.key_or_group, config),
                ) from error
            if "Could not append" in str(error) and has_flag(config, override.key_or_group):
                raise AlreadyThere(name=override.key_or_group, override=text) from error
            if "Could not delete from config" in str(error):
                name = override.key_or_group
                said = _explain(error, text)
                if name in OPTIONS:
                    said = f"{text}: {name} is a run option, which +{name}=null takes back"
                raise UnknownFlag(said, name=name, override=text) from error
            raise Mistake(_explain(error, text)) from error


def _unknown_entry(override: Override, config: DictConfig) -> str:
    """What is wrong with a mapping that a flag does not accept."""
    text, name, held = str(override.input_line), override.key_or_group, override.value()
    node: Any = OmegaConf.select(config, name)
    for key, value in held.items() if isinstance(held, dict) else ():
        if isinstance(node, DictConfig) and key not in node:
            added = shlex.quote(f"+{name}.{key}={element_text(value)}")
            return f"{text}: {name} has no entry {str(key)!r}; to add it: {added}"
    return f"{text}: {name} does not accept that value"


def _script_of(config: DictConfig) -> str | None:
    operation = _below(config, "operation")
    return None if operation is None or "script" not in operation else str(operation["script"])


def has_flag(config: DictConfig, name: str) -> bool:
    """Whether a configuration has a flag, or a node, of this dotted name."""
    parent, _, last = name.rpartition(".")
    node: Any = OmegaConf.select(config, parent) if parent else config
    return isinstance(node, DictConfig) and last in node


def _names_near(name: str, config: DictConfig) -> str:
    """The flags to suggest for an unknown name: a similar one, or those of the deepest existing
    node on its path."""
    last = name.rpartition(".")[2]
    like = [each for each in _all_names(config, "") if _is_like(each.rpartition(".")[2], last)]
    same = [each for each in _all_names(config, "") if each.lower() == name.lower()]
    close = same or get_close_matches(name, like, n=1, cutoff=0.7)
    if close:
        return f"did you mean {close[0]}?"
    deeper = [each for each in _all_names(config, "") if each.endswith(f".{last}")]
    if 0 < len(deeper) <= _MOST_DEEPER:
        return f"did you mean {' or '.join(deeper)}?"
    node, within, rest = config, "", name
    while "." in rest:
        key, _, rest = rest.partition(".")
        below = _below(node, key)
        if below is None:
            break
        node, within = below, f"{within}{key}."
    names = [str(key) for key in node if within or key not in NOT_FLAGS]
    near = get_close_matches(name.removeprefix(within).partition(".")[0], names, n=1)
    if near:
        return f"did you mean {within}{near[0]}?"
    if not names and within:
        return f"{within[:-1]} has none"
    if not names:
        is_empty = all(key == "hydra" for key in config)
        return "the configuration is empty" if is_empty else "the configuration has no flags"
    where = f"{within[:-1]} has" if within else "there are"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{where} {', '.join(names[:_MOST_NAMES])}{more}"


def _below(node: DictConfig, key: Any) -> DictConfig | None:
    """The mapping under a key; None if there is none."""
    held: Any = node._content
    below = held.get(key) if isinstance(held, dict) else None
    is_mapping = isinstance(below, DictConfig) and isinstance(below._content, dict)
    return below if is_mapping else None


def jobs_hint(override: Override, launcher: str = "") -> str:
    """Where to set the number of jobs, if the override tried to set it as a flag or under another
    name. `launcher` chooses the launcher that has it, where another may be chosen."""
    value = str(override.input_line).partition("=")[2]
    return f"how many trials run at once is {launcher}hydra.launcher.n_jobs={value}"


def _is_like(name: str, wanted: str) -> bool:
    return bool(get_close_matches(wanted, [name], n=1))


def _all_names(node: DictConfig, prefix: str) -> Iterator[str]:
    """The dotted names of all flags and of the nodes above them."""
    for key in node:
        if not prefix and key in NOT_FLAGS:
            continue
        yield f"{prefix}{key!s}"
        below = _below(node, key)
        if below is not None:
            yield from _all_names(below, f"{prefix}{key!s}.")


def how_to_add(text: str) -> str:
    """How the flag of an override is added: the end of a message about an unknown one, where that
    may have been meant."""
    return f" (to add one: {shlex.quote(f'+{text}')})"


#: Nodes below `hydra` whose settings people give.
_OF_HYDRA = ("launcher", "sweeper", "sweep", "run", "job")


def _instead(override: Override, config: DictConfig, groups: Sequence[str]) -> str:
    """What to write in the place of an override of an unknown flag."""
    text, name = str(override.input_line), override.key_or_group
    value = text.partition("=")[2]
    # A Hydra program, which has no operation, runs under Hydra's own launcher by default.
    launcher = "" if "operation" in config else "hydra/launcher=runner "
    if name in OPTIONS:
        return f"the run option is {shlex.quote(f'+{text}')}"
    parent, _, last = name.rpartition(".")
    if parent in _OF_HYDRA and parent not in config:
        return (
            jobs_hint(override, launcher)
            if last in JOBS_NAMES
            else f"settings of Hydra begin with hydra: hydra.{text}"
        )
    group = get_close_matches(name, groups, n=1, cutoff=0.7)
    if "/" in name and not group:
        return f"there is no config group {name}"
    known = "" if "/" in name else _names_near(name, config)
    if not known.startswith("did you mean"):
        if group:
            meant = shlex.quote(f"{group[0]}={value}")
            return f"did you mean {meant}, of the config group {group[0]}?"
        if name in JOBS_NAMES:
            return jobs_hint(override, launcher)
        option = misspelt(name, most_letters=1)  # it is a flag's name, without the +
        if option is not None:
            return f"did you mean {option_as_meant(option, value)}?"
        others = [each for each in groups if each not in config]
        if others and "." not in name:
            known += f", and the config group{'s' * (len(others) > 1)} {', '.join(others)}"
    if _begins_an_option(name, config):
        return known
    return f"{known}{perhaps_meant([name])}{how_to_add(text)}"


def _explain(error: Exception, text: str) -> str:
    cause = error.__cause__ or error.__context__ or error
    said = one_line(cause) if isinstance(cause, OmegaConfBaseException) else one_line(error)
    return f"{text}: {said}"


def _begins_an_option(name: str, config: DictConfig) -> bool:
    """Whether the name is the beginning of a flag of a script, whose parser would take it for that
    one if it was added: argparse does."""
    operation = _below(config, "operation")
    if operation is None or "script" not in operation:
        return False
    return any(flag.startswith(name) for flag in _all_names(config, ""))
