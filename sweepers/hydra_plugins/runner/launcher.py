"""`hydra/launcher=runner`: trials in processes of this machine, as many at a time as asked."""

# No postponed annotations here: Hydra 1.3 executes a plugin's module before it is in
# sys.modules, where a dataclass would look for them.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

    from runner.execute.function_worker import Program
    from runner.execute.parallel import LocalExecutor
    from runner.ports import Reporter, Store


@dataclass
class RunnerLauncherConf:
    """`hydra.launcher`: `n_jobs` trials run at once (null: one for each device, or for each
    processor that this process may use; -1 as in joblib). Of `devices` each trial at work
    has one. `stagger_s` is the least time between two starts, in seconds. A trial that is
    stopped has `interrupt_grace_s` seconds from its interrupt to its SIGTERM, and from that
    `terminate_grace_s` to its SIGKILL."""

    _target_: str = "hydra_plugins.runner.launcher.RunnerLauncher"
    n_jobs: Any = None
    devices: Any = None
    stagger_s: Any = None
    interrupt_grace_s: Any = None
    terminate_grace_s: Any = None


ConfigStore.instance().store(
    group="hydra/launcher", name="runner", node=RunnerLauncherConf, provider="runner"
)


class RunnerLauncher(Launcher):
    """Hands trials to worker processes one by one as they become free."""

    def __init__(
        self,
        n_jobs: int | None = None,
        devices: Any = None,
        stagger_s: float | None = None,
        interrupt_grace_s: float | None = None,
        terminate_grace_s: float | None = None,
    ) -> None:
        self._n_jobs = n_jobs
        self._devices = devices
        self._stagger_s = stagger_s
        self._graces_s = (interrupt_grace_s, terminate_grace_s)

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        """Keep what Hydra gives for `launch`."""
        self._hydra_context = hydra_context
        self._task_function = task_function
        self._config = config

    def executor(
        self, store: "Store", reporter: "Reporter", program: "Program | None" = None
    ) -> "LocalExecutor":
        """What executes the trials of the runner's own sweeper; `program` does those of a
        Hydra program."""
        from runner.execute.devices import check_devices
        from runner.execute.parallel import LocalExecutor, check_stagger, resolve_n_jobs
        from runner.execute.stopping import Graces

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

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> "Sequence[JobReturn]":
        """Run jobs of any other sweeper, and return what they gave, in their order."""
        from runner.errors import Mistake
        from runner.execute.parallel import resolve_n_jobs
        from runner.program.launching import run_jobs

        if self._devices is not None or self._stagger_s is not None:
            raise Mistake("hydra.launcher.devices and stagger_s need hydra/sweeper=runner")
        return run_jobs(
            job_overrides,
            initial_job_idx,
            n_jobs=resolve_n_jobs(self._n_jobs),
            hydra_context=self._hydra_context,
            task_function=self._task_function,
            config=self._config,
        )
