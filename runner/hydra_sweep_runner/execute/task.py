"""What execution is given and what it gives back: plain values that can be pickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hydra_sweep_runner.compose.job_config import JobConfig
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.operation.call import Call


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A file or folder of another run that a run finds in its own folder, as `name`, relative
    to that. `source` is relative to the store. A link, or with `copy` a copy."""

    name: str
    source: str
    copy: bool = False


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """All that a run takes from others, made anew at each start.

    `folders` are emptied first, then `placements` are made, then the text `files` are written;
    all are named relative to the run's folder.
    """

    placements: tuple[Placement, ...] = ()
    folders: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One run to execute. `run` is its record as stored, with the flags it is to run with.

    `environment` is added to the executing process's own. `timeout_s` is in seconds, for
    each attempt; `retries` is how many times a failed attempt is followed by another.
    `upstream` is what it takes from other runs. `promised` are the files and folders that others
    take from it, with who does: without one of them an attempt has failed. `title` is what
    lines about it call it: `trial 3f2a9c1d (lr=0.1)`.
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


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an execution ended: the run's record as it was last written.

    `hint` is a line for the user about a failure whose cause is likely to be known. `tail`
    is the end of a failed run's output, where it was not shown as it came; `was_shown` says
    whether all of it has been shown as one block.
    """

    run: Run
    hint: str | None = None
    tail: bytes = b""
    was_shown: bool = False
