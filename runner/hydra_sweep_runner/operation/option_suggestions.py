"""What somebody meant who wrote a name that no run option has: a misspelling, a word of other
tools, a flag. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hydra_sweep_runner.operation.run_options import OPTIONS

# A name that differs from an option by at most this many letters is taken for a misspelling.
_MOST_LETTERS = 2
# A name with fewer letters is a slip of another one only if it differs by one.
_LONG_LETTERS = 5


def misspelt(name: str, most_letters: int = _MOST_LETTERS) -> str | None:
    """The option that an unknown name probably means: one that it differs from by one or two
    letters, or one that other tools call so; None if there is none. Two swapped neighbours count as
    one letter. Such a name is refused where overrides are read (`compose.typed_options`)."""
    if name in _NAMES_IN_OTHER_TOOLS:
        return _NAMES_IN_OTHER_TOOLS[name]
    near = min(OPTIONS, key=lambda option: _edit_distance(name, option))
    return near if 0 < _edit_distance(name, near) <= most_letters else None


def slip_of(name: str, names: Sequence[str], *, begins: bool = True) -> str | None:
    """The one of `names` that a name is a slip of: one that it differs from by a letter (a longer
    name by two) or, with `begins`, the only one that begins with it; None if there is none."""
    begun = [one for one in names if one.startswith(name)]
    if begins and len(begun) == 1 and len(name) > 1:
        return begun[0]
    most_letters = _MOST_LETTERS if len(name) >= _LONG_LETTERS else 1
    near = min(names, key=lambda one: _edit_distance(name, one), default=name)
    return near if 0 < _edit_distance(name, near) <= most_letters else None


def nearer(name: str, names: Iterable[str], than: str) -> str | None:
    """The one of `names` that an unknown name differs from by one or two letters, and by fewer
    than from `than`, of which it is not the beginning; None if there is none."""
    if than.startswith(name):
        return None
    near = min(names, key=lambda one: _edit_distance(name, one), default=than)
    letters = _edit_distance(name, near)
    return near if letters <= _MOST_LETTERS and letters < _edit_distance(name, than) else None


#: What other tools call an option.
_NAMES_IN_OTHER_TOOLS: Mapping[str, str] = {
    **dict.fromkeys(("resume", "resume_from", "continue", "rerun"), "restart"),
    **dict.fromkeys(("skip_completed", "skip_existing", "only_missing"), "needed"),
    **dict.fromkeys(("n_trials", "num_trials", "num_samples", "max_runs"), "max_trials"),
    **dict.fromkeys(("dry_run", "preview"), "print_trials"),
    **dict.fromkeys(("max_retries", "retry"), "retries"),
}

#: What is written for a name that may be a flag's, if nothing takes a flag of that name.
_OPTIONS_FOR_LIKELY_NAMES: Mapping[str, str] = {
    "seed": "+random_seed=…",
    "name": "+label=…",
    **dict.fromkeys(("metric", "minimize", "minimise"), "+objective=…"),
    **dict.fromkeys(("maximize", "maximise"), "+objective=-… (- maximises)"),
    "direction": "+objective=-… (- maximises)",
    **dict.fromkeys(("failed", "only_failed", "failed_only"), "+only=failed"),
    "stop": "hydra.sweeper.stop",
    "store": "hydra.sweeper.store=…",
    **dict.fromkeys(("gpu", "gpus", "device", "devices"), "hydra.launcher.devices=…"),
    **dict.fromkeys(("n_startup_trials", "population_size"), "hydra.sweeper.optimizer_options"),
    "patience": "hydra.sweeper.stop=[{patience: …}]",
    **dict.fromkeys(
        ("n_jobs", "jobs", "parallel", "workers", "num_jobs"), "hydra.launcher.n_jobs=…"
    ),
    **{
        name: f"operation.{name}, below operation in the YAML"
        for name in ("requires", "preload", "scalars", "flags_to")
    },
}


#: Names of which a flag is rarely meant. (Others of these settings are often a program's flags.)
_RARELY_FLAGS = (
    *("direction", "maximize", "maximise", "minimize", "minimise", "metric"),
    *("failed", "only_failed", "failed_only", "store", "jobs", "parallel", "workers", "num_jobs"),
)


def rarely_a_flag(name: str) -> str | None:
    """What to say of a flag that is added to a program, if the name is one that other tools give to
    a setting of the runner's; else None."""
    if name not in _RARELY_FLAGS and not name.startswith(("sweeper.", "launcher.")):
        return None
    return perhaps_meant([name]).removeprefix("; ") or None


def perhaps_meant(names: Iterable[str]) -> str:
    """What to add to a message about flags that nothing takes, if one of them has the name that
    other tools give to a setting of the runner's; else an empty text."""
    yaml = {name: f"+{name}=…, in YAML hydra.sweeper.{name}" for name in OPTIONS}
    options = {**yaml, **_OPTIONS_FOR_LIKELY_NAMES}
    for option in OPTIONS:
        options.setdefault(option.partition("_")[0], f"+{option}=…")
    given = list(names)
    found = [options[name] for name in given if name in options]
    of_hydra = [name for name in given if name.startswith(("sweeper.", "launcher."))]
    if of_hydra and not found:
        return f"; settings of Hydra begin with hydra: hydra.{of_hydra[0]}"
    return f"; the runner's own is {found[0]}" if found else ""


def _edit_distance(one: str, other: str) -> int:
    """The least number of letters to insert, delete, change or swap with their neighbour (the
    optimal string alignment distance)."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, wanted in enumerate(other, start=1):
            least = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                least = min(least, rows[-2][j - 2] + 1)
            row.append(least)
        rows.append(row)
    return rows[-1][-1]
