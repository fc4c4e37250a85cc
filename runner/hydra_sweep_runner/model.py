"""The words of the domain as frozen values: operations, runs and what is known of them.

Records change by `dataclasses.replace` only. Paths are derived from a store's root and a
run's id, never kept in a record, so that a store can be moved. Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

#: What a flag can be: JSON's types, with NaN and the infinities among the floats.
if TYPE_CHECKING:
    Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
else:  # records are read by these types, and nothing that reads them knows a recursive one
    Value = Any

#: A number that a run reports, as it was reported.
Number: TypeAlias = int | float

#: Seeds are integers from 0 to this, as numpy and most generators take them.
MAX_SEED = 2**32 - 1

#: What an operation runs, as its kind understands it: a path, a dotted name, arguments.
Target: TypeAlias = str | tuple[str, ...]

#: Dotted flag name to value, in the order of the composed configuration.
Flags: TypeAlias = Mapping[str, Value]


class Kind(str, Enum):
    """What a record stands for."""

    RUN = "run"  #: started on its own
    TRIAL = "trial"  #: made by a batch
    BATCH = "batch"  #: the record of a sweep


class Status(str, Enum):
    """Where a run is in its life (`record.lifecycle` holds the transitions)."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    ERROR = "error"
    TERMINATED = "terminated"


class FlagsTo(str, Enum):
    """How a script receives its flags."""

    AUTO = "auto"  #: ARGS if the script imports argparse, click or typer, else GLOBALS
    GLOBALS = "globals"  #: module-level assignments of the flag's name take its value
    ARGS = "args"  #: `--name value`


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What can be run, as the configuration's `operation` node describes it.

    `kind` is a name in `operation.kinds.known.KINDS`; what `target` is depends on it: a
    script's path, a function's dotted name, a command's arguments. A command's arguments are
    in reference form: what comes from the environment stands as `${oc.env:NAME}`, never as
    its value. `scalars` tells which printed lines report scalars (`scalars.form`). `code`
    are files and folders of the project that its results depend on, beside its own.
    """

    name: str
    kind: str
    target: Target
    flags_to: FlagsTo = FlagsTo.AUTO
    requires: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    scalars: bool | str = True
    code: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a run's configuration is composed from, so that a restart composes the same.

    `task` and `hydra` are override strings in the order in which they were given: of a
    batch, the sweep itself; of a run or trial, one value each. Run options are not among
    them. `snapshot` names the copy of the project's YAML in the store; `environment` are the
    variables that the defaults lists in it asked for, with the values they had (None: not set).
    """

    config_name: str | None
    snapshot: str
    environment: Mapping[str, str | None] = field(default_factory=dict)
    task: tuple[str, ...] = ()
    hydra: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process, told apart from any other that ever had its pid.

    `boot` identifies the boot of `host`; `created` is the process's start as the operating
    system tells it, on Linux in seconds since the boot, elsewhere (and in old records) since
    the epoch; `since` is when it took the run up.
    """

    host: str
    boot: str
    pid: int
    created: float
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One start of a run that did not succeed and was tried again by `retries`.

    `log` is the name of the attempt's output file in the run's `.runner/logs`.
    """

    started: datetime
    stopped: datetime
    exit_status: int | None
    reason: str | None
    log: str


@dataclass(frozen=True, kw_only=True)
class State:
    """What has happened to a run so far.

    `reason` says in one line why it is `error` or `terminated`. `process` supervises it
    while it is `running`, and did so last otherwise. `attempts` are of the last start only,
    those that failed and were tried again. `attempt` numbers the present or last attempt among
    all that were ever made, from 1; 0 if none was, or none was counted.
    """

    status: Status
    initialized: datetime
    started: datetime | None = None
    stopped: datetime | None = None
    exit_status: int | None = None
    reason: str | None = None
    process: Process | None = None
    attempts: tuple[Attempt, ...] = ()
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The code that a run was last started under. Nothing of it is copied.

    `commit` and `dirty` are git's for the project's folder (None outside a checkout);
    `sources` maps each source file that is known to belong to the operation, relative to
    the project where it lies in it, to its SHA-256.
    """

    commit: str | None = None
    dirty: bool | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BatchPart:
    """What only the record of a batch has.

    `trials` are the ids of the present plan, in its order. `generated` are all the ids that
    the batch ever made, in the order of their making, orphans included, deleted ones not.
    `missing` is how many trials the plan has lost since the batch was last started: they were
    deleted, or restarted with other flags.
    """

    trials: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()
    missing: int = 0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a function returned.

    `value` is meant if `stored` is false; otherwise the result is in `result.joblib` in the
    run's `.runner` folder, because JSON cannot hold it.
    """

    value: Any = None
    stored: bool = False


@dataclass(frozen=True, kw_only=True)
class JobPlace:
    """Where a Hydra program's job belongs among the jobs of its sweep, so that a restart
    gives it the same place.

    `number` is `hydra.job.num`; `output_dir` is Hydra's output folder (of a batch:
    `hydra.sweep.dir`), relative to the project where it lies below it. Each is None as long
    as it is not known.
    """

    number: int | None = None
    output_dir: str | None = None


@dataclass(frozen=True, kw_only=True)
class Scalar:
    """What is known of a scalar's series without reading it (`scalars.series`).

    `first` and `last` are the values reported first and last, NaN among them; `min` and `max`
    the least and greatest of those that are numbers, None if there is none. `step` is that of
    `last`; `min_step` and `max_step` are those where `min` and `max` were reported first.
    `count` is how often it was reported.
    """

    first: Number
    last: Number
    min: Number | None
    max: Number | None
    count: int
    step: Number
    min_step: Number | None
    max_step: Number | None


@dataclass(frozen=True, kw_only=True)
class Input:
    """What a pipeline's step takes from another: a path of one run, or the runs it gathers.

    Of one run: `run` is its id, `path` the file or folder in it ("" for all of it), `attempt`
    the number of the run's attempt that had made it (`State.attempt`), `identity` the digest
    of that run; with `copy` it is copied, not linked. Of a gather, `runs` are the members'
    ids, in plan order, `attempts` the numbers of their attempts, and `identity` the digest of
    what is gathered (`planning.identity`). As long as nothing was taken, the attempts are not
    known.
    """

    run: str | None = None
    path: str | None = None
    attempt: int | None = None
    identity: str | None = None
    runs: tuple[str, ...] | None = None
    attempts: tuple[int, ...] | None = None
    copy: bool = False


@dataclass(frozen=True, kw_only=True)
class Run:
    """One record in the store: a run, a trial or a batch.

    The record on the disk has these fields, in their order (`record.text`): a field that is
    added here is written and read. A new one needs a default, which older records get.

    `flags` are in reference form. Of a batch they map each given name to the list of its
    values, or to the override's text where it is no list. `options` are the run options
    that a restart remembers, by name, where they were given. `given` are the names among
    the flags that somebody set, by a sweep or an override, in their order. `job` is only of
    a Hydra program's trials and batches. `choices` are the config groups that were chosen by
    an override, and what was chosen. `step` names the place that a pipeline's trial fills, and
    `inputs` what it takes from others, by name. `repeat` counts the runs of one combination
    from 0. `identity` is the digest of a trial that its operation, flags and repeat alone do
    not make (one with inputs); else None. `basis` is what an optimizer proposed a trial
    from, in JSON's types (`search`); of a batch, what its search was told first. `scalars` are
    those that the last start reported.
    """

    id: str
    kind: Kind
    operation: Operation
    flags: Flags
    given: tuple[str, ...] = ()
    options: Mapping[str, Value] = field(default_factory=dict)
    random_seed: int | None = None
    generated_by: str | None = None
    label: str | None = None
    tags: tuple[str, ...] = ()
    state: State
    recipe: Recipe
    provenance: Provenance = field(default_factory=Provenance)
    result: Result | None = None
    batch: BatchPart | None = None
    job: JobPlace | None = None
    note: str | None = None
    choices: Mapping[str, Value] = field(default_factory=dict)
    step: str | None = None
    repeat: int = 0
    identity: str | None = None
    inputs: Mapping[str, Input] = field(default_factory=dict)
    basis: Mapping[str, Value] | None = None
    scalars: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A run folder whose record cannot be read: where it is and why."""

    id: str
    path: str
    why: str
