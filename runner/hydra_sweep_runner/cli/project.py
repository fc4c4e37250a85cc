"""`runner [-m] [OVERRIDE…]`: a project's runs, batches and restarts, on Hydra's options."""

from __future__ import annotations

import argparse
import os
import secrets
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner import __version__
from hydra_sweep_runner.commands.start.composing import Composing, Typed, read_typed
from hydra_sweep_runner.commands.start.context import Context
from hydra_sweep_runner.commands.start.execution import OpenExecutor
from hydra_sweep_runner.compose.composer import Composer, SweepConfig, explain_composition
from hydra_sweep_runner.compose.overrides import check_values, is_sweep, one_line
from hydra_sweep_runner.compose.project import (
    ProjectConfig,
    find_project,
    kept_searchpath,
    open_loader,
    project_in_snapshot,
    set_defaults,
)
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.attempt.stopping import Graces
from hydra_sweep_runner.execute.local.executor import LocalExecutor
from hydra_sweep_runner.model import MAX_SEED
from hydra_sweep_runner.operation.run_options import OPTIONS
from hydra_sweep_runner.store import location
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.console import Console

JOB_NAME = "runner"

#: What `hydra.sweeper` names where nobody chose another.
SWEEPER = "hydra_plugins.runner.sweeper.RunnerSweeper"


def run_project(arguments: list[str]) -> int:
    """Carry out a command line that is no management command; returns the exit status."""
    parser = _parser()
    args = parser.parse_intermixed_args(arguments)
    if args.version:
        print(f"runner {__version__} (hydra-core {hydra.__version__})")
        return 0
    set_defaults()
    if _asks_hydra(args):
        return _ask_hydra(args, parser)
    if args.run and args.multirun:
        raise Mistake("--run and --multirun exclude each other")
    for name in ("package", "resolve"):
        if getattr(args, name):
            raise Mistake(f"--{name} is for what is shown by --cfg or --info: add one of them")
    return _Session(args).carry_out()


class _Parser(argparse.ArgumentParser):
    """Hydra's options; a mistake among them is one line."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: -j"):
            message = f"{message}; how many trials run at once is hydra.launcher.n_jobs=2"
        raise Mistake(f"{message}; see runner --help")


def _parser() -> argparse.ArgumentParser:
    theirs = get_args_parser()
    parser = _Parser(prog="runner", add_help=False, parents=[theirs], conflict_handler="resolve")
    parser.add_argument(
        "--version", action="store_true", help="Show the version and exit (and Hydra's)"
    )
    return parser


def _asks_hydra(args: argparse.Namespace) -> bool:
    return bool(args.help or args.hydra_help or args.cfg or args.info or args.shell_completion)


def _ask_hydra(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """What Hydra answers itself: --help, --hydra-help, --cfg, --info, --shell-completion."""
    typed = read_typed(args.overrides) if not args.shell_completion else None
    if typed is not None:
        args.overrides = [*typed.task, *typed.hydra]
    if args.help:
        for line in _usage():
            print(line)
    try:
        project = find_project(Path.cwd(), args.config_path, args.config_name, args.config_dir)
    except Mistake:
        if args.help:
            return 0
        raise
    loader = open_loader(project, JOB_NAME)
    app = Hydra(task_name=JOB_NAME, config_loader=loader)
    try:
        _answer(app, project.config_name, args, parser)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise Mistake(explain_composition(error)) from error
    return 0


def _answer(app: Hydra, name: str | None, args: Any, parser: argparse.ArgumentParser) -> None:
    if args.help:
        app.app_help(config_name=name, args_parser=parser, args=args)
    elif args.hydra_help:
        app.hydra_help(config_name=name, args_parser=parser, args=args)
    elif args.cfg:
        app.show_cfg(
            config_name=name,
            overrides=args.overrides,
            cfg_type=args.cfg,
            package=args.package,
            resolve=args.resolve,
        )
    elif args.shell_completion:
        app.shell_completion(config_name=name, overrides=args.overrides)
    else:
        app.show_info(args.info, config_name=name, overrides=args.overrides)


def _usage() -> list[str]:
    """What `runner --help` says of its own, before Hydra's part on the project."""
    width = max(len(name) for name in OPTIONS)
    return [
        "runner [OVERRIDE…]               one run",
        "runner -m [OVERRIDE…]            a batch: lists of values are swept",
        "runner +restart=ID [OVERRIDE…]   restart a run, a trial or a batch in place",
        "runner runs list|show|stop …     manage runs (all of it: runner runs --help)",
        "",
        "Run options, each +name=value:",
        *(f"  {name:<{width}}  {option.meaning}" for name, option in OPTIONS.items()),
        "",
    ]


class _Session:
    """One command line in one project: the world put together for the use cases."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._folder = Path.cwd()
        self._reporter = Console()
        self._typed = read_typed(args.overrides)

    def carry_out(self) -> int:
        """Restart what is to be restarted, else start a batch or a run. Each is imported where
        it is needed: a short run is over before the others are."""
        if "restart" in self._typed.options.values:
            from hydra_sweep_runner.commands.start.restart import restart

            context = self._context(self._typed, self._store_in_present_yaml())
            return restart(
                context,
                self._typed,
                self._open_composer,
                self._executor_of,
                self._launcher_of,
            )
        return self._start()

    def _start(self) -> int:
        args = self._args
        composer = self._open_composer(None, args.config_name or "config", self._typed.hydra)
        typed = self._expanded(composer)
        composing = Composing(composer=composer, task=typed.task, typed=typed)
        if args.multirun or (not args.run and _mode(composer, typed) == "MULTIRUN"):
            from hydra_sweep_runner.commands.start.batch import start_batch

            master = composer.sweep(typed.task)
            context = self._context(typed, master.sweeper.get("store"))
            return start_batch(context, composing, master, self._launcher_of)
        from hydra_sweep_runner.commands.start.single import start_run

        check_values(typed.task)
        config = composer.trial(typed.task)
        context = self._context(typed, config.sweeper.get("store"))
        if any("launcher" in text for text in typed.hydra):
            self._launcher_of(SweepConfig(config.load()))(context.store)
        return start_run(context, composing, self._executor_of)

    def _expanded(self, composer: Composer) -> Typed:
        """What was typed, with Hydra's aliases (from 1.4 on) replaced."""
        expanded = composer.expand(self._args.overrides)
        return self._typed if expanded == self._args.overrides else read_typed(expanded)

    def _present_project(self, config_name: str | None) -> ProjectConfig:
        args = self._args
        return find_project(
            self._folder, args.config_path, args.config_name or config_name, args.config_dir
        )

    def _open_composer(
        self, folder: Path | None, config_name: str | None, hydra_overrides: Sequence[str]
    ) -> Composer:
        if folder is None:
            project = self._present_project(config_name)
        else:
            project = project_in_snapshot(folder, config_name)
        passing = [] if folder is None else kept_searchpath(folder)
        loader = open_loader(project, JOB_NAME)
        return Composer(loader, project.config_name, hydra_overrides, passing=passing)

    def _store_in_present_yaml(self) -> str | None:
        try:
            project = self._present_project(None)
        except Mistake:
            return None
        return location.store_in_yaml(Path(str(project.main)) / f"{project.config_name}.yaml")

    def _context(self, typed: Typed, in_yaml: str | None) -> Context:
        path = location.store_path(
            self._folder, typed=typed.store, environment=os.environ, in_yaml=in_yaml
        )
        named = "" if typed.store is None else f"hydra.sweeper.store={typed.store} "
        return Context(
            project_dir=self._folder,
            store=RunStore.open(path, create=False),
            reporter=self._reporter,
            clock=now,
            new_id=lambda: uuid.uuid4().hex,
            new_seed=lambda: secrets.randbelow(MAX_SEED + 1),
            restart_command=f"runner {named}+restart=",
        )

    def _executor_of(self, config: TrialConfig) -> OpenExecutor:
        """The executor of one run on its own; of its launcher's settings, the graces hold."""
        graces = Graces.given(*config.launcher("interrupt_grace_s", "terminate_grace_s"))
        return lambda store: LocalExecutor(store, self._reporter, graces=graces)

    def _launcher_of(self, master: SweepConfig) -> OpenExecutor:
        """The executor of the launcher that a sweep's configuration names. Raises Mistake for
        a launcher that cannot run operations, and for a sweeper that is not ours."""
        _check_sweeper(master.config)
        launcher = _instantiate_launcher(master.config)
        opener = getattr(launcher, "executor", None)
        if opener is None:
            raise Mistake(
                f"hydra/launcher: {type(launcher).__name__} cannot run operations; use "
                "hydra/launcher=runner"
            )
        return lambda store: opener(store, self._reporter)


def _check_sweeper(config: Any) -> None:
    """Raise Mistake if the composed sweeper is another one: it would sweep otherwise."""
    chosen = config.hydra.runtime.choices.get("hydra/sweeper")
    target = None if config.hydra.sweeper is None else config.hydra.sweeper.get("_target_")
    if target != SWEEPER:
        raise Mistake(
            f"hydra/sweeper={chosen} is not the runner's: leave it out, or choose "
            "hydra/sweeper=runner"
        )


def _instantiate_launcher(config: Any) -> Any:
    node = config.hydra.launcher
    if not OmegaConf.is_dict(node) or "_target_" not in node:
        raise Mistake("hydra.launcher is no launcher's configuration; use hydra/launcher=runner")
    try:
        return Plugins.instance()._instantiate(node)
    except (HydraException, ImportError, RuntimeError) as error:
        raise Mistake(f"hydra.launcher cannot be made: {one_line(error)}") from error


def _mode(composer: Composer, typed: Typed) -> str | None:
    """What `hydra.mode` says, with the choices that were typed."""
    if not any(is_sweep(text) for text in typed.task):
        return composer.trial(typed.task).base.mode
    # A group that has to be chosen may be among what is swept over.
    mode = composer.sweep(typed.task).config.hydra.mode
    return None if mode is None else str(mode.name)
