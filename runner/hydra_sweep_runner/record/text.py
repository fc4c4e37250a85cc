"""Writes and reads the text of a run's record, format 1. Pure: opens no file.

The text is strict JSON with a line for each part and for each flag. Its keys are the fields of
`model.Run`, in their order. Empty parts are left out, except those that format 1 had from the
beginning. Floats in flags, options, results and scalars that JSON cannot represent are written as
`{"$float": "NaN"}` (or `"Infinity"`, `"-Infinity"`); a dict's own key `$float` is written
`$$float`, and so on. Times are ISO 8601, UTC, with microseconds.

msgspec reads the text into the dataclasses, several times as fast as the standard library with code
of our own. A text that msgspec refuses, or that needs more care (escaped floats, deep nesting, lone
surrogates), is parsed by the standard library first.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from json.encoder import encode_basestring
from typing import Any, NoReturn

from hydra_sweep_runner.model import Kind, Process, Run
from hydra_sweep_runner.record import floats
from hydra_sweep_runner.record.check import RecordError, check_times, checked, explain
from hydra_sweep_runner.record.times import time_text

FORMAT = 1

#: The deepest nesting of lists and objects in a record. Far below Python's recursion limit,
#: since code that shows a record recurses through it again.
DEEPEST = 200

#: The parts that are written even if empty: those that format 1 had from the beginning.
_ALWAYS = frozenset(
    (
        *("id", "kind", "operation", "flags", "given", "options", "random_seed"),
        *("generated_by", "label", "tags", "state", "recipe", "provenance", "result"),
    )
)
_OPEN = frozenset({"flags", "options", "state", "provenance", "scalars"})  # a line an entry
_VALUES = ("flags", "options", "result", "choices", "basis", "scalars")  # floats are escaped
_HEAD = '{\n "format": 1,\n'

_encode_any = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_encode_ascii = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode


def _encode(value: Any) -> str:
    """JSON for a value, with shortcuts for the types that make up most of a record."""
    if value is None:
        return "null"
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    return f"{value:d}" if kind is int else _encode_any(value)


# ---- writing


def to_text(run: Run) -> str:
    """The run's record as strict JSON that UTF-8 can encode.

    `from_text` returns an equal run. Raises TypeError for a value that is not of a JSON type, and
    ValueError if only one of kind and `batch` says that the run is a batch.
    """
    if (run.kind is Kind.BATCH) != (run.batch is not None):
        raise ValueError(f"run {run.id} is a {run.kind.value}: batch is {run.batch}")
    # The fields in their order; empty ones are left out unless they are always written.
    parts = {
        name: part for name, part in vars(run).items() if part or part == "" or name in _ALWAYS
    }
    text = _assemble({name: _kept_text(name, part) for name, part in parts.items()})
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: a byte of an argument that is no UTF-8
        text = _assemble(
            {name: _part_text(name, part, _encode_ascii) for name, part in parts.items()}
        )
    return text


# The texts of parts, by the id of the part; keeping the part itself keeps its id valid. A run is
# written several times in its life, and the trials of a batch share most of their parts.
_kept: dict[tuple[str, int], tuple[object, str]] = {}
_MOST_KEPT = 500
_LONGEST_KEPT = 10_000


def _kept_text(name: str, value: Any) -> str:
    """The JSON of a part, rendered once for each object, since parts never change."""
    if value is None or type(value) in (str, int):
        return _encode(value)
    kept = _kept.get((name, id(value)))
    if kept is not None:
        return kept[1]
    text = _part_text(name, value, _encode)
    if len(text) <= _LONGEST_KEPT:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[name, id(value)] = value, text
    return text


def _part_text(name: str, value: Any, encode: Callable[[Any], str]) -> str:
    plain = to_plain(value)
    try:
        text = _render_part(name, plain, encode)
    except ValueError:
        text = floats.MARK
    if floats.MARK in text and name in _VALUES:
        text = _render_part(name, floats.escape(plain), encode)
    return text


def to_plain(value: Any) -> Any:
    """A dataclass, or a value of one of its fields, in JSON's types; fields keep their order."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {
            key: item if type(item) in _PLAIN else to_plain(item) for key, item in value.items()
        }
    if kind in (tuple, list):
        return [item if type(item) in _PLAIN else to_plain(item) for item in value]
    if names := _names(kind):
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    return value


_PLAIN = frozenset((str, int, float, bool, type(None)))


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields; empty for any other class."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _render_part(name: str, plain: Any, encode: Callable[[Any], str]) -> str:
    if name not in _OPEN or not plain:
        return encode(plain)
    inner = ",\n".join([f"  {encode(key)}: {encode(plain[key])}" for key in plain])
    return f"{{\n{inner}\n }}"


def _assemble(parts: Mapping[str, str]) -> str:
    lines = [f' "{name}": {text}' for name, text in parts.items()]
    return "\n".join([f'{{\n "format": {FORMAT},', ",\n".join(lines), "}\n"])


# ---- reading


def from_text(text: str, *, run_id: str) -> Run:
    """The run in the record found in the folder of `run_id`.

    Raises RecordError, naming the path of the first key that is missing or not of its type, or a
    format newer than this version's.
    """
    run = _read_quickly(text)
    if run is not None and run.id == run_id:
        return run
    try:
        return _read_with_care(text, run_id)
    except json.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error}" if text.strip() else "empty") from None
    except RecursionError:
        raise RecordError("nested too deep") from None
    except ValueError as error:
        raise RecordError(str(error)) from None


def _read_quickly(text: str) -> Run | None:
    """The run, if msgspec alone can read its record."""
    if not text.startswith(_HEAD) or floats.MARK in text:
        return None
    if text.count("[") + text.count("{") > DEEPEST:
        return None
    import msgspec  # not at the top: a single new run reads no record

    try:
        run: Run = _decoder(Run)(text)
        return run if checked(run) is run else None
    except (msgspec.MsgspecError, RecordError):
        return None


def _decoder(kind: Any) -> Callable[[str | bytes], Any]:
    """The decoder of a dataclass, made once.

    msgspec keeps what it knows of a dataclass on the class, and puts it there before it is complete
    (0.22): a second thread that uses the class meanwhile crashes the process.
    """
    found = _decoders.get(kind)
    if found is None:
        import msgspec

        with _making_decoders:
            found = _decoders[kind] = msgspec.json.Decoder(kind).decode
    return found


_decoders: dict[Any, Callable[[str | bytes], Any]] = {}
_making_decoders = threading.Lock()


def _read_with_care(text: str, run_id: str) -> Run:
    content = _decode(text)
    if type(content) is not dict:
        raise RecordError("not a record: no JSON object")
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(content)
    _check_format(content, run_id)
    if floats.MARK in text:
        content |= {name: floats.restore(content[name]) for name in _VALUES if name in content}
    return checked(convert(content, Run, ""))


def read_process(content: Any, path: str) -> Process:
    """The process that `to_plain` wrote; `path` leads to it. Raises RecordError."""
    process: Process = convert(content, Process, path)
    return check_times(process, path)


def convert(content: Any, kind: Any, path: str) -> Any:
    """A value of JSON's types as a dataclass. Raises RecordError with the key's path below
    `path`."""
    import msgspec

    _decoder(kind)  # from here on, threads may use the class
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise explain(str(error), content, kind, path) from None


def _refuse(constant: str) -> NoReturn:
    raise RecordError(f"not JSON: {constant}")


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def _check_format(content: Mapping[str, Any], run_id: str) -> None:
    version = content.get("format")
    if type(version) is not int:
        missing = "missing" if "format" not in content else f"not an integer: {version!r}"
        raise RecordError(f"format: {missing}")
    if version > FORMAT:
        raise RecordError(
            f"format: {version} is newer than {FORMAT}, the newest that this version of "
            "runner reads; upgrade runner"
        )
    if version != FORMAT:
        raise RecordError(f"format: there is no format {version}")
    if isinstance(content.get("id"), str) and content["id"] != run_id:
        raise RecordError(f"id: {content['id']!r}, but the folder is that of {run_id!r}")


def _check_depth(content: Any) -> None:
    level = [content]
    for _ in range(DEEPEST):
        inner = [each.values() if type(each) is dict else each for each in level]
        level = [each for part in inner for each in part if type(each) in (dict, list)]
        if not level:
            return
    raise RecordError("nested too deep")
