"""The options of a management command as they are typed: each once, and each with a value.

Click takes the last of two, and the word after an option as its value even where that is another
option. Pure.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath

import click

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake


@dataclass(frozen=True, kw_only=True)
class _Given:
    """An option with a value as it was typed; `word` is the value's own word, if it has one, and
    `after` the word that follows it."""

    name: str
    option: click.Option
    value: str
    word: str | None
    after: str | None


def check_options(command: click.Command, typed: str, words: Sequence[str]) -> None:
    """Raise Mistake for an option that is given twice, one that lacks its value, a time in two
    words, and a file after an option that writes to standard output. `typed` are the words of the
    command (`runner runs list`), `words` those after them."""
    options = _options(command)
    seen: dict[str, str] = {}
    for given in _values(command, options, typed, words):
        option = given.option
        if given.word is not None:
            _check_value(given, options, typed)
        _check_time(given, typed)
        first = seen.get(option.opts[0])
        if first is not None and not option.multiple:
            again = f"{given.name} is given twice: give it once"
            raise Mistake(f"{typed}: {again}{_as_one(given.name, first, given.value)}")
        seen[option.opts[0]] = given.value


def file_line(typed: str, words: Sequence[str], file: str, flag: str) -> str:
    """The line that a command writes to standard output, and how it makes a file: `words` without
    the file, with the flag that was meant."""
    left = [word for word in words if word != file]
    left += [] if flag in left else [flag]
    written = shlex.join([*typed.split(), *left])
    return f"{typed}: {flag} writes to standard output: {written} > {shlex.quote(file)}"


def _options(command: click.Command) -> Mapping[str, click.Option]:
    options = [one for one in command.params if isinstance(one, click.Option)]
    return {name: one for one in options for name in (*one.opts, *one.secondary_opts)}


def _values(
    command: click.Command, options: Mapping[str, click.Option], typed: str, words: Sequence[str]
) -> list[_Given]:
    """The options that take a value, as click takes the words apart."""
    settings = command.context_settings
    is_interspersed = settings.get("allow_interspersed_args", command.allow_interspersed_args)
    found: list[_Given] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--" or (not is_interspersed and not word.startswith("-")):
            break
        name, sign, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name not in options and not name.startswith("--"):
            name, sign, value = word[:2], word[2:], word[2:]
        option = options.get(name)
        if option is None:
            continue
        if option.is_flag:
            _check_no_file(name, left, typed, words)
            continue
        own = None if sign else next(iter(left), None)
        if not sign and own is None:
            break  # click says so
        left = left if sign else left[1:]
        after = next(iter(left), None)
        found.append(
            _Given(name=name, option=option, value=own or value, word=own, after=after),
        )
    return found


def _check_no_file(name: str, left: Sequence[str], typed: str, words: Sequence[str]) -> None:
    """Raise Mistake for the name of a file after `--json` or `--csv` where these take none."""
    file = next(iter(left), "")
    if name in ("--json", "--csv") and not file.startswith("-") and PurePath(file).suffix:
        raise Mistake(file_line(typed, words, file, name))


_OPTION = re.compile(r"--[A-Za-z]")


def _check_value(given: _Given, options: Mapping[str, click.Option], typed: str) -> None:
    """Raise Mistake where an option stands in the place of a value. An expression may begin with
    -, as in --sort -loss, and so may a text; a file does not."""
    value, metavar = given.value, given.option.metavar or "VALUE"
    is_file = metavar in ("FILE", "FOLDER") and value.startswith("-") and value != "-"
    if not (is_file or value in options or value == "-h" or _OPTION.match(value)):
        return
    next_word = f"the next word is {value}"
    if metavar == "FILE":
        stdout = "; - is standard output" if "- is standard" in (given.option.help or "") else ""
        raise Mistake(f"{typed}: {given.name} takes a file, and {next_word}{stdout}")
    is_free = metavar in ("EXPR", "TEXT")
    meant = f" (as the value: {shlex.quote(f'{given.name}={value}')})" if is_free else ""
    raise Mistake(f"{typed}: {given.name} lacks its value, {metavar}: {next_word}{meant}")


#: Units of a time that is typed in two words, by their first letter.
_UNIT = re.compile(
    r"s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?", re.ASCII | re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)


def _check_time(given: _Given, typed: str) -> None:
    """Raise Mistake for a time like `2 h`, in two words."""
    after = given.after or ""
    is_time = given.option.metavar in ("TIME", "AGE")
    if is_time and _NUMBER.fullmatch(given.value) and _UNIT.fullmatch(after):
        one = f"{given.value}{after[0].lower()}"
        raise Mistake(f"{typed}: a time is one word: {given.name} {one}")


def _as_one(name: str, first: str, second: str) -> str:
    """How two values of an option are given as one, if they can be."""
    if name == "--columns":
        return f", with commas: --columns {shlex.quote(f'{first},{second}')}"
    if name == "--where" and "or" not in f"{first} {second}".split():
        quote = '"' if "'" in first + second and '"' not in first + second else ""
        both = f"{first} and {second}"
        return f": --where {f'{quote}{both}{quote}' if quote else shlex.quote(both)}"
    return ""
