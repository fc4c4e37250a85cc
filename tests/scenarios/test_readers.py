"""Answers while a batch is at work: a writer and three readers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.scenarios.conftest import MakeProject

TRIALS = 60

FILES = {
    "conf/config.yaml": "operation: {function: lib.work}\nx: 0\n",
    "lib.py": """
        def work(x):
            print(f"step=0 loss={x + 1}")
            print(f"step=1 loss={x}")
            return {"double": 2 * x}
        """,
}

# Reads until all trials are completed, and fails with the first answer that is wrong.
READER = """
import sys
from pathlib import Path
from hydra_sweep_runner import Store

path, trials = Path(sys.argv[1]), int(sys.argv[2])
order = {"pending": 0, "running": 1, "completed": 2}
seen = {}
answers = 0
while True:
    if not path.is_dir():
        continue
    store = Store(path)
    runs = store.runs("x >= 0", kind="trial") if store.runs(kind="trial") else []
    answers += 1
    assert len(runs) >= len(seen), (len(runs), len(seen))
    assert len({run.id for run in runs}) == len(runs)
    for run in runs:
        assert order[run.status] >= order[seen.get(run.id, "pending")], (run.id, run.status)
        seen[run.id] = run.status
        if run.status == "completed":
            x = run.flags["x"]
            assert run.scalars["loss"].last == x and run.scalars["double"].last == 2 * x
            assert run.series("loss") == [(0, x + 1), (1, x)], run.series("loss")
    done = [run for run in runs if run.status == "completed"]
    if len(done) == trials:
        best = store.runs(where="loss < 1", kind="trial")
        assert [run.flags["x"] for run in best] == [0]
        print("ok", answers)
        break
"""


def test_three_readers_get_right_answers_while_one_writes(make_project: MakeProject) -> None:
    project = make_project(FILES)
    command = [sys.executable, "-c", READER, str(Path(project.store)), str(TRIALS)]
    readers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    try:
        project.run("-m", f"x=range({TRIALS})", "hydra.launcher.n_jobs=2")
        for reader in readers:
            printed, said = reader.communicate(timeout=60)
            assert reader.returncode == 0, said
            assert printed.startswith("ok ")
    finally:
        for reader in readers:
            if reader.poll() is None:
                reader.kill()
            reader.communicate()
