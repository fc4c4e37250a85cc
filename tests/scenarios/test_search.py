"""Random search: a plan that is drawn, previewed, restarted and extended."""

from __future__ import annotations

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, ids

PROJECT = {
    "conf/config.yaml": """
        operation: {function: work.loss}
        x: 0.5
        lr: 0.1
        n: 1
        z: a
        hydra: {launcher: {n_jobs: 2}}
    """,
    "work.py": """
        def loss(x, lr, n, z):
            return x * x
    """,
}

SPACE = ("x=interval(0,1)", "lr=tag(log,interval(1e-5,0.1))", "z=a,b,c", "+random_seed=42")


def flags_of(project: Project) -> list[dict[str, object]]:
    """The flags of the newest batch's trials, in plan order."""
    runs = {run["id"]: run for run in project.runs()}
    return [runs[run_id]["flags"] for run_id in project.newest("batch")["trials"]]


def test_the_draws_are_those_of_the_documentation(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    assert project.table("-m", *SPACE, "+max_trials=3") == [
        "#  x                    lr                     z",
        "1  0.2928954265224042   0.05059251638036714    a",
        "2  0.7148357151725703   3.228435209582745e-05  a",
        "3  0.32723643524018825  0.0003344043122560246  c",
    ]
    assert not project.store.exists()


def test_a_random_search_is_restarted_and_extended_in_place(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+max_trials=4")
    batch = project.newest("batch")
    before = flags_of(project)
    assert len(before) == 4
    project.run(f"+restart={batch['id']}", "+max_trials=6", "+needed=true")
    after = project.newest("batch")
    assert after["id"] == batch["id"]
    assert after["trials"][:4] == batch["trials"]
    assert flags_of(project)[:4] == before
    assert len(ids(project.runs())) == 7


def test_a_search_has_twenty_trials_unless_told_otherwise(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    assert len(project.table("-m", "x=interval(0,1)", "+random_seed=1")) == 21
    whole = project.table("-m", "n=int(interval(1.5,4.2))", "+random_seed=1")
    assert [line.split() for line in whole[1:]] == [["1", "2"], ["2", "3"], ["3", "4"]]


def test_a_random_search_of_lists_has_twenty_trials_too(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    random = ("+optimizer=random", "+random_seed=1")
    drawn = [line.split()[1] for line in project.table("-m", "n=range(0,100)", *random)[1:]]
    assert len(drawn) == 20
    assert drawn == sorted(drawn, key=int)  # sampled as a grid is
    assert len(project.table("-m", "z=a,b", "n=1,2", *random)) == 5
    assert len(project.table("-m", "n=range(0,100)", "+random_seed=1")) == 101


def test_whole_numbers_by_the_logarithm_beside_an_interval_and_lists(
    make_project: MakeProject,
) -> None:
    project = make_project(PROJECT)
    space = (
        "x=interval(0,1)",
        "n=tag(log,int(interval(1,1000)))",
        "z=choice(a,b)",
        "lr=range(1,3)",
    )
    table = [line.split()[1:] for line in project.table("-m", *space, "+max_trials=90")[1:]]
    assert all(1 <= int(n) <= 1000 for _, n, *_ in table)
    assert 25 < sum(int(n) < 32 for _, n, *_ in table) < 65  # 3 of 90, were they equally likely
    assert {tuple(rest) for _, _, *rest in table} == {(z, lr) for z in "ab" for lr in "12"}
