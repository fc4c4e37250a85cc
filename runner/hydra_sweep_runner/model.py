"""The domain as frozen values: operations, runs and their state.

Records change by `dataclasses.replace` only. Paths are derived from the store's root and a run's
id, never recorded, so that a store can be moved. Times are aware, in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from hydra_sweep_runner.dataclass import dataclass

#: The value of a flag: JSON's types, with NaN and the infinities among the floats.
if TYPE_CHECKING:
    Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
else:  # msgspec reads records by these types, and supports no recursive ones
    Value = Any

#: A reported number, an integer if it was reported as one.
Number: TypeAlias = int | float

#: Seeds are integers from 0 to this, as numpy and most generators take them.
MAX_SEED = 2**32 - 1

#: The target of an operation; its form depends on the kind: a path, a dotted name, arguments.
Target: TypeAlias = str | tuple[str, ...]

#: Dotted flag name to value, in the order of the composed configuration.
Flags: TypeAlias = Mapping[str, Value]


class Kind(str, Enum):
    """What a record describes."""

    RUN = "run"  #: started on its own
    TRIAL = "trial"  #: made by a batch
    BATCH = "batch"  #: the record of a sweep


class Status(str, Enum):
    """The status of a run (`record.lifecycle` has the transitions)."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    ERROR = "error"
    TERMINATED = "terminated"


class FlagsTo(str, Enum):
    """How a script receives its flags."""

    AUTO = "auto"  #: ARGS if the script imports argparse, click or typer, else GLOBALS
    GLOBALS = "globals"  #: module-level assignments to the flag's name get its value
    ARGS = "args"  #: `--name value`


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What to run, as the `operation` node of the configuration describes it.

    `kind` is a name in `operation.kinds.known.KINDS`, and determines the form of `target`: a
    script's path, a function's dotted name, a command's arguments. Arguments are in reference form:
    a value from the environment is written `${oc.env:NAME}`. `scalars` says which printed lines
    report scalars (`scalars.form`). `code` lists files and folders of the project, beside the
    operation's own, that its results depend on.
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
    """The input of a run's composition, so that a restart composes the same configuration.

    `task` and `hydra` are override strings in the order in which they were typed: those of a batch
    are the sweep itself, those of a run or trial have one value each. Run options are not among
    them. `snapshot` names the copy of the project's YAML in the store. `environment` holds the
    variables that the defaults lists in the YAML refer to, with their values (None: not set).
    `config_path` and `config_dir` are Hydra's options `--config-path` and `--config-dir` as typed,
    None if they were not.
    """

    config_name: str | None
    snapshot: str
    config_path: str | None = None
    config_dir: str | None = None
    environment: Mapping[str, str | None] = field(default_factory=dict)
    task: tuple[str, ...] = ()
    hydra: tuple[str, ...] = ()

    @property
    def place(self) -> Mapping[str, str]:
        """Those of `config-path` and `config-dir` that were typed, by these names."""
        options = {"config-path": self.config_path, "config-dir": self.config_dir}
        return {name: text for name, text in options.items() if text is not None}


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process, identified beyond its pid, which is reused.

    `boot` identifies the boot of `host`. `created` is the process's start time from the operating
    system: on Linux in seconds since the boot, elsewhere (and in old records) since the epoch.
    `since` is when the process took ownership of the run.
    """

    host: str
    boot: str
    pid: int
    created: float
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A failed attempt at a run, which `retries` repeated.

    `log` is the name of the attempt's output file in the run's `.runner/logs`.
    """

    started: datetime
    stopped: datetime
    exit_status: int | None
    reason: str | None
    log: str


@dataclass(frozen=True, kw_only=True)
class State:
    """The present state of a run.

    `reason` says in one line why it is `error` or `terminated`. `process` supervises the run while
    it is `running`, and supervised it last otherwise. `attempts` are the failed and repeated
    attempts of the last start. `attempt` is the number, from 1, of the present or last attempt
    among all attempts of all starts; 0 if there was none or old records did not count them.
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
    """The code of a run's last start. No code is copied.

    `commit` and `dirty` are git's for the project's folder (None outside a checkout). `sources`
    maps each source file known to belong to the operation to its SHA-256; paths inside the project
    are relative to it. `imports` does so for the other project modules that a completed run had
    imported; a digest is empty if the file was changed while the run was at work.
    """

    commit: str | None = None
    dirty: bool | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> Mapping[str, str]:
        """All files that are known to have made the run, with their digests."""
        return {**self.imports, **self.sources}


@dataclass(frozen=True, kw_only=True)
class BatchPart:
    """The fields that only a batch's record has.

    `trials` are the ids of the present plan, in order. `generated` are the ids of all trials that
    the batch created, in order of creation, orphans included, deleted ones not. `missing` counts
    the trials that the plan has lost since the batch's last start: they were deleted, or restarted
    with other flags. `objective` is that of its last start, wherever it was set: names of scalars,
    with `-` before those to be maximised. `cells` are the given flags of a pipeline's plan, unless
    it is too large to be shown by trial: for each flag the text that a table shows, by the ids of
    the trials that have a single value of it. `steps` are the steps, by id, of those trials of a
    pipeline's plan whose own records have another step or none: they were made on their own or by
    another batch, or the step was renamed since. `lift` is the override without which the stopping
    rule that ended the batch would end its next start at once, too; empty where none would.
    `needed` is the value of that option with which its last start goes on, if it was cut short:
    `strict` where that ran completed trials again by new code, else `true`. `jobs` is the
    number (`JobPlace.number`) for the next new trial of a Hydra program's batch: none from it on
    was ever given, also to trials that are deleted. Older records have 0.
    """

    trials: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()
    missing: int = 0
    objective: tuple[str, ...] = ()
    cells: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    lift: str = ""
    needed: str = "true"
    jobs: int = 0


@dataclass(frozen=True, kw_only=True)
class Result:
    """The return value of a function.

    `value` is the result if `stored` is false. Otherwise JSON cannot hold it, and it is in
    `result.joblib` in the run's `.runner` folder.
    """

    value: Any = None
    stored: bool = False


@dataclass(frozen=True, kw_only=True)
class JobPlace:
    """The place of a Hydra program's job in its sweep, which a restart gives it again.

    `number` is `hydra.job.num`. `output_dir` is Hydra's output folder (for a batch,
    `hydra.sweep.dir`), relative to the project if inside it. Either is None while unknown.
    `project` is the project's folder if it is not the folder that contains the store. `log` is the
    file that the job's own logging writes, relative to the output folder if inside it; it is
    recorded under launchers whose output the runner does not see. `taken_along` says that an export
    has put the output folder into the run's own folder (`record.job_output.TAKEN_ALONG`), where it
    is now.
    """

    number: int | None = None
    output_dir: str | None = None
    project: str | None = None
    log: str | None = None
    taken_along: bool = False


@dataclass(frozen=True, kw_only=True)
class Scalar:
    """The summary of a scalar's series (`scalars.series`).

    `first` and `last` are the first and the last reported value, which may be NaN. `min` and `max`
    are the least and the greatest value that is a number, None if there is none. `step` is the step
    of `last`; `min_step` and `max_step` are the steps where `min` and `max` were first reported.
    `count` is the number of reports.
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
    """What a pipeline's step takes from another step: a path of one run, or the runs it gathers.

    For an input from one run: `run` is its id, `path` the file or folder in it ("" for the whole
    folder), `attempt` the number of the attempt that made it (`State.attempt`), `identity` the
    run's (`planning.identity`); with `copy` it is copied instead of linked. For a gather: `runs`
    are the members' ids in plan order, `attempts` the numbers of their attempts, `identity` the
    gather's. The attempts are unknown until something was taken. `step` is the
    step that it is taken from, whatever the run itself is: it may have been made on its own, or be
    shared by several steps. `folder` says whether `path` was a folder when it was taken; older
    records do not have it.
    """

    run: str | None = None
    path: str | None = None
    attempt: int | None = None
    identity: str | None = None
    runs: tuple[str, ...] | None = None
    attempts: tuple[int, ...] | None = None
    copy: bool = False
    step: str | None = None
    folder: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One record in the store: a run, a trial or a batch.

    The record on disk has these fields, in this order (`record.text`): a field added here is
    written and read. It needs a default, which older records get.

    `flags` are in reference form. A batch's flags map each given name to the list of its values, or
    to the override's text if it is no list. `options` are the given run options that a restart
    remembers, by name. `given` are the names of the flags that a sweep or an override set, in
    order. Only a Hydra program's trials and batches have a `job`. `choices` maps each config group
    of the project to its choice (None: none), whether an override or the defaults list chose it;
    older records, and a pipeline's trials, have those that an override chose. A batch has the lists
    of those that were given. `step` is the step of a pipeline's trial, and `inputs` are
    its inputs, by name. `repeat` numbers the runs of one combination from 0. `identity` is a
    trial's (`planning.identity`) if operation, flags and repeat alone do not determine it, because
    it has inputs; else None. `basis` records, in JSON's types, what an optimizer based a trial's
    proposal on (`search`); for a batch, what its search was told at the beginning. `scalars` are
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
    """A run folder whose record cannot be read, with its path and the reason."""

    id: str
    path: str
    why: str
