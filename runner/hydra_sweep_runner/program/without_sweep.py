"""Reports what was typed for a sweep of ours where Hydra starts none: without `-m`, or under
another sweeper.

`python train.py +restart=ID` would run an ordinary job with a flag `restart`, and
`python train.py hydra/sweeper=runner` one that nobody records. Hydra calls no sweeper for such a
job, so the plugin checks it if either was typed.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra._internal.hydra import Hydra
from hydra.core.plugins import Plugins
from omegaconf import OmegaConf

from hydra_sweep_runner.compose.overrides import read_path
from hydra_sweep_runner.errors import Mistake, RunnerError
from hydra_sweep_runner.model import Kind
from hydra_sweep_runner.program.identify import go_on_command, named_store, program_dir
from hydra_sweep_runner.store import location
from hydra_sweep_runner.terminal.console import Console, report_error
from hydra_sweep_runner.terminal.render import short

#: A shortened or full id; dates and other numbers do not match.
_LIKELY = re.compile(r"(?=.*[a-f])([0-9a-f]{8}|[0-9a-f]{32})")
_ID = re.compile(r"\+restart=([0-9a-f]{4,32})")
_LAST = re.compile(r"\+restart=(last|last:batch)")
#: The override that chooses our sweeper.
CHOICE = "hydra/sweeper=runner"
_OURS = "hydra_plugins.runner.sweeper.RunnerSweeper"


def watch_runs() -> None:
    """Make this process refuse jobs of a program whose `+restart=` names a run of its store,
    outside our sweeper. Any other value stays a flag; one that looks like an id is reported."""
    run, instantiate = Hydra.run, Plugins.instantiate_sweeper
    if hasattr(run, "__wrapped__"):
        return  # Hydra 1.3 imports a plugin twice

    @functools.wraps(run)
    def watched(self: Hydra, config_name: str | None, *given: Any, **named: Any) -> Any:
        overrides = named.get("overrides", given[1] if len(given) > 1 else ())
        _refuse_or_go_on(overrides, "without -m")
        _report_unrecorded(overrides)
        return run(self, config_name, *given, **named)

    @functools.wraps(instantiate)
    def watching(self: Plugins, **named: Any) -> Any:
        hydra = named["config"].hydra
        if not OmegaConf.is_dict(hydra.sweeper):
            _refuse_choices(hydra.overrides.hydra)
        elif hydra.sweeper.get("_target_") != _OURS:
            _refuse_or_go_on(hydra.overrides.task, "without hydra/sweeper=runner")
        return instantiate(self, **named)

    Hydra.run = watched  # type: ignore[method-assign]
    Plugins.instantiate_sweeper = watching  # type: ignore[method-assign]


def _report_unrecorded(overrides: Sequence[str]) -> None:
    """Print that a job for which our sweeper was typed is on its own."""
    if CHOICE not in overrides:
        return
    from hydra_sweep_runner.operation.run_options import OPTIONS

    added = [text for text in overrides if text.startswith("+") and "=" in text]
    options = [text for text in added if text.lstrip("+").partition("=")[0] in OPTIONS]
    flags = f"; its own flags are {', '.join(options)}" if options else ""
    Console().say(
        f"{CHOICE} has no effect without -m: this job is not recorded; to record it: -m{flags}"
    )


def _refuse_choices(overrides: Sequence[str]) -> None:
    """Refuse `hydra.sweeper=NAME` beside a choice of our sweeper; Hydra answers all others."""
    from hydra_sweep_runner.compose.typed_options import check_choice

    try:
        for text in overrides if CHOICE in overrides else ():
            check_choice(text)
    except Mistake as mistake:
        raise SystemExit(report_error(mistake)) from mistake


def _refuse_or_go_on(overrides: Sequence[str], lacking: str) -> None:
    try:
        _refuse_restart(overrides, lacking)
    except Mistake as mistake:
        raise SystemExit(report_error(mistake)) from mistake


def _refuse_restart(overrides: Sequence[str], lacking: str) -> None:
    for text in overrides:
        match = _ID.fullmatch(text) or _LAST.fullmatch(text)
        if match is None:
            continue
        typed = [read_path(each) for each in sys.argv[1:] if each.startswith(_STORE)]
        named = typed[-1] if typed else None
        folder = Path.cwd()
        if not named_store(named, os.environ, None):
            folder = location.project_of_program(program_dir(), folder)
        store = location.store_path(folder, typed=named, environment=os.environ, in_yaml=None)
        named = "*" if match[1].startswith("last") else f"{match[1]}*"
        if any(store.glob(f"{named}/.runner")):
            others = (each for each in overrides if each != text and not each.startswith("hydra"))
            words = "".join(f" {shlex.quote(each)}" for each in others)
            command = go_on_command(store, folder)
            of_trial = _restart_of_trial(store, match[1], command, words)
            raise Mistake(
                f"{text} restarts nothing {lacking}{of_trial or f': {command}{match[1]}{words}'} "
                f"(++restart={match[1]} is a flag of the program)"
            )
        if _LIKELY.fullmatch(match[1]):
            Console().say(
                f"{text} is a flag of this job: nothing is restarted {lacking}, and there is no "
                f"such run in {store}"
            )


def _restart_of_trial(root: Path, typed: str, command: str, others: str) -> str | None:
    """How the batch of a trial is restarted; None for a batch, or where its record does not say.
    `command` goes up to the id, and `others` are the words that follow it."""
    from hydra_sweep_runner.commands.start.programs import IS_NO_BATCH, batch_of, in_its_batch
    from hydra_sweep_runner.store.runs import RunStore

    with suppress(RunnerError):
        store = RunStore.open(root, create=False)
        run = store.read(store.resolve(typed))
        batch = None if run.kind is Kind.BATCH else batch_of(store, run)
        if batch is not None:
            is_default = root == Path.cwd() / location.DEFAULT_STORE
            of_store = "" if is_default else f" --store={shlex.quote(str(root))}"
            how = in_its_batch(run, of_store, others)
            return f", and {short(run.id)} {IS_NO_BATCH}: {command}{short(batch)}{how}"
    return None


_STORE = "hydra.sweeper.store="
