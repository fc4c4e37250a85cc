"""Prints lines about failed runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from hydra_sweep_runner.commands.start.pipeline.telling import NOTHING_UPSTREAM, Telling
from hydra_sweep_runner.commands.start.remedies import Remedies
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.execute.task import Outcome
from hydra_sweep_runner.model import Kind, Run, Status
from hydra_sweep_runner.record.reasons import parted
from hydra_sweep_runner.record.redaction import redact_run
from hydra_sweep_runner.terminal.output_tail import last_lines
from hydra_sweep_runner.terminal.render import (
    cut,
    escape,
    render_varying,
    short,
)

# The most failures that are listed at a batch's end.
_MOST_FAILURES = 20

#: The most characters of a reason in a line; the record has all of them.
_MOST_OF_REASON = 240


def report_failure(
    context: World,
    outcome: Outcome,
    remedies: Remedies,
    varying: Iterable[str] = (),
    telling: Telling = NOTHING_UPSTREAM,
) -> None:
    """Print that a run has failed, why, and what is to be done, with the end of its output unless
    that was just shown. Where standard error leads elsewhere, it has its own part of that already.
    `varying` are the names that distinguish the trials of its batch, and `telling` finds the flags
    upstream that do."""
    lines = [failure_line(context, outcome.run, varying, telling)]
    if not (outcome.was_shown and context.reporter.is_one_place):
        _, said = parted(outcome.run.state.reason or "")
        shown = last_lines(outcome.printed if outcome.was_shown else outcome.tail)
        lines += [] if shown == [said] else [f"  {line}" for line in shown]
    context.reporter.say(*lines, *remedies.lines(outcome))


def report_failures(
    context: World,
    batch_id: str,
    runs: Iterable[Run],
    varying: Sequence[str],
    telling: Telling = NOTHING_UPSTREAM,
) -> None:
    """List the failed trials at a batch's end, a line each; not a single one if that was the last
    line printed."""
    failed = [run for run in runs if run.state.status is Status.ERROR]
    if len(failed) == 1:
        line = failure_line(context, failed[0], varying, telling)
        if context.reporter.last_said == line:
            return
    for run in failed[:_MOST_FAILURES]:
        context.reporter.say(failure_line(context, run, varying, telling))
    if len(failed) > _MOST_FAILURES:
        more = f"{len(failed) - _MOST_FAILURES} more trials failed"
        context.reporter.say(f"{more}: runner runs show {short(batch_id)}{context.store_words}")


def failure_line(
    context: World,
    run: Run,
    varying: Iterable[str] = (),
    telling: Telling = NOTHING_UPSTREAM,
) -> str:
    """`Trial 3f2a9c1d failed: exit status 1 (log: runs/3f2a…/.runner/output.log) (lr=0.1;
    ValueError: no good)`: at the end, the flags that distinguish it from other trials, and what its
    process said about its end, as recorded."""
    run = redact_run(run, os.environ)
    what = "Trial" if run.kind is Kind.TRIAL else "Run"
    reason, said = parted(run.state.reason or f"exit status {run.state.exit_status}")
    reason = cut(escape(reason), _MOST_OF_REASON)
    line = f"{what} {short(run.id)} failed: {reason} (log: {context.log_path(run)})"
    told = [render_varying(run, varying, telling.of(run)), cut(escape(said), _MOST_OF_REASON)]
    more = "; ".join(filter(None, told))
    return f"{line} ({more})" if more else line
