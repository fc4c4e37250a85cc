"""What was meant by an option that a management command does not have. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from hydra_sweep_runner.cli.advice import BEST
from hydra_sweep_runner.operation.option_suggestions import slip_of

# So many options of a command are named where none of them is near.
_FEW = 4


def unknown_option(command: str, option: str, known: Sequence[str], words: Sequence[str]) -> str:
    """What would be right for an option that a command (`runner runs list`) does not have; `known`
    are the options it has, `words` all that were typed."""
    path = command.removeprefix("runner ")
    value = _value(option, words)
    instead = _format(path, option, known, value) or _INSTEAD.get((path, option))
    instead = instead or _INSTEAD.get(("", option))
    if instead is None and option in _OUTPUTS:
        instead = _file(path, known, value)
    if instead is not None:
        return f"; {instead}"
    near = slip_of(option.lstrip("-"), [name[2:] for name in known if name.startswith("--")])
    if near is not None:
        return f". Did you mean --{near}?"
    has = f"it has {', '.join(known)}; " if len(known) <= _FEW else ""
    return f"; {has}see {command} --help"


def _value(option: str, words: Sequence[str]) -> str | None:
    """The value that was typed with an option, in its word or the next one."""
    for place, word in enumerate(words):
        name, sign, value = word.partition("=")
        if name == option:
            after = next(iter(words[place + 1 :]), "-")
            return value if sign else None if after.startswith("-") else after
    return None


_FORMATS = ("--format", "--fmt", "--as")


def _format(path: str, option: str, known: Sequence[str], value: str | None) -> str | None:
    """What is written for `--format json` or `--output json`."""
    if option not in (*_FORMATS, *_OUTPUTS) or value is None or f"--{value}" not in known:
        return None
    takes_file = path == "compare" and value != "json"
    return f"it is written --{value}{' FILE (- is standard output)' if takes_file else ''}"


_OUTPUTS = ("--output", "--out", "--output-file", "--file", "--to", "-o")


def _file(path: str, known: Sequence[str], value: str | None) -> str:
    """How the command writes a file."""
    file = shlex.quote(value) if value is not None else "FILE"
    ending = PurePath(value or "").suffix.lower()
    if path == "compare":
        return f"a file is written by {_OF_COMPARE.get(ending, '--csv')} {file}"
    if path == "runs export":
        return f"the file is the first word: runner runs export {file}"
    if path == "runs list":
        flag = "--json" if ending == ".json" else "--csv"
    else:
        flag = "--json" if "--json" in known else ""
    return f"it writes to standard output: {f'{flag} ' if flag else ''}> {file}"


#: What makes `runner compare` write a file with this ending.
_OF_COMPARE: Mapping[str, str] = {
    ".json": "--json >",
    **dict.fromkeys((".html", ".png"), "--plot"),
    ".parquet": "--parquet",
}

#: What is typed for options that a command (empty: any) does not have.
_INSTEAD: Mapping[tuple[str, str], str] = {
    ("runs delete", "--all"): "all runs are deleted by runner runs delete --where true --yes",
    ("runs stop", "--all"): "which runs are at work is shown by runner runs list --status running",
    ("runs export", "--all"): "all runs are exported where there are neither ids nor filters",
    ("runs restore", "--all"): "all are brought back by runner runs restore",
    ("runs purge", "--all"): "all is removed by runner runs purge",
    ("compare", "--all"): "all rows are shown without -n N, all flags by --flags all",
    ("runs delete", "--force"): "it is not asked for with --yes",
    ("runs delete", "-f"): "it is not asked for with --yes",
    ("runs delete", "-y"): "it is not asked for with --yes",
    ("page", "--host"): "it answers this machine alone; from another, ssh -L PORT:localhost:PORT",
    ("compare", "--sort"): "the order is that of --min EXPR or --max EXPR",
    ("compare", "--columns"): "columns are chosen in runner runs list --batch ID --columns A,B",
    ("compare", "--reverse"): "the order is that of --min EXPR or --max EXPR",
    **{
        (command, option): f"a spreadsheet opens what is written by {csv}"
        for command, csv in (("compare", "--csv FILE"), ("runs list", "--csv > FILE"))
        for option in ("--excel", "--xlsx", "--xls")
    },
    **{
        (command, option): "so many rows are shown by -n N"
        for command in ("compare", "runs list")
        for option in (
            *("--limit", "--top", "--head", "--last", "--first", "--count", "--number", "--num"),
            "--tail",
        )
    },
    **dict.fromkeys(
        (("runs list", "--min"), ("runs list", "--order-by")),
        "the order is that of --sort EXPR, the least first",
    ),
    ("runs list", "--max"): "the order is that of --sort EXPR, and --reverse turns it round",
    ("runs list", "--desc"): "the order is that of --sort EXPR, and --reverse turns it round",
    **{
        (command, option): "runs are chosen by --where EXPR, as in --where 'loss < 0.5'"
        for command in ("runs export", "runs delete")
        for option in ("--min", "--max")
    },
    **{
        ("runs log", option): "all of it is printed, and cut by runner runs log ID | tail -n N"
        for option in ("--tail", "--lines", "-n")
    },
    ("runs list", "--failed"): "those that failed are shown by --status error",
    ("runs list", "-a"): "all are shown by --all",
    ("runs files", "--trials"): "a file of each trial is found by runner runs path BATCH FILE "
    "--trials",
    ("runs delete", "--dry-run"): "without --yes it says what it is about to delete, and asks",
    ("runs list", "--deleted"): "what was deleted is shown by runner runs restore --list",
    ("", "--best"): f"the best trial is shown by {BEST}",
}
