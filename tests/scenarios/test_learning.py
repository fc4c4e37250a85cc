"""A search that learns: its plan grows, is resumed, and can be proposed again."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.installed import needs
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Listed, Project, ids, wait_until

pytestmark = needs("optuna", "cmaes", "scipy")

#: Run by `make test-full`: each takes as long as fifty tests.
LONG = pytest.mark.long

PROJECT = {
    "conf/config.yaml": """
        operation: {function: work.loss}
        x: 0.5
        n: 1
        z: a
        wait: 0
        hydra: {launcher: {n_jobs: 1}}
    """,
    "work.py": """
        import random, time

        def loss(x, n, z, wait):
            time.sleep(random.Random().uniform(0, wait))
            if z == "fail":
                raise ValueError("no loss")
            if z == "odd":
                return float("nan")
            return (x - 1) ** 2 + n + {"a": 0, "b": 1}[z]
    """,
}

SPACE = ("x=interval(-5,5)", "n=int(interval(1,4))", "z=a,b", "+random_seed=7")


def plan_of(project: Project) -> list[dict[str, Any]]:
    """The flags of the newest batch's trials, in plan order."""
    runs = {run["id"]: run for run in project.runs()}
    return [runs[run_id]["flags"] for run_id in project.newest("batch")["trials"]]


def searched(flags: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What was searched for of trials' flags."""
    return [(one["x"], one["n"], one["z"]) for one in flags]


#: A class of the project's that notes what it is told and asked, in the project's folder.
TELLING = {
    **PROJECT,
    "telling.py": """
        import json, pathlib

        class Telling:
            def __init__(self, space, *, seed, **options):
                self.space, self.told = space, []

            def tell(self, number, flags, values):
                assert set(flags) == {"x", "n", "z", "wait"}  # all of the trial's
                self.told.append([number, flags["x"], flags["z"], values])

            def ask(self, number, running):
                noted = {"number": number, "told": self.told, "space": repr(self.space),
                         "running": running}
                with open("asked.jsonl", "a") as file:
                    file.write(json.dumps(noted) + "\\n")
                low, high = self.space["x"].low, self.space["x"].high
                point = {"x": low + (high - low) * number / 8, "n": number % 4 + 1, "z": "a"}
                return {name: point[name] for name in self.space}
    """,
}


def asked_in(project: Project) -> list[dict[str, Any]]:
    """What the project's own class was told and asked, proposal by proposal."""
    lines = (project.folder / "asked.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def told_in(project: Project) -> list[list[Any]]:
    """What it was told before the last question."""
    told: list[list[Any]] = asked_in(project)[-1]["told"]
    return told


@pytest.fixture(scope="module")
def whole(make_project: MakeProject) -> tuple[Project, list[tuple[Any, ...]]]:
    """A search of fourteen trials that nothing disturbed, and its plan."""
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=14", "+window=3")
    return project, searched(plan_of(project))


def test_the_plan_grows_to_its_budget_without_a_trial_twice(
    whole: tuple[Project, list[tuple[Any, ...]]],
) -> None:
    project, plan = whole
    assert len(plan) == len(set(plan)) == 14
    batch = project.newest("batch")
    assert batch["status"] == "completed"
    trials = {run["id"]: run for run in project.runs() if run["kind"] == "trial"}
    assert set(batch["trials"]) == set(trials)
    # There is no second database, and nothing that would have to be unpickled.
    there = {path.name for path in project.store.iterdir() if not path.name.startswith(".")}
    assert there == {batch["id"], *trials}
    kept = {path.suffix for path in project.store.rglob("*") if path.is_file()}
    assert not kept & {".db", ".sqlite", ".pkl", ".pickle"}
    assert all(run["batches"] == [batch["id"]] for run in trials.values())


@pytest.mark.parametrize("n_jobs", [2, 4])
def test_jobs_and_timing_change_nothing(
    make_project: MakeProject, whole: tuple[Project, list[tuple[Any, ...]]], n_jobs: int
) -> None:
    project = make_project(PROJECT)
    words = ("+optimizer=tpe", "+max_trials=14", "+window=3", "wait=0.1")
    project.run("-m", *SPACE, *words, f"hydra.launcher.n_jobs={n_jobs}")
    assert searched(plan_of(project)) == whole[1]


def test_a_search_that_is_killed_ends_with_its_budget_and_the_same_plan(
    make_project: MakeProject, whole: tuple[Project, list[tuple[Any, ...]]]
) -> None:
    project = make_project(PROJECT)
    chance = random.Random(11)
    words = ["-m", *SPACE, "+optimizer=tpe", "+max_trials=14", "+window=3", "wait=0.05"]
    for kill in range(4):
        with project.at_work(*words, "hydra.launcher.n_jobs=2") as process:
            more = chance.randint(1, 3)
            wait_until(lambda done=kill, n=more: _completed(project.store) >= 3 * done + n)
            process.kill()
            process.wait()
        batch = next(run for run in project.runs() if run["kind"] == "batch")
        words = [f"+restart={batch['id']}", "+needed=true"]
    project.run(*words)
    assert searched(plan_of(project)) == whole[1]
    assert {run["status"] for run in project.runs()} == {"completed"}
    assert (
        project.run("verify", batch["id"])
        .out.splitlines()[-1]
        .endswith("14 trials, 14 as proposed, 0 differ")
    )


@pytest.mark.long
def test_a_search_that_is_killed_at_its_proposals_makes_them_again(
    make_project: MakeProject,
) -> None:
    """Killed inside each of the first proposals, and once after each answer."""
    killing = """
import os, pathlib, random, signal, threading, time

class Killing:
    def __init__(self, space, seed):
        self.seed, self.known = seed, []

    def tell(self, number, flags, values):
        self.known.append(values[0])

    def ask(self, number, running):
        project = pathlib.Path(os.environ["KILLS"])
        for kind in ("before", "after"):
            if not (project / f"{kind}-{number}").exists():
                (project / f"{kind}-{number}").touch()
                if kind == "before":
                    os.kill(os.getpid(), signal.SIGKILL)
                delay = number / 1000  # from before the record to after its trial's start
                kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
                threading.Timer(delay, kill).start()
                break
        return {"x": random.Random(f"{self.seed} {self.known}").random()}
"""
    plans = []
    for name, undisturbed in (("whole", True), ("killed", False)):
        project = make_project({**PROJECT, "killing.py": killing})
        kills = project.folder / name
        kills.mkdir()
        for number in range(5 if undisturbed else 0):
            (kills / f"before-{number}").touch()
            (kills / f"after-{number}").touch()
        words = ["-m", "x=interval(0,1)", "+optimizer=killing.Killing", "+random_seed=5"]
        words += ["+max_trials=5", "+window=2", "wait=0.01"]
        for _ in range(12):
            ended = project.run_process(*words, status=None, KILLS=str(kills))
            if ended.returncode != -9:
                break
            batches = [run for run in project.runs() if run["kind"] == "batch"]
            if project.store.exists() and batches:
                words = [f"+restart={batches[0]['id']}", "+needed=true"]
        assert ended.returncode == 0, ended.err
        plans.append([flags["x"] for flags in plan_of(project)])
        batch = project.newest("batch")["id"]
        verified = project.run("verify", batch, KILLS=str(kills)).out
        assert verified.endswith("5 as proposed, 0 differ\n")
    assert plans[0] == plans[1]
    assert len(plans[0]) == 5


def _completed(store: Path) -> int:
    texts = [path.read_text() for path in store.glob("*/.runner/record.json")]
    return sum('"kind": "trial"' in text and '"status": "completed"' in text for text in texts)


def test_more_trials_go_on_with_the_same_ones(
    make_project: MakeProject, whole: tuple[Project, list[tuple[Any, ...]]]
) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=5", "+window=3")
    batch = project.newest("batch")
    said = project.run(f"+restart={batch['id']}", "+max_trials=14", "+needed=true").said
    assert "Skipping 5 completed trials" in said
    assert searched(plan_of(project)) == whole[1]
    assert project.newest("batch")["trials"][:5] == batch["trials"]


def test_a_restart_runs_all_again_and_proposes_nothing_else(
    make_project: MakeProject, whole: tuple[Project, list[tuple[Any, ...]]]
) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=6", "+window=3")
    before = project.newest("batch")
    project.run(f"+restart={before['id']}")
    after = project.newest("batch")
    assert after["trials"] == before["trials"]
    assert len(project.runs()) == 7
    project.run(f"+restart={before['id']}", "+max_trials=14", "+needed=true")
    assert searched(plan_of(project)) == whole[1]
    assert project.run("verify", before["id"]).out.endswith("14 as proposed, 0 differ\n")


def test_deleted_trials_are_proposed_again_from_their_basis(
    make_project: MakeProject, whole: tuple[Project, list[tuple[Any, ...]]]
) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=12", "+window=3")
    batch = project.newest("batch")
    deleted = [batch["trials"][place] for place in (0, 7, 11)]
    project.delete(*deleted)
    project.run(f"+restart={batch['id']}", "+needed=true")
    after = project.newest("batch")
    assert searched(plan_of(project)) == whole[1][:12]
    assert not set(deleted) & set(after["trials"])
    assert project.run("verify", batch["id"]).out.endswith("12 as proposed, 0 differ\n")


def test_verify_finds_a_changed_flag(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=6")
    batch = project.newest("batch")
    changed = batch["trials"][2]
    path = project.store / changed / ".runner" / "record.json"
    record = json.loads(path.read_text())
    record["flags"]["x"] = 0.25
    path.write_text(json.dumps(record))
    result = project.run("verify", batch["id"], status=1)
    lines = result.out.splitlines()
    assert lines[0].startswith(f"Trial {changed[:8]} differs: it was proposed as x=")
    assert "and has x=0.25" in lines[0]
    assert lines[-1] == f"Batch {batch['id'][:8]}: 6 trials, 5 as proposed, 1 differ"


def test_verify_is_for_searches(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", "x=1,2")
    batch = project.newest("batch")
    assert "nothing to verify" in project.run("verify", batch["id"], status=2).err
    assert "give a batch's id" in project.run("verify", batch["trials"][0], status=2).err


def test_another_version_is_told_and_is_no_difference(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=3")
    batch = project.newest("batch")
    path = project.store / batch["id"] / ".runner" / "record.json"
    path.write_text(path.read_text().replace('"version": "optuna 5', '"version": "optuna 4'))
    lines = project.run("verify", batch["id"]).out.splitlines()
    assert lines[0].startswith("Proposed by optuna 4")
    assert lines[-1].endswith("3 as proposed, 0 differ")


# ---- failures and ends


def test_failures_end_no_search_and_count_as_failed(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    words = ("x=interval(-5,5)", "z=a,fail,odd", "+random_seed=3", "+optimizer=qmc")
    result = project.run("-m", *words, "+max_trials=12", status=1)
    flags = plan_of(project)
    assert len(flags) == 12
    lines = [line for line in result.said if "has no finite result" in line]
    assert len(lines) == sum(one["z"] == "odd" for one in flags) > 0
    statuses = {
        run["flags"]["z"]: run["status"] for run in project.runs() if run["kind"] == "trial"
    }
    assert statuses == {"a": "completed", "odd": "completed", "fail": "error"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_search_that_has_learnt_from_no_trial_says_so_below_them(
    make_project: MakeProject, jobs: int
) -> None:
    project = make_project(PROJECT)
    words = ("x=interval(-5,5)", "+optimizer=qmc", "+max_trials=3", f"hydra.launcher.n_jobs={jobs}")
    nothing = "The search has learnt from none of its trials: none has a finite result"
    said = project.run("-m", "z=odd", *words).said
    assert said[-2] == nothing and said[-1].endswith("3 trials, 3 completed")
    assert nothing not in project.run("-m", "z=a", *words).said


def test_a_search_saves_what_it_has_proposed_when_it_ends(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=5", "+save_trials=plan.csv")
    rows = (project.folder / "plan.csv").read_text().splitlines()
    assert len(rows) == 6
    table = project.table("-m", "+trials=plan.csv")
    saved = [float(line.split()[1]) for line in table[1:]]
    assert saved == [x for x, _, _ in searched(plan_of(project))]


def test_a_basis_is_shown(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=4", "+window=2")
    first, second, third, fourth = (one[:8] for one in project.newest("batch")["trials"])
    shown = project.run("runs", "show", fourth).lines
    assert f"  known: {first}, {second}" in shown
    assert f"  at work: {third}" in shown
    assert "  number: 3, window: 2" in shown
    assert shown.index("  wait: 0 (default)") > shown.index(
        next(line for line in shown if line.startswith("  x: ") and line.endswith(" (optimizer)"))
    )


def test_the_json_of_a_basis_tells_what_a_trial_was_proposed_from(
    make_project: MakeProject,
) -> None:
    project = make_project(PROJECT)
    words = ("+optimizer=cmaes", "hydra.sweeper.optimizer_options.popsize=3")
    project.run("-m", *SPACE, *words, "+max_trials=4", "hydra.launcher.n_jobs=2")
    trials = project.newest("batch")["trials"]
    shown = project.show(trials[3])
    assert set(shown["origins"].items()) == {
        *((name, "optimizer") for name in ("x", "n", "z")),
        ("wait", "default"),
    }
    basis = shown["basis"]
    assert basis["optimizer"] == "cmaes" and basis["options"] == {"popsize": 3}
    assert basis["version"].startswith("cmaes ")
    assert (basis["number"], basis["known"], basis["tries"]) == (3, 2, 0)
    assert basis["seed"] != project.show(trials[2])["basis"]["seed"]
    assert basis["window"] == 2  # the jobs of the first start
    assert (basis["told"], basis["at_work"]) == (trials[:2], trials[2:3])
    assert basis["objective"] == ["result"]
    assert project.show(project.newest("batch")["id"])["basis"] is None


def test_the_window_is_the_jobs_of_the_first_start_and_is_remembered(
    make_project: MakeProject,
) -> None:
    project = make_project(PROJECT)
    two = "hydra.launcher.n_jobs=2"
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=4", two)
    batch = project.newest("batch")["id"]
    project.run(f"+restart={batch}", "+needed=true", "+max_trials=7", "hydra.launcher.n_jobs=4")
    trials = project.newest("batch")["trials"]
    assert [project.show(one)["basis"]["window"] for one in trials] == [2] * 7
    other = make_project(PROJECT)
    other.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=7", "+window=2")
    assert searched(plan_of(other)) == searched(plan_of(project))


def test_a_finite_space_is_used_up_with_a_line(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    result = project.run("-m", "n=1,2,3", "z=a,b", "+optimizer=tpe", "+max_trials=50")
    assert "The search ends: the space is used up: it has 6 combinations" in result.said
    assert len(plan_of(project)) == 6


def test_what_is_excluded_is_not_proposed(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    words = ("+optimizer=tpe", "+max_trials=12", "+exclude='x < 0 or n == 2'")
    project.run("-m", *SPACE, *words)
    flags = plan_of(project)
    assert len(flags) == 12
    assert all(one["x"] >= 0 and one["n"] != 2 for one in flags)


# ---- previews


def test_a_preview_shows_what_does_not_depend_on_results(
    make_project: MakeProject, whole: tuple[Project, list[tuple[Any, ...]]]
) -> None:
    project = make_project(PROJECT)
    words = ("-m", *SPACE, "+optimizer=tpe", "+max_trials=14", "+window=3")
    result = project.run(*words, "+print_trials=true")
    assert len(result.lines) == 4
    assert [float(line.split()[1]) for line in result.lines[1:]] == [x for x, _, _ in whole[1][:3]]
    assert result.said == ["The other trials depend on results: 11 more, up to 14"]
    assert not project.store.exists()


def test_the_first_trials_are_initialised_and_the_rest_follow(
    make_project: MakeProject, whole: tuple[Project, list[tuple[Any, ...]]]
) -> None:
    project = make_project(PROJECT)
    words = ("-m", *SPACE, "+optimizer=tpe", "+max_trials=14", "+window=3")
    said = project.run(*words, "+init_trials=true").said
    assert said[-1] == "The other trials depend on results: 11 more, up to 14"
    batch = project.newest("batch")
    assert len(batch["trials"]) == 3
    assert {run["status"] for run in project.runs()} == {"pending"}
    project.run(f"+restart={batch['id']}")
    assert searched(plan_of(project)) == whole[1]


# ---- other settings on a restart


def test_what_another_optimizer_proposed_stays(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+max_trials=4")
    first = plan_of(project)
    batch = project.newest("batch")
    for optimizer, count in (("tpe", 7), ("cmaes", 10), ("nsga2", 12)):
        project.run(
            f"+restart={batch['id']}",
            f"+optimizer={optimizer}",
            f"+max_trials={count}",
            "+needed=true",
        )
        assert len(plan_of(project)) == count
    assert plan_of(project)[:4] == first
    made_by = [
        (_record(project, run_id).get("basis") or {}).get("optimizer")
        for run_id in project.newest("batch")["trials"]
    ]
    assert made_by == [None] * 4 + ["tpe"] * 3 + ["cmaes"] * 3 + ["nsga2"] * 2
    assert project.run("verify", batch["id"]).out.endswith("8 as proposed, 0 differ\n")


@pytest.mark.long
def test_a_search_goes_on_where_it_was_after_a_random_one(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=4")
    batch = project.newest("batch")
    restart = (f"+restart={batch['id']}", "+needed=true")
    for count in ("3 new, 4 set aside", "3 to skip"):
        said = project.run(*restart, "+optimizer=random", "+max_trials=3").said
        assert said[0].endswith(f"3 trials: {count}")
    drawn = project.newest("batch")["trials"]
    project.run(*restart, "+optimizer=tpe", "+max_trials=8")
    assert project.newest("batch")["trials"][:7] == [*batch["trials"], *drawn]
    assert len(plan_of(project)) == 8
    assert project.run("verify", batch["id"]).out.endswith("5 as proposed, 0 differ\n")


def _record(project: Project, run_id: str) -> Any:
    return json.loads((project.store / run_id / ".runner" / "record.json").read_text())


def test_trials_outside_a_changed_space_become_orphans(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=10")
    batch = project.newest("batch")
    before = dict(zip(batch["trials"], plan_of(project), strict=True))
    project.run(f"+restart={batch['id']}", "x=interval(0,5)", "+needed=true")
    after = project.newest("batch")["trials"]
    inside = [run_id for run_id, flags in before.items() if flags["x"] >= 0]
    assert after[: len(inside)] == inside
    assert len(after) == 10
    assert all(flags["x"] >= 0 for flags in plan_of(project))
    assert set(before) - set(inside) <= set(ids(project.runs()))
    project.run(f"+restart={batch['id']}", "x=interval(-5,5)", "+needed=true", "+max_trials=20")
    assert project.newest("batch")["trials"][:10] == list(before)[:10]


def test_results_that_change_again_and_again_change_no_basis(make_project: MakeProject) -> None:
    project = make_project({**TELLING, "work.py": "def loss(x, n, z, wait):\n    return 1.0\n"})
    own = ("x=interval(0,1)", "z=a,b", "+optimizer=telling.Telling", "+window=1")
    project.run("-m", *own, "+max_trials=3")
    batch = project.newest("batch")
    for result in ("2.0", "3.00"):  # of another length, as bytecode goes by seconds and size
        project.write({"work.py": f"def loss(x, n, z, wait):\n    return {result}\n"})
        project.run(f"+restart={batch['trials'][0]}")
    project.run(f"+restart={batch['id']}", "+max_trials=4")
    assert [values for *_, values in told_in(project)] == [[3.0]] * 3
    shown = project.run("runs", "show", batch["trials"][2]).lines
    first, second = (one[:8] for one in batch["trials"][:2])
    assert [line for line in shown if line.startswith("  told of")] == [
        f"  told of {first}: result=1.0",
        f"  told of {second}: result=1.0",
    ]
    project.run("verify", batch["id"])
    assert [one["told"][0][3] for one in asked_in(project)[-3:]] == [[1.0], [1.0], [3.0]]


def test_a_trial_that_was_changed_on_its_own_is_proposed_again(
    make_project: MakeProject, whole: tuple[Project, list[tuple[Any, ...]]]
) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+optimizer=tpe", "+max_trials=6", "+window=3")
    batch = project.newest("batch")
    project.run(f"+restart={batch['trials'][3]}", "x=0.125")
    project.run(f"+restart={batch['id']}", "+needed=true")
    assert searched(plan_of(project)) == whole[1][:6]
    assert batch["trials"][3] not in project.newest("batch")["trials"]


# ---- warm start


def test_a_search_is_told_runs_of_other_batches_first(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, "+max_trials=15")
    first = project.newest("batch")
    words = ("-m", "x=interval(-5,5)", "n=int(interval(1,4))", "z=a,b", "+random_seed=9")
    project.run(*words, "+optimizer=tpe", "+max_trials=3", f"+warm_start={first['id'][:8]}")
    warm = project.newest("batch")
    era = _record(project, warm["id"])["basis"]["search"]["eras"][0]
    assert [one["run"] for one in era["before"]] == first["trials"]
    told = plan_of(project)
    project.run(*words, "+optimizer=tpe", "+max_trials=3")
    assert plan_of(project) != told
    assert project.run("verify", warm["id"]).out.endswith("3 as proposed, 0 differ\n")
    project.run(f"+restart={warm['id']}", "+max_trials=5", "+needed=true")
    assert len(_record(project, warm["id"])["basis"]["search"]["eras"]) == 1


def test_what_lies_outside_or_is_of_something_else_is_not_told(make_project: MakeProject) -> None:
    project = make_project({**PROJECT, "other.py": "def f(x, n, z, wait):\n    return x\n"})
    project.run("-m", "x=1.5", "n=2", "z=a", "operation.function=other.f")
    project.run("-m", "x=-9,1,2", "n=1,2", "z=a")
    project.run("-m", "x=1.5", "n=1", "z=a", "wait=0.001")
    words = ("-m", "x=interval(0,5)", "n=int(interval(1,4))", "+optimizer=tpe", "+max_trials=2")
    said = project.run(*words, "+warm_start=all").said
    assert "The search begins with warm_start: 4 runs are told to it first" in said
    batch: Listed = project.newest("batch")
    era = _record(project, batch["id"])["basis"]["search"]["eras"][0]
    told = [project.show(one["run"])["flags"] for one in era["before"]]
    assert [(one["x"], one["n"]) for one in told] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_a_warm_start_that_finds_nothing_says_so(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    project.run("-m", "x=-9,1")
    words = ("x=interval(2,5)", "+optimizer=tpe", "+max_trials=2", "+warm_start=all")
    told = "no runs are told to it first, because none lies in its space"
    assert any(told in line for line in project.run("-m", *words).said)


def test_a_search_tells_its_best_trial_above_its_last_line(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    words = ("x=interval(0,5)", "z=a,odd,fail", "+max_trials=6", "+random_seed=1")
    for optimizer in ("random", "tpe"):
        said = project.run("-m", *words, f"+optimizer={optimizer}", status=None).said
        batch = project.newest("batch")
        trials = [run for run in project.runs() if run["generated_by"] == batch["id"]]
        done = [run for run in trials if isinstance(run["result"], float)]
        best = min(done, key=lambda run: run["result"])
        assert said[-2].startswith(f"Best result {best['result']:.6g}: trial {best['id'][:8]} (x=")
        assert said[-1].startswith(f"Batch {batch['id'][:8]}: ")
    # nobody has said of a plain sweep which way its results are better
    assert not any(line.startswith("Best") for line in project.run("-m", "x=1,2").said)
    said = project.run("-m", "x=1,2,3", "+objective=-result").said
    assert said[-2].startswith("Best result 5: trial ") and said[-2].endswith(" (x=3)")
    said = project.run("-m", "x=1,2", "+objective=[result,-other]").said
    assert not any(line.startswith("Best") for line in said)


def test_a_completed_run_without_a_finite_objective_is_told_first_as_failed(
    make_project: MakeProject,
) -> None:
    """And a failed one is not told. A restart tells the recorded ones, also for `all`."""
    project = make_project(TELLING)
    project.run("-m", "x=0.1,0.2,9", "z=a,odd,fail", status=1)
    words = ("-m", "x=interval(0,1)", "n=int(interval(1,4))", "z=a,odd,fail", "+random_seed=1")
    own = ("+optimizer=telling.Telling", "+objective=-result")
    project.run(*words, *own, "+max_trials=1", "+warm_start=all")
    first = [
        [-4, 0.1, "a", [pytest.approx(-1.81)]],
        [-3, 0.1, "odd", None],
        [-2, 0.2, "a", [pytest.approx(-1.64)]],
        [-1, 0.2, "odd", None],
    ]
    assert told_in(project) == first
    project.run("-m", "x=0.3", "z=a")
    batch = project.runs("--where", "random_seed == 1 and kind == 'batch'")[0]["id"]
    project.run(f"+restart={batch}", "+needed=true", "+max_trials=2")
    assert told_in(project)[:4] == first
    assert len(told_in(project)) == 5
    project.run(f"+restart={batch}", "+needed=true", "+max_trials=3", "+warm_start=all")
    assert [number for number, *_ in told_in(project)] == [-5, -4, -3, -2, -1, 0, 1]
    assert project.run("verify", batch).out.endswith("3 as proposed, 0 differ\n")


def test_the_ids_of_a_warm_start_are_taken_as_they_are_typed(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    words = ("-m", "x=interval(0,1)", "+optimizer=tpe")
    for typed in ("12e45678", "00012345", "[12345678,1e5]"):
        said = project.run(*words, f"+warm_start={typed}", status=2).err
        assert f"no run begins with '{typed.strip('[').partition(',')[0]}'" in said


# ---- stopping rules


def test_a_rule_ends_a_search_and_a_grid(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    rule = "hydra.sweeper.stop=[{objective:'< 1.5'}]"
    result = project.run("-m", "x=5,4,1,0,2", "n=1", rule)
    assert "No more trials are started: result < 1.5" in result.said
    statuses = {
        run["flags"]["x"]: run["status"] for run in project.runs() if run["kind"] == "trial"
    }
    assert statuses == {5: "completed", 4: "completed", 1: "completed", 0: "pending", 2: "pending"}
    assert project.newest("batch")["status"] == "completed"
    batch = project.newest("batch")["id"]
    go_on = f"+restart={batch[:8]} +needed=true hydra.sweeper.stop=null"
    assert f"to go on: runner {go_on}\n" in result.err
    again = project.run(f"+restart={batch}", "+needed=true")  # it is remembered
    assert "No more trials are started: result < 1.5" in again.said
    assert sum(run["status"] == "pending" for run in project.runs()) == 2
    project.run(*go_on.split())
    assert {run["status"] for run in project.runs()} == {"completed"}
    search = project.run(
        "-m", *SPACE, "+optimizer=tpe", "+max_trials=50", "hydra.sweeper.stop=[{patience:4}]"
    )
    assert "No more trials are started: no better trial among 4" in search.said
    ended = len(plan_of(project))
    assert ended < 50
    search_id = project.newest("batch")["id"]
    go_on = f"+restart={search_id[:8]} +needed=true hydra.sweeper.stop=null"
    assert f"The search goes on by runner {go_on}" in search.said
    project.run(*go_on.split(), f"+max_trials={ended + 2}")
    assert len(plan_of(project)) == ended + 2


def test_a_time_ends_a_batch(make_project: MakeProject) -> None:
    project = make_project(PROJECT)
    words = ("x=range(0,1000)", "wait=0.02", "hydra.sweeper.stop=[{time:1s}]")
    result = project.run("-m", *words)
    assert "No more trials are started: the time of 1s is over" in result.said
    assert result.err.rstrip().endswith("+needed=true")


def test_a_rule_judges_by_what_the_next_trial_would_know_whatever_the_timing(
    make_project: MakeProject,
) -> None:
    ran: list[list[object]] = []
    for n_jobs, wait in ((3, 0), (3, 0.1)):
        project = make_project(PROJECT)
        words = (f"hydra.launcher.n_jobs={n_jobs}", f"wait={wait}", "+random_seed=4")
        project.run("-m", "x=interval(-5,5)", "hydra.sweeper.stop=[{objective: '< 2'}]", *words)
        runs = {run["id"]: run for run in project.runs()}
        trials = [runs[one] for one in project.newest("batch")["trials"]]
        ran.append([run["flags"]["x"] for run in trials if run["status"] == "completed"])
        good = next(n for n, run in enumerate(trials) if (run["result"] or 9) < 2)
        assert (
            len(ran[-1]) == good + 3
        )  # the first one that knows it, at a distance of 3, is not run
    assert ran[0] == ran[1]


# ---- the project's own


OWN = {
    **PROJECT,
    "mine.py": """
        class Steps:
            def __init__(self, space, seed, start=0.0):
                self.space, self.best, self.start = space, None, start

            def tell(self, number, flags, values):
                if values is not None and (self.best is None or values[0] < self.best[0]):
                    self.best = (values[0], flags["x"])

            def ask(self, number, running):
                x = self.start if self.best is None else self.best[1] + 0.25
                return {"x": x + 0.01 * number}
    """,
}


def test_a_class_of_the_project_searches(make_project: MakeProject) -> None:
    project = make_project(OWN)
    own = ("+optimizer=mine.Steps", "hydra.sweeper.optimizer_options.start=-1")
    project.run("-m", "x=interval(-5,5)", *own, "+max_trials=4")
    assert [one["x"] for one in plan_of(project)] == pytest.approx([-1.0, -0.74, -0.47, -0.19])
    batch = project.newest("batch")["id"]
    assert project.run("verify", batch).out.endswith("4 as proposed, 0 differ\n")


def test_a_class_is_told_each_known_trial_and_asked_with_those_at_work(
    make_project: MakeProject,
) -> None:
    project = make_project(TELLING)
    words = ("x=interval(0,1)", "n=int(interval(1,4))", "z=a,b", "+optimizer=telling.Telling")
    project.run("-m", *words, "+window=2", "+max_trials=4", "hydra.launcher.n_jobs=1")
    asked = asked_in(project)
    assert [one["number"] for one in asked] == [0, 1, 2, 3]
    assert [[number for number, *_ in one["told"]] for one in asked] == [[], [], [0], [0, 1]]
    assert [[flags["x"] for flags in one["running"]] for one in asked] == [[], [0], [0.125], [0.25]]
    assert set(asked[1]["running"][0]) == {"x", "n", "z", "wait"}  # all of the trial's flags
    assert asked[0]["space"] == (
        "{'x': Interval(low=0, high=1, log=False, int=False), "
        "'n': Interval(low=1, high=4, log=False, int=True), 'z': ['a', 'b']}"
    )
    # A hundred proposals of a trial that is there end the search, with a line.
    batch = project.newest("batch")["id"]
    (project.folder / "telling.py").write_text(
        (project.folder / "telling.py")
        .read_text()
        .replace("number / 8", "0.125")
        .replace("number % 4 + 1", "2")
    )
    said = project.run(f"+restart={batch}", "+needed=true", "+max_trials=6").said
    assert (
        "The search ends: 100 proposals in a row were trials that are there, or are excluded"
        in said
    )
    assert len(project.newest("batch")["trials"]) == 4
    assert len(asked_in(project)) == 4 + 100


def test_a_class_that_fails_ends_the_search_when_the_trials_at_work_have_ended(
    make_project: MakeProject,
) -> None:
    own = """
        class Failing:
            def __init__(self, space, seed): ...

            def tell(self, number, flags, values): ...

            def ask(self, number, running):
                return {"x": [1.0, 0.25, 0.5][number]}
    """
    # The second trial ends when the third has begun, and that one when the question has failed.
    work = """
        import os, pathlib, time

        def loss(x, n, z, wait):
            beside = pathlib.Path(os.environ["RUNNER_PROJECT_DIR"]) / "begun"
            if x == 0.5:
                beside.touch()
            while x == 0.25 and not beside.exists():
                time.sleep(0.01)
            time.sleep(wait if x == 0.5 else 0)
            return x
    """
    project = make_project({**PROJECT, "own.py": own, "work.py": work})
    words = ("x=interval(0,1)", "+optimizer=own.Failing", "+max_trials=5", "wait=0.3")
    said = project.run("-m", *words, "hydra.launcher.n_jobs=2", "+window=2", status=1).said
    told = "the optimizer own.Failing gave no trial 3: IndexError: list index out of range"
    assert said[-1] == f"runner: {told}"
    assert [run["status"] for run in project.runs()] == [*["completed"] * 3, "terminated"]
    batch = project.newest("batch")
    assert (batch["status"], batch["reason"]) == ("terminated", told)
    project.write({"own.py": own.replace("[number]", "[number % 3] / 7 ** (number // 3)")})
    project.run(f"+restart={batch['id']}", "+needed=true")
    assert len(project.newest("batch")["trials"]) == 5


#: Proposes the operations of the space one after the other.
TURNS = """
    class Turns:
        def __init__(self, space, seed):
            self.space = space

        def tell(self, number, flags, values): ...

        def ask(self, number, running):
            turn = {"x": number / 8}
            for name in self.space.keys() - {"x"}:
                turn[name] = self.space[name][number % len(self.space[name])]
            return turn
"""


def test_a_search_goes_over_commands_whose_arguments_are_flags(make_project: MakeProject) -> None:
    """Each trial has another command line then, which is known only when it is proposed."""
    command = "[python, -c, \"import sys; print('loss:', sys.argv[1])\", '${x}']"
    config = f"operation: {{command: {command}}}\nx: 0.5\nhydra: {{launcher: {{n_jobs: 1}}}}\n"
    project = make_project({"conf/config.yaml": config, "turns.py": TURNS})
    words = ("-m", "x=interval(0,1)", "+optimizer=turns.Turns", "+objective=loss")
    project.run(*words, "+max_trials=3")
    batch = project.newest("batch")["id"]
    project.run(f"+restart={batch}", "+needed=true", "+max_trials=5")
    runs = [run for run in reversed(project.runs()) if run["kind"] == "trial"]
    assert [run["scalars"]["loss"]["last"] for run in runs] == [0, 0.125, 0.25, 0.375, 0.5]
    assert project.run("verify", batch).out.endswith("5 as proposed, 0 differ\n")


def test_a_search_may_choose_configs_that_no_earlier_trial_has(make_project: MakeProject) -> None:
    """They are composed when the workers have long been forked."""
    project = make_project(
        {
            "conf/config.yaml": (
                "defaults: [{model: a}, _self_]\noperation: {function: work.f}\nx: 0.5\n"
                "hydra: {launcher: {n_jobs: 1}}\n"
            ),
            **{f"conf/model/{name}.yaml": f"w: {w}\n" for w, name in enumerate("abc")},
            "work.py": "def f(x, model):\n    return model['w']\n",
            "turns.py": TURNS,
        }
    )
    words = ("x=interval(0,1)", "model=a,b,c", "+optimizer=turns.Turns", "+max_trials=5")
    project.run("-m", *words, "+window=1")
    runs = [run for run in reversed(project.runs()) if run["kind"] == "trial"]
    assert [run["result"] for run in runs] == [0, 1, 2, 0, 1]


def test_a_search_may_choose_the_operation(make_project: MakeProject) -> None:
    """One that cannot be executed ends the search as soon as it is proposed."""
    project = make_project(
        {
            "conf/config.yaml": (
                "defaults: [{operation: square}, _self_]\nx: 0.5\nhydra: {launcher: {n_jobs: 2}}\n"
            ),
            **{
                f"conf/operation/{name}.yaml": (
                    f"# @package _global_\noperation: {{name: {name}, {kind}}}\n"
                )
                for name, kind in (
                    ("square", "function: work.square"),
                    ("double", "function: other.double"),
                    ("script", "script: script.py"),
                    ("absent", "function: other.absent"),
                )
            },
            "work.py": "def square(x):\n    return x * x\n",
            "other.py": "def double(x):\n    return 2 * x\n",
            "script.py": "x = 0\nprint('result:', x)\n",
            "turns.py": TURNS,
        }
    )
    words = ("-m", "x=interval(0,1)", "+optimizer=turns.Turns", "+window=1", "+max_trials=6")
    project.run(*words, "operation=square,double,script")
    runs = [run for run in reversed(project.runs()) if run["kind"] == "trial"]
    assert [run["operation"] for run in runs] == ["square", "double", "script"] * 2
    assert [run["scalars"]["result"]["last"] for run in runs] == [0, 0.25, 0.25, 0.140625, 1, 0.625]
    code = [set(project.show(run["id"])["code"]["sources"]) for run in runs]
    assert code == [{"work.py"}, {"other.py"}, {"script.py"}] * 2
    project.delete_all()
    said = project.run(*words, "operation=square,absent,script", status=1).said
    assert "a trial was proposed that cannot start: " in said[-1]
    assert [run["status"] for run in project.runs()] == ["completed", "terminated"]


def test_several_objectives_are_told_with_their_last_values(make_project: MakeProject) -> None:
    """And a trial that has not all of them as failed; after a change of the space, those inside."""
    work = """
        def loss(x, n, z, wait):
            print("loss: 9")
            print("loss:", x)
            if x != 0.125:
                print(f"acc: {x / 2}")
            return 7
    """
    project = make_project({**TELLING, "work.py": work})
    words = ("x=interval(0,1)", "+optimizer=telling.Telling", "+objective=[loss,-acc]", "z=a")
    said = project.run("-m", *words, "+max_trials=3", "+window=1").said
    assert sum("has no finite acc: it counts as failed for the search" in one for one in said) == 1
    assert told_in(project) == [[0, 0, "a", [0.0, 0.0]], [1, 0.125, "a", None]]
    first = project.newest("batch")
    restart = (f"+restart={first['id']}", "+needed=true")
    project.run(*restart, "x=interval(0.1,1)", "+max_trials=4")
    # Numbers are those of the present plan.
    assert told_in(project)[:2] == [[0, 0.125, "a", None], [1, 0.25, "a", [0.25, -0.125]]]
    after = project.newest("batch")["trials"]
    assert after[:2] == first["trials"][1:] and len(after) == 4
    project.run(*restart, "x=interval(0,1)", "+max_trials=6")
    assert [x for _, x, *_ in told_in(project)][:3] == [0, 0.125, 0.25]
    assert project.run("verify", first["id"]).out.endswith(" 0 differ\n")


@pytest.mark.long
def test_with_more_jobs_than_the_window_the_rest_idle(make_project: MakeProject) -> None:
    """A trial that finds another beside it fails."""
    project = make_project(
        {
            **PROJECT,
            "work.py": """
                import os, time

                def loss(x, n, z, wait):
                    taken = os.environ["RUNNER_PROJECT_DIR"] + "/taken"
                    os.mkdir(taken)
                    time.sleep(0.05)
                    os.rmdir(taken)
                    return x
            """,
        }
    )
    words = ("x=interval(0,1)", "+optimizer=qmc", "+window=1", "+max_trials=4")
    project.run("-m", *words, "hydra.launcher.n_jobs=3")
    assert {run["status"] for run in project.runs()} == {"completed"}


@pytest.mark.parametrize(
    "optimizer", ["tpe", *(pytest.param(name, marks=LONG) for name in ("nsga2", "cmaes", "qmc"))]
)
def test_what_was_proposed_under_other_settings_stays_and_is_verified(
    make_project: MakeProject, optimizer: str
) -> None:
    project = make_project(PROJECT)
    project.run("-m", *SPACE, f"+optimizer={optimizer}", "+max_trials=4", "+window=2")
    batch = project.newest("batch")
    before = batch["trials"]
    for changed in (
        ("+window=1", "+max_trials=6"),
        ("+objective=-result", "+max_trials=7"),
        ("+random_seed=8", "+max_trials=8"),
        ("+max_trials=3",),
        ("+exclude='x < -4'", "+max_trials=8"),
        ("+exclude=null", "+max_trials=9"),
        ("x=interval(-5,4)", "+max_trials=10"),
    ):
        said = project.run(f"+restart={batch['id']}", *changed, "+needed=true").said
        other = [line for line in said if "has other settings than at its last proposal" in line]
        assert other == (
            [
                "The search has other settings than at its last proposal: objective (result, now "
                "-result); the trials of the plan stay as they were proposed, and new ones are "
                "proposed with these settings"
            ]
            if "+objective=-result" in changed
            else []
        )
    told = project.run("verify", batch["id"]).out
    assert told.endswith(" 0 differ\n")
    basis = [project.show(one)["basis"] for one in before]
    assert {(one["window"], *one["objective"]) for one in basis} == {(2, "result")}
    shown = project.run("runs", "show", batch["id"]).lines
    assert any("objective -result, window 1" in line for line in shown)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("x=interval(0,1) +optimizer=tpee", "grid, random, tpe, gp, cmaes, qmc, nsga2"),
        ("x=interval(0,1) +optimizer=mine.Nosuch", "cannot be imported"),
        ("x=interval(0,1) +optimizer=nosuch.Class", "cannot be imported"),
        (
            "x=interval(0,1) +optimizer=torn.Class",
            "cannot be imported: SyntaxError: ",
        ),
        ("x=interval(0,1) +optimizer=leaving.Class", "cannot be imported: SystemExit: 3"),
        ("x=3 +optimizer=tpe", "has nothing to choose"),
        ("x=interval(0,1) +optimizer=tpe +window=0", "at least 1"),
        ("x=interval(0,1) +window=2", "for an optimizer that learns"),
        ("x=1,2 +warm_start=all", "for an optimizer that learns"),
        ("x=interval(0,1) +optimizer=tpe +warm_start=ffffffff", "no run begins with"),
        ("x=interval(0,1) +optimizer=tpe +trials=rows.csv", "+trials goes with no optimizer"),
        ("x=1,2 +optimizer=random +window=2", "for an optimizer that learns"),
        ("x=interval(0,1) +objective=[a,a]", "a scalar is named twice"),
        ("x=interval(0,1) hydra.sweeper.stop=[{time:2}]", "write a number and s, m, h or d"),
        ("x=interval(0,1) hydra.sweeper.stop=[{objective:0.5}]", "write a comparison"),
        ("x=interval(0,1) hydra.sweeper.stop=[{loss:'<1'}]", "no rule of that name"),
        ("x=interval(0,1) +optimizer=tpe +repeat=2", "+repeat goes with no optimizer"),
        ("x=interval(0,1) +optimizer=tpe +shape=zip", "+shape goes with no optimizer"),
        ("x=interval(0,1) +optimizer=tpe +include={x:1}", "+include goes with no optimizer"),
        ("x=interval(0,1) +optimizer=tpe +objective=-", "name a scalar"),
        ("x=interval(0,1) hydra.sweeper.stop=3", "must be a list of rules"),
        ("x=interval(0,1) hydra.sweeper.stop=[{patience:0}]", "at least 1"),
        (
            "x=interval(0,1) +optimizer=tpe hydra.sweeper.optimizer_options.nosuch=1",
            "optimizer tpe has no such option",
        ),
        (
            "x=interval(0,1) +optimizer=mine.Steps hydra.sweeper.optimizer_options.nosuch=1",
            "unexpected keyword argument 'nosuch'",
        ),
        ("x=1,2 hydra.sweeper.optimizer_options.nosuch=1", "for an optimizer that learns"),
        ("x=interval(0,1) +optimizer=tpe +exclude='x>=0'", "the search has no trials"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_changes_nothing(
    make_project: MakeProject, words: str, says: str
) -> None:
    project = make_project(
        {**OWN, "torn.py": "class Class(:\n", "leaving.py": "import sys\n\nsys.exit(3)\n"}
    )
    before = {name for name in project.tree() if "__pycache__" not in name}
    result = project.run("-m", *words.split(), status=2)
    assert says in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert {name for name in project.tree() if "__pycache__" not in name} == before


def test_a_warm_start_from_another_operation_is_a_mistake(make_project: MakeProject) -> None:
    project = make_project({**PROJECT, "other.py": "def f(x, n, z, wait):\n    return x\n"})
    project.run("-m", "x=1,2", "operation.function=other.f")
    batch = project.newest("batch")["id"]
    words = ("-m", "x=interval(0,1)", "+optimizer=tpe", f"+warm_start={batch}")
    before = project.tree()
    (line,) = project.run(*words, status=2).said
    assert line.endswith(f"+warm_start={batch}: that batch is of another operation, other.f")
    assert {k: v for k, v in project.tree().items() if "__pycache__" not in k} == {
        k: v for k, v in before.items() if "__pycache__" not in k
    }
