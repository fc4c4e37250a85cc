"""A Dask cluster of real processes on this machine, on ports that the system chooses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.scenarios.project import TIMEOUT_S, wait_until

#: How many workers may die at a trial before the cluster gives it up.
DEATHS = 2


@dataclass
class Cluster:
    """A scheduler and its workers, of one thread each."""

    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """The scheduler file."""
        return self.folder / "scheduler.json"

    @property
    def words(self) -> tuple[str, str]:
        """What to type for a batch to run on this cluster."""
        return "hydra.launcher.backend=dask", f"hydra.launcher.address={self.file}"

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a process of Dask's, its log beside the scheduler file."""
        number = len(list(self.folder.glob("*.log")))
        with (self.folder / f"{number}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *words, "--scheduler-file", str(self.file)],
                cwd=self.folder,
                env={
                    **os.environ,
                    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(DEATHS - 1),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def have(self, count: int) -> None:
        """Start workers until so many are alive, and wait until all are known."""
        from distributed import Client  # takes a second, which each process of the tests would pay

        self.workers = [worker for worker in self.workers if worker.poll() is None]
        for _ in range(count - len(self.workers)):
            name = "distributed.cli.dask_worker"
            options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
            self.workers.append(self.start(name, *options))
        with Client(scheduler_file=str(self.file), set_as_default=False) as client:
            alive = {worker.pid for worker in self.workers}
            wait_until(lambda: set(client.run(os.getpid).values()) == alive)


@contextmanager
def dask_cluster(folder: Path) -> Iterator[Cluster]:
    """A scheduler without workers, all of it ended afterwards."""
    cluster = Cluster(folder)
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    scheduler = cluster.start("distributed.cli.dask_scheduler", *options)
    try:
        wait_until(cluster.file.exists)
        yield cluster
    finally:
        for process in (*cluster.workers, scheduler):
            process.kill()
            process.wait()


def end_of(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Wait for a command's end: its exit status and what it printed."""
    printed, _ = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, printed.splitlines()


def worker_of(pid: int) -> int:
    """The pid of the worker that a trial's process descends from."""
    return psutil.Process(pid).parents()[1].pid
