"""The workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from distributed import Client, KilledWorker
from distributed import TimeoutError as TimedOut  # not the built-in one before Python 3.11

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.cluster import worker
from hydra_sweep_runner.execute.cluster.messages import (
    Assignment,
    Done,
    Facts,
    Lost,
    Places,
    Refused,
)
from hydra_sweep_runner.execute.function.worker import reason_of

#: How long to wait for the scheduler to answer, and for a first worker, in seconds.
_CONNECT_S = 10
_WORKERS_S = 10


class DaskCluster:
    """The workers of the scheduler at an address, or of the one in a scheduler file.

    Without `n_jobs`, or with -1, one trial runs for each of the workers' threads; -2 means one
    less. Raises Mistake if the scheduler does not answer, or if there is no worker.
    """

    def __init__(self, address: str | None, n_jobs: int | None) -> None:
        self._futures: dict[str, Any] = {}
        self._client: Any = _connect(address)
        self._address = address
        try:
            self._client.wait_for_workers(1, timeout=_WORKERS_S)
        except (TimeoutError, TimedOut) as error:
            self.close()
            raise Mistake(
                f"the Dask cluster at {address} has no workers: start some, as "
                f"dask worker {address}"
            ) from error
        threads = sum(self._client.ncores().values())
        wanted = n_jobs or -1
        self.n_jobs = wanted if wanted > 0 else max(1, threads + 1 + wanted)

    def submit(self, trial: Assignment, done: Callable[[Done | Refused | Lost], object]) -> None:
        """Have a worker execute a trial. `done` is called once, in some thread, with the result;
        with a Lost if the cluster gave the trial up."""
        run_id = trial.task.run.id
        future = self._client.submit(worker.execute, trial, pure=False)
        self._futures[run_id] = future  # Dask cancels futures without a reference
        future.add_done_callback(lambda ended: done(self._result(run_id, ended)))

    def _result(self, run_id: str, future: Any) -> Done | Refused | Lost:
        try:
            result: Done | Refused = future.result()
            return result
        except BaseException as error:
            return _lost(run_id, error)
        finally:
            self._futures.pop(run_id, None)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The return value of the function, called by a worker."""
        return self._client.submit(function, *arguments, pure=False).result()

    def ask_workers(self, places: Places) -> Mapping[str, Facts | str]:
        """The facts about each worker, by its address; a text with the reason if it could not
        answer."""
        answers = self._client.run(worker.look, places, on_error="return")
        return {
            worker: reason_of(answer) if isinstance(answer, BaseException) else answer
            for worker, answer in answers.items()
        }

    def trouble(self) -> str | None:
        """A message if the cluster has no workers left, else None."""
        if self._client.status != "running" or self._client.ncores():
            return None
        return f"no worker is left at {self._address}: trials wait until one is started there"

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close(timeout=_CONNECT_S)


def _connect(address: str | None) -> Any:
    if not address:
        raise Mistake(
            "hydra.launcher.backend=dask needs hydra.launcher.address: the scheduler's, such "
            "as tcp://host:8786, or the path of its scheduler file"
        )
    where = {"address": address}
    if "://" not in address and address.endswith(".json"):
        if not Path(address).is_file():
            raise Mistake(f"hydra.launcher.address={address}: there is no such scheduler file")
        where = {"scheduler_file": address}
    client: Any = Client
    try:
        return client(**where, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Mistake(
            f"hydra.launcher.address={address}: no Dask scheduler answers there "
            f"({reason_of(error)})"
        ) from error


def _lost(run_id: str, error: BaseException) -> Lost:
    if isinstance(error, KilledWorker):
        times = error.allowed_failures + 1
        last = getattr(error.last_worker, "address", error.last_worker)
        how_often = "" if times == 1 else f" {times} times in a row"
        return Lost(run_id=run_id, why=f"the worker at it was lost{how_often} (last: {last})")
    if "Cancelled" in type(error).__name__:
        return Lost(run_id=run_id, why="the Dask scheduler is gone", for_good=True)
    return Lost(run_id=run_id, why=f"the cluster gave it up: {reason_of(error)}")
