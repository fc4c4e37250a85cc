"""Links the files and folders that an operation requires from its project into the run's folder."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store import layout

#: The names that the runner and Hydra use in a run's folder.
RESERVED = frozenset({layout.OWN, layout.HYDRA})


def check_requires(project_dir: Path, requires: Iterable[str]) -> None:
    """Raise Mistake for a name that is not a file or folder of the project, or that has another
    meaning in a run's folder."""
    names = tuple(requires)
    for name in names:
        path = _normal(name)
        parts = path.parts
        where = f"operation.requires: {name!r}"
        if path.is_absolute() or "\0" in name:
            raise Mistake(f"{where} is not relative to the project's folder {project_dir}")
        if not parts:
            raise Mistake(f"{where} is the project itself: name what is needed from it")
        if parts[0] == "..":
            raise Mistake(f"{where} leads out of the project's folder {project_dir}")
        if parts[0] in RESERVED:
            raise Mistake(f"{where} cannot be linked: runs keep their own {parts[0]} there")
        if not (project_dir / path).exists():
            raise Mistake(
                f"{where} does not exist in {project_dir}{_meant(name, project_dir, names)}"
            )


def _meant(name: str, project_dir: Path, required: Collection[str]) -> str:
    """What was probably meant by a name that is not there, and is not among those that are
    `required`, as the end of a message; or nothing."""
    names = [part.strip() for part in name.split(",")] if "," in name else name.split()
    if len(names) > 1 and any(part and (project_dir / part).exists() for part in names):
        return f"; several names are a list: requires: [{', '.join(names)}]"
    try:
        beside = list((project_dir / name).parent.iterdir())
    except OSError:
        return ""
    meant = PurePosixPath(name)
    alike = [
        path.name
        for path in beside
        if _is_like(meant, path) and str(meant.with_name(path.name)) not in required
    ]
    near = get_close_matches(meant.name, alike, n=1)
    return f"; did you mean {meant.with_name(near[0])}?" if near else ""


def _is_like(meant: PurePosixPath, path: Path) -> bool:
    """Whether the names without their endings are alike: any two of a kind, such as a.txt and
    b.txt, are much alike by their endings. With another ending they have to be more so."""
    cutoff = 0.6 if meant.suffix == path.suffix else 0.85
    return bool(get_close_matches(meant.stem, [path.stem], cutoff=cutoff))


def make_links(project_dir: Path, run_dir: Path, requires: Iterable[str]) -> None:
    """Link the checked files and folders into a run's folder, under the same names.

    Existing links are made anew; a file or folder that the run has put there stays.
    """
    paths = {_normal(name) for name in requires}
    for path in sorted(paths):
        if paths.isdisjoint(path.parents):  # otherwise a linked parent folder contains it
            _link(project_dir / path, run_dir / path, run_dir)


def missing_required(run_dir: Path, requires: Iterable[str]) -> str | None:
    """The reason why a run cannot start of whose linked files and folders one has been removed
    from the project since the check; None if all are there."""
    missing = next((name for name in requires if not (run_dir / name).exists()), None)
    if missing is None:
        return None
    return f"{missing}, named in operation.requires, is not in the project any more"


def _link(source: Path, link: Path, run_dir: Path) -> None:
    for parent in reversed(link.relative_to(run_dir).parents[:-1]):
        if (run_dir / parent).is_symlink():  # do not write through a link
            return
    if link.is_symlink():
        if link.readlink() == source:
            return
        link.unlink()
    elif link.exists():
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(source)


def _normal(name: str) -> PurePosixPath:
    normal = os.path.normpath(name) if name else "."
    return PurePosixPath(normal)
