"""Composes a pipeline: its own configuration, and each step's as `runner operation=NAME` composes
it.

A step's configuration is composed alone; then the node of its name in the pipeline's configuration
is applied, then the overrides that begin with its name, without that prefix. All of this is
expressed as overrides of the step, so a step's trial can be composed again like any other trial.
What reaches a step is composed once, however many combinations share it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple, cast

from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig, OmegaConf

from hydra_sweep_runner.compose.chosen_pipeline import GROUP, PLACE, has_steps
from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.overrides import merge, name_in
from hydra_sweep_runner.compose.reference import read_flags, read_plain
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Mistake, UnknownFlag, with_override
from hydra_sweep_runner.model import Flags, Operation, Value
from hydra_sweep_runner.operation.kinds.known import KINDS, STEPS
from hydra_sweep_runner.operation.parse import parse_operation
from hydra_sweep_runner.operation.values import canonical
from hydra_sweep_runner.pipeline.combination import CombinationFlags, Composed
from hydra_sweep_runner.pipeline.parse import parse_steps
from hydra_sweep_runner.pipeline.steps import Step, Wiring
from hydra_sweep_runner.planning.identity import combination_identity, trial_identity

#: An override that begins with the name of a step, or of another node.
OF_STEP = re.compile(r"(?P<sign>\+{0,2}|~)(?P<step>[A-Za-z_][\w-]*)\.(?P<rest>.+)", re.DOTALL)
_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class PipelineComposer:
    """Composes one pipeline's combinations.

    `operation` is the pipeline's own operation, `wiring` its steps, `written` what the YAML has of
    them, `chosen_by` the overrides that choose it. `ignored` maps each step to the settings of
    Hydra in its own configuration that have no effect, because Hydra's settings apply to the whole
    pipeline.
    """

    def __init__(self, composer: Composer, job: DictConfig, choices: Sequence[str]) -> None:
        self._composer = composer
        node: Any = job.get("operation")
        steps = read_plain(node, "operation")
        self.wiring = parse_steps(steps["steps"], _plain_names(job))
        self.operation = parse_operation(steps)
        self.chosen_by = tuple(choices)
        self.written = cast("dict[str, Value]", steps["steps"])
        self.ignored: dict[str, tuple[str, ...]] = {}
        self._top = [str(name) for name in job]
        self._sign = next((_sign(text) for text in choices if name_in(text) == GROUP), "")
        self._splits: dict[str, tuple[str | None, str]] = {}
        self._own: dict[tuple[str, ...], _Own] = {}
        #: Each step with each of its nodes.
        self._known: dict[tuple[str, tuple[str, ...]], _StepWithNode] = {}
        self._combinations: dict[tuple[tuple[str, ...], int], _Combination] = {}
        self._index_of = {name: index for index, name in enumerate(self.wiring.names)}
        self._is_repeated = [name in self.wiring.repeated for name in self.wiring.names]

    def split(self, text: str) -> tuple[str | None, str]:
        """The step that an override is for, and the step's own override; None and the override
        itself if it is the pipeline's. Raises UnknownFlag for an unknown step, and Mistake."""
        if text not in self._splits:
            self._splits[text] = self._split(text)
        return self._splits[text]

    def _split(self, text: str) -> tuple[str | None, str]:
        match = OF_STEP.fullmatch(text)
        if match is None:
            name, given, value = text.lstrip("+").partition("=")
            is_step = name in self.wiring.names and not self._composer.is_group_choice(text)
            if given and is_step and not _may_be_mapping(value):
                raise _no_mapping(name, value)
            return None, text
        sign, name, rest = match.groups()
        key = rest.partition("=")[0]
        if name in self.wiring.names:
            if re.match(r"hydra\b", key):
                raise Mistake(
                    f"{text}: settings of Hydra hold for the whole pipeline: give it as "
                    f"{sign}{rest}"
                )
            return name, f"{sign}{rest}"
        if "/" in key or ("+" not in sign and name not in self._top and "@" not in key):
            names = self.wiring.names
            close = get_close_matches(name, names, n=1)
            wanted = f"did you mean {close[0]}.{key}?" if close else f"there are {', '.join(names)}"
            raise UnknownFlag(
                f"{text}: there is no step {name!r}; {wanted}",
                name=name_in(text),
                override=text,
                near=f"the steps are {', '.join(names)}",
            )
        return None, text

    def own(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The overrides that are the pipeline's own."""
        return tuple(text for text in texts if self.split(text)[0] is None)

    def combination(self, overrides: Sequence[str], repeat: int = 0) -> tuple[Composed, ...]:
        """The composed steps, in the wiring's order. Raises Mistake, naming the override as it was
        given, if a step does not accept it."""
        return self._combine(overrides, repeat).steps

    def describe(self, overrides: Sequence[str]) -> tuple[Operation, Flags]:
        """The pipeline's operation, and its own flags with those of its steps."""
        own, steps = self._combine(overrides)
        return self.operation, CombinationFlags(own.flags, steps, self._index_of)

    def identify(self, overrides: Sequence[str], repeat: int) -> str:
        """The identity of a combination, from the pipeline's own flags and its composed steps."""
        own, steps = self._combine(overrides, repeat)
        return combination_identity(own.key, [composed.identity for composed in steps], repeat)

    def flags(self, overrides: Sequence[str]) -> Flags:
        """The pipeline's own flags in one combination."""
        return self._own_of(self._sorted(overrides)[0]).flags

    def _combine(self, overrides: Sequence[str], repeat: int = 0) -> _Combination:
        key = (tuple(overrides), repeat)
        found = self._combinations.get(key)
        if found is None:
            mine, of_steps = self._sorted(overrides)
            own = self._own_of(mine)
            steps: list[Composed] = []
            for index, one in enumerate(own.steps):
                given = of_steps.get(index, ())
                step_key = (given, repeat if self._is_repeated[index] else 0)
                composed = one.composed.get(step_key)
                if composed is None:
                    composed = one.composed[step_key] = self._compose(one, *step_key)
                steps.append(composed)
            found = self._combinations[key] = _Combination(own, tuple(steps))
        return found

    def get_group_options(self, group_name: str) -> list[str]:
        """The names of the configs of a group, which may be a step's."""
        step, group = self.split(f"{group_name}=")
        name = group.removesuffix("=") if step is not None else group_name
        return list(self._composer.loader.get_group_options(name))

    def _sorted(
        self, overrides: Sequence[str]
    ) -> tuple[tuple[str, ...], dict[int, tuple[str, ...]]]:
        """The pipeline's own overrides, and those of each step that has some, by its index."""
        mine: tuple[str, ...] = ()
        of_steps: dict[int, tuple[str, ...]] = {}
        for text in overrides:
            step, rest = self._splits.get(text) or self.split(text)
            if step is None:
                mine += (text,)
            else:
                index = self._index_of[step]
                of_steps[index] = (*of_steps.get(index, ()), rest)
        return mine, of_steps

    def _own_of(self, overrides: tuple[str, ...]) -> _Own:
        if overrides not in self._own:
            try:
                own = _Own(self._composer.trial(overrides), self.wiring)
            except UnknownFlag as mistake:
                raise self.naming_steps(mistake) from mistake
            own.steps = [
                self._with_node(step, node)
                for step, node in zip(self.wiring.steps, own.nodes, strict=True)
            ]
            self._own[overrides] = own
        return self._own[overrides]

    def _with_node(self, step: Step, node: tuple[str, ...]) -> _StepWithNode:
        if (step.name, node) not in self._known:
            texts = self._texts(step, node, ())
            self._known[step.name, node] = _StepWithNode(step, node, texts)
        return self._known[step.name, node]

    def naming_steps(self, mistake: UnknownFlag) -> UnknownFlag:
        """The same mistake, with the steps that have a flag of this name, or of one like it; as it
        is if none has, or if the steps do not compose either."""
        try:
            steps = self.combination(())
        except Mistake:
            return mistake
        flags = {
            step: {part for flag in composed.flags for part in _with_nodes(flag)}
            for step, composed in zip(self.wiring.names, steps, strict=True)
        }
        name, override = mistake.name, mistake.override
        known = sorted({flag for names in flags.values() for flag in names})
        near = [name] if name in known else get_close_matches(name, known, n=1, cutoff=0.7)
        has_own = re.search(r"did you mean (?!'?\+)", str(mistake)) is not None
        if not near or (near != [name] and has_own):
            return mistake
        rest = override.removeprefix(name)
        meant = [f"{step}.{near[0]}{rest}" for step, names in flags.items() if near[0] in names]
        wanted = f"a step's flag is given with its name: {' or '.join(meant)}"
        said = f"{override}: unknown flag {name!r} of the pipeline; {wanted}"
        return UnknownFlag(said, name=name, override=override)

    def _texts(self, step: Step, node: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
        """All overrides of a step: its operation, those of its node, and those given for it."""
        texts = tuple(merge(node, given))
        if GROUP in [name_in(text) for text in texts]:
            return texts
        return (f"{self._sign}{GROUP}={step.operation}", *texts)

    def _note_ignored(self, step: Step, config: TrialConfig) -> None:
        ignored = self._composer.ignored_settings(config)
        if ignored:
            known = self.ignored.get(step.name, ())
            self.ignored[step.name] = tuple(dict.fromkeys((*known, *ignored)))

    def _compose(self, one: _StepWithNode, given: tuple[str, ...], repeat: int) -> Composed:
        """Compose a step, with the overrides given for it after those of its node."""
        step, alone = one.step, one.alone
        config = None if alone is None else alone.with_values(given, self._composer.is_group)
        texts = (*one.texts, *given) if config is not None else self._texts(step, one.node, given)
        try:
            if config is None:
                config = self._composer.step(texts, self.chosen_by)
                self._note_ignored(step, config)
                if not given:
                    one.alone = config
                elif alone is None and not any(map(self._composer.is_group_choice, given)):
                    one.alone = self._composer.step(one.texts, self.chosen_by)
            operation = _operation(step, config)
            may_register = KINDS[operation.kind].may_register_resolvers
            flags = config.flags(leave_out=("operation",), keeps_unknown=may_register)
        except Mistake as error:
            said = _explained(step, texts, str(error))
            if isinstance(error, UnknownFlag) and error.override in given:
                name, override = f"{step.name}.{error.name}", _written(step, error.override)
                raise UnknownFlag(said, name=name, override=override, near=error.near) from error
            raise Mistake(said) from error
        return Composed(texts, operation, flags, trial_identity(operation, flags, repeat), repeat)


class _Combination(NamedTuple):
    """One combination: the pipeline's own configuration, and the composed steps."""

    own: _Own
    steps: tuple[Composed, ...]


class _StepWithNode:
    """A step, with the overrides that the node of its name stands for; `texts` are these and its
    operation.

    `composed` is what it was composed to so far, by the overrides that are given for it and its
    number among repeats. `alone` is its configuration without any that are given, once known.
    """

    def __init__(self, step: Step, node: tuple[str, ...], texts: tuple[str, ...]) -> None:
        self.step = step
        self.node = node
        self.texts = texts
        self.composed: dict[tuple[tuple[str, ...], int], Composed] = {}
        self.alone: TrialConfig | None = None


class _Own:
    """A pipeline's own configuration: its flags with their canonical text, and for each step, in
    the wiring's order, the overrides that the node of its name stands for. `steps` are the steps
    with these nodes."""

    steps: Sequence[_StepWithNode]

    def __init__(self, config: TrialConfig, wiring: Wiring) -> None:
        job = config.job()
        self.flags: Flags = read_flags(job, ("operation", *wiring.names))
        self.key = canonical(dict(self.flags))
        self.nodes = [_node_overrides(job, name) for name in wiring.names]


def _with_nodes(name: str) -> Iterable[str]:
    """A flag's name, and those of the nodes above it."""
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _plain_names(job: DictConfig) -> list[str]:
    """The top-level names of a configuration that hold no mapping."""
    return [str(name) for name in job if not OmegaConf.is_dict(job._get_node(name))]


def _sign(text: str) -> str:
    """The `+` or `++` that an override begins with, if any."""
    return text[: len(text) - len(text.lstrip("+"))]


def _node_overrides(job: DictConfig, name: str) -> tuple[str, ...]:
    node = job._get_node(name) if name in job else None
    if node is None or node._is_none():
        return ()
    if not isinstance(node, DictConfig):
        raise _no_mapping(name, job[name])
    return tuple(_leaves(read_plain(node, name), ""))


def _may_be_mapping(value: str) -> bool:
    """Whether the text of a value may be a mapping: it has braces, or takes a node out."""
    return "{" in value or value.strip().lower() == "null"


def _no_mapping(step: str, value: object) -> Mistake:
    return Mistake(
        f"{step}={value}: {step} is a step, and a mapping of its flags: give them as "
        f"{step}.FLAG=VALUE"
    )


def _leaves(tree: Mapping[str, Value], prefix: str) -> Iterable[str]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        below = isinstance(value, dict) and value and all(map(_KEY.fullmatch, value))
        if below and isinstance(value, dict):
            yield from _leaves(value, f"{name}.")
        else:
            yield f"{name}={_as_text(value)}"


def _as_text(value: Value) -> str:
    """A text in Hydra's grammar that is read as exactly this value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{','.join(map(_as_text, value))}]"
    if isinstance(value, dict):
        entries = (f"{key}:{_as_text(item)}" for key, item in value.items())
        return f"{{{','.join(entries)}}}"
    return repr(value)


def _quoted(text: str) -> str:
    if re.fullmatch(r"[A-Za-z_/][\w./-]*", text, re.ASCII) and text.lower() not in _WORDS:
        return text
    return QuotedString(text, Quote.single).with_quotes()


#: Words that Hydra's grammar does not read as texts.
_WORDS = ("null", "nan", "inf", "true", "false")


def _operation(step: Step, config: TrialConfig) -> Operation:
    """The operation of a step. Raises Mistake if it is a pipeline."""
    try:
        operation = config.operation()
    except Mistake:
        if not has_steps(config.job()):
            raise
        operation = None
    if operation is None or operation.kind == STEPS:
        raise Mistake(
            f"{PLACE}.{step.name}: its operation has steps itself: a step is filled by a script, "
            "a function or a command"
        )
    return operation


def _written(step: Step, text: str) -> str:
    """An override of a step as the pipeline's user writes it."""
    sign = _sign(text) or ("~" if text.startswith("~") else "")
    return f"{sign}{step.name}.{text.removeprefix(sign)}"


def _explained(step: Step, texts: Sequence[str], said: str) -> str:
    """The message of a mistake in what reaches a step, with overrides as the pipeline's user writes
    them."""
    if said.startswith(PLACE):
        return said
    for text in texts:
        written = _written(step, text)
        if said.startswith(f"{text}:"):
            return with_override(said, text, written)
        if f"use +{text}" in said:
            said = with_override(said, text, written)
    return f"{PLACE}.{step.name}: {said}"
