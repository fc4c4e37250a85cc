"""Commands that are brought to a sudden end, and what has to hold then and after going on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.scenarios.project import Listed
from tests.torture import invariants
from tests.torture.projects import Place, batch_of


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is done before, and the command that is killed.

    `{batch}`, `{x=1}`, … in its words stand for ids: of the batch, and of its trials by
    their flag. `before` are commands; after them `damage` may act. With `reruns` the command
    itself starts completed trials again, by intention. `deletes` are ids that may be gone.
    """

    before: tuple[tuple[str, ...], ...] = ()
    command: tuple[str, ...]
    program: bool = False
    reruns: bool = False
    returning: bool = True
    deletes: tuple[str, ...] = ()


SCENARIOS = {
    "a new batch of functions": Scenario(command=("-m", "x=1,2,3")),
    "a new batch side by side": Scenario(command=("-m", "x=1,2,3,4", "hydra.launcher.n_jobs=2")),
    "a new batch of scripts": Scenario(
        command=("-m", "x=1,2", "operation=script"), returning=False
    ),
    "trials that fail at first": Scenario(
        command=(
            *("-m", "x=1,2", "operation=flaky", "+retries=1"),
            f"long={'a' * 60_000}",
        ),
        returning=False,
    ),
    "a new batch of a program": Scenario(command=("x=1,2,3",), program=True),
    "a new batch of a program, ours": Scenario(
        command=("x=1,2", "hydra/launcher=runner"), program=True
    ),
    "the completed of others adopted": Scenario(
        before=(("-m", "x=1,2"),), command=("-m", "x=1,2,3", "+needed=true")
    ),
    "a restart of what is needed": Scenario(
        before=(("-m", "x=1,2,3"), ("runs", "delete", "{x=2}", "--yes")),
        command=("+restart={batch}", "+needed=true"),
    ),
    "a restart of everything": Scenario(
        before=(("-m", "x=1,2"),), command=("+restart={batch}",), reruns=True
    ),
    "a restart that orphans, deletes and creates": Scenario(
        before=(
            ("-m", "x=1,2"),
            ("+restart={batch}", "x=1,2,3,4", "+init_trials=true"),
        ),
        command=("+restart={batch}", "x=2,4,5", "+needed=true"),
    ),
    "an orphan adopted again": Scenario(
        before=(("-m", "x=1,2"), ("+restart={batch}", "x=2,3", "+needed=true")),
        command=("+restart={batch}", "x=1,2,3", "+needed=true"),
    ),
    "a batch of which nothing is run": Scenario(command=("-m", "x=1,2,3", "+init_trials=true")),
    "a trial restarted with other flags": Scenario(
        before=(("-m", "x=1,2"),), command=("+restart={x=2}", "x=3"), reruns=True
    ),
    "a trial restarted": Scenario(
        before=(("-m", "x=1,2"),), command=("+restart={x=1}",), reruns=True
    ),
    "a restart of everything in a program": Scenario(
        before=(("x=1,2",),), command=("+restart={batch}",), program=True, reruns=True
    ),
    "some trials deleted": Scenario(
        before=(("-m", "x=1,2,3"),),
        command=("runs", "delete", "{x=1}", "{x=3}", "--yes"),
        deletes=("{x=1}", "{x=3}"),
    ),
    "a batch deleted with its trials": Scenario(
        before=(("-m", "x=1,2,3"),),
        command=("runs", "delete", "{batch}", "--trials", "--yes"),
        deletes=("{batch}", "{x=1}", "{x=2}", "{x=3}"),
    ),
}


def fill(place: Place, words: tuple[str, ...]) -> list[str]:
    """The words with the ids in them that they stand for."""
    if not any("{" in word for word in words):
        return list(words)
    runs = invariants.read_list(place)
    ids = {f"x={run['flags']['x']}": run["id"] for run in runs if run["kind"] != "batch"}
    batch = batch_of(runs)
    ids["batch"] = "" if batch is None else batch["id"]
    for name, run_id in ids.items():
        words = tuple(word.replace(f"{{{name}}}", run_id) for word in words)
    return list(words)


def check(
    scenario: Scenario, origin: Place, place: Place, words: list[str], *, failing: bool = False
) -> None:
    """What has to hold in `place`, where the command came to a sudden end; `origin` is how it
    was before. Then go on, to the end of the batch. With `failing` trials may have failed."""
    done_before = invariants.completed(invariants.read_list(origin) if scenario.before else [])
    runs = invariants.read_list(place, failing=failing)
    invariants.check_results(place, runs, returning=scenario.returning)
    done = invariants.completed(runs)
    deleted = set(fill(origin, scenario.deletes))
    if not scenario.reruns:
        kept = {run_id: run for run_id, run in done_before.items() if run_id not in deleted}
        invariants.check_same(kept, runs)
    invariants.age_leftovers(place)
    ran = Counter(place.ran())
    if deleted:
        _delete_again(place, runs, deleted)
        done = {run_id: run for run_id, run in done.items() if run_id not in deleted}
    said = _go_on(place, words)
    assert "were deleted by hand" not in said or deleted, said
    after = invariants.read_list(place, failing=failing)
    batch = batch_of(after)
    assert batch is not None
    invariants.check_batch(after, batch)
    invariants.check_same(done, after)
    invariants.check_results(place, after, returning=scenario.returning)
    again = {run_id for run_id in done if Counter(place.ran())[run_id] > ran[run_id]}
    assert not again, f"completed and run again: {again}"
    invariants.check_no_leftovers(place, batch)


def _delete_again(place: Place, runs: list[Listed], deleted: set[str]) -> None:
    """Delete what is still there of what was to be deleted."""
    left = deleted & {run["id"] for run in runs}
    if left:
        place.run("runs", "delete", *left, "--yes")


def _go_on(place: Place, words: list[str]) -> str:
    """Restart the batch; or start it, if the kill came before there was one. What that says."""
    batch = batch_of(invariants.read_list(place, failing=True))
    if batch is not None:
        return place.run(f"+restart={batch['id']}", "+needed=true").err
    if words[0] == "runs":
        return place.run("-m", "x=1,2,3").err
    said = place.run(*words).err
    return _go_on(place, words) if "+init_trials=true" in words else said
