"""The trials of a `@hydra.main` program: their batches, output folders and tasks."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hydra_sweep_runner.commands.runs.membership import planned
from hydra_sweep_runner.commands.start.output_folders import check_place, has_files
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.output_dir import OutputDir, find_sweep_dir
from hydra_sweep_runner.compose.resolution_errors import lacks_variable
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.task import Task
from hydra_sweep_runner.model import JobPlace, Kind, Run, Status, Value
from hydra_sweep_runner.operation.call import ProgramCall
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.record.job_output import placed, relative_to_project
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.command_line import command_line
from hydra_sweep_runner.terminal.render import MOST_OF_VALUE, cut, escape, first_few, short

#: The launchers whose jobs have the environment of this process.
_LAUNCHERS_HERE = frozenset(("BasicLauncher", "JoblibLauncher", "RunnerLauncher"))


def check_owner(world: World, run: Run, typed: Sequence[str]) -> None:
    """Raise Mistake for a run that cannot be restarted from here: a Hydra program restarts its own
    batches, `runner` restarts all other runs. `typed` are the words of the command line."""
    owner, program = run.operation, world.program
    batch = run.id if run.kind is Kind.BATCH else batch_of(world.store, run)
    name = escape(owner.name)
    if KINDS[owner.kind].is_hydra_job:
        if program is None:
            from hydra_sweep_runner.commands.runs.going_on import restart_command  # for this alone

            what, follows = "it", ""
            beside = [word for word in typed if not word.startswith("+restart=")]
            if run.kind is not Kind.BATCH and batch is not None:
                what, follows, beside = "its batch", in_its_batch(run, world.store_words), []
            batch_id = short(batch) if batch else "ID"
            words = restart_command(run, batch_id, beside, world.project_dir, world.store.root)
            raise Mistake(
                f"{short(run.id)} is of the Hydra program {name}: restart {what} there: "
                f"{command_line(words)}{follows}"
            )
        if (owner.name, owner.target) != (program.name, program.target):
            raise Mistake(f"{short(run.id)} is of {name}, not of {escape(program.name)}")
    elif program is not None:
        raise Mistake(
            f"{short(run.id)} is of {name}, which is no Hydra program: restart it with runner"
        )
    if program is not None and run.kind is not Kind.BATCH:
        how = "which is not in the store"
        if batch is not None:
            how = f"{world.restart_prefix}{short(batch)}{in_its_batch(run, world.store_words)}"
        raise Mistake(f"{short(run.id)} {IS_NO_BATCH}: {how}")


IS_NO_BATCH = "is a trial: a Hydra program restarts whole batches; its batch"


def in_its_batch(run: Run, store_words: str, others: str = "") -> str:
    """What follows its batch's id in the command that restarts a trial, with `others`, the words
    typed beside it: the other trials that are completed do not run again. If it is completed
    itself, also how it runs again."""
    words = others if "+needed=" in others else f" +needed=true{others}"
    if run.state.status is not Status.COMPLETED:
        return words
    again = f"runner runs delete {short(run.id)} --yes{store_words}"
    return f"{words} (this trial is completed, and runs again if deleted before: {again})"


def batch_of(store: RunStore, run: Run) -> str | None:
    """The batch that generated a trial, else one whose plan contains it; None if there is none."""
    if run.generated_by is not None and store.folder(run.generated_by).is_dir():
        return run.generated_by
    held = (batch.id for batch in store.batches() if run.id in planned(batch))
    return next(held, None)


def check_output_dirs(
    world: World, jobs: Iterable[tuple[TrialConfig, JobPlace]], limit: int
) -> None:
    """Print which of a program's jobs that are to start share an output folder, and which new ones
    get a folder with files of other jobs in it. Raises Mistake for a folder that cannot be made,
    also for a name of more than `limit` bytes, which the file system does not accept, and for one
    that cannot be resolved."""
    numbers: dict[str, list[int | None]] = {}
    checked: set[str] = set()
    used: dict[str, None] = {}
    for config, job in jobs:
        at_work = config.with_hydra({"job.num": job.number, "job.id": str(job.number)})
        try:
            output = at_work.output()
        except Mistake as mistake:
            is_known = job.output_dir is not None
            if is_known or (lacks_variable(mistake.__cause__) and _runs_elsewhere(config)):
                continue
            raise
        numbers.setdefault(job.output_dir or output.path, []).append(job.number)
        _check_names(output, limit)
        folders = {"hydra.sweep.dir": os.path.abspath(output.sweep_dir)}  # noqa: PTH100
        folders["hydra.sweep.subdir"] = output.path
        if job.output_dir is not None:  # the job goes on in its former one
            folders = {"hydra.sweep.subdir": str(world.project_dir / job.output_dir)}
        elif has_files(output.path):
            used[output.path] = None
        for setting, folder in folders.items():
            if folder not in checked:
                check_place(setting, folder)
                checked.add(folder)
    _report_shared(world, numbers)
    _report_used(world, used)


def _report_shared(world: World, numbers: Mapping[str, Sequence[int | None]]) -> None:
    """Print which jobs share an output folder; `numbers` are theirs, by folder."""
    shared = {path: jobs for path, jobs in numbers.items() if len(jobs) > 1}
    for path, sharing in list(shared.items())[:1]:
        more = f", and so in {len(shared) - 1} more folders" if len(shared) > 1 else ""
        folder = escape(relative_to_project(path, world.project_dir))
        world.reporter.say(
            f"{len(sharing)} trials have the output folder {folder}"
            f" and overwrite each other's files there{more}; hydra.sweep.subdir should have a "
            "part that differs, such as ${hydra.job.num}"
        )


def _report_used(world: World, folders: Collection[str]) -> None:
    """Print which output folders of new trials are there already, with files in them."""
    if folders:
        named = first_few([escape(relative_to_project(one, world.project_dir)) for one in folders])
        what = "has an output folder" if len(folders) == 1 else "have output folders"
        trials = "1 new trial" if len(folders) == 1 else f"{len(folders)} new trials"
        world.reporter.say(f"{trials} {what} with files of other jobs, which stay there: {named}")


def _runs_elsewhere(config: TrialConfig) -> bool:
    """Whether the launcher's jobs may have variables in their environment that this process does
    not have, as on a cluster."""
    target, backend = config.launcher("_target_", "backend")
    return backend is not None or str(target).rpartition(".")[2] not in _LAUNCHERS_HERE


def _check_names(output: OutputDir, limit: int) -> None:
    """Raise Mistake for a folder with a name of more than `limit` bytes in its path."""
    longest = max(output.path.split("/"), key=len)
    if len(os.fsencode(longest)) <= limit:
        return
    is_of_sweep = longest in output.sweep_dir.split("/")
    shorten = (
        "hydra.sweep.dir"
        if is_of_sweep
        else "hydra.sweep.subdir (hydra.job.config.override_dirname.exclude_keys leaves flags out)"
    )
    raise Mistake(
        f"File name too long: the output folder {cut(escape(longest), MOST_OF_VALUE)} has "
        f"{len(longest)} characters, the file system takes {limit}; shorten {shorten}"
    )


def sweep_place(config: TrialConfig, world: World) -> JobPlace:
    """The output folder of a batch, from the configuration of one of its jobs."""
    folder = relative_to_project(find_sweep_dir(config.load()), world.project_dir)
    return placed(JobPlace(), folder, project_dir=world.project_dir, store_root=world.store.root)


def program_task(
    *,
    title: str,
    run: Run,
    store: RunStore,
    project_dir: Path,
    working_dir: Path,
    config: TrialConfig,
    environment: Mapping[str, str],
    options: Options,
) -> Task:
    """The task of a program's trial: its configuration as Hydra would make it, with the job number
    and, if it has one already, the recorded output folder.

    None of the job's own values is resolved here.
    """
    job = run.job or JobPlace(number=0)
    config = config.with_hydra({"job.num": job.number, "job.id": str(job.number)})
    output_dir, settings = _place(config, job, project_dir)
    if output_dir is not None:
        settings["runtime.output_dir"] = str(project_dir / output_dir)
    return Task(
        run=replace(
            run,
            job=placed(job, output_dir, project_dir=project_dir, store_root=store.root),
        ),
        store_root=str(store.root),
        project_dir=str(project_dir),
        working_dir=str(working_dir),
        call=ProgramCall(),
        config=config.with_hydra(settings),
        environment=environment,
        timeout_s=options.timeout_s,
        retries=options.retries,
        title=title,
    )


def _place(
    config: TrialConfig, job: JobPlace, project_dir: Path
) -> tuple[str | None, dict[str, Value]]:
    """Returns the job's recorded output folder and the Hydra settings needed to use it. A folder
    that only the job can resolve is not set."""
    try:
        natural = config.output()
    except Mistake:
        natural = None
    if job.output_dir is None:
        return None if natural is None else relative_to_project(natural.path, project_dir), {}
    kept = str(project_dir / job.output_dir)
    if natural is None:
        natural = OutputDir("", "")
    if kept == natural.path:
        return job.output_dir, {}
    return job.output_dir, natural.moved_to(kept).settings(natural)
