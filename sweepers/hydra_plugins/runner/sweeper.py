"""`hydra/sweeper=runner`: batches that are planned, recorded and restarted."""

# No postponed annotations here: Hydra 1.3 executes a plugin's module before it is in
# sys.modules, where a dataclass would look for them.

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from omegaconf import OmegaConf

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig


@dataclass
class RunnerSweeperConf:
    """`hydra.sweeper`. `params` are swept as if they came first on the command line; `store` is the
    store's folder; `optimizer_options` are keyword arguments of the optimizer; `stop` is a list of
    rules that end a batch. The others are the run options of the same names."""

    _target_: str = "hydra_plugins.runner.sweeper.RunnerSweeper"
    params: dict[str, str] | None = None
    store: str | None = None
    max_batch_size: int | None = None
    restart: Any = None
    needed: Any = None
    max_trials: Any = None
    random_seed: Any = None
    init_trials: Any = None
    print_trials: Any = None
    refresh: Any = None
    only: Any = None
    fail_fast: Any = None
    retries: Any = None
    timeout: Any = None
    optimizer: Any = None
    optimizer_options: dict[str, Any] = field(default_factory=dict)
    objective: Any = None
    window: Any = None
    warm_start: Any = None
    trials: Any = None
    save_trials: Any = None
    until: Any = None
    shape: Any = None
    include: Any = None
    exclude: Any = None
    repeat: Any = None
    stop: Any = None
    label: Any = None
    tags: Any = None


_CONF = OmegaConf.structured(RunnerSweeperConf)
# The option `from` is a word of Python's, and no dataclass has a field of that name.
OmegaConf.set_struct(_CONF, False)
_CONF["from"] = None
OmegaConf.set_struct(_CONF, None)
# Names may be added to this entry only: hydra.sweeper.optimizer_options.popsize=8.
OmegaConf.set_struct(_CONF.optimizer_options, False)

ConfigStore.instance().store(group="hydra/sweeper", name="runner", node=_CONF, provider="runner")


_OWN_COMMAND = "hydra_sweep_runner.cli.project"


def _refuse_hidden_package() -> None:
    """End the process with a line if a module of the program shadows our package."""
    import hydra_sweep_runner

    if not hasattr(hydra_sweep_runner, "__path__"):
        file = hydra_sweep_runner.__file__
        told = f"runner: {file} has the name of the runner's package, and hides it: rename it"
        print(told, file=sys.stderr)
        raise SystemExit(2)


if _OWN_COMMAND not in sys.modules and any(
    word.startswith("+restart=") or word == "hydra/sweeper=runner" for word in sys.argv[1:]
):
    # A job without -m calls no sweeper: what was typed for one is reported before it runs.
    _refuse_hidden_package()
    from hydra_sweep_runner.program.without_sweep import watch_runs

    watch_runs()


def _may_sweep() -> bool:
    """Whether the program may start a sweep of ours: that was typed, or any sweep, since the
    configuration may choose our sweeper."""
    if "hydra/sweeper=runner" in sys.argv[1:]:
        _refuse_hidden_package()
        return True
    if not any(word in ("-m", "--multirun") for word in sys.argv[1:]):
        return False
    import hydra_sweep_runner  # not before: every Hydra program on the machine comes here

    return hasattr(hydra_sweep_runner, "__path__")


if _OWN_COMMAND not in sys.modules and _may_sweep():
    # Sweeps that Hydra refuses before it calls us are explained in our words.
    from hydra_sweep_runner.program.refusals import watch_sweeps

    watch_sweeps()


class RunnerSweeper(Sweeper):
    """Sweeps over a program's flags; `program` does the work."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        """Keep the arguments for `sweep`."""
        self._hydra_context = hydra_context
        self._task_function = task_function
        self._config = config

    def sweep(self, arguments: list[str]) -> Any:
        """Start or restart a batch with the overrides of the command line."""
        _refuse_hidden_package()
        from hydra_sweep_runner.program.shadowed_modules import refuse_hidden_libraries

        refuse_hidden_libraries()
        from hydra_sweep_runner.program.sweep import sweep_program

        return sweep_program(
            arguments,
            hydra_context=self._hydra_context,
            task_function=self._task_function,
            config=self._config,
        )
