"""Mistakes in what says where trials run."""

from __future__ import annotations

import pytest

from tests.hydra.program import Program


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("hydra.launcher.backend=nope",),
            "hydra.launcher.backend=nope: only dask is known; leave it out for trials on this "
            "machine",
        ),
        (
            ("hydra.launcher.backend=dask",),
            "hydra.launcher.backend=dask needs hydra.launcher.address: the scheduler's, such as "
            "tcp://host:8786, or the path of its scheduler file",
        ),
        (
            ("hydra.launcher.backend=dask", "hydra.launcher.address=gone.json"),
            "hydra.launcher.address=gone.json: there is no such scheduler file",
        ),
        (
            ("hydra.launcher.address=tcp://127.0.0.1:8786",),
            "hydra.launcher.address=tcp://127.0.0.1:8786 needs hydra.launcher.backend=dask",
        ),
        (
            ("hydra.launcher.backend=dask", "hydra.launcher.n_jobs=0"),
            "hydra.launcher.n_jobs=0: give how many trials run at once, or -1 for as many as "
            "there are processors",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_created(
    project: Program, words: tuple[str, ...], line: str
) -> None:
    before = project.tree()
    assert project.run("-m", *words, "x=1,2", status=2).said == [f"runner: {line}"]
    assert project.tree() == before


@pytest.mark.long
def test_a_scheduler_that_does_not_answer_is_a_mistake(project: Program) -> None:
    words = ("hydra.launcher.backend=dask", "hydra.launcher.address=tcp://127.0.0.1:1")
    (line,) = project.run("-m", *words, "x=1,2", status=2).said
    assert line.startswith("runner: hydra.launcher.address=tcp://127.0.0.1:1: no Dask scheduler")
    assert not project.store.exists()
