"""Runs a program's jobs in workers that were not forked from it, for which the program is
pickled."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import cloudpickle
from hydra.core.singleton import Singleton
from omegaconf import OmegaConf
from omegaconf.basecontainer import BaseContainer

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.function.generators import Generators
from hydra_sweep_runner.execute.function.worker import ProgramJob, reason_of
from hydra_sweep_runner.operation.call import PackedProgram
from hydra_sweep_runner.program.command_line import COMMAND, mark
from hydra_sweep_runner.program.own.inherited import InheritedProgram


@dataclass(frozen=True, kw_only=True)
class TravellingProgram:
    """A program, and the state that its jobs find in the program's own process: Hydra's global
    state, the resolvers that it registered, its command line, and the random generators that it has
    seeded."""

    program: InheritedProgram
    singletons: Any
    resolvers: Mapping[str, bytes]
    argv: tuple[str, ...]
    generators: Generators

    def __call__(self, job: ProgramJob) -> tuple[Any, Exception | None]:
        """Run a job; returns the task function's result, or the error it raised."""
        Singleton.set_state(self.singletons)
        known = BaseContainer._resolvers
        for name, resolver in self.resolvers.items():
            if not OmegaConf.has_resolver(name):
                known[name] = cloudpickle.loads(resolver)
        sys.argv = list(self.argv)
        os.environ[COMMAND] = mark(self.argv[1:])
        return self.program(job)


def pack_program(program: InheritedProgram) -> PackedProgram:
    """The program as bytes. What its `__main__` defines is pickled by value, all else by the name
    of its module. Raises Mistake if it cannot be pickled."""
    travelling = TravellingProgram(
        program=program,
        singletons=Singleton.get_state(),
        resolvers=dict(_resolvers()),
        argv=tuple(sys.argv),
        generators=Generators.of_this_process(),
    )
    try:
        data = cloudpickle.dumps(travelling)
    except Exception as error:  # pickling an object may raise any error
        raise Mistake(
            f"hydra.launcher.backend: the program cannot be sent to workers: {reason_of(error)}"
        ) from error
    path = tuple(entry for entry in sys.path if entry)
    return PackedProgram(digest=hashlib.sha256(data).hexdigest(), sys_path=path, data=data)


def _resolvers() -> Any:
    for name, resolver in BaseContainer._resolvers.items():
        try:
            yield name, cloudpickle.dumps(resolver)
        except Exception:  # a job that needs the module will report that it is missing
            continue
