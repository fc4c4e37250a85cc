"""A search on a Dask cluster: the same plan as on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cluster.dask import Cluster
from tests.hydra.program import SWEEPER, Program
from tests.installed import needs


@needs("optuna")
def test_a_search_on_a_cluster_is_the_one_of_this_machine(
    cluster: Cluster, project: Program
) -> None:
    cluster.have(2)
    words = (
        "-m",
        "operation=function",
        "operation.function=loss.loss",
        "x=interval(-5,5)",
        "+optimizer=tpe",
        "+max_trials=12",
        "+random_seed=5",
    )
    project.write({"loss.py": "def loss(x, wait, then):\n    return (x - 1) ** 2\n"})
    project.run(*words, *cluster.words)
    there = plan_of(project)
    assert len(there) == len(set(there)) == 12
    assert project.run("verify", project.newest("batch")["id"]).out.endswith("0 differ\n")
    project.run(*words, "+window=2", "hydra.launcher.n_jobs=1")
    assert plan_of(project) == there


def test_a_programs_search_on_a_cluster_is_the_one_of_this_machine(
    cluster: Cluster, tmp_path: Path
) -> None:
    """A random one, and one that learns, by a class that is on this machine alone."""
    cluster.have(2)
    program = Program(tmp_path)
    program.write({"conf/config.yaml": "x: 0.5\n", "train.py": TRAIN, "mine.py": MINE})
    for search in ((), ("+optimizer=mine.Learning", "+window=2")):
        words = ("train.py", "-m", SWEEPER, "x=interval(0,1)", "+max_trials=4", "+random_seed=5")
        program.python(*words, *search, "hydra/launcher=runner", *cluster.words)
        there = plan_of(program)
        program.python(*words, *search)
        assert plan_of(program) == there
        assert len(set(there)) == 4


TRAIN = """
    import hydra

    @hydra.main(version_base=None, config_path="conf", config_name="config")
    def main(cfg):
        return (cfg.x - 1) ** 2

    if __name__ == "__main__":
        main()
"""
MINE = """
    import random

    class Learning:
        def __init__(self, space, seed):
            self.known = [seed]

        def tell(self, number, flags, values):
            self.known += [number, flags["x"], values]

        def ask(self, number, running):
            return {"x": random.Random(str((self.known, running))).random()}
"""


def plan_of(project: Program) -> list[Any]:
    return [trial["flags"]["x"] for trial in project.trials()]
