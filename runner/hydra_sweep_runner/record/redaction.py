"""Values of the environment out of texts that are kept or shown. Pure.

Flags stand in records as references (`${oc.env:TOKEN}`), so what needs care are words that
somebody else made of the real values: the reason of a failure, the message of a bug.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hydra_sweep_runner.model import Run, State, Value

#: Values shorter than this are left: they would be found in every other word.
SHORTEST = 4

_REFERENCE = re.compile(r"\$\{oc\.env:\s*([^,}\s]+)")


def references(text: str) -> set[str]:
    """The names of the variables that a text refers to."""
    return set(_REFERENCE.findall(text))


def redact(text: str, names: Iterable[str], environment: Mapping[str, str]) -> str:
    """The text with the values of these variables replaced by `${oc.env:NAME}`, longer values
    first."""
    values = {environment[name]: name for name in names if name in environment}
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= SHORTEST:
            text = text.replace(value, f"${{oc.env:{values[value]}}}")
    return text


def names_of(run: Run) -> set[str]:
    """The names of the variables that a run's operation, overrides and flags refer to."""
    return references(" ".join(_texts(run)))


def redact_run(run: Run, environment: Mapping[str, str]) -> Run:
    """The run with the reasons of its failures free of what its references stand for."""
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
    """The text without any value of the environment that could be a secret: all of eight
    characters or more, but for paths, which a traceback is made of."""
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
