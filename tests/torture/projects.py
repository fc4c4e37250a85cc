"""A project whose operations tell, outside of the store, that they were executed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.scenarios.project import Listed
from tests.torture.zygote import Ended, Zygote

#: Each operation writes its run's id there when it begins; it is in the project's folder.
_RAN = "ran"

FILES = {
    "conf/config.yaml": """
        defaults: [operation: function, _self_]
        x: 1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/operation/function.yaml": """
        # @package _global_
        operation: {function: lib.work, requires: [data.txt]}
    """,
    "conf/operation/script.yaml": """
        # @package _global_
        operation: {script: work.py, requires: [data.txt]}
    """,
    "conf/operation/flaky.yaml": """
        # @package _global_
        operation: {script: flaky.py}
        x: 1
        long: ""
    """,
    "flaky.py": """
        import os
        import sys

        import lib

        x = 0
        long = ""
        lib.tell(x)
        if not os.path.exists("tried"):
            open("tried", "w").close()
            sys.exit(3)
    """,
    "data.txt": "data\n",
    # An odd x gives a set, which JSON cannot hold. A slow one leaves a process behind.
    "lib.py": """
        import os
        import subprocess
        import time

        def tell(x):
            with open(os.environ["RUNNER_PROJECT_DIR"] + "/ran", "a") as ran:
                ran.write(os.environ["RUNNER_RUN_ID"] + "\\n")
            print("working on", x)
            if "SLOW_S" in os.environ:
                subprocess.Popen(["sleep", "61"])
                time.sleep(float(os.environ["SLOW_S"]))

        def work(x):
            tell(x)
            return {x} if x % 2 else {"value": x}
    """,
    "work.py": """
        import lib

        x = 0
        lib.tell(x)
    """,
    "app/config.yaml": """
        x: 1
        hydra: {sweep: {dir: out, subdir: "${hydra.job.num}"}}
    """,
    "app/main.py": """
        import hydra
        import os

        @hydra.main(version_base="1.3", config_path=".", config_name="config")
        def main(cfg):
            with open("../ran", "a") as ran:
                ran.write(os.environ["RUNNER_RUN_ID"] + "\\n")
            return {cfg.x} if cfg.x % 2 else {"value": cfg.x}

        if __name__ == "__main__":
            main()
    """,
}


class Place:
    """A project's folder, and commands in it by a zygote. With `program` they are those of
    the Hydra program in `app`, which has a store of its own there."""

    def __init__(self, folder: Path, zygote: Zygote, *, program: bool = False) -> None:
        self.folder = folder
        self.zygote = zygote
        self.program = program

    @classmethod
    def make(cls, folder: Path, zygote: Zygote, *, program: bool = False) -> Place:
        """A new project in a folder that is not there yet."""
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).removeprefix("\n"), encoding="utf-8")
        (folder / _RAN).touch()
        return cls(folder, zygote, program=program)

    def copy(self, folder: Path) -> Place:
        """The same with all that has happened in it, in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Place(folder, self.zygote, program=self.program)

    @property
    def working_dir(self) -> Path:
        """Where commands are typed."""
        return self.folder / "app" if self.program else self.folder

    @property
    def store(self) -> Path:
        """The store's folder."""
        return self.working_dir / "runs"

    def run(
        self, *words: str, status: int | None = 0, watched: Path | None = None, **more: Any
    ) -> Ended:
        """Run a command to its end, as `Zygote.run`, the store watched unless another folder
        is named. It has to end with `status`, unless that is None."""
        program = None
        if self.program and words[0] not in ("runs", "verify"):
            program, words = "main.py", ("-m", "hydra/sweeper=runner", *words)
        ended = self.zygote.run(
            words,
            folder=self.working_dir,
            program=program,
            watched=self.store if watched is None else watched,
            **more,
        )
        assert status is None or ended.status == status, (words, ended)
        return ended

    def ran(self) -> list[str]:
        """The ids of the runs that were executed, in the order of their begin."""
        return (self.folder / _RAN).read_text().split()


def batch_of(runs: Sequence[Listed]) -> Listed | None:
    """The newest batch, if there is one."""
    return next((run for run in runs if run["kind"] == "batch"), None)


def by_id(runs: Sequence[Listed]) -> Mapping[str, Listed]:
    """The runs by their ids."""
    return {run["id"]: run for run in runs}
