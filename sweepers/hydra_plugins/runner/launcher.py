"""`hydra/launcher=runner`: trials in processes of this machine, or of a cluster's."""

# No postponed annotations here: Hydra 1.3 executes a plugin's module before it is in
# sys.modules, where a dataclass would look for them.

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

    from hydra_sweep_runner.execute.cluster.executor import ClusterExecutor
    from hydra_sweep_runner.execute.local.executor import LocalExecutor
    from hydra_sweep_runner.program.own.inherited import InheritedProgram
    from hydra_sweep_runner.store.runs import RunStore
    from hydra_sweep_runner.terminal.reporter import Reporter


@dataclass
class RunnerLauncherConf:
    """`hydra.launcher`. `n_jobs` trials run at once (null: one for each device or, without devices,
    for each processor that this process may use or thread that the workers have; -1 as in joblib).
    Each running trial gets one of `devices`. `stagger_s` is the least time between two starts, in
    seconds. A trial that is being stopped has `interrupt_grace_s` seconds from its SIGINT to its
    SIGTERM, and from that `terminate_grace_s` to its SIGKILL. `backend` is `dask` for the workers
    of a Dask cluster (null: the runner's own processes); `address` is its scheduler's address, or
    its scheduler file."""

    _target_: str = "hydra_plugins.runner.launcher.RunnerLauncher"
    n_jobs: Any = None
    devices: Any = None
    stagger_s: Any = None
    interrupt_grace_s: Any = None
    terminate_grace_s: Any = None
    backend: Any = None
    address: Any = None


ConfigStore.instance().store(
    group="hydra/launcher", name="runner", node=RunnerLauncherConf, provider="runner"
)


class RunnerLauncher(Launcher):
    """Assigns trials to worker processes one by one as they become free."""

    def __init__(
        self,
        n_jobs: int | None = None,
        devices: Any = None,
        stagger_s: float | None = None,
        interrupt_grace_s: float | None = None,
        terminate_grace_s: float | None = None,
        backend: str | None = None,
        address: str | None = None,
    ) -> None:
        self._n_jobs = n_jobs
        self._devices = devices
        self._stagger_s = stagger_s
        self._graces_s = (interrupt_grace_s, terminate_grace_s)
        self._backend = backend
        self._address = address

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        """Keep the arguments for `launch`."""
        self._hydra_context = hydra_context
        self._task_function = task_function
        self._config = config

    def executor(
        self, store: "RunStore", reporter: "Reporter", program: "InheritedProgram | None" = None
    ) -> "LocalExecutor | ClusterExecutor":
        """The executor for the trials of the runner's own sweeper; `program` runs those of a Hydra
        program."""
        if self._backend is not None:
            self._refuse_local_settings()
            return self._cluster(store, reporter, program)
        from hydra_sweep_runner.execute.attempt.stop_signals import Graces
        from hydra_sweep_runner.execute.local.devices import check_devices
        from hydra_sweep_runner.execute.local.executor import LocalExecutor
        from hydra_sweep_runner.execute.local.jobs import check_stagger, resolve_n_jobs

        self._refuse_address()
        # A caller in Python may have threads that no trial needs.
        if program is not None and not program.keeps_returns:
            from hydra_sweep_runner.program.own.inherited import check_fork

            check_fork()
        devices = check_devices(self._devices)
        return LocalExecutor(
            store,
            reporter,
            n_jobs=resolve_n_jobs(self._n_jobs, devices),
            devices=devices,
            stagger_s=check_stagger(self._stagger_s),
            graces=Graces.given(*self._graces_s),
            program=program,
        )

    def _cluster(
        self, store: "RunStore", reporter: "Reporter", program: "InheritedProgram | None"
    ) -> "ClusterExecutor":
        from hydra_sweep_runner.execute.attempt.stop_signals import Graces
        from hydra_sweep_runner.execute.cluster.executor import ClusterExecutor

        packed = None
        if program is not None:
            from hydra_sweep_runner.program.own.packed import pack_program

            packed = pack_program(program)
        return ClusterExecutor(
            store,
            reporter,
            backend=str(self._backend),
            address=self._address,
            n_jobs=self._n_jobs,
            graces=Graces.given(*self._graces_s),
            program=packed,
        )

    def _refuse_local_settings(self) -> None:
        from hydra_sweep_runner.errors import Mistake

        for name in ("devices", "stagger_s"):
            value = getattr(self, f"_{name}")
            if value is not None:
                raise Mistake(
                    f"hydra.launcher.{name}={value} is for this machine's own processes, not "
                    f"for hydra.launcher.backend={self._backend}"
                )

    def _refuse_address(self) -> None:
        from hydra_sweep_runner.errors import Mistake

        if self._address is not None:
            raise Mistake(
                f"hydra.launcher.address={self._address} needs hydra.launcher.backend=dask"
            )

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> "Sequence[JobReturn]":
        """Run jobs of any other sweeper, and return their results, in order."""
        from hydra_sweep_runner.errors import Mistake
        from hydra_sweep_runner.execute.local.jobs import resolve_n_jobs
        from hydra_sweep_runner.program.foreign.plain_jobs import run_jobs
        from hydra_sweep_runner.program.own.inherited import check_fork
        from hydra_sweep_runner.program.sweep import is_command_line

        for name in ("devices", "stagger_s", "backend"):
            value = getattr(self, f"_{name}")
            if value is not None:
                raise Mistake(
                    f"hydra.launcher.{name}={value} needs hydra/sweeper=runner: jobs of other "
                    "sweepers run on this machine, as they come"
                )
        if is_command_line(sys._getframe()):
            check_fork()
        return run_jobs(
            job_overrides,
            initial_job_idx,
            n_jobs=resolve_n_jobs(self._n_jobs),
            hydra_context=self._hydra_context,
            task_function=self._task_function,
            config=self._config,
        )
