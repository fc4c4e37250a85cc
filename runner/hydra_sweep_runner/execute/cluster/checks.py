"""Checks, before anything is created, whether workers can execute trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.cluster import worker as worker_process
from hydra_sweep_runner.execute.cluster.messages import Facts, Places

if TYPE_CHECKING:
    from hydra_sweep_runner.execute.cluster.dask_cluster import DaskCluster


def check_workers(cluster: DaskCluster, root: Path, session: str) -> None:
    """Raise Mistake, naming the worker, for a worker that does not share the folders of the store
    and the project, or has other versions of packages that both sides need.

    `root` is the store's folder, which may not exist yet; the project's is the current folder.
    """
    folder = next(path for path in (root, *root.parents) if path.is_dir())
    token = folder / f".runner-{session}"
    places = Places(token=str(token), text=session, project_dir=str(Path.cwd()))
    try:
        token.write_text(places.text, encoding="utf-8")
    except OSError as error:
        raise Mistake(f"the store {root} is not writable: {error.strerror}") from error
    try:
        answers = cluster.ask_workers(places)
    finally:
        token.unlink(missing_ok=True)
    here = worker_process.look(places).versions
    found = {worker: lacking(facts, places, here) for worker, facts in answers.items()}
    wanting = {worker: lack for worker, lack in found.items() if lack is not None}
    for worker, lack in wanting.items():
        more = len(wanting) - 1
        others = f" ({more} more of {len(answers)} lack something)" if more else ""
        raise Mistake(f"the worker {worker} {lack}{others}")


def lacking(facts: Facts | str, places: Places, versions: dict[str, str]) -> str | None:
    """Why a worker cannot execute trials; None if it can.

    `versions` are the required ones; `facts` is a text if the worker could not answer.
    """
    if isinstance(facts, str):
        return f"cannot run the runner: {facts}"
    where = f"on host {facts.host}"
    if facts.token != places.text:
        folder = Path(places.token).parent
        return f"does not see the store: {folder} is not the same folder {where} as here"
    if not facts.sees_project:
        return f"does not see the project: there is no folder {places.project_dir} {where}"
    for name, version in versions.items():
        if facts.versions.get(name) != version:
            theirs = facts.versions.get(name)
            has = f"no {name}" if theirs is None else f"{name} {theirs}"
            return f"has {has} {where}; here it is {version}: they have to be the same"
    return None
