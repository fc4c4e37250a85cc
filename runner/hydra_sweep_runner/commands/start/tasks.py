"""Makes tasks from the records of runs that are about to start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from hydra_sweep_runner.commands.start.prepare import PreparedOperation
from hydra_sweep_runner.commands.start.programs import program_task
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.attempt.environment import run_environment
from hydra_sweep_runner.execute.task import Task, Upstream
from hydra_sweep_runner.model import Flags, Run, Value
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.terminal.render import title_of


@dataclass(frozen=True, kw_only=True)
class Start:
    """A run about to be started: its stored record, its configuration, and its call. `number` is
    its place in the batch, from 0.

    For a pipeline's trial, `upstream` are its inputs, and `promised` maps the files that other
    steps take from it to those steps; `retries` and `timeout_s` are its step's own, None if it has
    none. `varying` are the names that distinguish the batch's trials, and `told_upstream` what else
    does: flags of what is upstream, and the number among repeats. `former` is the record before the
    start of a run that need not run if that turns out to be current; None for any other. `why_not`
    is the reason why it cannot be started, if it cannot.
    """

    run: Run
    config: TrialConfig
    prepared: PreparedOperation
    number: int = 0
    upstream: Upstream = field(default_factory=Upstream)
    promised: Mapping[str, str] = field(default_factory=dict)
    retries: int | None = None
    timeout_s: float | None = None
    varying: tuple[str, ...] = ()
    told_upstream: Flags = field(default_factory=dict)
    former: Run | None = None
    why_not: Mistake | None = None


def make_task(context: World, start: Start, options: Options, batch_id: str | None) -> Task:
    """The task that executes a run. Raises Mistake for a flag that cannot be resolved, and for a
    missing input."""
    if start.why_not is not None:
        raise start.why_not
    run = start.run
    folder = str(context.store.folder(run.id))
    environment = run_environment(
        run, folder=folder, project_dir=str(context.project_dir), batch_id=batch_id
    )
    title = title_of(run, start.varying, start.told_upstream)
    if KINDS[run.operation.kind].is_hydra_job:
        return program_task(
            title=title,
            run=run,
            store=context.store,
            project_dir=context.project_dir,
            working_dir=context.jobs_dir,
            config=start.config,
            environment=environment,
            options=options,
        )
    config = start.config.with_hydra(_hydra_settings(folder, start, batch_id))
    values = start.prepared.values(config)
    return Task(
        run=run,
        store_root=str(context.store.root),
        project_dir=str(context.project_dir),
        working_dir=folder if config.chdir else str(context.project_dir),
        call=start.prepared.make(values),
        config=config,
        environment={**values.environment, **environment},
        timeout_s=options.timeout_s if start.timeout_s is None else start.timeout_s,
        retries=options.retries if start.retries is None else start.retries,
        upstream=start.upstream,
        promised=start.promised,
        title=title,
    )


def check_start(context: World, start: Start, options: Options) -> None:
    """Raise Mistake for a value that the operation does not take, and for a flag that the run needs
    and that cannot be resolved."""
    for name, value in start.run.flags.items():
        start.prepared.check_flag(name, value, start.run.given)
    start.prepared.check(make_task(context, start, options, None).config, start.run.given)


def _hydra_settings(folder: str, start: Start, batch_id: str | None) -> Mapping[str, Value]:
    settings: dict[str, Value] = {"runtime.output_dir": folder, "run.dir": folder}
    if batch_id is not None:
        parent, _, name = folder.rpartition("/")
        settings |= {
            "sweep.dir": parent,
            "sweep.subdir": name,
            "job.num": start.number,
            "job.id": str(start.number),
        }
    return settings
