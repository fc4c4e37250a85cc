"""Explains why Hydra refuses a composition: what is wrong, where, and what would be right. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches

import yaml
from hydra.core.override_parser.types import OverrideType
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.compose.overrides import parse_override
from hydra_sweep_runner.compose.resolution_errors import one_line
from hydra_sweep_runner.compose.yaml_slips import explain_yaml
from hydra_sweep_runner.errors import MissingConfig, Mistake
from hydra_sweep_runner.operation.run_options import OPTIONS

_OTHER_SWEEPER = re.compile(r"Could not find 'hydra/sweeper/(optuna|ax|nevergrad|hebo|bayes|smac)")
_MISSING = re.compile(r"(?:In '([^']+)': )?(?:Could not find|Cannot find primary config) '([^']+)'")
_NOT_THERE = re.compile(r"In '[^']+': Could not (?:load|find) '")
_NOT_DELETED = re.compile(r"Could not delete from config\. '([^']*)' does not exist")
_AMBIGUOUS = re.compile(r"Ambiguous value for argument '([^']*)'")
_NO_INTERPOLATION = re.compile(r"(?:no viable alternative|mismatched input).*?'(\$\{.*?)'(?:$|;| )")
_NOT_CHOSEN = re.compile(r"Could not override '([^']+)'\. No match in the defaults list.*=(\S+)$")
_OVERRIDES_NONE = re.compile(  # in the words of Hydra 1.3, and of 1.4
    r"In '([^']+)': (?:Could not override|.*No earlier Group Default for) '([\w/]+)(@[\w.]+)?'"
    r"(?:\. No match in the defaults list|(?(3)\. Did you mean to override)| exists to override)"
)
_TWICE = re.compile(
    r"(\S+) appears more than once in the final defaults list"
    r"|Multiple values for (\S+)\. To override"
)


def explain_composition(error: Exception) -> str:
    """One line for an error that Hydra raised while composing."""
    if isinstance(error, yaml.YAMLError):
        return f"YAML that does not parse: {explain_yaml(error)}"
    if isinstance(error, RecursionError):
        return "the configuration does not compose: a config is among its own defaults"
    if isinstance(error, AssertionError):
        return "the configuration does not compose: hydra must be a mapping of Hydra's settings"
    said = one_line(error).split(" Config search path:")[0].removesuffix(";")
    cause = error.__cause__
    if isinstance(cause, OmegaConfBaseException):
        said = f"{said}: {one_line(cause)}"
    interpolation = _NO_INTERPOLATION.search(said)
    if interpolation is not None:
        return f"{interpolation[1]} is no interpolation: it is written ${{name}}, and closed"
    gone = _NOT_DELETED.search(said)
    if gone is not None and gone[1] in OPTIONS:
        return f"~{gone[1]}: {gone[1]} is a run option, which +{gone[1]}=null takes back"
    several = _AMBIGUOUS.search(said)
    if several is not None:
        return (
            f"{several[1]}: several values make no one configuration: give one of them; "
            "+print_trials=true with -m shows the trials of a sweep"
        )
    if "Key 'params' not in 'SweepDir'" in said:
        return f"the configuration does not compose: {said}; a sweep's flags stand in hydra.sweeper"
    unchosen = _NOT_CHOSEN.search(said)
    if unchosen is not None:
        group, choice = unchosen.groups()
        return (
            f"{group}={choice}: the defaults list chooses nothing from the config group {group}: "
            f"+{group}={choice} adds it; with `- {group}: null` in the defaults list it is chosen "
            "without +"
        )
    overriding = _OVERRIDES_NONE.search(said)
    if overriding is not None:
        config, group, package = overriding.groups()
        folder = config.rpartition("/")[0]
        if folder and group.startswith(f"{folder}/"):
            meant = group.removeprefix(f"{folder}/")
            return (
                f"{config}.yaml: `override {meant}` is looked for in {folder}/{meant}: the config "
                f"group {meant} has a slash before it there, `override /{meant}`"
            )
        if package is not None:
            return (
                f"{config}.yaml overrides the choice of {group} in a package of its own, "
                f"{package[1:]}, where nothing is chosen; with `# @package _global_` as its first "
                "line it overrides the project's"
            )
        return (
            f"{config}.yaml overrides the choice of the config group {group}, which the defaults "
            f"list does not choose: write `- /{group}: NAME` there, without override, or "
            f"`- {group}: null` in the main config's defaults list, before the experiment"
        )
    if _OTHER_SWEEPER.search(said):
        said += "; the runner searches with +optimizer=tpe (random, gp, cmaes, qmc, nsga2)"
    said = re.sub(r"(Available options in '[^']*':) (.*)", _listed, said)
    return f"the configuration does not compose: {said}"


def composition_mistake(error: Exception, more: str = "") -> Mistake:
    """The mistake for an error that Hydra raised while composing, with `more` at its end."""
    said = explain_composition(error)
    is_missing = _NOT_THERE.search(said) is not None and "Available options" not in said
    return (MissingConfig if is_missing else Mistake)(f"{said}{more}")


def _listed(match: re.Match[str]) -> str:
    return f"{match[1]} {match[2].rstrip(';').replace(';', ',')}"


def explain_option_as_group(
    texts: Iterable[str],
    is_group: Callable[[str], bool],
    configs_of: Callable[[str], Iterable[str]],
) -> str | None:
    """What is wrong if an override was meant as a run option, but a config group has the option's
    name, and no config of this name; None if no override is such."""
    for text in texts:
        override = parse_override(text)
        name, value = override.key_or_group, text.partition("=")[2]
        is_option = override.type is OverrideType.ADD and name in OPTIONS
        if not is_option or override.package is not None or not is_group(name):
            continue
        configs = list(configs_of(name))
        if value not in configs:
            return (
                f"{text}: {name} is a config group here, which has {', '.join(configs)}; the run "
                f"option is hydra.sweeper.{name}={value}"
            )
    return None


def explain_missing(said: str, is_group: Callable[[str], bool], files: Iterable[str]) -> str | None:
    """What is wrong if a config is not found that has another file ending, or that an experiment
    chooses as if the group was below its own; None for another error. `files` are the project's
    YAML, by path in a copy of it."""
    found = _MISSING.search(said)
    if found is None:
        return None
    config, missing = found.groups()
    for path in files:
        if path.partition("/")[2] == f"{missing}.yml":
            return f"{missing}.yml: Hydra reads .yaml alone: rename it {missing}.yaml"
    within = (config or "").rpartition("/")[0]
    group, _, choice = missing.removeprefix(f"{within}/").rpartition("/")
    if not within or not missing.startswith(f"{within}/") or not is_group(group):
        return None
    return (
        f"{config}.yaml: `{group}: {choice}` is looked for in {within}/{group}: the config group "
        f"{group} is chosen there by `override /{group}: {choice}`"
    )


def explain_unknown_group(said: str, groups_in: Callable[[str], Iterable[str]]) -> str | None:
    """What is wrong if a config overrides the choice of a config group that there is not, and one
    has a similar name; None for another error. `groups_in` lists the groups below one."""
    found = _OVERRIDES_NONE.search(" ".join(said.split()))
    if found is None:
        return None
    parent, slash, last = found[2].rpartition("/")
    known = list(groups_in(parent))
    near = get_close_matches(last, known, n=1) if last not in known else []
    if not near:
        return None
    return (
        f"{found[1]}.yaml: there is no config group {found[2]}; did you mean `override "
        f"/{parent}{slash}{near[0]}`?"
    )


def explain_second_choice(said: str, texts: Iterable[str]) -> str | None:
    """What is wrong if an override adds a config group that the defaults list has already."""
    twice = _TWICE.search(said)
    group = None if twice is None else twice[1] or twice[2]
    for text in texts if twice else ():
        override = parse_override(text)
        if override.is_add() and override.key_or_group == group:
            return (
                f"{text}: the defaults list has the config group {group} already; "
                f"to choose another: {text.lstrip('+')}"
            )
    return None
