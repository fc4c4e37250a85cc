"""What a restart tells about the world since the last start: other YAML, other code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.project import read_snapshot, snapshot_files
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Provenance, Run, Value
from hydra_sweep_runner.operation.flags import differences
from hydra_sweep_runner.system.provenance import code_changes
from hydra_sweep_runner.terminal.render import escape, render_value, short


def tell_code_changes(world: World, run: Run, now: Provenance) -> None:
    """Say so if the code is not the one that the run was last started under."""
    changes = code_changes(run.provenance, now)
    if changes:
        world.reporter.say(
            f"The code has changed since {short(run.id)} was last started: "
            f"{escape(', '.join(changes))}"
        )


def tell_yaml_changes(
    world: World,
    run: Run,
    kept: Composing,
    trials: Iterable[Sequence[str]],
) -> None:
    """Say which flags the project's present YAML gives another value than the kept copy.

    `trials` are the overrides of one trial for each combination of config groups, or of the
    run. Nothing is composed anew while the files are the same.
    """
    folder = world.store.snapshot_folder(run.recipe.snapshot)
    try:
        present = replace(
            kept,
            composer=world.open_composer(
                None, run.recipe.config_name, kept.composer.hydra_overrides
            ),
        )
        if read_snapshot(folder) == snapshot_files(present.composer.sources()):
            return
        changed: dict[str, tuple[Value | None, Value | None]] = {}
        for overrides in trials:
            before, after = kept.describe(overrides)[1], present.describe(overrides)[1]
            changed = {**differences(before, after), **changed}
    except Mistake as error:
        world.reporter.say(
            f"The project's YAML has changed since {short(run.id)} was made and cannot be "
            f"used now ({error}); the kept copy is used"
        )
        return
    if changed:
        told = ", ".join(_change(name, *values) for name, values in changed.items())
        world.reporter.say(
            f"The project's YAML has changed since {short(run.id)} was made: {told}; to take "
            "the new values: +refresh=true"
        )


def _change(name: str, before: Value | None, after: Value | None) -> str:
    return f"{escape(name)} ({render_value(before)}, now {render_value(after)})"
