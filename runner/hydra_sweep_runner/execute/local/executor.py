"""Executes tasks on this machine, one after another or several at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType

from hydra_sweep_runner.compose.base import count_bases
from hydra_sweep_runner.execute.attempt.attempt import Machinery
from hydra_sweep_runner.execute.attempt.log import BackgroundScreen
from hydra_sweep_runner.execute.attempt.stop_signals import Graces, StopSwitch, Urgency
from hydra_sweep_runner.execute.attempt.supervise import Surroundings
from hydra_sweep_runner.execute.function import worker
from hydra_sweep_runner.execute.function.generators import Generators
from hydra_sweep_runner.execute.function.pool import Workers
from hydra_sweep_runner.execute.local import threads
from hydra_sweep_runner.execute.local.devices import Devices
from hydra_sweep_runner.execute.local.execution import Execution
from hydra_sweep_runner.execute.local.jobs import allow_open_files, processors
from hydra_sweep_runner.execute.local.recorder import Recorder
from hydra_sweep_runner.execute.server.client import ForkServer
from hydra_sweep_runner.execute.server.preload_client import Preloading
from hydra_sweep_runner.execute.source import Source
from hydra_sweep_runner.execute.variables import without_a_run
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import Clock, now
from hydra_sweep_runner.system.processes import this_process


class LocalExecutor:
    """Executes tasks on this machine, `n_jobs` at a time; a context manager.

    Enter it before the process has any other thread: it then forks the process that all trials
    descend from. Function workers need not import again what is imported by then.
    """

    #: The source of the tasks owns their runs.
    claims_runs = False
    #: What tasks print is read here, and printed by the reporter.
    passes_output_on = True

    def __init__(
        self,
        store: RunStore,
        reporter: BackgroundScreen,
        *,
        n_jobs: int = 1,
        devices: Sequence[str] = (),
        stagger_s: float = 0.0,
        graces: Graces | None = None,
        clock: Clock = now,
        environment: Mapping[str, str] | None = None,
        program: worker.Program | None = None,
        stdin: int | None = None,
    ) -> None:
        """`n_jobs` is at least 1, see `resolve_n_jobs`. Each running trial gets one of `devices`,
        if any are given. At least `stagger_s` seconds lie between two starts. The trials'
        environment is based on `environment`, or on this process's at the time of entering.
        `program` runs the jobs of a Hydra program in the workers, which inherit it: it is never
        pickled. `stdin` is a descriptor that stays open and that trials read from; without it their
        standard input is empty."""
        if n_jobs < 1:
            raise ValueError(f"n_jobs={n_jobs}")
        self._store = store
        self._reporter = reporter
        self._n_jobs = n_jobs
        self._devices = Devices(devices)
        self._stagger_s = stagger_s
        self._graces = graces or Graces()
        self._clock = clock
        self._environment = environment
        self._program = program
        self._stdin = stdin
        self._stop = StopSwitch()

    @property
    def at_once(self) -> int:
        """The largest number of tasks executed at once."""
        return self._n_jobs

    def __enter__(self) -> LocalExecutor:
        allow_open_files(self._n_jobs)
        environment = without_a_run(dict(self._environment or os.environ))
        limits = threads.limits(environment, n_jobs=self._n_jobs, processors=processors())
        # Python seeds `random` anew in every fork, so the program's seeded state is saved first.
        generators = None if self._program is None else Generators.of_this_process()
        work = partial(worker.work, program=self._program, limits=limits, generators=generators)
        inherited = count_bases()
        self._server = ForkServer.fork(work)
        self._workers = Workers(self._server)
        self._recorder = Recorder()
        self._preloading = Preloading({**environment, **limits}, self._stop)
        self._around = Surroundings(
            store=self._store,
            reporter=self._reporter,
            clock=self._clock,
            process=this_process(self._clock),
            live=self._n_jobs == 1,
            leaves_ends=True,
            machinery=Machinery(
                server=self._server,
                workers=self._workers,
                stop=self._stop,
                graces=self._graces,
                devices=self._devices,
                preloading=self._preloading,
                stdin=self._stdin,
                inherited=inherited,
                environment={**environment, **limits},
            ),
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._recorder.close()
        self._preloading.close()
        self._workers.close()
        self._server.close()
        self._stop.close()

    def run(self, source: Source) -> None:
        """Execute a source's tasks, started in order, `n_jobs` at a time.

        Each run is recorded as started when its task was taken. This thread supervises all trials;
        a few others write the ends of completed runs to the disk. Raises StoreFailed, ServerDied,
        Deadlock and the source's errors, after stopping the running tasks.
        """
        execution = Execution(
            source,
            self._around,
            self._recorder,
            check=self._server.check,
            n_jobs=self._n_jobs,
            stagger_s=self._stagger_s,
        )
        with self._reporter.in_background(execution.wake):
            execution.carry_out()

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import a function as a trial would, which leaves a warm worker for the first trial.
        Raises Mistake if that fails, KeyboardInterrupt if the executor is stopped meanwhile."""
        return self._workers.probe(target, project_dir, self._stop)

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Import modules in the process that a script's trials will be forked from. Raises Mistake
        if that fails, KeyboardInterrupt if the executor is stopped meanwhile."""
        self._preloading.preload(modules, script)

    def stop(self) -> None:
        """Start no further task and interrupt the running ones; callable from a signal handler."""
        self._stop.set(Urgency.STOP)

    def kill(self) -> None:
        """Kill the running tasks; callable from a signal handler."""
        self._stop.set(Urgency.KILL)
        self._reporter.hurry()
