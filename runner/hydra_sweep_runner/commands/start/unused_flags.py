"""Says which given flags have no effect, because a command does not receive them, or no step of a
pipeline does, and which settings of Hydra; and which arguments of a command are hardly meant so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.hydra_settings import CALLBACKS
from hydra_sweep_runner.compose.overrides import name_in
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.model import Operation
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.terminal.render import cut, escape

if TYPE_CHECKING:
    from hydra_sweep_runner.commands.start.sweep import Sweep
    from hydra_sweep_runner.compose.pipeline import PipelineComposer

# Of a command with more characters the hint on how it names a flag has the first word.
_MOST_OF_COMMAND = 60

#: A word that needs no quotes in a list in YAML.
_PLAIN = re.compile(r"-{0,2}[\w./+][\w./=+@%^-]*")


#: An argument that a shell, or Python's `format`, would replace by a value.
_LIKE_REFERENCE = re.compile(r"(?:-{1,2}[\w-]+=)?(?:\$(\w+)|\{(\w+)\})")

#: An option and its value in one argument of a command, which is split nowhere.
_NOT_SPLIT = re.compile(r"(-{1,2}[\w-]+) +(\$\{[\w.]+\})")


def report_settings_for_programs(world: World, config: TrialConfig) -> None:
    """Print which settings of Hydra have no effect, because `runner` is no Hydra program."""
    if world.program is not None:
        return
    names = config.base.for_programs
    folders = [name for name in names if name != CALLBACKS]
    if folders:
        has = "has" if len(folders) == 1 else "have"
        world.reporter.say(
            f"{', '.join(folders)} {has} no effect here: each run has its own folder in the store, "
            f"{world.shown_path(world.store.root)}/ID; another store is hydra.sweeper.store=FOLDER"
        )
    if CALLBACKS in names:
        world.reporter.say(
            f"{CALLBACKS} have no effect here: they are called in a @hydra.main program "
            "(python PROGRAM -m hydra/sweeper=runner)"
        )


def report_unused_in_sweep(world: World, sweep: Sweep) -> None:
    """Print which settings of Hydra have no effect, and which given flags the commands of a sweep
    do not receive, once for all trials of a command as it is written: each has its own values among
    the arguments."""
    report_settings_for_programs(world, sweep.config(sweep.plan.trials[0]))
    first = {
        (sweep.config(trial).base.key, sweep.given(trial)): trial
        for trial in reversed(sweep.plan.trials)
        if KINDS[trial.operation.kind].names_its_flags
    }
    varying = () if len(sweep.plan.trials) < 2 else sweep.varying
    lines = [
        line
        for (_, given), trial in first.items()
        for line in _unused_flags(trial.operation, sweep.config(trial), given, varying)
    ]
    for line in dict.fromkeys(lines):
        world.reporter.say(line)
    if sweep.composing.pipeline is not None:
        _report_unused_of_pipeline(world, sweep, sweep.composing.pipeline)


def _report_unused_of_pipeline(world: World, sweep: Sweep, pipeline: PipelineComposer) -> None:
    """Print which given flags of a pipeline's own reach none of its steps."""
    from hydra_sweep_runner.compose.unused import unused_names

    names = [name_in(text) for text in pipeline.own(sweep.overrides)]
    if not sweep.combinations or not names:
        return
    overrides = sweep.combinations[0].overrides
    config = sweep.composing.composer.trial(pipeline.own(overrides)).load()
    for name in unused_names(config, names, readers=("operation", *pipeline.wiring.names)):
        end = name.rpartition(".")[2]
        steps = zip(pipeline.wiring.names, pipeline.combination(overrides), strict=True)
        meant = [f"{step}.{end}" for step, composed in steps if end in composed.flags]
        how = f"a step takes it by STEP: {{FLAG: ${{{name}}}}} in the pipeline's YAML"
        if meant:
            how = f"did you mean {' or '.join(meant)}?"
        world.reporter.say(f"{escape(name)} reaches no step of the pipeline; {escape(how)}")


def report_unused_flags(
    world: World, operation: Operation, config: TrialConfig, given: Iterable[str]
) -> None:
    """Print which given flags a command does not receive, and how it would."""
    for line in _unused_flags(operation, config, given):
        world.reporter.say(line)


def _unused_flags(
    operation: Operation, config: TrialConfig, given: Iterable[str], varying: Sequence[str] = ()
) -> Iterator[str]:
    """A line for the given flags that a command does not receive, and how it would. If all that
    `varying` names are such, the trials do the same."""
    if not KINDS[operation.kind].names_its_flags:
        return
    from hydra_sweep_runner.compose.as_written import command_as_written  # few are commands
    from hydra_sweep_runner.compose.unused import first_flag_of, is_switch, unused_names

    loaded = config.load()
    command = command_as_written(loaded)
    meant: dict[str, str] = {}  # words like `$x` that are likely to mean flags, as they are written
    for word in command:
        both = _NOT_SPLIT.fullmatch(word)
        if both is not None:
            yield (
                f"{escape(word)} is one argument, with a blank in it; an option and its value are "
                f"two: {', '.join(map(_quoted, both.groups()))}"
            )
        found = _LIKE_REFERENCE.fullmatch(word)
        name = found and (found[1] or found[2])
        if name and name in loaded:
            meant[word] = f"{word[: word.find('=') + 1]}${{{name}}}"
            yield (
                f"{escape(word)} reaches the command as it is: the value of the flag {name} is "
                f"written ${{{name}}}"
            )
    unused = unused_names(loaded, given)
    if not unused:
        return
    words = [_quoted(meant.get(word, word)) for word in command]
    missing = [name for name in unused if not any(f"${{{name}}}" in one for one in meant.values())]
    if missing:
        flag = first_flag_of(loaded, missing[0])
        reference = f'"${{{escape(flag)}}}"'
        if is_switch(loaded, flag):  # given, or left out
            reference = f"{{--{escape(flag)}: {reference}}}"
        words.append(reference)
    names = escape(", ".join(unused))
    what = "is in no argument" if len(unused) == 1 else "are in no argument"
    same = varying and set(varying) <= set(unused)
    so = ", so all trials do the same" if same else ""
    yield (
        f"{names} {what} of the command{so}: write operation.command: {_in_brackets(words)} "
        "(a command finds its flags in .hydra/config.yaml, too)"
    )


def _in_brackets(words: Sequence[str]) -> str:
    """A command in YAML; of a long one the first word and the last."""
    *others, last = words
    if len(", ".join(others)) > _MOST_OF_COMMAND:
        others = [cut(words[0], _MOST_OF_COMMAND), "…"]
    return f"[{', '.join([*others, last])}]"


def _quoted(word: str) -> str:
    """A word of a command as an element of a list in YAML."""
    if word.startswith("{-"):  # options with their values
        return escape(re.sub(r"(\$\{[^}]*\})", r'"\1"', word))
    if _PLAIN.fullmatch(word):
        return word
    if word.isprintable() and ('"' in word or "\\" in word):
        return "'" + word.replace("'", "''") + "'"
    return escape(json.dumps(word, ensure_ascii=False))
