"""The settings of Hydra's sweeper and launcher: which there are, and what was meant by one that
there is not. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from hydra_sweep_runner.compose.elements import element_text
from hydra_sweep_runner.compose.overrides import parse_override
from hydra_sweep_runner.compose.value_overrides import JOBS_NAMES, jobs_hint
from hydra_sweep_runner.errors import Mistake
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
