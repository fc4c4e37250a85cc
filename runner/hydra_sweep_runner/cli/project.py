"""`runner [-m] [OVERRIDE…]`: a project's runs, batches and restarts, with Hydra's options."""

from __future__ import annotations

import argparse
import logging
import re
import shlex
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner import __version__
from hydra_sweep_runner.cli.world import JOB_NAME, ProjectYaml, open_world
from hydra_sweep_runner.commands.start.composing import Composing, Typed, read_typed
from hydra_sweep_runner.commands.start.own_option import naming_own_option
from hydra_sweep_runner.commands.start.package_line import naming_package_line
from hydra_sweep_runner.compose.chosen_pipeline import find_pipeline
from hydra_sweep_runner.compose.composer import SweepConfig
from hydra_sweep_runner.compose.explain import explain_composition
from hydra_sweep_runner.compose.overrides import check_values, is_sweep
from hydra_sweep_runner.compose.project import (
    find_project,
    open_loader,
    set_defaults,
    started_by_program,
)
from hydra_sweep_runner.errors import MissingConfig, Mistake, NoOperation
from hydra_sweep_runner.operation.run_options import OPTIONS


def run_project(arguments: list[str]) -> int:
    """Carry out a command line that is not a management command; returns the exit status."""
    parser = _parser()
    parser.words = arguments
    args = parser.parse_intermixed_args(arguments)
    if args.version:
        print(f"runner {__version__} (hydra-core {hydra.__version__})")
        return 0
    set_defaults()
    if _asks_hydra(args):
        return _ask_hydra(args, parser)
    if args.run and args.multirun:
        raise Mistake("--run and --multirun exclude each other")
    if args.experimental_rerun is not None:
        raise Mistake(
            "--experimental-rerun is for jobs that Hydra has pickled; +restart=ID runs a run "
            "again, in place"
        )
    for name in ("package", "resolve"):
        if getattr(args, name):
            raise Mistake(f"--{name} is for what is shown by --cfg or --info: add one of them")
    return _carry_out(args)


class _Parser(argparse.ArgumentParser):
    """Hydra's options; an error in them is reported in one line."""

    words: Sequence[str] = ()

    def error(self, message: str) -> NoReturn:
        from hydra_sweep_runner.cli.unknown_project_options import meant_by_unknown

        told = meant_by_unknown(message, self.words, list(self._option_string_actions))
        raise Mistake(f"{told}; see runner --help")


def _parser() -> _Parser:
    theirs = get_args_parser()
    parser = _Parser(
        prog="runner",
        add_help=False,
        allow_abbrev=False,  # --experiment=fine would be taken for --experimental-rerun
        parents=[theirs],
        conflict_handler="resolve",
    )
    parser.add_argument(
        "-V", "--version", action="store_true", help="Show the version and exit (and Hydra's)"
    )
    return parser


def _asks_hydra(args: argparse.Namespace) -> bool:
    return bool(args.help or args.hydra_help or args.cfg or args.info or args.shell_completion)


def _ask_hydra(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Let Hydra answer --help, --hydra-help, --cfg, --info and --shell-completion."""
    typed = read_typed(args.overrides) if not args.shell_completion else None
    if typed is not None and "restart" in typed.given and not args.help:
        raise Mistake(
            "Hydra shows what the present YAML composes to, and knows no run: the configuration of "
            f"one is in $(runner runs path {typed.given['restart']} .hydra/config.yaml)"
        )
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
    logging.Handler.handleError = _raise_again  # type: ignore[method-assign, assignment]
    try:
        _answer(app, project.config_name, args, parser)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise Mistake(explain_composition(error)) from error
    return 0


def _raise_again(_handler: logging.Handler, _record: logging.LogRecord) -> NoReturn:
    """Called where a handler has caught an error: Hydra logs what --info says, and a closed pipe
    would print a traceback for each of the lines."""
    raise


#: What Hydra says of the config groups of a project that has none.
_NO_GROUPS = re.compile(r"== Configuration groups ==\nCompose [^\n]*\n\s*(?=== )")


def _answer(app: Hydra, name: str | None, args: Any, parser: argparse.ArgumentParser) -> None:
    if args.help:
        said = StringIO()
        with redirect_stdout(said):
            app.app_help(config_name=name, args_parser=parser, args=args)
        print(_NO_GROUPS.sub("", said.getvalue()), end="")
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
    """The runner's own part of `runner --help`, before Hydra's part on the project."""
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


def _carry_out(args: argparse.Namespace) -> int:
    """Restart a batch or run if the arguments say so, else start one. Each use case is imported
    only if it is needed, because the imports take longer than a short run."""
    yaml = ProjectYaml.of_options(args)
    typed = read_typed(args.overrides)
    if "restart" in typed.given:
        from hydra_sweep_runner.commands.start.restart import restart

        world = open_world(yaml, typed, yaml.store())
        if not world.store.root.exists():
            yaml.find()  # raises Mistake where there is no project, either
        return restart(world, typed)
    with naming_own_option(yaml.folder):
        try:
            return _start(args, yaml, typed)
        except (NoOperation, MissingConfig) as mistake:
            program = started_by_program(yaml.folder, shlex.join(args.overrides))
            if program is None:
                raise
            what = str(mistake).removesuffix(".")
            if isinstance(mistake, NoOperation):
                what = "the configuration has no operation"
            raise Mistake(f"{what}; {program}") from mistake


def _start(args: argparse.Namespace, yaml: ProjectYaml, typed: Typed) -> int:
    composer = yaml.composer(typed.hydra)
    expanded = composer.expand(args.overrides)  # Hydra's aliases, from 1.4 on
    typed = read_typed(expanded).among(composer)
    pipeline = find_pipeline(composer, typed.task)
    composing = Composing(composer=composer, task=typed.task, typed=typed, pipeline=pipeline)
    sweeps = args.multirun or (not args.run and _mode(composing) == "MULTIRUN")
    if sweeps or pipeline is not None:
        from hydra_sweep_runner.commands.start.batch import start_batch

        if not sweeps:
            check_values(typed.task)
        master = composing.sweep()
        world = open_world(yaml, typed, master.sweeper.get("store"))
        with naming_package_line(composer, typed.task):
            return start_batch(world, composing, master)
    from hydra_sweep_runner.commands.start.single import start_run

    check_values(typed.task)
    config = composer.trial(typed.task)
    world = open_world(yaml, typed, config.sweeper.get("store"))
    if any("launcher" in text for text in typed.hydra):
        world.executor_of_sweep(SweepConfig(config.load()))()  # raises Mistake if it is wrong
    with naming_package_line(composer, typed.task):
        return start_run(world, composing)


def _mode(composing: Composing) -> str | None:
    """The value of `hydra.mode`, with the typed choices."""
    pipeline, task = composing.pipeline, composing.task
    if not any(is_sweep(text) for text in task):
        own = task if pipeline is None else pipeline.own(task)
        return composing.composer.trial(own).base.mode
    # A group that must be chosen may be swept over.
    mode = composing.sweep().config.hydra.mode
    return None if mode is None else str(mode.name)
