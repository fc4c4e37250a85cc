"""What was meant by an option that `runner` does not have, where no management command was typed.
Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from hydra_sweep_runner.cli.advice import BEST
from hydra_sweep_runner.cli.management import COMMANDS
from hydra_sweep_runner.cli.runs.group import COMMANDS as RUNS_COMMANDS
from hydra_sweep_runner.operation.option_suggestions import misspelt, perhaps_meant, slip_of
from hydra_sweep_runner.operation.run_options import OPTIONS


def meant_by_unknown(message: str, words: Sequence[str], known: Sequence[str]) -> str:
    """argparse's message about options that it does not know, with what would be right; another one
    as it is. `words` are all that were typed, `known` the options that there are."""
    option, count, jobs = _OPTION.match(message), _COUNT.match(message), _JOBS.match(message)
    if jobs is not None:
        how = f"hydra.launcher.n_jobs={jobs[1] or 2}"
        return f"{message}; how many trials run at once is {how}"
    if count is not None:
        return (
            f"{message}; how many trials run at once is hydra.launcher.n_jobs={count[1]}, how "
            f"many there are at most +max_trials={count[1]}"
        )
    if option is None:
        return message
    name, value = option.groups()
    return f"{message}; {_meant(name, value or _next_word(name, words), known)}"


_UNKNOWN = "unrecognized arguments: "
_JOBS = re.compile(_UNKNOWN + r"(?:-j|--(?:n[-_]?)?jobs|--parallel|--workers)[= ]?(-?\d+)?")
_OPTION = re.compile(_UNKNOWN + r"(?:--(?=[A-Za-z])|-(?=[A-Za-z]{2}|v\b))([\w.-]+)(?:[= ](\S+))?")
#: A number that is probably meant for one of two things.
_COUNT = re.compile(_UNKNOWN + r"-n ?=?(\d+)")


def _next_word(name: str, words: Sequence[str]) -> str | None:
    """The word after an option that has no value in its own, if it may be one: no option, no
    override."""
    for place, word in enumerate(words[:-1]):
        after = words[place + 1]
        if word.lstrip("-") == name and not after.startswith(("-", "+", "~")) and "=" not in after:
            return after
    return None


def _meant(name: str, value: str | None, known: Sequence[str]) -> str:
    option = name.replace("-", "_")
    if option in _CONFIGS:
        return _config(value)
    if name in _INSTEAD:
        return _INSTEAD[name]
    given = "…" if value is None else shlex.quote(value)
    if option in OPTIONS:
        return f"the run option is +{option}={given}"
    flag = f"a flag of the configuration is written {name}={given}"
    own = misspelt(option, most_letters=1)
    near = slip_of(name, [each[2:] for each in known if each.startswith("--")], begins=False)
    if near is not None:
        return f"did you mean --{near}? ({flag})"
    if own is not None:
        return f"did you mean +{own}={given}? ({flag})"
    perhaps = _perhaps(name, option, value)
    return f"{perhaps} ({flag})" if perhaps else flag


def _perhaps(name: str, option: str, value: str | None) -> str:
    """What may be meant by a name that may also be a flag's; empty if nothing else."""
    if name in COMMANDS:
        return f"the command is runner {name}"
    if name in RUNS_COMMANDS and value is None:
        return f"the command is runner runs {name}"
    if name in ("verbose", "debug", "v"):
        return "Hydra's own setting is hydra.verbose=true"
    own = perhaps_meant([option]).removeprefix("; ")
    return own if value is None or option == "direction" else own.replace("…", shlex.quote(value))


_CONFIGS = ("config", "conf", "config_file", "cfg_file", "config_yaml", "yaml")


def _config(value: str | None) -> str:
    """How another configuration is named, if `value` was typed for it."""
    if value is None:
        return "the configuration is named by --config-name NAME, its folder by --config-path DIR"
    path = PurePath(value)
    if path in (PurePath("conf/config.yaml"), PurePath("config.yaml")):
        return "conf/config.yaml is taken of itself, another one by --config-name NAME"
    is_file = path.suffix in (".yaml", ".yml")
    folder = "" if path.parent in (PurePath(), PurePath("conf")) else str(path.parent)
    words = [*(["--config-path", folder] if folder else [])]
    words += ["--config-name", path.stem if is_file else path.name]
    return f"the configuration is named by {shlex.join(words)}"


#: What is typed for options of other tools.
_INSTEAD: Mapping[str, str] = {
    "dry-run": "+print_trials=true shows the plan",
    **dict.fromkeys(("print", "preview", "plan"), "+print_trials=true shows the plan"),
    **dict.fromkeys(("resume", "restart"), "+restart=ID goes on with a run or a batch"),
    "tag": "the run option is +tags=[NAME]",
    "store": "the store is named by hydra.sweeper.store=FOLDER",
    "best": f"the best trial is shown by {BEST}",
    **dict.fromkeys(("sweep", "multi"), "a sweep is started by runner -m FLAG=VALUE,VALUE…"),
}
