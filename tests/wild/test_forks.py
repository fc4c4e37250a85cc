"""What a fork takes along, and what it does not: generators, threads."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.cluster.dask import Cluster
from tests.wild.cases import Folder

SWEEP = "python -W ignore train.py -m hydra/sweeper=runner"
LAUNCHERS = ["", "hydra/launcher=runner hydra.launcher.n_jobs=1", "hydra/launcher=runner"]


def program(path: Path, top: str, body: str) -> Folder:
    text = (
        f"import hydra\n{top}\n\n"
        '@hydra.main(version_base=None, config_path="conf", config_name="config")\n'
        f"def main(cfg):\n    {body}\n\n"
        'if __name__ == "__main__":\n    main()\n'
    )
    return Folder(path, {"conf/config.yaml": "x: 1\ny: 1\n", "train.py": text})


@pytest.mark.parametrize(
    ("top", "draw"),
    [
        ("import random; random.seed(7)", "random.random()"),
        ("import random; random.seed('seven'); random.random()", "random.random()"),
        ("import numpy; numpy.random.seed(7)", "numpy.random.rand()"),
    ],
)
def test_what_a_program_has_seeded_is_seeded_under_each_launcher(
    tmp_path: Path, top: str, draw: str
) -> None:
    folder = program(tmp_path, top, f'print("drawn", round({draw}, 6), flush=True)')
    drawn = [
        line
        for launcher in LAUNCHERS
        for line in folder.bash(f"{SWEEP} {launcher} x=1").lines
        if line.startswith("drawn")
    ]
    assert len(drawn) == 3
    assert len(set(drawn)) == 1


@pytest.mark.long
def test_so_it_is_in_a_pool_of_processes(tmp_path: Path) -> None:
    folder = program(tmp_path, "import random; random.seed(7)", "return random.random()")
    folder.bash(f"{SWEEP} hydra/launcher=joblib x=1,2")
    assert folder.results() == [random.Random(7).random()] * 2


@pytest.mark.long
def test_so_it_is_on_a_cluster(tmp_path: Path, cluster: Cluster) -> None:
    cluster.have(1)
    folder = program(tmp_path, "import random; random.seed(7)", "return random.random()")
    folder.bash(f"{SWEEP} hydra/launcher=runner {' '.join(cluster.words)} x=1,2")
    assert folder.results() == [random.Random(7).random()] * 2


def test_it_begins_there_for_every_trial_of_a_worker(tmp_path: Path) -> None:
    folder = program(tmp_path, "import random; random.seed(7)", "print(random.random())")
    lines = folder.bash(f"{SWEEP} {LAUNCHERS[1]} x=1,2,3").lines
    assert len(lines) == 3
    assert len(set(lines)) == 1


@pytest.mark.parametrize(
    ("top", "draw"),
    [("import random", "random.random()"), ("import numpy", "numpy.random.rand()")],
)
@pytest.mark.parametrize("launcher", LAUNCHERS[1:])
def test_what_nobody_has_seeded_differs_from_trial_to_trial(
    tmp_path: Path, top: str, draw: str, launcher: str
) -> None:
    folder = program(tmp_path, top, f"print({draw})")
    assert len(set(folder.bash(f"{SWEEP} {launcher} x=1,2,3").lines)) == 3


OWN = """
import random, numpy
class Holder:
    def __init__(self):
        self.rng = numpy.random.default_rng()
FREE = [numpy.random.default_rng(), random.Random(), Holder().rng, numpy.random.RandomState()]
FREE.append(numpy.random.Generator(numpy.random.Philox()))
SEEDED = [numpy.random.default_rng(7), random.Random(7), numpy.random.RandomState(7)]
def draw(generators):
    return " ".join(str(getattr(each, "random", None) and each.random()) for each in generators)
"""


def assert_seeded_alike(lines: list[str], trials: int) -> None:
    """Each line has what five generators that nobody has seeded draw, then three seeded ones."""
    columns = list(zip(*(line.split() for line in lines), strict=True))
    assert len(lines) == trials
    assert [len(set(column)) for column in columns] == [trials] * 5 + [1] * 3


@pytest.mark.parametrize("launcher", LAUNCHERS[1:])
def test_so_do_generators_of_a_programs_own(tmp_path: Path, launcher: str) -> None:
    folder = program(tmp_path, OWN, "print(draw(FREE), draw(SEEDED))")
    assert_seeded_alike(folder.bash(f"{SWEEP} {launcher} x=1,2,3,4,5").lines, 5)


@pytest.mark.parametrize("kind", ["preloaded", "function"])
def test_so_do_those_of_modules_of_the_project(tmp_path: Path, kind: str) -> None:
    operation = {
        "preloaded": "{script: main.py, preload: [lib]}",
        "function": "{function: work.train}",
    }[kind]
    folder = Folder(
        tmp_path,
        {
            "conf/config.yaml": f"operation: {operation}\nx: 1\n",
            "lib.py": OWN,
            "main.py": "from lib import *\nx = 1\nprint(draw(FREE), draw(SEEDED))\n",
            "work.py": "from lib import *\ndef train(x):\n    print(draw(FREE), draw(SEEDED))\n",
        },
    )
    assert_seeded_alike(folder.bash("runner -m x=1,2,3,4,5 hydra.launcher.n_jobs=2").lines, 5)


@pytest.mark.parametrize("seeded", [True, False])
def test_scripts_that_are_forked_draw_as_they_would_otherwise(tmp_path: Path, seeded: bool) -> None:
    seed = "random.seed(7); numpy.random.seed(7)" if seeded else ""
    folder = Folder(
        tmp_path,
        {
            "conf/config.yaml": "operation: {script: main.py, preload: [lib]}\nx: 1\n",
            "lib.py": f"import random, numpy\n{seed}\n",
            "main.py": "import lib, random, numpy\nx = 1\n"
            "print(random.random(), numpy.random.rand())\n",
        },
    )
    lines = folder.bash("runner -m x=1,2,3").lines
    for column in (0, 1):
        drawn = {line.split()[column] for line in lines}
        assert len(drawn) == (1 if seeded else 3)


POOL = """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(max_workers=1)
pool.submit(int).result()  # as libraries warm up when they are imported
"""


def test_a_program_with_threads_is_not_forked(tmp_path: Path) -> None:
    folder = program(tmp_path, POOL, 'print("squared", pool.submit(pow, cfg.x, 2).result())')

    typed = folder.bash(f"{SWEEP} x=2,3")
    assert [line for line in typed.lines if "squared" in line] == ["squared 4", "squared 9"]
    said = folder.mistake(f"timeout 60 {SWEEP} {LAUNCHERS[2]} x=2,3")
    assert "threads" in said and "hydra/launcher=basic" in said


def test_a_module_that_starts_threads_is_not_preloaded(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path,
        {
            "conf/config.yaml": "operation: {script: main.py, preload: [lib]}\nx: 1\n",
            "lib.py": POOL,
            "main.py": "x = 1\n",
        },
    )
    assert "lib starts threads" in folder.mistake("runner -m x=1,2")


def test_a_function_whose_module_starts_threads_has_them_in_every_trial(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path,
        {
            "conf/config.yaml": "operation: {function: work.train}\nx: 1\n",
            "work.py": POOL + "\ndef train(x):\n    return pool.submit(pow, x, 2).result()\n",
        },
    )
    folder.bash("runner -m x=2,3,4 hydra.launcher.n_jobs=2")
    assert sorted(folder.results()) == [4, 9, 16]
