"""A program's task function that writes the trial's record itself, in whatever process it runs.

Hydra's launchers report only what a job returned or raised, and not even that if it exits or dies.
So the job itself writes the record, in the process in which the launcher runs it.
"""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudpickle
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import env_override
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.execute.attempt import log as outputs
from hydra_sweep_runner.execute.attempt.environment import run_environment
from hydra_sweep_runner.execute.attempt.exit_reason import of_timeout
from hydra_sweep_runner.execute.attempt.imported_modules import with_imports
from hydra_sweep_runner.execute.attempt.scalars import Scalars
from hydra_sweep_runner.execute.function.generators import Generators
from hydra_sweep_runner.execute.function.results import NotPlain, plain
from hydra_sweep_runner.execute.function.worker import read_scalars, reason_of
from hydra_sweep_runner.execute.script.boot.imported import imported
from hydra_sweep_runner.model import Attempt, JobPlace, Result, Run, Scalar, State
from hydra_sweep_runner.program.foreign.deadline import AskedToStop, TimedOut, deadline
from hydra_sweep_runner.program.foreign.job_log import log_file
from hydra_sweep_runner.program.foreign.printed import JobScalars
from hydra_sweep_runner.program.foreign.traceback import format_failure
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.record.job_output import placed, relative_to_project
from hydra_sweep_runner.record.reasons import of_status, refusal
from hydra_sweep_runner.scalars.form import Pairs
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.system.processes import this_process
from hydra_sweep_runner.system.provenance import Digests


class JobExited(Exception):
    """The task function called `sys.exit`, or was ended by its time limit or a request.

    A Hydra job that exits ends the whole sweep; one that raises this error has only failed.
    """


class JobFailed(Exception):
    """Replaces an error of the task function that cannot be pickled for the launcher."""


class NotRecorded(Exception):
    """The job was not begun because its start could not be recorded; the cause says why."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """The jobs of one launch: the run ids in the launcher's order; the first job has the number
    `first`. With `retried` it is another attempt at each, after a failed one."""

    first: int
    run_ids: tuple[str, ...]
    retried: bool = False
    batch_id: str | None = None
    timeout_s: float | None = None


class RecordedTask:
    """The task function of a program, which records its trials.

    Before each launch, `launch` is set: it says which trial each job number stands for. Everything
    else is in the store. When it is pickled, the task function is pickled by value. It has no
    `__name__`, by which launchers would look for it in a module.
    """

    def __init__(
        self,
        task_function: Callable[[Any], Any],
        *,
        store_root: Path,
        project_dir: Path,
    ) -> None:
        self.__wrapped__ = task_function
        self._store_root = store_root
        self._project_dir = project_dir
        self.launch = Launch(first=0, run_ids=())
        self._has_travelled = False
        # Generators that the program has seeded get the same state in a launcher's processes.
        self._generators = Generators.of_this_process()

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "_ids": bytes.fromhex("".join(self.launch.run_ids))}
        state["launch"] = replace(self.launch, run_ids=())
        state["__wrapped__"] = cloudpickle.dumps(self.__wrapped__)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        ids = state.pop("_ids").hex()
        self.__dict__.update(state)
        self.__wrapped__ = cloudpickle.loads(state["__wrapped__"])
        self._has_travelled = True
        run_ids = tuple(ids[start : start + 32] for start in range(0, len(ids), 32))
        self.launch = replace(self.launch, run_ids=run_ids)

    def __call__(self, config: DictConfig) -> Any:
        """Run the job of the current HydraConfig. Raises NotRecorded, before anything is done, if
        its start cannot be recorded, for instance because another process owns the run."""
        number: int = HydraConfig.get().job.num
        run_id = self.launch.run_ids[number - self.launch.first]
        store = RunStore(self._store_root)
        with ExitStack() as surroundings:
            try:
                surroundings.enter_context(store.claim(run_id))
                before = store.read(run_id)
                run = self._begin(store, before)
            except Exception as error:
                raise NotRecorded(reason_of(error)) from error
            surroundings.enter_context(env_override(self._environment(store, before)))
            if self._has_travelled:
                self._generators.begin_trial()
            job = _Job(store, run, self._scalars(store, run), str(self._project_dir))
            try:
                value = job.do(self.__wrapped__, config, self.launch.timeout_s)
            except Exception as error:
                if not self._has_travelled or _can_travel(error):
                    raise
                raise JobFailed(reason_of(error)) from None
            return value if job.can_travel or not self._has_travelled else None

    def _scalars(self, store: RunStore, run: Run) -> JobScalars:
        """Read the scalars of a run that has begun. Raises StoreFailed, once that is recorded as
        the run's failure."""

        def keep(found: Mapping[str, Scalar]) -> None:
            store.write(replace(run, scalars=found), durable=False)

        try:
            return JobScalars(Scalars(store.folder(run.id), Pairs(), keep))
        except StoreFailed as error:
            state = lifecycle.finished(run.state, 1, reason_of(error), now())
            store.write(replace(run, state=state))
            raise

    def _environment(self, store: RunStore, run: Run) -> dict[str, str]:
        return run_environment(
            run,
            folder=str(store.folder(run.id)),
            project_dir=str(self._project_dir),
            batch_id=self.launch.batch_id,
        )

    def _begin(self, store: RunStore, run: Run) -> Run:
        place = self._place(run)
        log = outputs.set_aside(store.folder(run.id))
        state = self._started(run, log)
        begun = replace(run, state=state, job=place, result=None, scalars={})
        try:
            store.write(begun)
        except StoreFailed:
            with suppress(StoreFailed):  # the failed write may have replaced the record already
                store.write(run)
            raise
        return begun

    def _started(self, run: Run, log: str | None) -> State:
        at = now()
        state = lifecycle.started(run.state, this_process(now), at)
        if not self.launch.retried:
            return state
        return replace(state, started=run.state.started, attempts=_attempts(run.state, log))

    def _place(self, run: Run) -> JobPlace:
        """The job's place; a job to which the launcher has given another number gets its own
        again."""
        hydra = HydraConfig.get()
        place = run.job or JobPlace(number=hydra.job.num)
        if place.number is not None and place.number != hydra.job.num:
            _renumber(place.number)
        folder = Path(hydra.runtime.output_dir)
        place = placed(
            place,
            relative_to_project(str(folder), self._project_dir),
            project_dir=self._project_dir,
            store_root=self._store_root,
        )
        return replace(place, log=log_file(hydra.job_logging, folder))


def _attempts(state: State, log: str | None) -> tuple[Attempt, ...]:
    """The failed attempts so far, including the one that ended last."""
    began = state.attempts[-1].stopped if state.attempts else state.started
    attempt = Attempt(
        started=began or state.initialized,
        stopped=state.stopped or now(),
        exit_status=state.exit_status,
        reason=state.reason,
        log=log or "none",
    )
    return (*state.attempts, attempt)


def _renumber(number: int) -> None:
    """Set the number of the current job, because launchers can only count from a first number."""
    config: Any = HydraConfig.instance().cfg
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.job.num = number
    subdir = config.hydra.output_subdir
    if subdir is not None:
        path = Path(config.hydra.runtime.output_dir) / subdir / "hydra.yaml"
        path.write_text(OmegaConf.to_yaml(config), encoding="utf-8")


def _can_travel(error: Exception) -> bool:
    """Whether an error can be pickled and unpickled. One that cannot would break a launcher's
    process pool, and end the other running jobs."""
    try:
        pickle.loads(cloudpickle.dumps(error))
    except Exception:
        return False
    return True


class _Job:
    """One running job, whose run is recorded as running. `can_travel` says whether the task
    function's result can be pickled and sent to a launcher in another process."""

    def __init__(self, store: RunStore, run: Run, scalars: JobScalars, project_dir: str) -> None:
        self._store = store
        self._run = run
        self._scalars = scalars
        self._project_dir = project_dir
        self._since_ns = time.time_ns()
        self.can_travel = True

    def do(
        self, task_function: Callable[[Any], Any], config: DictConfig, timeout_s: float | None
    ) -> Any:
        """Call the task function and record how it ended, whatever it raises."""
        try:
            with deadline(timeout_s, self._look), self._scalars.seen():
                value = task_function(config)
        except SystemExit as error:
            return self._exited(error)
        except TimedOut as error:
            ending = of_timeout(timeout_s or 0.0)
            self._failed(ending.exit_status, str(ending.reason), error)
            raise JobExited(ending.reason) from None
        except AskedToStop:
            self._terminated(lifecycle.STOPPED_ON_REQUEST)
            raise JobExited(lifecycle.STOPPED_ON_REQUEST) from None
        except KeyboardInterrupt:
            self._terminated(lifecycle.STOPPED)
            raise
        except BaseException as error:
            self._failed(1, reason_of(error), error)
            raise
        try:
            self._completed(value)
        except StoreFailed as error:
            self._failed(1, reason_of(error), error)
            raise
        return value

    def _look(self) -> bool:
        """Called about once a second: write the scalars, and check for a request to stop."""
        with suppress(StoreFailed):  # the error is reported at the end
            self._scalars.look()
        return self._store.is_asked_to_stop(self._run.id)

    def _exited(self, error: SystemExit) -> None:
        """Handle `sys.exit(code)` as Python does."""
        if error.code is None or error.code == 0:
            return self._completed(None)
        status = error.code & 0xFF if isinstance(error.code, int) else 1
        said = refusal(self._scalars.last_lines(), status)
        if not isinstance(error.code, int):
            said = str(error.code)
            print(said, file=sys.stderr)
        reason = of_status(status, said)
        self._failed(status, reason, error, said)
        raise JobExited(reason) from None

    def _terminated(self, reason: str) -> None:
        state = lifecycle.terminated(self._run.state, reason, now())
        self._store.write(replace(self._run, state=state, scalars=self._found()))

    def _completed(self, value: object) -> None:
        state = lifecycle.finished(self._run.state, 0, None, now())
        found = self._scalars.finish(read_scalars(value))
        result = self._keep(value)
        run = replace(self._run, state=state, result=result, scalars=found)
        run_dir = str(self._store.folder(run.id))
        modules = imported(self._project_dir, run_dir, self._since_ns)
        self._store.write(with_imports(run, modules, self._project_dir, Digests()))

    def _failed(
        self, exit_status: int | None, reason: str, error: BaseException, said: str = ""
    ) -> None:
        """Record the failure. Its traceback is printed at once and saved as the trial's log; of an
        exit, what was `said` is saved, or else the reason."""
        shown = f"{said or reason}\n" if isinstance(error, (SystemExit, TimedOut)) else ""
        text = shown or format_failure(error)
        log = self._store.folder(self._run.id) / layout.LOG
        try:
            log.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as unwritten:  # the failure is recorded nevertheless
            print(f"cannot write {log}: {unwritten.strerror}", file=sys.stderr, flush=True)
        if not shown:
            print(text, end="", file=sys.stderr, flush=True)
        state = lifecycle.finished(self._run.state, exit_status, reason, now())
        self._store.write(replace(self._run, state=state, scalars=self._found()))

    def _found(self) -> Mapping[str, Scalar]:
        """The scalars of a job that did not complete, which are recorded in any case."""
        try:
            return self._scalars.finish({})
        except StoreFailed as error:
            print(error, file=sys.stderr, flush=True)
            return {}

    def _keep(self, value: object) -> Result | None:
        """The task function's result, in the form in which it can be stored; None if it cannot."""
        try:
            return Result(value=plain(value))
        except NotPlain:
            pass
        try:
            self._store.write_result(self._run.id, value)
        except StoreFailed:
            raise
        except Exception:
            self.can_travel = False
            return None
        return Result(stored=True)
