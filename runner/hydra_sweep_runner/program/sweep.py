"""`hydra/sweeper=runner` in a `@hydra.main` program: the entry point of the sweeper plugin."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from hydra import __version__ as hydra_version
from hydra.core.utils import JobReturn
from hydra.types import HydraContext
from omegaconf import DictConfig

from hydra_sweep_runner.errors import RunnerError
from hydra_sweep_runner.exit_status import INTERRUPTED
from hydra_sweep_runner.program.again import do_again
from hydra_sweep_runner.program.command_line import is_again, marked_command
from hydra_sweep_runner.program.returns import in_batches
from hydra_sweep_runner.program.session import ProgramSession
from hydra_sweep_runner.program.world import HydraCall
from hydra_sweep_runner.terminal.console import flush_output, report_end
from hydra_sweep_runner.terminal.streams import open_missing_streams


def sweep_program(
    arguments: Sequence[str],
    *,
    hydra_context: HydraContext,
    task_function: Callable[[Any], Any],
    config: DictConfig,
) -> list[list[JobReturn]]:
    """Start or restart a batch of a program, and return its jobs' returns as Hydra's own sweeper
    does: a list for each `max_batch_size` jobs.

    On a program's command line, a failure ends the process with the exit status that the contract
    promises, and no returns are kept. Elsewhere it is raised: the first job's own error, or the
    runner's.
    """
    open_missing_streams()
    is_typed = is_command_line(sys._getframe())
    hydra = HydraCall(
        context=hydra_context,
        task_function=task_function,
        config=config,
        keeps_returns=not is_typed,
    )
    if is_again(sys.argv[1:], os.environ):
        do_again(hydra)
        return []
    session = ProgramSession(hydra)
    with marked_command(), _end_told_to_callbacks(hydra):
        if is_typed:
            _exit_unless_well(lambda: session.carry_out(arguments))
            return []
        exit_status = session.carry_out(arguments)
        if exit_status != 0:
            _raise_failure(session.returned, exit_status)
    return in_batches(session.returned, config.hydra.sweeper.get("max_batch_size"))


@contextmanager
def _end_told_to_callbacks(hydra: HydraCall) -> Iterator[None]:
    """Call `on_multirun_end` of the program's callbacks if the sweep does not end well, as Hydra
    does from 1.4 on. Hydra 1.3 calls it only if the sweeper returns, but a sweep of ours comes to
    its end though a trial fails."""
    try:
        yield
    except BaseException:
        if hydra_version.startswith("1.3"):
            hydra.context.callbacks.on_multirun_end(
                config=hydra.config, config_name=hydra.config.hydra.job.config_name
            )
        raise


def is_command_line(frame: FrameType | None) -> bool:
    """Whether Hydra's own command line, which drops the returns, is the caller."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "run_and_report" and frame.f_globals.get("__name__", "").startswith(
            "hydra."
        ):
            return True
        frame = frame.f_back
    return False


def _exit_unless_well(carry_out: Callable[[], int]) -> None:
    try:
        exit_status = carry_out()
        flush_output()
    except (KeyboardInterrupt, Exception) as error:
        exit_status = report_end(error)
    if exit_status != 0:
        raise SystemExit(exit_status)


def _raise_failure(returned: Sequence[JobReturn], exit_status: int) -> None:
    if exit_status == INTERRUPTED:
        raise KeyboardInterrupt
    for one in returned:
        _ = one.return_value  # raises the job's error
    raise RunnerError("the sweep has failed: see what was printed, and the trials' logs")
