"""The source of a configuration: the project's present folder, or the copy kept with a run.

A copy has the YAML of each source on Hydra's search path that belongs to the project (see
`compose.reading`): `main/…`, `command-line/…` for `--config-dir`, `searchpath-0/…` and so on for
`hydra.searchpath`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import hydra
from hydra import version
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from hydra_sweep_runner.compose.elements import quoted
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake

#: The file in a copy that lists what it leaves out, one entry a line.
LEFT_OUT = "left_out.txt"

#: Hydra's names of the providers of sources that belong to the project.
MAIN, COMMAND_LINE, SEARCHPATH = "main", "command-line", "hydra.searchpath in"


@dataclass(frozen=True, kw_only=True)
class ProjectConfig:
    """The folders and the name that a project's configuration is composed from.

    `main` is Hydra's primary folder, `extra` the one of `--config-dir`, both absolute.
    """

    main: str | None
    config_name: str | None
    extra: str | None = None


def find_project(
    folder: Path, config_path: str | None, config_name: str | None, config_dir: str | None
) -> ProjectConfig:
    """The configuration of the project in `folder`, as Hydra's options say, by default
    `conf/config.yaml`. Raises Mistake if there is none."""
    main = folder / (config_path or "conf")
    extra = None if config_dir is None else (folder / config_dir)
    if extra is not None and not extra.is_dir():
        raise Mistake(f"--config-dir {config_dir}: there is no such folder")
    if not main.is_dir():
        if extra is None or config_path is not None:
            raise Mistake(f"no project here: {main} does not exist; {_where_to_start(folder)}")
        main, extra = extra, None
    name = config_name or "config"
    folders = [main, *([extra] if extra is not None else [])]
    if not any(_has_config(place, name) for place in folders):
        program = started_by_program(folder)
        more = f"; {program}" if program else ""
        raise Mistake(f"{main / name}.yaml does not exist: it describes what to run{more}")
    return ProjectConfig(
        main=str(main.resolve()),
        config_name=name,
        extra=None if extra is None else str(extra.resolve()),
    )


def _where_to_start(folder: Path) -> str:
    """What to do in a folder without a configuration: go to the project above it, or start the
    Hydra program in it."""
    for above in folder.parents:
        if (above / "conf" / "config.yaml").is_file():
            return f"there is a project in {above}: start runner there"
    return started_by_program(folder) or (
        "runner init SCRIPT.py makes conf/config.yaml for a script, and --config-path or "
        "--config-dir name another folder"
    )


def started_by_program(folder: Path, words: str = "FLAG=VALUE,VALUE") -> str | None:
    """Which Hydra programs are in a folder, or else in its `src`, and how one is started with these
    words; None if there is none."""
    programs = _hydra_programs(folder) or [
        f"src/{name}" for name in _hydra_programs(folder / "src")
    ]
    if not programs:
        return None
    is_one = "is a Hydra program" if len(programs) == 1 else "are Hydra programs"
    return (
        f"{', '.join(programs[:3])} {is_one}: "
        f"python {programs[0]} -m hydra/sweeper=runner {words}".rstrip()
    )


def _hydra_programs(folder: Path) -> list[str]:
    """The names of the files in a folder that are Hydra programs, in order."""
    return sorted(path.name for path in folder.glob("*.py") if _is_hydra_program(path))


def _is_hydra_program(path: Path) -> bool:
    try:
        return b"hydra.main" in path.read_bytes()
    except OSError:
        return False


def _has_config(folder: Path, name: str) -> bool:
    try:
        return any((folder / f"{name}{ending}").is_file() for ending in ("", ".yaml", ".yml"))
    except OSError as error:
        raise Mistake(f"{folder} cannot be read: {error.strerror}") from error


def project_in_snapshot(folder: Path, config_name: str | None) -> ProjectConfig:
    """The configuration in a kept copy."""
    extra = folder / COMMAND_LINE
    return ProjectConfig(
        main=str(folder / MAIN),
        config_name=config_name,
        extra=str(extra) if extra.is_dir() else None,
    )


def set_defaults() -> None:
    """Make our sweeper, our launcher and the run's own folder Hydra's defaults, for this process
    only; a project's YAML and command line can still choose others."""
    if hydra.__version__.startswith("1.3"):
        version.setbase("1.3")
    # Hydra's node itself: building another one takes longer than composing from it.
    conf = ConfigStore.instance().repo["hydra"]["config.yaml"].node
    conf.job.chdir = True
    for entry in conf.defaults:
        for key in ("launcher", "sweeper"):
            if isinstance(entry, DictConfig) and key in entry:
                entry[key] = "runner"


def open_loader(project: ProjectConfig, job_name: str) -> ConfigLoader:
    """Hydra's config loader for a project; sets up Hydra's global state for it."""
    main = None if project.main is None else _as_source(project.main)
    path = create_config_search_path(main)
    if project.extra is not None:
        path.prepend(
            provider=COMMAND_LINE,
            path=f"file://{project.extra}",
            anchor=SearchPathQuery(provider="schema"),
        )
    return load_from(path, job_name)


def _as_source(folder: str) -> str:
    return folder if "://" in folder else f"file://{folder}"


def load_from(path: ConfigSearchPath, job_name: str) -> ConfigLoader:
    """Hydra's config loader for a search path."""
    GlobalHydra.instance().clear()
    return Hydra.create_main_hydra2(task_name=job_name, config_search_path=path).config_loader


def search_path_in_snapshot(present: ConfigSearchPath, folder: Path) -> ConfigSearchPath:
    """A program's search path with the kept copies instead of the project's own sources."""
    path = ConfigSearchPathImpl()
    for element in present.get_path():
        provider, where = element.provider, element.path
        if provider in (MAIN, COMMAND_LINE) and (folder / provider).is_dir():
            where = f"file://{folder / provider}"
        path.append(provider, where)
    known = {element.provider for element in path.get_path()}
    # The --config-dir of the time when the copy was made need not be given again.
    if COMMAND_LINE not in known and (folder / COMMAND_LINE).is_dir():
        anchor = SearchPathQuery(provider="schema")
        path.prepend(COMMAND_LINE, f"file://{folder / COMMAND_LINE}", anchor)
    return path


def kept_searchpath(folder: Path) -> list[str]:
    """The override that replaces `hydra.searchpath` by the kept copies, if the configuration had
    one."""
    paths = sorted(folder.glob("searchpath-*"), key=lambda path: int(path.name.split("-")[1]))
    listed = ",".join(quoted(f"file://{path}") for path in paths)
    return [f"hydra.searchpath=[{listed}]"] if paths else []


def read_snapshot(folder: Path) -> dict[str, bytes]:
    """The files of a kept copy, as `Reading.files` returned them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def folder_of(schema: str, path: str) -> Path | None:
    """The folder of a Hydra source with this schema and path; None if it is no folder."""
    if schema == "file":
        return Path(path)
    if schema == "pkg":
        package, _, rest = path.partition("/")
        try:
            spec = importlib.util.find_spec(package) if package else None
        except (ImportError, ValueError):
            return None
        for place in (spec.submodule_search_locations or ()) if spec else ():
            return Path(place) / rest
    return None
