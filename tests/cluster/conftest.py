"""One cluster for all tests of a process, and the project whose trials it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.dask import Cluster, dask_cluster
from tests.hydra.program import Program


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with dask_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture
def project(tmp_path: Path) -> Program:
    """A script, a function and a command that do the same: note their start in `starts`, and
    with `wait` be there until a file named `go` is. `then` says how they end."""
    project = Program(tmp_path / "project")
    project.write(FILES)
    return project


FILES = {
    "conf/config.yaml": """
        defaults: [{operation: script}, _self_]
        x: 0
        wait: false
        then: exit 0
        """,
    "conf/operation/script.yaml": """
        # @package _global_
        operation: {script: work.py}
        """,
    "conf/operation/function.yaml": """
        # @package _global_
        operation: {function: lib.work}
        """,
    "conf/operation/command.yaml": f"""
        # @package _global_
        operation:
          command: [{sys.executable}, command.py, "${{x}}", "${{wait}}", "${{then}}"]
          requires: [command.py]
        """,
    "work.py": """
        x = 0
        wait = False
        then = ""
        import os, sys
        sys.path.insert(0, os.environ["RUNNER_PROJECT_DIR"])
        from lib import work
        work(x, wait, then)
        """,
    "command.py": """
        import os, sys
        sys.path.insert(0, os.environ["RUNNER_PROJECT_DIR"])
        from lib import work
        work(sys.argv[1], sys.argv[2] == "True", sys.argv[3])
        """,
    "lib.py": """
        import os, sys, time
        from pathlib import Path

        def work(x, wait, then):
            project = Path(os.environ["RUNNER_PROJECT_DIR"])
            with open(project / "starts", "a") as file:
                file.write(f"{x} {os.getpid()} {os.environ['RUNNER_RESTARTED']}\\n")
            print("at work on", x, flush=True)
            while wait and not (project / "go").exists():
                time.sleep(0.02)
            what, number = then.split()
            if what == "exit" and int(number):
                sys.exit(int(number))
            if what == "sleep":
                time.sleep(int(number))
            if what == "fail" and len(list(Path(".runner/logs").glob("*"))) < int(number):
                sys.exit(1)
            if what == "kill":
                import psutil
                psutil.Process().parents()[int(number)].kill()
                time.sleep(60)
        """,
}
