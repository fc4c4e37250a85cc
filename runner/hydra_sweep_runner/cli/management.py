"""The management commands, `runner runs …`, `runner init …` and others. Imports no Hydra.

Each command is imported when it is used, so that it does not wait for the imports of others.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from difflib import get_close_matches
from itertools import takewhile
from pathlib import PurePath
from typing import TypeGuard

import click

from hydra_sweep_runner.cli.advice import BEST
from hydra_sweep_runner.cli.given_options import check_options, file_line
from hydra_sweep_runner.cli.runs.group import COMMANDS as RUNS_COMMANDS
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store.run_ids import may_be_id
from hydra_sweep_runner.system.garbage import no_garbage


def _runs() -> click.Command:
    from hydra_sweep_runner.cli.runs.group import runs

    return runs


def _compare() -> click.Command:
    from hydra_sweep_runner.cli.compare import compare

    return compare


def _watch() -> click.Command:
    from hydra_sweep_runner.cli.watch import watch

    return watch


def _page() -> click.Command:
    from hydra_sweep_runner.cli.page import page

    return page


def _verify() -> click.Command:
    from hydra_sweep_runner.cli.verify import verify

    return verify


def _init() -> click.Command:
    from hydra_sweep_runner.cli.init import init

    return init


def _completion() -> click.Command:
    from hydra_sweep_runner.cli.completion import command

    return command


#: Maps the first word to a function that imports its command.
COMMANDS: Mapping[str, Callable[[], click.Command]] = {
    "runs": _runs,
    "compare": _compare,
    "watch": _watch,
    "page": _page,
    "verify": _verify,
    "init": _init,
    "completion": _completion,
}

# Commands that print and end: they make hardly any garbage.
_ANSWERS = ("runs", "compare")


class _Commands(click.Group):
    """A group whose commands are imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command with this name; None if there is none."""
        return COMMANDS[cmd_name]() if cmd_name in COMMANDS else None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """See and manage what the runner has recorded."""


def run_management(arguments: list[str]) -> int:
    """Carry out a management command and return the exit status.

    Raises Mistake for a command line that click refuses.
    """
    try:
        with no_garbage() if arguments[0] in _ANSWERS else nullcontext():
            command, typed = _command(arguments)
            check_options(command, typed, arguments[typed.count(" ") :])
            result = commands.main(arguments, prog_name="runner", standalone_mode=False)
    except click.Abort as abort:
        if isinstance(abort.__cause__, KeyboardInterrupt):  # not raised at a question
            raise KeyboardInterrupt from abort
        click.echo("Nothing was deleted", err=True)
        return 1
    except click.ClickException as error:
        raise Mistake(_explain(error, arguments)) from error
    except SystemExit as left:  # raised by click only for a pipe whose reader has gone
        raise BrokenPipeError from left
    return result if isinstance(result, int) else 0


def _explain(error: click.ClickException, arguments: Sequence[str]) -> str:
    """click's error message in one line, with what would be right."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = "runner" if context is None else context.command_path
    said = error.format_message().rstrip(".")
    if isinstance(error, click.BadOptionUsage) and context is None:
        return _without_its_value(said, error.option_name, arguments)
    if context is None:
        return f"{command}: {said}; see {command} --help"
    extra = _EXTRA.match(said)
    if extra is not None and command == "runner runs list":
        return _extra_word(extra[1], arguments)
    if command == "runner runs label" and said == "Missing argument 'ID...'":
        return f"{command}: give the label after the id: {command} {arguments[-1]} TEXT"
    if isinstance(error, click.NoSuchOption):
        from hydra_sweep_runner.cli.unknown_options import unknown_option  # needed for few messages

        known = [name for one in context.command.params for name in one.opts if name[0] == "-"]
        meant = unknown_option(command, error.option_name, [*known, "--help"], arguments)
        return f"{command}: No such option '{error.option_name}'{meant}"
    if isinstance(error, click.BadParameter) and "'all'" in said and command in _ALL:
        return f"{command}: -n takes a number; all are shown {_ALL[command]}"
    if said == "Missing command" and isinstance(context.command, click.Group):
        return f"{command}: give one of {', '.join(context.command.list_commands(context))}"
    if context.command is commands and "No such command" in said:
        return f"{said}{_meant(arguments[0])}"
    if "No such command" in said and isinstance(context.command, click.Group):
        word = said.split("'")[1]
        if word in _STARTS or word in COMMANDS:
            return f"{command}: {said}; {_STARTS.get(word) or f'it is runner {word}'}"
        near = get_close_matches(word, context.command.list_commands(context), n=1)
        near = [_NAMES_IN_OTHER_TOOLS[word]] if word in _NAMES_IN_OTHER_TOOLS else near
        if near:
            return f"{command}: {said}. Did you mean '{near[0]}'?"
    return f"{command}: {said}; see {command} --help"


#: How the commands that show the first N show all.
_ALL = {"runner runs list": "by --all", "runner compare": "without -n"}

#: Words of an expression that stand apart where it has no quotes.
_OF_EXPRESSION = re.compile(r"[=!<>]=?|in|not|and|or|[-+*/]")

_EXTRA = re.compile(r"Got unexpected extra arguments? \(([^ )]+)")


#: What is typed for an order, and whether it is that of --reverse.
_ORDERS = {
    **dict.fromkeys(("desc", "descending", "reverse", "reversed"), True),
    **dict.fromkeys(("asc", "ascending"), False),
}


def _extra_word(word: str, arguments: Sequence[str]) -> str:
    """What was meant by a word of `runner runs list` that belongs to no option."""
    if "--columns" in arguments[:-2]:
        place = arguments.index("--columns")
        columns = [arguments[place + 1]]
        for each in arguments[place + 2 :]:
            if each.startswith("-"):
                break
            columns.append(each)
        if word in columns[1:]:
            written = ",".join(one.strip(",") for one in columns)
            return f"runner runs list: the columns are one word, with commas: --columns {written}"
    if word.lower() in _ORDERS and "--sort" in arguments:
        order = "turned round by" if _ORDERS[word.lower()] else "the least first without"
        return f"runner runs list: {word}: the order of --sort is {order} --reverse"
    if "--where" in arguments[:-2] and _OF_EXPRESSION.fullmatch(word):
        begin = arguments.index("--where") + 1
        parts = list(takewhile(lambda each: not each.startswith("--"), arguments[begin:]))
        whole = shlex.quote(" ".join(parts))
        return f"runner runs list: an expression is one word, in quotes: --where {whole}"
    flag = _output_flag(word, arguments)
    if flag is not None:
        return file_line("runner runs list", arguments[2:], word, flag)
    return (
        f"runner runs list: it takes filters, and no word alone such as {word}; the trials of a "
        f"batch: --batch {word}; one run: runner runs show {word}; by flags: --where 'lr < 0.1'"
    )


def _output_flag(word: str, arguments: Sequence[str]) -> str | None:
    """The flag that was meant to write a file with this name; None if the word is no file."""
    endings = {".csv": "--csv", ".json": "--json"}
    for flag in endings.values():
        if flag in arguments[:-1] and arguments[arguments.index(flag) + 1] == word:
            return None if may_be_id(word) else flag
    typed = next((flag for flag in endings.values() if flag in arguments), None)
    meant = endings.get(PurePath(word).suffix.lower())
    return None if meant is None else typed or meant


def _without_its_value(said: str, option: str, arguments: Sequence[str]) -> str:
    """The message for an option at the end of a command line that lacks its value."""
    typed, command = _command(arguments)
    found = next((one for one in typed.params if option in one.opts), None)
    value = f": {option} {getattr(found, 'metavar', None) or 'VALUE'}"
    return f"{command}: {said}{value}; see {command} --help"


def _command(arguments: Sequence[str]) -> tuple[click.Command, str]:
    """The command that the first words name, or the group where none of it is named, and these
    words after `runner`."""
    found: click.Command = commands
    path = ["runner"]
    for word in arguments:
        below = found.get_command(click.Context(found), word) if _is_group(found) else None
        if below is None:
            break
        found, path = below, [*path, word]
    return found, " ".join(path)


def _is_group(command: click.Command) -> TypeGuard[click.Group]:
    return isinstance(command, click.Group)


#: What does it, by words of other tools and of people who look for help.
_STARTS = {
    "run": "one run is started by runner [FLAG=VALUE…]",
    "start": "one run is started by runner [FLAG=VALUE…]",
    "sweep": "a sweep is started by runner -m FLAG=VALUE,VALUE…",
    "batch": "a sweep is started by runner -m FLAG=VALUE,VALUE…",
    "multirun": "a sweep is started by runner -m FLAG=VALUE,VALUE…",
    "restart": "a run or a batch is restarted by runner +restart=ID",
    "resume": "a run or a batch is restarted by runner +restart=ID",
    "best": f"the best trial is shown by {BEST}",
    "rerun": "a run or a batch is restarted by runner +restart=ID",
    "version": "it is told by runner --version",
    "help": "the commands are in runner --help, those on runs in runner runs --help",
    "status": "runs are listed by runner runs list, a batch at work is followed by runner watch",
    "top": "a batch at work is followed by runner watch",
    "tail": "the output of a run at work is followed by runner runs log ID -f",
    "clean": "runs go to the trash by runner runs delete, and from there by runner runs purge",
    **dict.fromkeys(
        ("gui", "ui", "web", "dashboard", "board", "serve", "tensorboard"),
        "runs are seen in the browser by runner page",
    ),
    **dict.fromkeys(
        ("graph", "dag", "plan"),
        "a plan is printed, before it runs, by +print_trials=true, and a pipeline's is drawn by "
        "runner page",
    ),
    **dict.fromkeys(("plot", "chart"), "a plot is made by runner compare BATCH --plot FILE.html"),
}


#: What commands of `runner runs` are called elsewhere.
_NAMES_IN_OTHER_TOOLS = {
    **dict.fromkeys(("rm", "remove"), "delete"),
    **dict.fromkeys(("ls", "ps"), "list"),
    **dict.fromkeys(("kill", "cancel"), "stop"),
    **dict.fromkeys(("info", "describe"), "show"),
    "cat": "log",
    **dict.fromkeys(("undelete", "recover", "untrash"), "restore"),
    "prune": "purge",
}

_INTERPRETERS = ("python", "python3", "bash", "sh")


def _meant(word: str) -> str:
    """The command that was probably meant by an unknown first word."""
    if word in _STARTS:
        near = get_close_matches(word, COMMANDS, n=1)
        return f"; {_STARTS[word]}" + (f"; did you mean runner {near[0]}?" if near else "")
    if word in _INTERPRETERS:
        return "; runner init makes a script or a command a project, and runner alone then runs it"
    below = get_close_matches(word, RUNS_COMMANDS, n=1, cutoff=0.8)
    below = [_NAMES_IN_OTHER_TOOLS[word]] if word in _NAMES_IN_OTHER_TOOLS else below
    if below:
        return f": did you mean runner runs {below[0]}?"
    near = get_close_matches(word, COMMANDS, n=1)
    commands_are = (
        f"did you mean runner {near[0]}?" if near else "the commands are in runner --help"
    )
    return f"; a flag is given as {word}=…, {commands_are}"
