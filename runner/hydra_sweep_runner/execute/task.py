"""The input and the output of execution: plain values that can be pickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from hydra_sweep_runner.compose.job_config import JobConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.operation.call import Call


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A file or folder of another run, placed in a run's own folder.

    `name` is relative to the run's folder, `source` to the store. It is a link or, with `copy`, a
    copy.
    """

    name: str
    source: str
    copy: bool = False


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """All inputs that a run takes from other runs, made anew at each start.

    First `folders` are emptied, then `placements` are made, then the text `files` are written. All
    names are relative to the run's folder.
    """

    placements: tuple[Placement, ...] = ()
    folders: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Task:
    """A run to execute. `run` is its stored record, with the flags to run with.

    `environment` is added to the executing process's own. `timeout_s` is in seconds, for each
    attempt. `retries` is the number of further attempts after failed ones. `upstream` are the
    inputs from other runs. `promised` maps the files and folders that other steps take from the run
    to those steps: an attempt that does not make one of them has failed. `title` names the task in
    lines: `trial 3f2a9c1d (lr=0.1)`.
    """

    run: Run
    store_root: str
    project_dir: str
    working_dir: str
    call: Call
    config: JobConfig
    environment: Mapping[str, str]
    timeout_s: float | None = None
    retries: int = 0
    upstream: Upstream = field(default_factory=Upstream)
    promised: Mapping[str, str] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True)
class Hint:
    """A line for the user about a failure whose cause is likely to be known.

    `lacks` is the file or folder of the project that the run would find in its own folder if
    `operation.requires` named it; the line is to be ended with what to do then. `in_yaml` says that
    the line names a change of the YAML, which a restart has to take.
    """

    line: str
    lacks: str | None = None
    in_yaml: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an execution ended: the run's record as last written.

    `tail` is the end of a failed run's output, unless the output was shown as it came, and
    `printed` what standard output has of it. `was_shown` says whether all of the output was shown
    as one block.
    """

    run: Run
    hint: Hint | None = None
    tail: bytes = b""
    printed: bytes = b""
    was_shown: bool = False
