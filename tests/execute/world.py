"""What execution's tests need around it: a project, a store, tasks, a reporter that keeps."""

from __future__ import annotations

import pickle
import secrets
import textwrap
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from hydra import __version__ as hydra_version
from hydra import compose, initialize
from hydra.version import VersionBase
from omegaconf import OmegaConf, open_dict

from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.execute.local.executor import LocalExecutor
from hydra_sweep_runner.execute.script.arguments import Parser
from hydra_sweep_runner.execute.source import Next, TaskList
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.model import FlagsTo, Kind, Operation, Recipe, Run, Value
from hydra_sweep_runner.operation.call import Call, CommandCall, FunctionCall, ScriptCall
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.reporter import Stream


@cache
def _hydra_node() -> bytes:
    version: dict[str, Any] = {"version_base": "1.3"} if hydra_version.startswith("1.3") else {}
    before = VersionBase.instance().version_base  # other tests share the process
    try:
        with initialize(**version):
            return pickle.dumps(compose(return_hydra_config=True))
    finally:
        VersionBase.instance().version_base = before


@dataclass(frozen=True)
class FlagsConfig:
    """A JobConfig of these flags and Hydra's defaults."""

    flags: Mapping[str, Any]
    folder: str
    hydra: bytes = field(default_factory=_hydra_node)

    def load(self) -> Any:
        """The whole configuration."""
        config = pickle.loads(self.hydra)
        with open_dict(config):
            config.hydra.job.name = "job"
            config.hydra.runtime.output_dir = self.folder
            config.update(self.flags)
            return config

    def job(self) -> Any:
        """The configuration without Hydra's node."""
        return OmegaConf.create(dict(self.flags))

    def plain(self) -> None:
        """Not known to be plain."""

    @property
    def log_settings(self) -> None:
        """Not known to depend on nothing."""

    @property
    def needs_hydra(self) -> bool:
        """Nothing does."""
        return False

    def write_files(self, folder: Path) -> None:
        """Files under the names that Hydra gives them."""
        place = folder / ".hydra"
        place.mkdir(exist_ok=True)
        for name in ("config", "hydra", "overrides"):
            (place / f"{name}.yaml").write_text("")


class Keeper:
    """A reporter that keeps what it is given."""

    def __init__(self) -> None:
        self.pieces: list[tuple[Stream, bytes]] = []
        self.blocks: list[list[tuple[Stream, bytes]]] = []
        self.said: list[str] = []
        self.on_output: Callable[[bytes], object] = lambda data: None
        self.on_block: Callable[[bytes], object] = lambda output: None

    def output(self, stream: Stream, data: bytes) -> None:
        """Live output."""
        self.pieces.append((stream, data))
        self.on_output(data)

    def block(self, pieces: Iterable[tuple[Stream, bytes]], head: str = "") -> None:
        """A trial's whole output."""
        self.blocks.append(list(pieces))
        self.on_block(b"".join(data for _, data in self.blocks[-1]))

    def say(self, *lines: str) -> None:
        """Lines of the runner's own."""
        self.said += lines

    is_behind = False

    def in_background(self, on_room: Callable[[], object]) -> AbstractContextManager[None]:
        """What is kept needs no thread."""
        return nullcontext()

    def hurry(self) -> None:
        """Nobody waits."""

    def text(self, stream: Stream) -> str:
        """All live output of a stream."""
        return b"".join(data for which, data in self.pieces if which == stream).decode()


class World:
    """A project with a store in it."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.project.mkdir()
        self.store = RunStore.open(folder / "project" / "runs", create=True)
        self.reporter = Keeper()

    def write(self, name: str, text: str) -> Path:
        """Make a file of the project."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def executor(self, **settings: Any) -> LocalExecutor:
        """An executor for the store and the reporter."""
        return LocalExecutor(self.store, self.reporter, **settings)

    def task(
        self, call: Call, flags: Mapping[str, Any], *, requires: tuple[str, ...] = (), **more: Any
    ) -> Task:
        """A task with a run of its own, recorded as pending."""
        kind = {ScriptCall: "script", CommandCall: "command", FunctionCall: "function"}[type(call)]
        run = Run(
            id=secrets.token_hex(16),
            kind=Kind.TRIAL,
            operation=Operation(name="op", kind=kind, target="x", requires=requires),
            flags=dict(flags),
            recipe=Recipe(config_name=None, snapshot=""),
            state=lifecycle.initialized(now()),
        )
        self.store.create(run)
        task = Task(
            run=run,
            store_root=str(self.store.root),
            project_dir=str(self.project),
            working_dir=str(self.folder(run)),
            call=call,
            config=FlagsConfig(flags, str(self.folder(run))),
            environment={"RUNNER_RUN_ID": run.id},
        )
        return replace(task, **more)

    def script(self, text: str, flags_to: FlagsTo = FlagsTo.GLOBALS, /, **flags: Value) -> Task:
        """A task that runs a script of this text, `script.py` in the project."""
        path = self.write("script.py", text)
        if flags_to is FlagsTo.GLOBALS:
            return self.task(ScriptCall(path=str(path), flags=flags), flags)
        return self.task(ScriptCall(path=str(path), arguments=Parser().arguments(flags)), flags)

    def command(self, *argv: str, **more: Any) -> Task:
        """A task that runs a command."""
        return self.task(CommandCall(argv=argv), {}, **more)

    def shell(self, text: str, **more: Any) -> Task:
        """A task that has a shell run this text."""
        return self.command("sh", "-c", text, **more)

    def function(self, target: str, *, as_config: bool = False, **flags: Any) -> Task:
        """A task that calls a function of the project."""
        return self.task(FunctionCall(target=target, as_config=as_config), flags)

    def execute(self, *tasks: Task, **settings: Any) -> list[Outcome]:
        """The outcomes of tasks, in the order of their ends."""
        with self.executor(**settings) as executor:
            return outcomes_of(executor, *tasks)

    def ends(self, *tasks: Task, **settings: Any) -> list[Run]:
        """The tasks' runs as they are recorded after their execution, in the tasks' order."""
        self.execute(*tasks, **settings)
        return [self.store.read(task.run.id) for task in tasks]

    def end(self, task: Task, **settings: Any) -> Run:
        """The task's run as it is recorded after its execution."""
        return self.ends(task, **settings)[0]

    def folder(self, run: Run) -> Path:
        """The run's folder."""
        return self.store.folder(run.id)

    def log(self, run: Run) -> str:
        """The run's output."""
        return (self.folder(run) / ".runner/output.log").read_text()


def outcomes_of(executor: Executor, *tasks: Task) -> list[Outcome]:
    """Execute tasks; how they ended, in that order."""
    source = TaskList(tasks)
    executor.run(source)
    return source.outcomes


class Made:
    """A source of the tasks that a function gives for their numbers, from 0, up to the first
    Answer. It keeps what happens to each, "asked", "ended" and "recorded", and by which
    threads it is called. `on_ready`, `on_end` and `on_recorded` are called when it is told so."""

    def __init__(self, make: Callable[[int], Next]) -> None:
        self._make = make
        self._numbers: dict[str, int] = {}
        self.told: list[tuple[str, int]] = []
        self.outcomes: list[Outcome] = []
        self.threads: set[int] = set()
        self.on_ready: Callable[[], object] = lambda: None
        self.on_end: Callable[[], object] = lambda: None
        self.on_recorded: Callable[[], object] = lambda: None

    def next(self) -> Next:
        """The next task."""
        self.threads.add(threading.get_ident())
        number = len(self._numbers)
        task = self._make(number)
        if isinstance(task, Task):
            self.told.append(("asked", number))
            self._numbers[task.run.id] = number
        return task

    def ended(self, outcome: Outcome) -> None:
        """Keep it."""
        self.threads.add(threading.get_ident())
        self.told.append(("ended", self._numbers[outcome.run.id]))
        self.outcomes.append(outcome)
        self.on_end()

    def recorded(self, outcome: Outcome) -> None:
        """Keep it."""
        self.threads.add(threading.get_ident())
        self.told.append(("recorded", self._numbers[outcome.run.id]))
        self.on_recorded()

    def make_ready(self) -> None:
        """Do what a test asks for."""
        self.threads.add(threading.get_ident())
        self.on_ready()
