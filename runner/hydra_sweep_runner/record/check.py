"""Checks a record beyond the types of its fields, and words what is wrong with one. Pure."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass, replace
from datetime import datetime, timezone
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hydra_sweep_runner.model import Kind, Run
from hydra_sweep_runner.operation.kinds.known import KINDS

_D = TypeVar("_D")

#: The greatest integer that a float can hold.
_MOST = int(sys.float_info.max)

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_WHERE = re.compile(r" - at `(?:key in )?\$\.?(?P<path>.*?)(?P<in_dict>\[\.\.\.\].*)?`$")
_MISSING = re.compile(r"^Object missing required field `(\w+)`")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_WORDS = {str: "text", int: "an integer", float: "a number", bool: "true or false"}
_LISTS = {str: "a list of texts"}


class RecordError(ValueError):
    """A text is not a readable record; the message names the key's path and the reason."""


def checked(run: Run) -> Run:
    """The run with its times in UTC. Raises RecordError if a field's content is not valid."""
    if (run.kind is Kind.BATCH) != (run.batch is not None):
        missing = "missing" if run.batch is None else f"not of a {run.kind.value}"
        raise RecordError(f"batch: {missing}")
    if run.operation.kind not in KINDS:
        known = ", ".join(KINDS)
        raise RecordError(f"operation.kind: none of {known}: {run.operation.kind!r}")
    if run.generated_by is not None:
        _check_ids("generated_by", [run.generated_by])
    if run.batch is not None:
        _check_ids("batch.trials", run.batch.trials)
        _check_ids("batch.generated", run.batch.generated)
    for name, source in run.inputs.items():
        one = () if source.run is None else (source.run,)
        _check_ids(f"inputs.{name}", [*one, *(source.runs or ())])
        if source.runs and source.attempts and len(source.attempts) != len(source.runs):
            raise RecordError(f"inputs.{name}.attempts: not as many as there are runs")
    for name, scalar in run.scalars.items():
        for field, number in vars(scalar).items():
            if type(number) is int and not -_MOST <= number <= _MOST:
                raise RecordError(f"scalars.{name}.{field}: larger than a float can be")
    state = check_times(run.state, "state.", ("initialized", "started", "stopped"))
    if state.process is not None:
        process = check_times(state.process, "state.process.")
        state = state if process is state.process else replace(state, process=process)
    if state.attempts:
        attempts = []
        for number, attempt in enumerate(state.attempts):
            if "/" in attempt.log or attempt.log in ("", ".", ".."):
                where = f"state.attempts[{number}].log"
                raise RecordError(f"{where}: not a file's name: {attempt.log!r}")
            attempts.append(
                check_times(attempt, f"state.attempts[{number}].", ("started", "stopped"))
            )
        state = replace(state, attempts=tuple(attempts))
    return run if state is run.state else replace(run, state=state)


def check_times(record: _D, path: str, names: Iterable[str] = ("since",)) -> _D:
    """The dataclass with the times among its fields in UTC. Raises RecordError for a time without a
    zone, and for one that UTC's calendar cannot hold."""
    changed = {}
    for name in names:
        value = getattr(record, name)
        if type(value) is datetime and value.tzinfo is not timezone.utc:
            try:
                if value.tzinfo is None:
                    raise ValueError
                changed[name] = value.astimezone(timezone.utc)
            except (ValueError, OverflowError):
                shown = value.isoformat()
                raise RecordError(f"{path}{name}: not a time with its zone: {shown!r}") from None
    return replace(record, **changed) if changed else record  # type: ignore[type-var]


def _check_ids(path: str, ids: Iterable[str]) -> None:
    for run_id in ids:
        if _RUN_ID.fullmatch(run_id) is None:
            raise RecordError(f"{path}: not a run's id: {run_id!r}")


def explain(said: str, content: Any, kind: Any, path: str) -> RecordError:
    """Translates msgspec's error message into a RecordError: `state.started: missing`,
    `state.started: not a time: 'x'`. `path` leads to the content."""
    found = _WHERE.search(said)
    steps = _STEP.findall(found["path"] if found is not None else "")
    value, hint = content, kind
    for name, number in steps:
        hint = _inner(hint, name)
        value = value[name] if name else value[int(number)]
    where = path + (found["path"] if found is not None else "")
    missing = _MISSING.match(said)
    if missing is not None:
        return RecordError(f"{where}{'.' if steps else ''}{missing[1]}: missing")
    return RecordError(f"{where}: not {_words(hint)}: {_short(value)}")


def _inner(hint: Any, name: str) -> Any:
    """The type of a field or, without a name, of a list's items."""
    hint = _not_none(hint)
    if name and is_dataclass(hint):
        return get_type_hints(hint)[name]
    items = [each for each in (get_args(hint) or ()) if each is not Ellipsis]
    if get_origin(hint) in (Union, types.UnionType):
        lists = [each for each in items if get_origin(each) is tuple]
        return _inner(lists[0], name)
    return items[-1]


def _not_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    rest = [each for each in get_args(hint) if each is not type(None)]
    return rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007 (made of parts)


def _words(hint: Any) -> str:
    """How messages name this type."""
    hint = _not_none(hint)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_words(each) for each in get_args(hint)))
    if origin is tuple:
        return _LISTS.get(get_args(hint)[0], "a list of objects")
    if origin is not None and issubclass(origin, Mapping):
        return "an object of texts" if get_args(hint)[1] is str else "an object"
    if hint is datetime:
        return "a time"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(str(member.value) for member in hint)}"
    return "an object" if is_dataclass(hint) else _WORDS.get(hint, "a value")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
