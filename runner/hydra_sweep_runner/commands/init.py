"""`runner init`: writes the configuration of a project's first operation, read from its source."""

from __future__ import annotations

import math
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any

import yaml

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.script.flags import read_parser, resolve_flags_to
from hydra_sweep_runner.execute.script.flags_and_defaults import (
    REQUIRED,
    Declared,
    Defaults,
    find_declared,
    function_defaults,
)
from hydra_sweep_runner.model import FlagsTo, Value

CONFIG = Path("conf", "config.yaml")
IGNORED = "/runs/"

_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_OPTION = re.compile(r"--([A-Za-z][\w-]*)(?:=(.+))?")
_INTERPOLATION = re.compile(r"\$\{([^\W\d][\w.]*)\}")
_RESERVED = ("defaults", "hydra", "operation")
# What can be typed as a flag's name.
_NAME = re.compile(r"[\w./-]+", re.ASCII)
# Texts that YAML, and OmegaConf's reader of it, read as texts without quotes.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_ ./-]*(?<! )")


@dataclass(frozen=True)
class FirstConfig:
    """The configuration to write: the text of conf/config.yaml, and the lines to print about it."""

    config: str
    told: tuple[str, ...]


def describe(words: Sequence[str], project: Path) -> FirstConfig:
    """The configuration for a script (`train.py`), a function (`package.module.name`) or a command
    (`bash train.sh`).

    Raises Mistake for a script, function or program that does not exist, or does not parse.
    """
    first = words[0]
    if first.startswith("-"):
        meant = "did you mean --dry-run?"
        if not get_close_matches(first, ["--dry-run"]):
            meant = "--dry-run is the only one, and a script, a function or a command comes next"
        raise Mistake(f"runner init {first}: there is no such option: {meant}")
    is_function = _FUNCTION.fullmatch(first) is not None and not _can_be_run(first, project)
    takes_nothing = first.endswith(".py") or is_function  # a command may have such an argument
    if takes_nothing and "--dry-run" in words[1:]:
        others = shlex.join(word for word in words if word != "--dry-run")
        raise Mistake(
            f"runner init {shlex.join(words)}: an option of runner init stands before the script "
            f"or function: runner init --dry-run {others}"
        )
    if first.endswith(".py"):
        if len(words) > 1:
            typed = shlex.join(words)
            raise Mistake(
                f"runner init {typed}: a script is named alone, its arguments are "
                f"flags; for a command of these words: runner init python {typed}"
            )
        return _script(first, project)
    if len(words) == 1 and (project / f"{first}.py").is_file():
        raise Mistake(f"runner init {first}: did you mean the script, runner init {first}.py?")
    if len(words) == 1 and "/" not in first and (project / first).is_file():
        raise Mistake(
            f"runner init {first}: a file is run by a program, runner init bash {first}, or by "
            f"itself if it can be executed, runner init ./{first}"
        )
    if len(words) == 1 and _FUNCTION.fullmatch(first):
        return _function(first, project)
    if len(words) == 1 and " " in first and not _can_be_run(first, project):
        raise Mistake(
            f"runner init {shlex.quote(first)}: the words of a command stand apart, without quotes "
            f"around all of them: runner init {first}"
        )
    if "${" not in first and not _can_be_run(first, project):
        raise Mistake(
            f"runner init {first}: there is no such file in {project}, and no such program in "
            f"PATH{_script_meant(first, project)}"
        )
    return _command(words, project)


def _can_be_run(program: str, project: Path) -> bool:
    return shutil.which(program) is not None or _is_file(project / program)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _script_meant(name: str, project: Path) -> str:
    """The script of the project that was probably meant, as the end of a message; or nothing."""
    scripts = sorted(path.name for path in project.glob("*.py"))
    meant = get_close_matches(name, scripts, n=1) or get_close_matches(f"{name}.py", scripts, n=1)
    return f": did you mean {meant[0]}?" if meant else ""


def write(start: FirstConfig, project: Path) -> list[str]:
    """Write the configuration and a line in .gitignore; returns a line for each.

    Raises Mistake if there is a configuration already.
    """
    config = project / CONFIG
    config.parent.mkdir(exist_ok=True)
    try:
        with config.open("x", encoding="utf-8") as file:
            file.write(start.config)
    except FileExistsError:
        raise Mistake(
            f"{CONFIG} is there already: add the operation to it (runner init --dry-run … "
            "shows what it would hold)"
        ) from None
    lines = [f"Wrote {CONFIG}"]
    if not _is_ignored(project):
        with (project / ".gitignore").open("a", encoding="utf-8") as file:
            file.write(gitignore_line(project))
        lines.append(f"Added {IGNORED} to .gitignore")
    return [*lines, *start.told]


def gitignore_line(project: Path) -> str:
    """The addition to .gitignore: the store's folder, on a line of its own."""
    text = _gitignore(project)
    return f"{'' if text.endswith(chr(10)) or not text else chr(10)}{IGNORED}\n"


def _is_ignored(project: Path) -> bool:
    known = {IGNORED, "runs", "runs/", "/runs"}
    return any(line.strip() in known for line in _gitignore(project).splitlines())


def _gitignore(project: Path) -> str:
    path = project / ".gitignore"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _script(script: str, project: Path) -> FirstConfig:
    path = project / script
    if not path.is_file():
        meant = _script_meant(script, project)
        raise Mistake(f"runner init {script}: there is no such file in {project}{meant}")
    flags_to = resolve_flags_to(path, FlagsTo.AUTO)
    source = path.read_bytes()
    if b"@hydra.main" in source:
        raise Mistake(
            f"runner init {script}: it is a Hydra program, which needs none: python {script} -m "
            "hydra/sweeper=runner FLAG=VALUE,VALUE starts a batch"
        )
    declared = find_declared(source, flags_to)
    if declared.subcommands:
        names = ", ".join(declared.subcommands)
        raise Mistake(
            f"runner init {script}: it has subcommands ({names}), and an operation runs one: "
            f"runner init python {script} {declared.subcommands[0]} --OPTION VALUE"
        )
    left_out = [f"not taken: {name}: {why}" for name, why in declared.left_out.items()]
    way = "as --name value" if flags_to is FlagsTo.ARGS else "as module-level variables"
    names = ", ".join(declared.positionals)
    if not declared.positionals:
        taken = declared.flags
    elif set(declared.positionals) <= set(read_parser(path).places):
        taken = {**declared.positionals, **declared.flags}
        way = f"{way}, {names} by place"
    elif REQUIRED in declared.positionals.values():
        return _script_as_command(script, declared, left_out)
    else:
        taken = declared.flags
        left_out.insert(0, f"not taken: {names}: by place, and can be left out")
    return _start({"script": script}, taken, f"{script} gets its flags {way}", *left_out)


def _script_as_command(script: str, declared: Declared, left_out: Sequence[str]) -> FirstConfig:
    """The configuration for a script with arguments that have to be given without a name, where its
    source does not show in which order: a command that names each flag in its place."""
    taken: Defaults = dict(declared.positionals)
    options: dict[str, str] = {}
    lines = list(left_out)
    for name, value in declared.flags.items():
        if name in declared.switches and value is not False:
            lines.append(f"not taken: --{name}: a switch that a command can only turn on")
        elif isinstance(value, dict):
            lines.append(f"not taken: --{name}: an option of a command holds no mapping")
        else:
            taken[name] = value
            options[f"--{name}"] = f"${{{name}}}"
    command = ["python", script, *(f"${{{name}}}" for name in declared.positionals)]
    operation = {
        "name": script,
        "command": [*command, options] if options else command,
        "requires": [script],
    }
    positionals = ", ".join(declared.positionals)
    told = f"{script} takes {positionals} by place, so it is run as a command that names its flags"
    return _start(operation, taken, told, *lines)


def _function(name: str, project: Path) -> FirstConfig:
    module, _, function = name.rpartition(".")
    base = project.joinpath(*module.split("."))
    candidates = [base.with_suffix(".py"), base / "__init__.py"]
    path = next((each for each in candidates if each.is_file()), None)
    if path is None:
        where = " or ".join(str(each.relative_to(project)) for each in candidates)
        meant = _script_meant(name, project)
        raise Mistake(f"runner init {name}: there is no module {module} ({where}){meant}")
    try:
        flags = function_defaults(path.read_bytes(), function)
    except SyntaxError as error:
        raise Mistake(f"runner init {name}: {path} does not parse: {error.msg}") from error
    if flags is None:
        defines = f"{path.relative_to(project)} defines no {function}"
        if get_close_matches(function, ["py"]):
            defines = f"there is no such file{_script_meant(name, project)}"
        raise Mistake(f"runner init {name}: {defines}")
    way = "as keyword arguments" if flags else "as one configuration, cfg, if it takes any"
    return _start({"function": name}, flags, f"{name} gets its flags {way}")


def _command(words: Sequence[str], project: Path) -> FirstConfig:
    requires = [word for word in words if _is_in_project(word, project)]
    files = [word for word in requires if (project / word).is_file()]
    operation: dict[str, Any] = {"name": PurePath(files[0]).name} if files else {}
    operation["command"] = list(words)
    if requires:
        operation["requires"] = requires
    flags: Defaults = {name: REQUIRED for word in words for name in _INTERPOLATION.findall(word)}
    told = f"{' '.join(words)} gets {', '.join(flags)} as arguments"
    if not flags:
        written, name, value = _with_first_flag(words)
        told = (
            f"{' '.join(words)} has no flags yet: for a flag {name}, write command: "
            f"[{', '.join(written)}] and below it {name}: {value} in {CONFIG}"
        )
    lines = [told]
    script = next((word for word in words[1:] if word.endswith(".py")), None)
    if words[0] in ("python", "python3") and script is not None and not flags:
        source = (project / script).read_bytes() if script in files else b""
        if b"add_subparsers" not in source:
            lines.append(f"with the options of the script as flags: runner init {script}")
    return _start(operation, flags, *lines)


def _with_first_flag(words: Sequence[str]) -> tuple[list[str], str, str]:
    """A command as it is written with a flag in the place of the value of its first option, or with
    lr as its last word if it has none; then the flag's name and value."""
    for place, word in enumerate(words):
        found = _OPTION.fullmatch(word)
        if found is None:
            continue
        name = found[1].replace("-", "_")
        if found[2] is not None:
            return (
                [*words[:place], f'"--{found[1]}=${{{name}}}"', *words[place + 1 :]],
                name,
                found[2],
            )
        if place + 1 < len(words) and not words[place + 1].startswith("--"):
            rest = words[place + 2 :]
            return [*words[: place + 1], f'"${{{name}}}"', *rest], name, words[place + 1]
    return [*words, '"${lr}"'], "lr", "0.1"


def _is_in_project(word: str, project: Path) -> bool:
    try:
        return not Path(word).is_absolute() and ".." not in word and (project / word).exists()
    except (OSError, ValueError):
        return False


def _start(operation: Mapping[str, Any], flags: Defaults, *told: str) -> FirstConfig:
    usable = {
        name: value
        for name, value in flags.items()
        if name not in _RESERVED and _NAME.fullmatch(name)
    }
    tree: dict[str, Any] = {"operation": dict(operation)}
    for name, value in usable.items():
        _set(tree, name.split("."), _escaped(value))
    lines = [*told]
    lines += [
        f"{name} is a word of Hydra's, and cannot be a flag" for name in flags if name in _RESERVED
    ]
    lines += [
        f"not taken: {name}: a flag's name has letters from a to z, digits, and - _ . alone"
        for name in flags
        if not _NAME.fullmatch(name)
    ]
    required = [name for name, value in usable.items() if value == REQUIRED]
    if required:
        lines.append(f"to be given: {', '.join(required)} (??? in {CONFIG})")
    required_files = ", ".join([*operation.get("requires", ()), "FILE"])
    lines.append(
        "each run works in a folder of its own, runs/ID: the files of the project that it "
        f"reads are named in {CONFIG}, operation: {{requires: [{required_files}]}}"
    )
    before = f"write a value for {' and '.join(required)} in {CONFIG}, then " if required else ""
    start = f"to start: {before}{_first_sweep(usable)}"
    return FirstConfig(_yaml(tree), (*lines, f"to look at it: runner --cfg job; {start}"))


def _first_sweep(flags: Defaults) -> str:
    """A sweep over a number among the flags, else one run; it works as it is written."""
    for name, value in flags.items():
        if isinstance(value, float) and math.isfinite(value) and value:
            return f"runner -m {name}={value!r},{float(f'{value / 10:.6g}')!r}"
    for name, value in flags.items():
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return f"runner -m {name}={value},{2 * value}"
    return "runner"


def _escaped(value: Value) -> Value:
    """A default, escaped so that it is not read as an interpolation."""
    if isinstance(value, list):
        return [_escaped(each) for each in value]
    if isinstance(value, dict):
        return {key: _escaped(each) for key, each in value.items()}
    return value.replace("${", "\\${") if isinstance(value, str) else value


def _set(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        if not isinstance(tree.get(name), dict):
            tree[name] = {}
        tree = tree[name]
    tree[path[-1]] = value


def _yaml(tree: Mapping[str, Any]) -> str:
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)


class _Dumper(yaml.SafeDumper):
    """Quotes every text that could be read as another value."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
