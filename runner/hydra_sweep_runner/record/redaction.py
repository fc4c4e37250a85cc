"""Removes values of environment variables, which may be secrets, from messages. Pure.

Flags are recorded without them: `compose.reference` keeps references (`${oc.env:TOKEN}`). This
module is for texts that may contain the real values, such as the reason of a failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hydra_sweep_runner.model import Run, State, Value

#: Shorter values are not replaced: they would match parts of ordinary words.
SHORTEST = 4

_REFERENCE = re.compile(r"\$\{oc\.env:\s*([^,}\s]+)")


def references(text: str) -> set[str]:
    """The names of the variables that a text refers to."""
    return set(_REFERENCE.findall(text))


def redact(text: str, names: Iterable[str], environment: Mapping[str, str]) -> str:
    """The text with these variables' values replaced by `${oc.env:NAME}`, longer values first;
    values shorter than `SHORTEST` stay."""
    values = {environment[name]: name for name in names if name in environment}
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= SHORTEST:
            text = text.replace(value, f"${{oc.env:{values[value]}}}")
    return text


def names_of(run: Run) -> set[str]:
    """The names of the variables that a run's operation, overrides and flags refer to."""
    return references(" ".join(_texts(run)))


def redact_run(run: Run, environment: Mapping[str, str]) -> Run:
    """The run, with the values of the variables it refers to removed from the reasons of its
    failures."""
    state = run.state
    if state.reason is None and not state.attempts:
        return run
    names = names_of(run)
    return replace(run, state=_redact_state(state, names, environment)) if names else run


def _redact_state(state: State, names: Iterable[str], environment: Mapping[str, str]) -> State:
    def clean(reason: str | None) -> str | None:
        return None if reason is None else redact(reason, names, environment)

    attempts = tuple(replace(each, reason=clean(each.reason)) for each in state.attempts)
    return replace(state, reason=clean(state.reason), attempts=attempts)


def redact_all(text: str, environment: Mapping[str, str]) -> str:
    """The text without any value of the environment that could be a secret: every value of eight
    characters or more, except absolute paths, which tracebacks are full of."""
    return redact(
        text,
        [name for name, value in environment.items() if len(value) >= 8 and value[0] != "/"],
        environment,
    )


def _texts(run: Run) -> list[str]:
    target = run.operation.target
    texts = [run.operation.name, *([target] if isinstance(target, str) else target)]
    return [*texts, *run.recipe.task, *(_text(value) for value in run.flags.values())]


def _text(value: Value) -> str:
    return value if isinstance(value, str) else repr(value)
