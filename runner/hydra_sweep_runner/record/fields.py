"""The table of a run's fields, from which `--json`, lists, `show`, exports and expressions are
made.

Add a field here, once, and all of them have it. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Input, Kind, Run, Unreadable
from hydra_sweep_runner.record import floats
from hydra_sweep_runner.record.job_output import TAKEN_ALONG
from hydra_sweep_runner.record.text import to_plain

if TYPE_CHECKING:  # the module imports msgspec, which is loaded only to read records
    from hydra_sweep_runner.record.glance import Glance


#: Returns the absolute path of a run's log, None if there is no such file.
FindLog = Callable[[Run], "str | None"]


def _no_log(_: Run) -> None:
    return None


_NOTHING: Mapping[str, str] = MappingProxyType({})


class Summary:
    """A run, with its batches, folder and log.

    `glance` holds the parts that most commands read; `run` is the whole run. Both are as observed:
    a run that is recorded as running, but whose process is gone, is terminated. `batches` are the
    ids of the batches whose plan contains the run. `steps` are the steps of pipelines that the run
    fills: its own, then those that batches have taken it for. `folder` is the absolute path of its
    folder. `find_log` returns the absolute path of a run's log, None if there is no such file.
    """

    __slots__ = ("_find_log", "_of_batch", "_read", "_taken_for", "batches", "folder", "glance")

    def __init__(
        self,
        glance: Run | Glance,
        read: Callable[[], Run] | None = None,
        *,
        batches: Sequence[str] = (),
        taken_for: Mapping[str, str] = _NOTHING,
        folder: str,
        find_log: FindLog = _no_log,
    ) -> None:
        """`read` returns the whole run when it is first used; None if `glance` is the whole run.
        `taken_for` are the steps that batches have taken it for, by their ids, if that is not its
        own step (`model.BatchPart.steps`)."""
        self.glance = glance
        self._read = read
        self.batches = tuple(batches)
        self._taken_for = taken_for
        self._of_batch: str | None = None
        self.folder = folder
        self._find_log = find_log

    def held_by(self, batches: Sequence[str], taken_for: Mapping[str, str]) -> Summary:
        """The same run, contained in the plans of these batches."""
        other = copy(self)
        other.batches = tuple(batches)
        other._taken_for = taken_for
        return other

    def is_held_by(self, batches: Sequence[str], taken_for: Mapping[str, str]) -> bool:
        """Whether these are its batches, and the steps that they have taken it for."""
        return self.batches == tuple(batches) and self._taken_for == taken_for

    def in_batch(self, batch_id: str) -> Summary:
        """The same run as a trial of this batch alone: it fills the step that it has there."""
        if not self._taken_for:
            return self
        other = copy(self)
        other._of_batch = batch_id
        return other

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of pipelines that the run fills: its own first, then those that batches have
        taken it for, the newest batch first."""
        own, taken_for = self.glance.step, self._taken_for
        found = [own, *taken_for.values()]
        if self._of_batch is not None:
            found = [taken_for.get(self._of_batch, own)]
        return tuple(dict.fromkeys(step for step in found if step is not None))

    @property
    def step(self) -> str | None:
        """The first of `steps`; None for a run that no pipeline has."""
        return next(iter(self.steps), None) if self._taken_for else self.glance.step

    @property
    def run(self) -> Run:
        """The whole run. Raises UnknownRun or UnreadableRecord if it is gone, or cannot be read, by
        now."""
        read = self._read  # threads of the page may do this at the same time
        if read is not None:
            self.glance = read()
            self._read = None
        assert isinstance(self.glance, Run)
        return self.glance

    def whole(self) -> Summary:
        """The same summary with the whole run read. Raises as `run`."""
        if self._read is None:
            return self
        return self.with_run(self._read())

    def with_run(self, run: Run) -> Summary:
        """The same summary with another state of the run."""
        other = copy(self)
        other.glance, other._read = run, None
        return other

    @property
    def log(self) -> str | None:
        """The absolute path of the run's log, looked for now; None if there is no such file.
        Raises as `run`."""
        return self._find_log(self.run)


# Types of which every value is JSON's.
_AS_IT_IS = frozenset({str, int, bool, type(None)})


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a run.

    `get` returns its Python value: None if it is unknown; times are aware; floats may be NaN or
    infinite. `json` returns its JSON form. `label` is its name in `runs show`; None if `show`
    displays it elsewhere or not at all. `is_attribute` says whether expressions may name it;
    `value` returns the value that they compare.
    """

    name: str
    get: Callable[[Summary], Any]
    label: str | None = None
    is_attribute: bool = False

    def json(self, summary: Summary) -> Any:
        """The value in strict JSON's types; a float that is not finite becomes its name."""
        value = self.get(summary)
        return value if type(value) in _AS_IT_IS else floats.spell(to_plain(value))

    def value(self, summary: Summary) -> Any:
        """The value that expressions compare: a time becomes text in ISO 8601, UTC."""
        return to_plain(self.get(summary))


def _result(summary: Summary) -> Any:
    """The returned value; None if it is stored with joblib."""
    result = summary.run.result
    return None if result is None or result.stored else result.value


def _duration(summary: Summary) -> float | None:
    """Seconds from start to end; None if either is missing."""
    state = summary.glance.state
    if state.started is None or state.stopped is None:
        return None
    return (state.stopped - state.started).total_seconds()


def _trials(summary: Summary) -> tuple[str, ...] | None:
    return None if summary.run.batch is None else summary.run.batch.trials


def _output_dir(summary: Summary) -> str | None:
    """The output folder of a Hydra program; relative to the project if inside it."""
    job = summary.run.job
    if job is not None and job.taken_along:
        return f"{summary.folder}/{TAKEN_ALONG}"
    return None if job is None else job.output_dir


def _repeat(summary: Summary) -> int | None:
    return None if summary.glance.kind is Kind.BATCH else summary.glance.repeat


def _inputs(summary: Summary) -> Mapping[str, Any]:
    return {name: _input(source) for name, source in summary.run.inputs.items()}


def _input(source: Input) -> Mapping[str, Any]:
    if source.runs is not None:
        return {"runs": list(source.runs)}
    return {"run": source.run, "path": source.path, "attempt": source.attempt}


def _field(
    name: str,
    get: Callable[[Summary], Any],
    label: str | None = None,
    *,
    attribute: bool = False,
) -> Field:
    return Field(name=name, get=get, label=label, is_attribute=attribute)


#: All fields, in the order of the JSON's keys. The fields of the first version come first.
FIELDS: tuple[Field, ...] = (
    _field("id", lambda it: it.glance.id, "id", attribute=True),
    _field("operation", lambda it: it.glance.operation.name, "operation", attribute=True),
    _field("kind", lambda it: it.glance.kind, "kind", attribute=True),
    _field("batches", lambda it: it.batches, "batches"),
    _field("generated_by", lambda it: it.run.generated_by, "generated by"),
    _field("flags", lambda it: it.glance.flags),
    _field("status", lambda it: it.glance.state.status, "status", attribute=True),
    _field("initialized", lambda it: it.glance.state.initialized, "initialized"),
    _field("started", lambda it: it.glance.state.started, "started", attribute=True),
    _field("stopped", lambda it: it.glance.state.stopped, "stopped", attribute=True),
    _field("exit_status", lambda it: it.run.state.exit_status, "exit status"),
    _field("result", _result, "result"),
    _field("random_seed", lambda it: it.glance.random_seed, "random seed", attribute=True),
    _field("trials", _trials),
    _field("label", lambda it: it.glance.label, "label", attribute=True),
    _field("tags", lambda it: it.glance.tags, "tags", attribute=True),
    _field("dir", lambda it: it.folder, "folder"),
    _field("reason", lambda it: it.run.state.reason, "reason", attribute=True),
    _field("log", lambda it: it.log, "log"),
    _field("output_dir", _output_dir, "output"),
    _field("overrides", lambda it: it.run.recipe.task, "overrides"),
    _field("choices", lambda it: it.run.choices, "choices"),
    _field("attempts", lambda it: it.run.state.attempts),
    _field("commit", lambda it: it.run.provenance.commit, "commit"),
    _field("duration", _duration, "duration", attribute=True),
    _field("scalars", lambda it: it.run.scalars),
    _field("step", lambda it: it.step, "step", attribute=True),
    _field("inputs", _inputs),
    _field("repeat", _repeat, "repeat", attribute=True),
    _field("note", lambda it: it.run.note, "note"),
)

#: The fields by name.
FIELD: Mapping[str, Field] = MappingProxyType({field.name: field for field in FIELDS})

#: The attributes that expressions may name beside flags and scalars, with their values.
#: `batch` is the list of the batches whose plan contains the run.
ATTRIBUTES: Mapping[str, Callable[[Summary], Any]] = MappingProxyType(
    {field.name: field.value for field in FIELDS if field.is_attribute}
    | {"batch": FIELD["batches"].value}
)


def public(summary: Summary) -> dict[str, Any]:
    """The JSON object of a run in `--json`: all fields, in order, in strict JSON's types."""
    whole = summary.whole()  # as long as it takes, so that of many runs one is held at a time
    return {field.name: field.json(whole) for field in FIELDS}


def public_unreadable(unreadable: Unreadable) -> dict[str, Any]:
    """The JSON object of a run whose record is damaged, in `--json`: the same keys, in order."""
    known = {
        "id": unreadable.id,
        "status": "unreadable",
        "dir": unreadable.path,
        "reason": unreadable.why,
    }
    return {field.name: known.get(field.name) for field in FIELDS}


def newest_first_key(run: Run | Glance) -> float:
    """Default sort key for lists: newest first, by start time, or by initialisation time if never
    started."""
    return -(run.state.started or run.state.initialized).timestamp()


def recency(source: Summary | Unreadable) -> tuple[float, str]:
    """The full sort key of lists: newest first, ties by id, damaged records last."""
    if isinstance(source, Unreadable):
        return (math.inf, source.id)
    return (newest_first_key(source.glance), source.glance.id)
