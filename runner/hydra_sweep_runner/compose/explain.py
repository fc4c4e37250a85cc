"""Explains why Hydra refuses a composition: what is wrong, where, and what would be right. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.types import OverrideType
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.compose.elements import element_text
from hydra_sweep_runner.compose.overrides import parse_override
from hydra_sweep_runner.compose.resolution_errors import one_line
from hydra_sweep_runner.compose.value_overrides import JOBS_NAMES, jobs_hint
from hydra_sweep_runner.errors import MissingConfig, Mistake
from hydra_sweep_runner.operation.option_suggestions import misspelt
from hydra_sweep_runner.operation.run_options import OPTIONS

_UNKNOWN_KEY = re.compile(
    r"Key '[^']*' not in '(?P<node>\w+)'.*"
    r"full_key: hydra\.(?P<part>sweeper|launcher)\.(?P<key>[\w.]+)",
    re.DOTALL,
)
_IN_CONFIG = re.compile(r"^In '([^']+)':")
_LAUNCHER = "hydra_plugins.runner.launcher.RunnerLauncher"
#: The settings of `hydra/launcher=runner`.
LAUNCHER_KEYS = (
    "n_jobs",
    "devices",
    "stagger_s",
    "interrupt_grace_s",
    "terminate_grace_s",
    "backend",
    "address",
)
_SWEEPER_KEYS = ("params", "store", "stop", "optimizer_options", *OPTIONS)
_ALL_SWEEPER_KEYS = (*_SWEEPER_KEYS, "max_batch_size", "_target_")
_OTHER_SWEEPER = re.compile(r"Could not find 'hydra/sweeper/(optuna|ax|nevergrad|hebo|bayes|smac)")
_MISSING = re.compile(r"(?:In '([^']+)': )?(?:Could not find|Cannot find primary config) '([^']+)'")
_NOT_THERE = re.compile(r"In '[^']+': Could not (?:load|find) '")
_NAME_AND_VALUE = re.compile(r"\s*([^\W\d][\w.-]*) +([^\s:#][^:#]*)$")
_EQUATION = re.compile(r"\s*(?:- )?([^\W\d][\w.-]*) *= *([^\s=#][^#]*)$")
_NAME_ALONE = re.compile(r"\s*([^\W\d][\w.-]*)\s*(?:#.*)?$")
_WITH_VALUE = re.compile(r"( *)[\w.-]+: +[^\s#]")
_BADLY_INDENTED = re.compile(
    "did not find expected key|expected <block end>, but found '<block map"
)
_NO_SPACE = re.compile(r"\s*(?:- )?([\w.-]+)\s*(?::|\uff1a\s*)(\S.*)")
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

#: What is written here for a setting of Hydra's sweeper for Optuna.
_OF_OPTUNA = {
    "sampler": "a sampler is chosen by +optimizer=tpe (gp, cmaes, qmc, nsga2), its seed is "
    "+random_seed=N, its other options are hydra.sweeper.optimizer_options.NAME=…",
    "direction": "- before the objective's name maximises: +objective=-NAME",
    "n_jobs": "trials at once are hydra.launcher.n_jobs=N",
    **dict.fromkeys(
        ("storage", "study_name"),
        "a search is kept in the store of all runs, and +restart=ID goes on with it",
    ),
    "max_failure_rate": "a failed trial ends no search, but with +fail_fast=true",
    "custom_search_space": "+exclude takes combinations away, and +optimizer=module.Class is a "
    "class of your own",
    "search_space": "a space is written as flags, x=interval(0,1) y=1,2, or in "
    "hydra.sweeper.params",
    "optimizer": "options of the optimizer are hydra.sweeper.optimizer_options.NAME=…",
    "seed": "the seed that trials are drawn with is hydra.sweeper.random_seed",
}
_OF_FLAGS = "a sweep over a flag stands in hydra.sweeper.params"


def explain_composition(error: Exception) -> str:
    """One line for an error that Hydra raised while composing."""
    if isinstance(error, yaml.YAMLError):
        return f"YAML that does not parse: {_in_yaml(error)}"
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


#: A part of a list or mapping in YAML's brackets that holds `${…}`.
_INTERPOLATED = re.compile(r"[^\s,\[\]{}]*\$\{[^{}]*\}[^\s,\[\]{}]*")


def _in_yaml(error: yaml.YAMLError) -> str:
    """`conf/config.yaml, line 3, column 7: …`, with the way to write what is often written so."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None)
    if mark is None or problem is None:
        return one_line(error)
    context, begin = getattr(error, "context", None), getattr(error, "context_mark", None)
    lacking = _line_at(begin) if begin is not None and "expected ':'" in problem else ""
    apart = _EQUATION.match(lacking) or _NO_SPACE.match(lacking) or _NAME_AND_VALUE.match(lacking)
    if begin is not None and apart is not None:
        return (
            f"{mark.name}, line {begin.line + 1}: a colon and a space stand between a name and its "
            f"value: `{apart[1]}: {apart[2].strip()}`"
        )
    told = f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}: {problem}"
    if context:
        where = f" from line {begin.line + 1}" if begin and begin.line != mark.line else ""
        told += f" ({context}{where})"
    line = _line_at(mark)
    if "${" in line and "expected ','" in problem:
        # the mark is at the brace that no plain text in brackets can hold
        held = next((one for one in _INTERPOLATED.finditer(line) if one.end() > mark.column), None)
        told += f'; what holds ${{…}} stands in quotes: "{held[0] if held else "${…}"}"'
    before = _line_at(mark, above=1)
    without_colon = _EQUATION.match(before) or _NAME_AND_VALUE.match(before)
    alone = _NAME_ALONE.match(before)
    is_nested = problem.startswith("mapping values are not allowed")
    if is_nested and without_colon is not None:
        name, value = without_colon.groups()
        told += f"; the line before lacks a colon: `{name}: {value.strip()}`"
    elif is_nested and alone is not None:
        told += f"; the line before lacks a colon: `{alone[1]}:`"
    elif is_nested and _is_below_value(line, before):
        told += "; it is indented more than the line before it, which has a value"
    elif line.lstrip(" ").startswith("\t"):
        told += "; YAML is indented by spaces"
    elif context == "while parsing a block mapping" and _BADLY_INDENTED.match(problem):
        told += "; names of one mapping begin in the same column"
    return told


def _is_below_value(line: str, before: str) -> bool:
    """Whether a line is indented more than the one before it, where a name has its value."""
    held = _WITH_VALUE.match(before)
    return held is not None and len(line) - len(line.lstrip(" ")) > len(held[1])


def _line_at(mark: yaml.Mark, above: int = 0) -> str:
    """The line of a file that a mark is in, or so many above it; empty if it cannot be read. The
    hints go by it, as the words of the problem are those of one of two parsers: Hydra 1.4 takes
    libyaml's."""
    try:
        lines = Path(mark.name).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[mark.line - above] if above <= mark.line < len(lines) else ""


def unknown_setting(text: str, config: DictConfig) -> str:
    """What is wrong with an override of a setting of Hydra's that does not exist, and which setting
    was probably meant."""
    override = parse_override(text)
    *path, last = override.key_or_group.replace("/", ".").split(".")
    node: Any = config
    within: list[str] = []
    for key in path:
        below = OmegaConf.select(node, key)
        if not OmegaConf.is_dict(below):
            last = key
            break
        node = below
        within.append(key)
    where = ".".join(within)
    names = [str(name) for name in node if not str(name).startswith("_")]
    value = text.partition("=")[2]
    held = override.value()
    if last in names and isinstance(held, dict) and held:
        key, first = next(iter(held.items()))
        return (
            f"{text}: {where}.{last} has no entry {key!r}; to add it: "
            f"+{where}.{last}.{key}={element_text(first)}"
        )
    said = f"{text}: {where} has no setting {last!r}"
    parted = last.replace("_", ".", 1)
    if parted != last and OmegaConf.select(node, parted) is not None:
        return f"{said}; did you mean {where}.{parted}={value}?"
    if last in names and last != override.key_or_group.rpartition(".")[2]:
        said = f"{text}: {where}.{last} is one value, and has no settings"
        return f"{said}; {_OF_OPTUNA[last]}" if last in _OF_OPTUNA else said
    is_launcher = where == "hydra.launcher" and last != "n_jobs" and "n_jobs" in names
    if last in JOBS_NAMES and (is_launcher or where == "hydra"):
        return f"{said}; {jobs_hint(override)}"
    if where == "hydra.sweeper":
        if last in _OF_OPTUNA:
            return f"{said}; {_OF_OPTUNA[last]}"
        option = misspelt(last)
        if option is not None:
            return f"{said}; did you mean {where}.{option}={value}?"
    near = get_close_matches(last, names, n=1)
    if near:
        rest = override.key_or_group.split(".")[len(within) + 1 :]
        return f"{said}; did you mean {'.'.join([where, near[0], *rest])}={value}?"
    if where == "hydra.launcher" and not names:
        chosen = config.hydra.runtime.choices.get("hydra/launcher")
        return f"{said}, as hydra/launcher={chosen} has none; add hydra/launcher=runner"
    return f"{said}; it has {', '.join(names)}"


def unknown_sweeper_setting(text: str) -> str | None:
    """What is wrong with an override that adds a setting to our sweeper, which would ignore it;
    None for any other override. `++` cannot insist: nothing reads such a setting."""
    override = parse_override(text)
    hydra, sweeper, *names = [*override.key_or_group.split("."), "", ""][:3]
    if (hydra, sweeper) != ("hydra", "sweeper") or override.is_delete():
        return None
    if names[0] in _ALL_SWEEPER_KEYS or not names[0]:
        return None
    known = OmegaConf.create({"hydra": {"sweeper": dict.fromkeys(_SWEEPER_KEYS)}})
    return unknown_setting(text, known)


def check_launcher(node: Any) -> None:
    """Raise Mistake for a setting that our launcher does not have, whichever sign added it; other
    launchers judge their own."""
    if node.get("_target_") != _LAUNCHER:
        return
    settings: Any = OmegaConf.to_container(node)
    for name, value in settings.items():
        if name not in (*LAUNCHER_KEYS, "_target_"):
            known = OmegaConf.create({"hydra": {"launcher": dict.fromkeys(LAUNCHER_KEYS)}})
            text = f"hydra.launcher.{name}={element_text(value)}"
            raise Mistake(unknown_setting(text, known))


def swept_setting(text: str) -> str | None:
    """What is wrong with an override that sweeps over a setting of Hydra; None for any other."""
    override = parse_override(text)
    if not override.is_sweep_override():
        return None
    name, value = override.key_or_group, text.partition("=")[2]
    flag = name.removeprefix("hydra.sweeper.params.")
    if flag != name:
        return (
            f"{text}: hydra.sweeper.params is for YAML; on the command line a sweep is written -m "
            f"{flag}={value}"
        )
    plain = "/" not in name and "(" not in value
    as_list = f"; a list is written {name}=[{value}]" if plain else ""
    return (
        f"{text}: a setting of Hydra holds for the whole batch and is not swept over: give it one "
        f"value{as_list}"
    )


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


def explain_sweeper(said: str, files: Mapping[str, bytes]) -> str | None:
    """What is wrong in the `hydra.sweeper` or `hydra.launcher` of the project's YAML, given by
    path, if the error that says `said` is about that."""
    if "Could not override" in said:
        return None  # an override is wrong
    unknown = _UNKNOWN_KEY.search(said)
    wanted = None if unknown is None else _wanted(**unknown.groupdict())
    if unknown is not None and wanted is not None:
        config = _IN_CONFIG.match(said)
        where = "" if config is None else f"{config[1]}.yaml: "
        return f"{where}hydra.{unknown['part']} has no setting {unknown['key']!r}; {wanted}"
    for path, data in files.items():
        found = _params_in(data)
        wrong = None if found is None else _wrong_params(found)
        if wrong is not None:
            return (
                f"{path.partition('/')[2]}: hydra.sweeper.params {wrong}; it maps each flag to its "
                "values as on the command line, in quotes: params: {lr: '0.1,0.2'}"
            )
    return None


def _wanted(node: str, part: str, key: str) -> str | None:
    """What would be right for a key that this node of the sweeper or launcher does not have; None
    for a node of others, whose keys are not known here."""
    first = key.partition(".")[0]
    if node == "RunnerSweeperConf":
        option = misspelt(first)
        meant = f"did you mean {option}?" if option is not None else None
        keys, known = _SWEEPER_KEYS, _OF_OPTUNA.get(first, meant)
        if "." in key:  # as flags of config groups have
            known = f"{known}; {_OF_FLAGS}" if first in _OF_OPTUNA else _OF_FLAGS
    elif node in ("RunnerLauncherConf", "BasicLauncherConf"):
        keys, known = LAUNCHER_KEYS, "did you mean n_jobs?" if first in JOBS_NAMES else None
    else:
        return None
    near = get_close_matches(key, keys, n=1)
    wanted = known or (f"did you mean {near[0]}?" if near else f"it has {', '.join(keys)}")
    if node == "RunnerSweeperConf" and not known and not near:
        wanted = f"{wanted}; {_OF_FLAGS}"
    if node != "BasicLauncherConf":
        return wanted
    if key in keys:
        wanted = "it has it"
    return f"with `override hydra/launcher: runner` in the defaults list, {wanted}"


def _params_in(data: bytes) -> Any:
    """The value of `hydra.sweeper.params` in a YAML file; None if it has none."""
    try:
        held = yaml.load(
            data, yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader
        )
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    for key in ("hydra", "sweeper", "params"):
        held = held.get(key) if isinstance(held, dict) else None
    return held


def _wrong_params(params: Any) -> str | None:
    if not isinstance(params, dict):
        return f"is {_shown(params)}, and no mapping"
    for name, value in params.items():
        if not isinstance(name, str) or value is None:
            return f"has an entry {_shown(name)} without a value"
    return None


def _shown(value: Any) -> str:
    return " ".join(yaml.safe_dump(value, default_flow_style=True).replace("...", "").split())
