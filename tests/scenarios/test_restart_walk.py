"""The restart semantics from end to end, in the order in which they are first described.

Guild AI's document on restarting batches is where these semantics come from; each test is a
part of it, with its values, its printed lines (without the ids) and its lists of runs. Like
there, every part begins in a project where the runs of an earlier one were deleted.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenarios.project import Project, ids, lines, listing, without_ids


@pytest.fixture
def project(copy_optimizers: Callable[[], Project]) -> Project:
    """The sample project after one run, deleted again."""
    project = copy_optimizers()
    assert project.terminal() == ["1.0 2 'a'"]
    assert listing(project.runs()) == ["echo.py x=1.0 y=2 z=a"]
    assert project.delete_all() == ["Deleted 1 run(s)"]
    assert project.runs() == []
    return project


def printed(project: Project, *words: str) -> list[str]:
    """What a command prints on a terminal, without ids and without the lines that count a
    batch's trials before and after them, which are newer than the document."""
    lines = without_ids(project.terminal(*words))
    return [line for line in lines if not line.startswith("Batch: ")]


X1_Y2_Y3 = lines("""
    Restarting
    Initialized trial (x=1.0, y=2, z=a)
    Running trial: echo.py (x=1.0, y=2, z=a)
    1.0 2 'a'
    Initialized trial (x=1.0, y=3, z=a)
    Running trial: echo.py (x=1.0, y=3, z=a)
    1.0 3 'a'
""")

X1_Y2_Y3_Y4 = X1_Y2_Y3 + lines("""
    Initialized trial (x=1.0, y=4, z=a)
    Running trial: echo.py (x=1.0, y=4, z=a)
    1.0 4 'a'
""")

FOUR = lines("""
    Initialized trial (x=1.0, y=2, z=a)
    Running trial: echo.py (x=1.0, y=2, z=a)
    1.0 2 'a'
    Initialized trial (x=1.0, y=3, z=a)
    Running trial: echo.py (x=1.0, y=3, z=a)
    1.0 3 'a'
    Initialized trial (x=2.0, y=2, z=a)
    Running trial: echo.py (x=2.0, y=2, z=a)
    2.0 2 'a'
    Initialized trial (x=2.0, y=3, z=a)
    Running trial: echo.py (x=2.0, y=3, z=a)
    2.0 3 'a'
""")


def test_a_batch_is_restarted_with_the_same_fewer_more_and_deleted_trials(
    project: Project,
) -> None:
    # A batch of four.
    assert printed(project, "-m", "x=1.0,2.0", "y=2,3") == FOUR
    first = project.runs()
    assert listing(first) == lines("""
        echo.py x=2.0 y=3 z=a
        echo.py x=2.0 y=2 z=a
        echo.py x=1.0 y=3 z=a
        echo.py x=1.0 y=2 z=a
        echo.py+
    """)
    batch = first[-1]["id"]

    # Restarted as it is: every trial in place.
    assert printed(project, f"+restart={batch}") == ["Restarting", *FOUR]
    second = project.runs()
    assert listing(second) == listing(first)
    assert ids(second) == ids(first)

    # With one value of x, and the values of y that the batch had.
    assert printed(project, f"+restart={batch}", "x=1.0") == X1_Y2_Y3
    with_orphans = lines("""
        echo.py x=1.0 y=3 z=a
        echo.py x=1.0 y=2 z=a
        echo.py+
        echo.py x=2.0 y=3 z=a
        echo.py x=2.0 y=2 z=a
    """)
    assert listing(project.runs()) == with_orphans
    assert set(ids(project.runs())) == set(ids(first))

    # The last start's flags are the next one's defaults.
    assert printed(project, f"+restart={batch}") == X1_Y2_Y3
    assert listing(project.runs()) == with_orphans

    # With one value more, which makes a fifth trial.
    assert printed(project, f"+restart={batch}", "x=1.0", "y=2,3,4") == X1_Y2_Y3_Y4
    before = project.runs()
    with_fifth = lines("""
        echo.py x=1.0 y=4 z=a
        echo.py x=1.0 y=3 z=a
        echo.py x=1.0 y=2 z=a
        echo.py+
        echo.py x=2.0 y=3 z=a
        echo.py x=2.0 y=2 z=a
    """)
    assert listing(before) == with_fifth

    # Deleted trials are made anew, under new ids.
    deleted = before[1:3]
    assert listing(deleted) == ["echo.py x=1.0 y=3 z=a", "echo.py x=1.0 y=2 z=a"]
    assert project.delete(*ids(deleted)) == ["Deleted 2 run(s)"]
    assert listing(project.runs()) == lines("""
        echo.py x=1.0 y=4 z=a
        echo.py+
        echo.py x=2.0 y=3 z=a
        echo.py x=2.0 y=2 z=a
    """)
    assert printed(project, f"+restart={batch}") == X1_Y2_Y3_Y4
    after = project.runs()
    assert listing(after) == with_fifth
    assert not set(ids(deleted)) & set(ids(after))

    # A trial is restarted on its own, first as it was, then with other flags.
    trial = after[-1]
    assert listing([trial]) == ["echo.py x=2.0 y=2 z=a"]
    assert printed(project, f"+restart={trial['id']}") == ["Restarting", "2.0 2 'a'"]
    assert listing(project.runs()) == lines("""
        echo.py x=2.0 y=2 z=a
        echo.py x=1.0 y=4 z=a
        echo.py x=1.0 y=3 z=a
        echo.py x=1.0 y=2 z=a
        echo.py+
        echo.py x=2.0 y=3 z=a
    """)
    changed = printed(project, f"+restart={trial['id']}", "x=3.0", "y=5", "z=b")
    assert changed == ["Restarting", "3.0 5 'b'"]
    last = project.runs()
    assert listing(last) == lines("""
        echo.py x=3.0 y=5 z=b
        echo.py x=1.0 y=4 z=a
        echo.py x=1.0 y=3 z=a
        echo.py x=1.0 y=2 z=a
        echo.py+
        echo.py x=2.0 y=3 z=a
    """)
    assert last[0]["id"] == trial["id"]
    assert project.delete_all() == ["Deleted 6 run(s)"]


def test_trials_are_initialised_and_run_later(project: Project) -> None:
    sweep = ("x=3.0,4.0", "y=5,6", "z=b,c")
    assert printed(project, "-m", *sweep, "+init_trials=true") == lines("""
        Initialized trial (x=3.0, y=5, z=b)
        Initialized trial (x=3.0, y=5, z=c)
        Initialized trial (x=3.0, y=6, z=b)
        Initialized trial (x=3.0, y=6, z=c)
        Initialized trial (x=4.0, y=5, z=b)
        Initialized trial (x=4.0, y=5, z=c)
        Initialized trial (x=4.0, y=6, z=b)
        Initialized trial (x=4.0, y=6, z=c)
    """)
    assert listing(project.runs(), status=True) == lines("""
        echo.py x=4.0 y=6 z=c pending
        echo.py x=4.0 y=6 z=b pending
        echo.py x=4.0 y=5 z=c pending
        echo.py x=4.0 y=5 z=b pending
        echo.py x=3.0 y=6 z=c pending
        echo.py x=3.0 y=6 z=b pending
        echo.py x=3.0 y=5 z=c pending
        echo.py x=3.0 y=5 z=b pending
        echo.py+ pending
    """)

    # One of them is run.
    trial = project.runs()[-2]
    assert listing([trial]) == ["echo.py x=3.0 y=5 z=b"]
    assert printed(project, f"+restart={trial['id']}") == ["Restarting", "3.0 5 'b'"]
    assert listing(project.runs(), status=True) == lines("""
        echo.py x=3.0 y=5 z=b completed
        echo.py x=4.0 y=6 z=c pending
        echo.py x=4.0 y=6 z=b pending
        echo.py x=4.0 y=5 z=c pending
        echo.py x=4.0 y=5 z=b pending
        echo.py x=3.0 y=6 z=c pending
        echo.py x=3.0 y=6 z=b pending
        echo.py x=3.0 y=5 z=c pending
        echo.py+ pending
    """)

    # Then the whole batch.
    before = project.runs()
    batch = before[-1]
    assert listing([batch]) == ["echo.py+"]
    assert printed(project, f"+restart={batch['id']}") == lines("""
        Restarting
        Initialized trial (x=3.0, y=5, z=b)
        Running trial: echo.py (x=3.0, y=5, z=b)
        3.0 5 'b'
        Initialized trial (x=3.0, y=5, z=c)
        Running trial: echo.py (x=3.0, y=5, z=c)
        3.0 5 'c'
        Initialized trial (x=3.0, y=6, z=b)
        Running trial: echo.py (x=3.0, y=6, z=b)
        3.0 6 'b'
        Initialized trial (x=3.0, y=6, z=c)
        Running trial: echo.py (x=3.0, y=6, z=c)
        3.0 6 'c'
        Initialized trial (x=4.0, y=5, z=b)
        Running trial: echo.py (x=4.0, y=5, z=b)
        4.0 5 'b'
        Initialized trial (x=4.0, y=5, z=c)
        Running trial: echo.py (x=4.0, y=5, z=c)
        4.0 5 'c'
        Initialized trial (x=4.0, y=6, z=b)
        Running trial: echo.py (x=4.0, y=6, z=b)
        4.0 6 'b'
        Initialized trial (x=4.0, y=6, z=c)
        Running trial: echo.py (x=4.0, y=6, z=c)
        4.0 6 'c'
    """)
    after = project.runs()
    assert listing(after, status=True) == lines("""
        echo.py x=4.0 y=6 z=c completed
        echo.py x=4.0 y=6 z=b completed
        echo.py x=4.0 y=5 z=c completed
        echo.py x=4.0 y=5 z=b completed
        echo.py x=3.0 y=6 z=c completed
        echo.py x=3.0 y=6 z=b completed
        echo.py x=3.0 y=5 z=c completed
        echo.py x=3.0 y=5 z=b completed
        echo.py+ completed
    """)
    assert set(ids(after)) == set(ids(before))
    assert project.delete_all() == ["Deleted 9 run(s)"]


def test_a_plan_is_previewed(project: Project) -> None:
    table = project.table("-m", "x=1,2,3", "y=5,4,6", "z=a,b,c", "+max_trials=999")
    assert table == lines("""
        #   x  y  z
        1   1  5  a
        2   1  5  b
        3   1  5  c
        4   1  4  a
        5   1  4  b
        6   1  4  c
        7   1  6  a
        8   1  6  b
        9   1  6  c
        10  2  5  a
        11  2  5  b
        12  2  5  c
        13  2  4  a
        14  2  4  b
        15  2  4  c
        16  2  6  a
        17  2  6  b
        18  2  6  c
        19  3  5  a
        20  3  5  b
        21  3  5  c
        22  3  4  a
        23  3  4  b
        24  3  4  c
        25  3  6  a
        26  3  6  b
        27  3  6  c
    """)
    assert project.runs() == []


def test_a_sampled_batch_restarts_with_the_same_trials(project: Project) -> None:
    started = printed(project, "-m", "x=1,2", "y=3,4", "z=a,b", "+max_trials=4")
    before = project.runs()
    assert len(before) == 5
    batch = before[-1]
    assert batch["kind"] == "batch"
    assert printed(project, f"+restart={batch['id']}") == ["Restarting", *started]
    assert ids(project.runs()) == ids(before)
