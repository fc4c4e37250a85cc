"""The text of a run's record, format 1, and the object that `--json` shows of it.

Pure: opens no file. The text is strict JSON, a line for each part and for each flag. Where
JSON has no number, in flags, options and results, it holds `{"$float": "NaN"}` (or
`"Infinity"`, `"-Infinity"`); a dict's own key `$float` is written `$$float`, and so on.
Times are ISO 8601, UTC, with microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from hydra_sweep_runner.model import Kind, Run, Unreadable
from hydra_sweep_runner.record import floats
from hydra_sweep_runner.record.parts import from_parts, time_text, to_parts
from hydra_sweep_runner.record.reader import RecordError, Table

FORMAT = 1

#: So many lists and objects may lie within one another in a record. Far from what Python's
#: stack can hold, as what is read is gone through again by whoever shows it.
DEEPEST = 200

#: The keys of `public`, in their order.
PUBLIC_KEYS = (
    *("id", "operation", "kind", "batches", "generated_by", "flags", "status"),
    *("initialized", "started", "stopped", "exit_status", "result", "random_seed"),
    *("trials", "label", "tags", "dir"),
)

_OPEN = frozenset({"flags", "options", "state", "provenance"})  # a line for each entry

_encode_any = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_encode_ascii = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode


def _encode(value: Any) -> str:
    """JSON for a value; short ways for what makes up most of a record."""
    if value is None:
        return "null"
    return f"{value:d}" if type(value) is int else _encode_any(value)


def to_text(run: Run) -> str:
    """The run's record as strict JSON that UTF-8 can encode.

    `from_text` gives an equal run back. Raises TypeError if a value in it is of no JSON
    type, and ValueError if the kind and the batch's part do not fit.
    """
    if (run.kind is Kind.BATCH) != (run.batch is not None):
        raise ValueError(f"run {run.id} is a {run.kind.value}: batch is {run.batch}")
    try:
        text = _render(to_parts(run, _unchanged), _encode)
    except ValueError:
        text = floats.MARK
    if floats.MARK in text:
        text = _render(to_parts(run, floats.escape), _encode)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: a byte of an argument that is no UTF-8
        text = _render(to_parts(run, floats.escape), _encode_ascii)
    return text


def _render(parts: Mapping[str, Any], encode: Callable[[Any], str]) -> str:
    lines = [f' "format": {FORMAT}']
    for name, part in parts.items():
        if name in _OPEN and part:
            inner = ",\n".join([f"  {encode(key)}: {encode(part[key])}" for key in part])
            lines.append(f' "{name}": {{\n{inner}\n }}')
        else:
            lines.append(f' "{name}": {encode(part)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def from_text(text: str, *, run_id: str) -> Run:
    """The run in a record that lies in the folder of `run_id`.

    Raises RecordError, naming the path of the first key that is missing or not of its type,
    or a format that is newer than this version's.
    """
    try:
        content = _decode(text)
        if type(content) is not dict:
            raise RecordError("not a record: no JSON object")
        if text.count("[") + text.count("{") > DEEPEST:
            _check_depth(content)
        record = Table(content, "")
        _check(record, run_id)
        return from_parts(record, floats.restore if floats.MARK in text else _unchanged)
    except json.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error}" if text.strip() else "empty") from None
    except RecursionError:
        raise RecordError("nested too deep") from None
    except ValueError as error:
        raise RecordError(str(error)) from None


def public(run: Run, *, batches: Sequence[str], folder: str) -> dict[str, Any]:
    """What `--json` shows of a run, in strict JSON's types and the order of its keys.

    `batches` are the ids of those whose plan holds it, `folder` is its absolute path. A
    float that is not finite is its name; a result that joblib keeps is None.
    """
    state, result = run.state, run.result
    return {
        "id": run.id,
        "operation": run.operation.name,
        "kind": run.kind.value,
        "batches": list(batches),
        "generated_by": run.generated_by,
        "flags": floats.spell(dict(run.flags)),
        "status": state.status.value,
        "initialized": time_text(state.initialized),
        "started": time_text(state.started),
        "stopped": time_text(state.stopped),
        "exit_status": state.exit_status,
        "result": None if result is None or result.stored else floats.spell(result.value),
        "random_seed": run.random_seed,
        "trials": None if run.batch is None else list(run.batch.trials),
        "label": run.label,
        "tags": list(run.tags),
        "dir": folder,
    }


def public_unreadable(unreadable: Unreadable) -> dict[str, Any]:
    """What `--json` shows of a run whose record is damaged: the keys of `public`, in order."""
    known = {"id": unreadable.id, "status": "unreadable", "dir": unreadable.path}
    return {key: known.get(key) for key in PUBLIC_KEYS}


def _refuse(constant: str) -> NoReturn:
    raise RecordError(f"not JSON: {constant}")


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def _check(record: Table, run_id: str) -> None:
    version = record.integer("format")
    if version > FORMAT:
        raise RecordError(
            f"format: {version} is newer than {FORMAT}, the newest that this version of "
            "runner reads; upgrade runner"
        )
    if version != FORMAT:
        raise RecordError(f"format: there is no format {version}")
    if record.text("id") != run_id:
        raise RecordError(f"id: {record.text('id')!r}, but the folder is that of {run_id!r}")


def _check_depth(content: Any) -> None:
    level = [content]
    for _ in range(DEEPEST):
        inner = [each.values() if type(each) is dict else each for each in level]
        level = [each for part in inner for each in part if type(each) in (dict, list)]
        if not level:
            return
    raise RecordError("nested too deep")


def _unchanged(value: Any) -> Any:
    return value
