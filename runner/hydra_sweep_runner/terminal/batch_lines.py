"""The line with which a batch begins (`first_line`), the one with which it ends (`last_line`), and
the words for what is missing. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.planning.reconcile import Action, Reconciliation

#: The line's word for each status, in the order of the line.
_WORDS = {
    Status.COMPLETED: "completed",
    Status.ERROR: "failed",
    Status.TERMINATED: "terminated",
    Status.RUNNING: "running elsewhere",
    Status.PENDING: "pending",
}


def count_trials(runs: Iterable[Run]) -> Mapping[Status, int]:
    """The number of a batch's trials with each status."""
    return Counter(run.state.status for run in runs)


def ends_well(counts: Mapping[Status, int]) -> bool:
    """Whether every trial is completed."""
    return all(status is Status.COMPLETED for status, count in counts.items() if count)


def why_not_well(counts: Mapping[Status, int], left: int = 0) -> str:
    """`1 of 4 trials failed`. If none failed, how many are not completed. If all are completed, by
    an earlier start, how many (`left`) this start was to run and did not."""
    failed = counts.get(Status.ERROR, 0)
    if failed:
        return f"{failed} of {sum(counts.values())} trials failed"
    if ends_well(counts):
        return f"{left} of {sum(counts.values())} trials not started"
    missing = sum(count for status, count in counts.items() if status is not Status.COMPLETED)
    return f"{missing} of {sum(counts.values())} trials not completed"


def first_line(
    batch: str, reconciliation: Reconciliation, at_once: int | None, *, runs_none: bool = False
) -> str:
    """What a start is about to do: `Batch 77b01c52: 4 trials, 2 at a time`; if some trials exist
    already: `Batch 77b01c52: 6 trials: 2 to run, 3 to skip, 1 new, 3 set aside`. Orphans of
    earlier restarts are not counted as set aside. With `runs_none`, as for `init_trials`, what
    exists is skipped."""
    total = len(reconciliation.actions)
    there = reconciliation.count(Action.RESTART)
    counts = {
        "to run": 0 if runs_none else there,
        "to skip": reconciliation.count(Action.SKIP) + (there if runs_none else 0),
        "new": reconciliation.count(Action.CREATE) + reconciliation.count(Action.INITIALIZE),
        "set aside": reconciliation.newly_orphaned,
        "deleted": len(reconciliation.deleted),
    }
    line = f"Batch {batch}: {total} trial" + ("" if total == 1 else "s")
    told = [f"{count} {words}" for words, count in counts.items() if count]
    if told != [f"{total} new"]:
        return f"{line}: {', '.join(told)}"
    return line if at_once is None else f"{line}, {min(at_once, total)} at a time"


def last_line(
    batch: str,
    counts: Mapping[Status, int],
    restart_prefix: str,
    lift_rule: str = "",
    needed: str = "true",
) -> str:
    """`Batch 77b01c52: 4 trials, 3 completed, 1 failed; to go on: runner +restart=…`. `lift_rule`
    is the override that switches off the stopping rule that keeps trials pending, `needed`
    the value of that option with which a restart goes on."""
    total = sum(counts.values())
    told = [f"{total} trial" if total == 1 else f"{total} trials"]
    told += [f"{counts[status]} {word}" for status, word in _WORDS.items() if counts.get(status)]
    line = f"Batch {batch}: {', '.join(told)}"
    if ends_well(counts):
        return line
    words = " ".join(restart_words(counts, lift_rule, needed))
    return f"{line}; to go on: {restart_prefix}{batch} {words}"


def restart_words(
    counts: Mapping[Status, int], lift_rule: str = "", needed: str = "true"
) -> list[str]:
    """The overrides that restart what is not completed: `+needed=true`, and `lift_rule` if nothing
    is left but trials that a stopping rule keeps from starting."""
    left = set(+Counter(counts)) - {Status.COMPLETED}
    return [f"+needed={needed}", *([lift_rule] if lift_rule and left == {Status.PENDING} else [])]
