"""Reads `operation.steps` of a pipeline's configuration as a Wiring. Pure.

Each mistake is one line that names the place in the YAML and says what would be right.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations
from pathlib import PurePosixPath
from typing import Any

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.pipeline.steps import By, DeclaredInput, Gather, Step, Wiring, in_order

#: The node of the configuration that holds the steps.
PLACE = "operation.steps"

KEYS = (
    *("operation", "inputs", "gathers", "by", "partial", "after"),
    *("n_jobs", "retries", "timeout"),
)

#: Names of nodes in the configuration, which no step may have.
RESERVED = ("hydra", "operation")

#: The runner's and Hydra's own folders in a run's folder.
_OURS = (".runner", ".hydra")

_NAME = re.compile(r"[A-Za-z_]\w*(-\w+)*", re.ASCII)
_EXAMPLE = "for example `steps: {prepare: , train: {inputs: [prepare/clean.csv]}}`"


def parse_steps(node: object, flags: Collection[str]) -> Wiring:
    """The wiring that a configuration's `operation.steps` describes.

    `flags` are the top-level names of the pipeline's configuration that hold a flag, not a mapping.
    Raises Mistake for a name that is taken, an unknown key or step, a path that leads out of the
    upstream's folder, two inputs with the same name, steps inside steps, and a cycle.
    """
    if not isinstance(node, Mapping) or not node:
        given = "a list" if isinstance(node, list) else repr(node)
        raise Mistake(
            f"{PLACE}: must be a mapping of names to what each step takes, not {given}: {_EXAMPLE}"
        )
    names = [_step_name(name, flags) for name in node]
    steps = [_step(name, node[name], names) for name in names]
    ordered = in_order(steps)
    if isinstance(ordered[0], str):
        raise Mistake(
            f"{PLACE}: {' → '.join(map(str, ordered))} is a circle: a step takes from steps "
            "that can end before it"
        )
    wiring = Wiring(tuple(step for step in ordered if isinstance(step, Step)))
    for step in wiring.steps:
        _check_by(step, wiring)
    return wiring


def _step_name(name: object, flags: Collection[str]) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Mistake(
            f"{PLACE}.{name}: a step's name is a letter or _, then letters, digits, _ and -"
        )
    if name in RESERVED:
        raise Mistake(f"{PLACE}.{name}: a step cannot be named {name}: give it another name")
    if name in flags:
        raise Mistake(
            f"{PLACE}.{name}: the pipeline has a flag of that name: give the step another name, "
            f"or make `{name}` a mapping of the step's flags"
        )
    return name


def _step(name: str, node: object, names: Sequence[str]) -> Step:
    place = f"{PLACE}.{name}"
    if node is None:
        node = {}
    if not isinstance(node, Mapping):
        raise Mistake(f"{place}: must be a mapping, for example `{{inputs: [prepare/x.csv]}}`")
    for key in node:
        _check_key(place, key)
    inputs = _inputs(f"{place}.inputs", node.get("inputs"), names)
    gathers, about = _gathers(f"{place}.gathers", node.get("gathers"), names)
    for key in ("by", "partial"):
        if node.get(key) is not None:
            if key in about:
                raise Mistake(f"{place}.{key}: is in gathers, too: give it once")
            about[key] = node[key]
    if about and not gathers:
        key = next(iter(about))
        raise Mistake(f"{place}.{key}: is for a step that gathers: add gathers, or leave it out")
    _check_files(place, inputs, gathers)
    return Step(
        name=name,
        operation=_operation(place, node.get("operation"), name),
        inputs=inputs,
        gathers=gathers,
        by=_by(f"{place}.by", about.get("by"), names),
        partial=_flag(f"{place}.partial", about.get("partial")),
        after=_after(f"{place}.after", node.get("after"), names),
        n_jobs=_count(f"{place}.n_jobs", node.get("n_jobs"), least=1),
        retries=_count(f"{place}.retries", node.get("retries"), least=0),
        timeout_s=_seconds(f"{place}.timeout", node.get("timeout")),
    )


def _check_key(place: str, key: object) -> None:
    if key == "steps":
        raise Mistake(
            f"{place}.steps: a step has no steps of its own: make them steps of the pipeline"
        )
    if key not in KEYS:
        close = get_close_matches(str(key), KEYS, n=1)
        wanted = f"did you mean {close[0]}?" if close else f"a step takes {', '.join(KEYS)}"
        raise Mistake(f"{place}.{key}: unknown key; {wanted}")


def _operation(place: str, value: object, name: str) -> str:
    if value is None:
        return name
    if not isinstance(value, str) or not value.strip():
        raise Mistake(f"{place}.operation: must be an operation's name, not {value!r}")
    return value


def split_name(name: str, steps: Collection[str]) -> tuple[str | None, str]:
    """The step and the flag's name in it, for a flag named `STEP.FLAG`; None and the whole name for
    any other flag."""
    step, dot, rest = name.partition(".")
    return (step, rest) if dot and step in steps else (None, name)


def known_step(place: str, name: str, names: Iterable[str]) -> str:
    """The name, if it is a step's. Raises a Mistake that begins with the place."""
    known = list(names)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        wanted = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        raise Mistake(f"{place}: there is no step {name!r}; {wanted}")
    return name


# ---- inputs


def _inputs(place: str, value: object, names: Sequence[str]) -> tuple[DeclaredInput, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    found: list[DeclaredInput] = []
    for item in items:
        if isinstance(item, Mapping):
            found += _named(place, item, names)
        elif isinstance(item, str) and item is not value:
            found.append(_input(place, None, item, names, copy=False))
        else:
            raise Mistake(
                f"{place}: must be a list of STEP/PATH, or a mapping of names to them, not {item!r}"
            )
    return tuple(found)


def _named(place: str, item: Mapping[str, Any], names: Sequence[str]) -> list[DeclaredInput]:
    entries = dict(item)
    given = entries.get("copy")  # an input may have that name, too
    if isinstance(given, bool):
        del entries["copy"]
    elif given is not None and len(item) > 1 and str(given).partition("/")[0] not in names:
        raise Mistake(f"{place}: copy: must be true or false, not {given!r}")
    if not item:
        raise Mistake(f"{place}: {{}}: name what it takes, as {{NAME: STEP/PATH}}")
    if not entries:
        raise Mistake(f"{place}: {dict(item)!r}: name what to copy, as {{NAME: STEP/PATH}}")
    copied = given is True
    return [_input(place, name, text, names, copy=copied) for name, text in entries.items()]


def _input(
    place: str, name: object, text: object, names: Sequence[str], *, copy: bool
) -> DeclaredInput:
    if not isinstance(text, str) or not text.strip("/ "):
        raise Mistake(f"{place}: {name}: must be a text STEP/PATH, not {text!r}")
    step, _, rest = text.partition("/")
    known_step(f"{place}: {text}", step, names)
    path = PurePosixPath(rest)
    if path.is_absolute() or ".." in path.parts:
        raise Mistake(f"{place}: {text}: leads out of the folder of {step}: name what is in it")
    if path.parts and path.parts[0] in _OURS:
        raise Mistake(f"{place}: {text}: {path.parts[0]} is the runner's own: name another file")
    whole = str(path) if path.parts else ""
    own = _own_name(place, text, name) if name is not None else path.name or step
    return DeclaredInput(name=own, step=step, path=whole, copy=copy)


def _own_name(place: str, text: str, name: object) -> str:
    path = PurePosixPath(str(name))
    if not isinstance(name, str) or not path.parts or path.is_absolute() or ".." in path.parts:
        raise Mistake(f"{place}: {name}: {text}: an input has a name in the step's own folder")
    if path.parts[0] in _OURS:
        raise Mistake(f"{place}: {name}: {text}: {path.parts[0]} is the runner's own name")
    return str(path)


def _check_files(place: str, inputs: Sequence[DeclaredInput], gathers: Sequence[Gather]) -> None:
    """Raise Mistake for two inputs that would have the same name in the step's folder."""
    taken = [("inputs", one.name) for one in inputs]
    taken += [("gathers", name) for one in gathers for name in (one.name, f"{one.name}.json")]
    for (_, former), (key, name) in combinations(taken, 2):
        if former == name:
            raise Mistake(
                f"{place}.{key}: two inputs are named {name!r}: give one of them another name, "
                "as {NAME: STEP/PATH}"
            )
        if PurePosixPath(name).is_relative_to(former) or PurePosixPath(former).is_relative_to(name):
            raise Mistake(
                f"{place}.{key}: {former!r} and {name!r}: one lies in the other: give one of "
                "them another name, as {NAME: STEP/PATH}"
            )


# ---- gathers


def _gathers(
    place: str, value: object, names: Sequence[str]
) -> tuple[tuple[Gather, ...], dict[str, Any]]:
    """The gathers, and the settings that apply to all of them: `by` and `partial`."""
    if value is None:
        return (), {}
    if not isinstance(value, Mapping) or not value:
        raise Mistake(f"{place}: must be a mapping such as {{runs: STEP}}, not {value!r}")
    entries = dict(value)
    about = {key: entries.pop(key) for key in ("by", "partial") if key in entries}
    found = [_gather(place, name, step, names) for name, step in entries.items()]
    return tuple(found), {key: said for key, said in about.items() if said is not None}


def _gather(place: str, name: object, step: object, names: Sequence[str]) -> Gather:
    if not isinstance(step, str):
        raise Mistake(f"{place}.{name}: must be the name of a step, not {step!r}")
    known_step(f"{place}: {name}: {step}", step, names)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Mistake(
            f"{place}.{name}: names a folder of links: a letter or _, then letters, digits, _ and -"
        )
    return Gather(name=name, step=step)


def _by(place: str, value: object, names: Sequence[str]) -> tuple[By, ...]:
    texts = _texts(place, value, "[train.model]")
    found = []
    for text in texts:
        step, _, flag = text.partition(".")
        if not flag:
            raise Mistake(f"{place}: {text}: must be a step's flag, STEP.FLAG")
        found.append(By(step=known_step(f"{place}: {text}", step, names), flag=flag))
    return tuple(found)


def _check_by(step: Step, wiring: Wiring) -> None:
    """Raise Mistake for a flag of a step of which a gathered trial has several trials, or none."""
    for by in step.by:
        for gather in step.gathers:
            beside = wiring.beside(gather.step)
            if by.step not in beside:
                known = ", ".join(name for name in wiring.names if name in beside)
                raise Mistake(
                    f"{PLACE}.{step.name}.by: {by}: {gather.step} takes no file from "
                    f"{by.step}; a trial of it has flags of {known}"
                )


# ---- the rest


def _after(place: str, value: object, names: Sequence[str]) -> tuple[str, ...]:
    texts = _texts(place, value, "[prepare]")
    return tuple(dict.fromkeys(known_step(f"{place}: {text}", text, names) for text in texts))


def _texts(place: str, value: object, example: str) -> list[str]:
    if value is None:
        return []
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise Mistake(f"{place}: must be a list of texts such as {example}, not {value!r}")
    return items


def _flag(place: str, value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise Mistake(f"{place}: must be true or false, not {value!r}")


def _count(place: str, value: object, *, least: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return value
    raise Mistake(f"{place}: must be an integer of at least {least}, not {value!r}")


def _seconds(place: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value) if value < sys.float_info.max else math.inf
        if seconds > 0 and math.isfinite(seconds):
            return seconds
    raise Mistake(f"{place}: must be a number of seconds above 0, not {value!r}")
