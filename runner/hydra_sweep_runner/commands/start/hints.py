"""Hints on what has no effect: values in the YAML that were probably meant as a sweep, and flags
that a command does not receive."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.overrides import gives_sweep, name_in
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.model import Flags, Operation
from hydra_sweep_runner.operation.flags import given_flags
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.terminal.render import cut, escape, shown_value

if TYPE_CHECKING:
    from hydra_sweep_runner.commands.start.sweep import Sweep

_NUMBER = r"\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*"
_DOTTED = re.compile(r"\+{0,2}([\w.-]+)=([-+]?(?:\d+\.\d+|\d+))\.{2,3}([-+]?(?:\d+\.?\d*|\.\d+))")
_NUMBERS = re.compile(rf"{_NUMBER}(,{_NUMBER})+", re.IGNORECASE)


def report_texts_like_sweeps(world: World, flags: Flags, given: Iterable[str]) -> None:
    """Print which flags have a text like `0.1,0.2` in the YAML, where it is a single value. Flags
    given on the command line are left out."""
    typed = given_flags(flags, given)
    for name, value in flags.items():
        if name not in typed and isinstance(value, str) and _NUMBERS.fullmatch(value):
            world.reporter.say(
                f"{escape(name)} is one text in the YAML, {shown_value(value)!r}: its values are "
                f"swept by -m {escape(name)}={escape(value)}, or from hydra.sweeper.params"
            )


def report_texts_like_ranges(world: World, overrides: Iterable[str]) -> None:
    """Print which overrides give a text like `0.1..0.3`, which is no range."""
    for text in overrides:
        found = _DOTTED.fullmatch(text)
        if found is not None:
            name, low, high = map(escape, found.groups())
            world.reporter.say(
                f"{escape(text)} is one text: numbers of a range are swept by "
                f"-m '{name}=range({low},{high},STEP)', random ones by "
                f"-m '{name}=interval({low},{high})'"
            )


def report_given_twice(world: World, overrides: Iterable[str]) -> None:
    """Print which flags are given more than once: the last value counts, and a shell makes two
    words, `lr=1 lr=2`, of `lr={1,2}`."""
    given: dict[str, list[str]] = {}
    for text in overrides:
        if not text.startswith("~"):
            given.setdefault(name_in(text), []).append(text)
    for name, texts in given.items():
        if len(set(texts)) > 1:
            values = ",".join(text.partition("=")[2] for text in texts)
            world.reporter.say(
                f"{escape(name)} is given {len(texts)} times, and the last one counts, "
                f"{escape(texts[-1])}; several values are swept by -m {escape(f'{name}={values}')}"
            )


def report_unused_params(world: World, sweeper: Mapping[str, Any]) -> None:
    """Print that a single run ignores the sweep in the YAML."""
    params = sweeper.get("params")
    if isinstance(params, Mapping) and params:
        names = escape(", ".join(map(str, params)))
        world.reporter.say(
            f"This is one run: hydra.sweeper.params ({names}) has an effect with -m alone, or "
            "where the YAML has hydra.mode: MULTIRUN"
        )


#: Options that decide on the trials of a batch, which a single run has none of.
_OF_BATCHES = ("max_trials", "fail_fast", "objective")


def report_options_of_batches(world: World, typed: Collection[str]) -> None:
    """Print which of the options that were typed have no effect on a single run."""
    names = [f"+{name}" for name in _OF_BATCHES if name in typed]
    if names:
        have = "has no effect" if len(names) == 1 else "have no effect"
        world.reporter.say(
            f"{', '.join(names)} {have} on one run: a batch of trials is started with -m"
        )


def report_lists_in_params(world: World, sweeper: Mapping[str, Any]) -> None:
    """Print which entries of `hydra.sweeper.params` are lists, which are single values."""
    params = sweeper.get("params")
    for name, value in params.items() if isinstance(params, Mapping) else ():
        text = str(value).strip()
        if text.startswith("[") and text.endswith("]") and not gives_sweep(f"{name}={text}"):
            world.reporter.say(
                f"hydra.sweeper.params.{escape(name)} is one value, the list {escape(text)}; its "
                f"elements are swept over by {escape(name)}: {text[1:-1]!r}"
            )


def report_short_ranges(world: World, overrides: Iterable[str]) -> None:
    """Print which swept ranges have a single value because their step is larger than they are."""
    from hydra_sweep_runner.compose.sweeps import range_of_one  # one run needs none of it

    for text in overrides:
        found = range_of_one(text)
        if found is not None:
            name, start, stop = escape(text.partition("=")[0]), found.start, found.stop
            world.reporter.say(
                f"{escape(text)} has one value, {start}, as its step is {found.step}: a smaller "
                f"step gives more, {name}=range({start},{stop},STEP), and random ones come from "
                f"{name}=interval({start},{stop})"
            )


# Of a command with more characters the hint on how it names a flag has the first word.
_MOST_OF_COMMAND = 60

#: A word that needs no quotes in a list in YAML.
_PLAIN = re.compile(r"-{0,2}[\w./+][\w./=+@%^-]*")


#: An argument that a shell, or Python's `format`, would replace by a value.
_LIKE_REFERENCE = re.compile(r"(?:-{1,2}[\w-]+=)?(?:\$(\w+)|\{(\w+)\})")


def report_unused_in_sweep(world: World, sweep: Sweep) -> None:
    """Print which given flags the commands of a sweep do not receive, once for all trials of a
    command as it is written: each has its own values among the arguments."""
    first = {
        (sweep.config(trial).base.key, sweep.given(trial)): trial
        for trial in reversed(sweep.plan.trials)
        if KINDS[trial.operation.kind].names_its_flags
    }
    varying = () if len(sweep.plan.trials) < 2 else sweep.varying
    for (_, given), trial in first.items():
        report_unused_flags(world, trial.operation, sweep.config(trial), given, varying)


def report_unused_flags(
    world: World,
    operation: Operation,
    config: TrialConfig,
    given: Iterable[str],
    varying: Sequence[str] = (),
) -> None:
    """Print which given flags a command does not receive, and how it would. If all that `varying`
    names are such, the trials do the same."""
    if not KINDS[operation.kind].names_its_flags:
        return
    from hydra_sweep_runner.compose.unused import (  # few operations are commands
        command_as_written,
        is_switch,
        unused_names,
    )

    loaded = config.load()
    for word in command_as_written(loaded):
        found = _LIKE_REFERENCE.fullmatch(word)
        name = found and (found[1] or found[2])
        if found is not None and name and name in loaded:
            world.reporter.say(
                f"{escape(word)} reaches the command as it is: the value of the flag {name} is "
                f"written ${{{name}}}"
            )
    unused = unused_names(loaded, given)
    if not unused:
        return
    reference = f'"${{{escape(unused[0])}}}"'
    if is_switch(loaded, unused[0]):  # given, or left out
        reference = f"{{--{escape(unused[0])}: {reference}}}"
    names = escape(", ".join(unused))
    what = "is in no argument" if len(unused) == 1 else "are in no argument"
    same = varying and set(varying) <= set(unused)
    so = ", so all trials do the same" if same else ""
    world.reporter.say(
        f"{names} {what} of the command{so}: write operation.command: "
        f"{_with_flag(command_as_written(loaded), reference)} (a command finds "
        "its flags in .hydra/config.yaml, too)"
    )


def _with_flag(command: Sequence[str], argument: str) -> str:
    """A command as it is written in YAML with this argument as its last; of a long one the first
    word."""
    words = [_quoted(word) for word in command]
    if len(", ".join(words)) > _MOST_OF_COMMAND:
        words = [cut(words[0], _MOST_OF_COMMAND), "…"]
    return f"[{', '.join(words)}, {argument}]"


def _quoted(word: str) -> str:
    """A word of a command as an element of a list in YAML."""
    if word.startswith("{-"):  # options with their values
        return escape(re.sub(r"(\$\{[^}]*\})", r'"\1"', word))
    if _PLAIN.fullmatch(word):
        return word
    if word.isprintable() and ('"' in word or "\\" in word):
        return "'" + word.replace("'", "''") + "'"
    return escape(json.dumps(word, ensure_ascii=False))
