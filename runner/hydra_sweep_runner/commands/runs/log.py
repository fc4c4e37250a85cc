"""`runner runs log`: a run's output, to its present end or as it comes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from hydra_sweep_runner.commands.runs.files import folders_of
from hydra_sweep_runner.errors import Mistake, StoreFailed, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.store.logs import job_log, log_paths, own_log
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import short

_CHUNK_BYTES = 1 << 16

#: Prints a line.
Tell = Callable[[str], None]


def check_has_log(run: Run) -> None:
    """Raise Mistake for a batch, which has no output of its own."""
    if run.batch is not None:
        raise Mistake(
            f"{short(run.id)} is a batch, which prints nothing itself: give the id of one of its "
            f"trials, which runner runs show {short(run.id)} lists"
        )


def check_has_output(store: RunStore, run: Run) -> None:
    """Raise Mistake for a Hydra program's job whose log cannot be there: the runner has kept no
    output of it, and its output folder is gone."""
    if own_log(str(store.root), run.id) is None:
        folders_of(store, run)


def read_log(store: RunStore, run: Run, tell: Tell) -> Iterator[bytes]:
    """The log of a run, in pieces: the texts of `store.logs.log_paths`, one after the other. It is
    empty if there is none yet.

    `tell` gets a line about a log that is not the runner's. Raises StoreFailed.
    """
    root = str(store.root)
    paths, own = log_paths(root, run), own_log(root, run.id)
    written = next((path for path in paths if path != own), None)
    if written is not None or (own is None and _has_run(run)):
        tell(_about(run, written))
    for path in paths:
        log = _open(path)
        if log is not None:
            try:
                yield from _rest(log)
            finally:
                os.close(log)


def silence_line(store: RunStore, run_id: str) -> str:
    """What to say of a run whose log is empty or not there."""
    run = store.observe(store.read(run_id))
    which = f"{run.kind.value} {short(run.id)}"
    if run.state.started is None:
        return f"{which} was not started yet"
    if run.state.status is Status.RUNNING:
        return f"{which} has printed nothing so far"
    return f"{which} printed nothing in its last start"


def follow_log(
    store: RunStore, run_id: str, wait: Callable[[], object], tell: Tell
) -> Iterator[bytes]:
    """The log of a run, in pieces as they come, until the run has ended.

    If another attempt begins a new log, that one follows. A run that was never started is waited
    for while the batch that generated it is running. `wait` is called between checks; `tell` gets a
    line about a log that is not the runner's. Raises StoreFailed.
    """
    if _has_ended(store, run_id):
        yield from read_log(store, store.read(run_id), tell)
        return
    log: int | None = None
    told: set[str] = set()
    try:
        while True:
            has_ended = _has_ended(store, run_id)  # checked before reading the rest
            if log is not None:
                yield from _rest(log)
            newer = _open_last(store, run_id)
            if newer is not None and log is not None and _is_same(log, newer):
                os.close(newer)
            elif newer is not None:
                if log is not None:
                    yield from _rest(log)  # written between the check and the new log
                    os.close(log)
                log = newer
                _tell_once(store, run_id, tell, told)
                continue
            if has_ended:
                return
            wait()
    finally:
        if log is not None:
            os.close(log)


def _tell_once(store: RunStore, run_id: str, tell: Tell, told: set[str]) -> None:
    """Print whose log is followed, if it is the job's and that was not said yet."""
    if own_log(str(store.root), run_id) is not None:
        return
    run = store.read(run_id)
    line = _about(run, job_log(str(store.root), run))
    if line not in told:
        told.add(line)
        tell(line)


def _has_run(run: Run) -> bool:
    """Whether a Hydra program's job has run."""
    return run.job is not None and run.state.started is not None


def _about(run: Run, written: str | None) -> str:
    if written is None:
        return (
            f"{run.kind.value} {short(run.id)} has no log: its launcher showed its output, and its "
            "logging wrote no file"
        )
    return f"The log that the job of {run.kind.value} {short(run.id)} wrote itself: {written}"


def _has_ended(store: RunStore, run_id: str) -> bool:
    try:
        run = store.observe(store.read(run_id))
        if run.state.status is not Status.PENDING or run.generated_by is None:
            return run.state.status is not Status.RUNNING
        batch = store.observe(store.read(run.generated_by))
    except UnknownRun:
        return True
    return batch.state.status is not Status.RUNNING


def open_logs(store: RunStore, run_id: str) -> list[int]:
    """Descriptors of the files that make up the run's log (`store.logs.log_paths`), in order.
    Raises StoreFailed."""
    root = str(store.root)
    try:
        paths: Sequence[str] = log_paths(root, store.read(run_id))
    except (UnknownRun, UnreadableRecord):
        own = own_log(root, run_id)
        paths = () if own is None else (own,)
    logs: list[int] = []
    try:
        for path in paths:
            if (log := _open(path)) is not None:
                logs.append(log)
    except BaseException:
        close_all(logs)
        raise
    return logs


def close_all(logs: Iterable[int]) -> None:
    """Close these descriptors."""
    for log in logs:
        os.close(log)


def _open_last(store: RunStore, run_id: str) -> int | None:
    """The last of the files that make up the run's log: the one that grows."""
    logs = open_logs(store, run_id)
    close_all(logs[:-1])
    return logs[-1] if logs else None


def _open(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreFailed(f"cannot read {path}: {error.strerror}") from error


def _rest(log: int) -> Iterator[bytes]:
    """The bytes written since the last read. A log that was truncated is read from its
    beginning."""
    if os.fstat(log).st_size < os.lseek(log, 0, os.SEEK_CUR):
        os.lseek(log, 0, os.SEEK_SET)
    while data := os.read(log, _CHUNK_BYTES):
        yield data


def _is_same(one: int, other: int) -> bool:
    return os.path.sameopenfile(one, other)
