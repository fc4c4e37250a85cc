"""Prints at a start what has changed of the code that made the runs which are restarted, or used
instead of running again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.model import Operation, Provenance, Run
from hydra_sweep_runner.record.job_output import output_folder
from hydra_sweep_runner.system.provenance import changed_files, code_changes, digests
from hydra_sweep_runner.terminal.render import escape, short


def report_code_changes(
    world: World, run: Run, now: Provenance, trials: Iterable[Run] = ()
) -> None:
    """Print a line if the code differs from that of the run's last start, or if modules of the
    project that it, or the trials of a batch, had imported have changed."""
    imports = [one.provenance.imports for one in (run, *trials)]
    names = dict.fromkeys(name for one in imports for name in one if name not in now.sources)
    present = digests(world.project_dir, (world.project_dir / name for name in names))
    other = [
        f"{name} differs"
        for name in names
        if any(name in one and one[name] != present.get(name) for one in imports)
    ]
    changes = [*code_changes(run.provenance, now), *other]
    if changes:
        world.reporter.say(
            f"The code has changed since {short(run.id)} was last started: "
            f"{escape(', '.join(changes))}"
        )


def report_replaced_code(
    world: World, batch: Run, now: Provenance, replaced: Iterable[Run]
) -> None:
    """Print a line if completed trials that run again were made by another script than the present
    one, and the batch's last start, which skipped them, had the present one already."""
    if code_changes(batch.provenance, now):
        return
    changes = dict.fromkeys(
        change for run in replaced for change in code_changes(run.provenance, now)
    )
    if changes:
        world.reporter.say(
            f"The code has changed since trials of {short(batch.id)} were last started: "
            f"{escape(', '.join(changes))}"
        )


def report_older_code(
    world: World, runs: Sequence[Run], *, which: tuple[str, str] = ("run", "taken")
) -> None:
    """Print a line about completed runs that are used instead of running again: the files, scripts
    and imported modules of the project, whose content has changed since. `which` are the words for
    such a run and for what is done with it."""
    files = dict.fromkeys(name for run in runs for name in run.provenance.files)
    now = digests(world.project_dir, (world.project_dir / name for name in files))
    changed = [changed_files(run.provenance, now) for run in runs]
    names = list(dict.fromkeys(name for one in changed for name in one))
    if not names:
        return
    has = "was" if len(runs) == 1 else "were"
    owned = {name for run in runs for name in run.provenance.sources}
    imports = [name for name in names if name not in owned]
    how = "to run such again: +needed=strict"
    if imports and world.program is not None:
        how = "to run all of them again, leave +needed out"
    elif imports:
        how += f", with {escape(', '.join(imports))} among operation.code"
    told = escape(", ".join(names))
    told_of = _how_many(changed, which)
    world.reporter.say(f"{told_of} {has} made by other code ({told} changed since); {how}")


def report_new_required(
    world: World,
    used: Sequence[tuple[Operation, Run]],
    *,
    which: tuple[str, str] = ("run", "taken"),
) -> None:
    """Print how many completed runs that are used instead of running again had not the files that
    their present operations require. `which` as for `report_older_code`."""
    lacked = [
        [
            name
            for name in map(os.path.normpath, operation.requires)
            if name not in run.provenance.files
        ]
        for operation, run in used
    ]
    names = dict.fromkeys(name for one in lacked for name in one)
    if not names:
        return
    world.reporter.say(
        f"{_how_many(lacked, which)} ran without {escape(', '.join(names))}, which "
        "operation.requires names now; to run such again: +needed=strict"
    )


def _how_many(found: Sequence[Sequence[str]], which: tuple[str, str]) -> str:
    """`2 of 3 trials skipped`: for how many of the runs something was found."""
    noun, done = which
    if len(found) == 1:
        return f"The {noun} that is {done}"
    return f"{sum(map(bool, found))} of {len(found)} {noun}s {done}"


def report_gone_output(world: World, runs: Iterable[Run]) -> None:
    """Print how many completed jobs of a Hydra program, which are used instead of running again,
    have lost their output folders."""
    folders = (output_folder(run, world.store.root) for run in runs)
    count = sum(folder is not None and not folder.is_dir() for folder in folders)
    if count:
        which, are = ("folder of 1", "is") if count == 1 else (f"folders of {count}", "are")
        world.reporter.say(
            f"The output {which} completed trial{'s' * (count > 1)} {are} not there any more; to "
            "run such again, leave +needed out"
        )
