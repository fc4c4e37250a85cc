"""Which of joblib's backends carries trials to workers, by its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import joblib
from joblib.parallel import BACKENDS, ParallelBackendBase

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.cluster import worker
from hydra_sweep_runner.execute.cluster.messages import Facts, Places
from hydra_sweep_runner.execute.local.executor import resolve_n_jobs

#: Backends whose workers are on this machine: they see what this process sees.
_HERE = ("loky", "multiprocessing", "sequential", "threading")
#: What registers backends that other packages bring.
_REGISTERED_BY = {
    "ray": ("ray.util.joblib", "register_ray"),
    "spark": ("joblibspark", "register_spark"),
}
_NO_DASK = (
    'hydra.launcher.backend=dask needs Dask: pip install "hydra-sweep-runner[dask]" here and '
    "where the workers run"
)


Hear = Callable[[Any], object]


class Backend(Protocol):
    """Carries calls to workers. `n_jobs` is how many are carried out at a time."""

    n_jobs: int

    def parallel(self, hear: Hear) -> Any:
        """A joblib.Parallel that takes calls one by one and gives results as they come.
        `hear` is told each result, in some thread, before the next call is taken."""
        ...

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function returns when a worker calls it."""
        ...

    def ask_workers(self, places: Places) -> Mapping[str, Facts | str]:
        """What each worker that is known is and sees, or why it cannot tell."""
        ...

    def trouble(self) -> str | None:
        """What keeps all calls waiting, in words, if anything does."""
        ...

    def close(self) -> None:
        """Let the workers go."""
        ...


def open_backend(name: str, address: str | None, n_jobs: int | None) -> Backend:
    """The backend of this name. Raises Mistake for one that is not registered, that is not
    there, or that has no workers."""
    if n_jobs is not None:
        resolve_n_jobs(n_jobs)
    if name == "dask":
        return _open_dask(address, n_jobs)
    if address:
        raise Mistake(
            f"hydra.launcher.address={address} is for hydra.launcher.backend=dask; {name} "
            "takes none"
        )
    _register(name)
    if name not in BACKENDS:
        known = ", ".join(sorted({*BACKENDS, "dask"}))
        raise Mistake(f"hydra.launcher.backend={name}: no such joblib backend; there are {known}")
    return JoblibBackend(name, n_jobs)


def _register(name: str) -> None:
    module, function = _REGISTERED_BY.get(name, (None, None))
    if name in BACKENDS or module is None or function is None:
        return
    with suppress(ImportError):
        getattr(importlib.import_module(module), function)()


def _open_dask(address: str | None, n_jobs: int | None) -> Backend:
    try:
        from hydra_sweep_runner.execute.cluster.dask_backend import DaskCluster
    except ImportError as error:
        raise Mistake(_NO_DASK) from error
    return DaskCluster(address, n_jobs)


class JoblibBackend:
    """A backend that joblib knows by its name and that needs no more than that."""

    def __init__(self, name: str, n_jobs: int | None) -> None:
        self._name = name
        with joblib.parallel_config(backend=name):
            self.n_jobs = joblib.effective_n_jobs(-1 if n_jobs is None else n_jobs)

    def parallel(self, hear: Hear = lambda _: None) -> Any:
        """A joblib.Parallel that takes calls one by one and gives results as they come."""
        return parallel_on(BACKENDS[self._name](nesting_level=0), self.n_jobs, hear)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function returns when a worker calls it."""
        with self.parallel() as parallel:
            (result,) = parallel([joblib.delayed(function)(*arguments)])
        return result

    def ask_workers(self, places: Places) -> Mapping[str, Facts | str]:
        """What some of the workers are and see; nothing if they are on this machine."""
        if self._name in _HERE:
            return {}
        with self.parallel() as parallel:
            found = list(parallel([joblib.delayed(worker.look)(places)] * self.n_jobs))
        return {f"host {facts.host}, pid {facts.pid}": facts for facts in found}

    def trouble(self) -> str | None:
        """Nothing that could be told."""
        return None

    def close(self) -> None:
        """joblib sees to its workers itself."""


def parallel_on(backend: ParallelBackendBase, n_jobs: int, hear: Hear) -> Any:
    """A joblib.Parallel that takes calls one by one and gives results as they come. Raises
    Mistake for a backend that cannot do that.

    `hear` is told each result before the next call is taken, where that may be before the
    result is given.
    """
    retrieve = backend.retrieve_result_callback

    def retrieve_and_tell(out: Any) -> Any:
        results = retrieve(out)
        for result in results:
            hear(result)
        return results

    backend.retrieve_result_callback = retrieve_and_tell
    if not backend.supports_return_generator and backend.supports_retrieve_callback:
        # Pools of processes are said not to because of what happens if results are left in
        # them; here all of them are taken.
        backend.supports_return_generator = True
    try:
        return joblib.Parallel(
            n_jobs=n_jobs,
            backend=backend,
            batch_size=1,
            pre_dispatch=n_jobs,
            return_as="generator_unordered",
        )
    except ValueError as error:
        raise Mistake(f"hydra.launcher.backend: {error}") from error
