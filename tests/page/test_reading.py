"""What the page is told of a store: the queries are those of the commands."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hydra_sweep_runner.model import BatchPart, Flags, Kind, Status
from hydra_sweep_runner.page.batches import batch_json, sign_of
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import Summary
from tests.page.conftest import client_of, open_page
from tests.scenarios.project import Project, by_flag
from tests.stores import run_of


def ask(page: TestClient, name: str, expected: int = 200, /, **parameters: Any) -> Any:
    answer = page.get(f"/api/{name}", params=parameters)
    assert answer.status_code == expected, answer.text
    return answer.json()


def column(answer: Any, title: str) -> list[Any]:
    place = [one["title"] for one in answer["columns"]].index(title)
    return [row["cells"][place] for row in answer["rows"]]


def test_it_begins_with_the_batches_and_how_their_trials_are(
    page: TestClient, origin: Project
) -> None:
    store = ask(page, "store")
    assert store["store"] == str(origin.store)
    (batch,) = store["batches"]
    assert batch["id"] == origin.newest("batch")["id"]
    assert batch["counts"] == {"completed": 4, "error": 2}
    assert (batch["trials"], batch["label"], batch["status"]) == (6, "first", "error")
    assert batch["swept"].startswith("lr=0.1,0.01 depth=2,3,4")
    assert (store["total"], store["read_only"], store["operations"]) == (8, False, ["train.py"])


def test_a_batch_says_first_what_it_draws_or_lists_then_what_it_gives_once() -> None:
    flags: Flags = {"opt": ["adam"], "lr": "tag(log,interval(0.1,1))", "k": [1, 2], "n": [3]}
    batch = replace(
        run_of(status=Status.COMPLETED), kind=Kind.BATCH, flags=flags, batch=BatchPart()
    )
    told = batch_json(Summary(batch, folder=""), {})["swept"]
    assert told == "lr=tag(log,interval(0.1,1)) k=1,2 opt=adam n=3"


def test_a_batch_that_has_lost_trials_is_not_complete() -> None:
    of_one = BatchPart(trials=("a" * 32,), missing=2)
    batch = replace(run_of(status=Status.ERROR), kind=Kind.BATCH, batch=of_one)
    done = RunRow(Summary(run_of("a" * 32, Status.COMPLETED), folder=""))
    told = batch_json(Summary(batch, folder=""), {"a" * 32: done})
    assert (told["trials"], told["counts"], told["sign"]) == (3, {"completed": 1}, "terminated")


@pytest.mark.parametrize(
    ("status", "options", "goal"),
    [
        (Status.RUNNING, {"optimizer": "tpe", "max_trials": 200}, 200),
        (Status.RUNNING, {"optimizer": "random", "max_trials": 200}, None),
        (Status.RUNNING, {"optimizer": "tpe"}, None),
        (Status.RUNNING, {"max_trials": 200}, None),
        (Status.TERMINATED, {"optimizer": "tpe", "max_trials": 200}, 200),
        (Status.TERMINATED, {"optimizer": "random", "max_trials": 200}, None),
        (Status.COMPLETED, {"optimizer": "tpe", "max_trials": 200}, None),
    ],
)
def test_a_search_that_has_not_come_to_its_end_says_to_how_many_trials_it_goes_on(
    status: Status, options: Flags, goal: int | None
) -> None:
    batch = replace(run_of(status=status), kind=Kind.BATCH, options=options, batch=BatchPart())
    assert batch_json(Summary(batch, folder=""), {})["goal"] == goal


def test_the_table_is_what_runs_list_selects_and_sorts(page: TestClient, origin: Project) -> None:
    listed = origin.runs("--where", "lr < 1 and loss > 0.01", "--sort", "loss", "--reverse")
    answer = ask(page, "runs", where="lr < 1 and loss > 0.01", sort="loss", reverse="1")
    assert [row["id"] for row in answer["rows"]] == [run["id"] for run in listed]
    assert answer["total"] == len(listed) == 4


def test_rows_come_in_parts_that_make_the_whole(page: TestClient) -> None:
    whole = ask(page, "runs", sort="lr")["rows"]
    parts = [ask(page, "runs", sort="lr", offset=at, count=3)["rows"] for at in range(0, 9, 3)]
    assert [len(part) for part in parts] == [3, 3, 1]
    assert [row for part in parts for row in part] == whole


def test_flags_that_do_not_vary_have_no_column_unless_asked_for(page: TestClient) -> None:
    batch = ask(page, "store")["batches"][0]["id"]
    assert ask(page, "runs", batch=batch)["flags"] == ["lr", "depth"]
    assert "fixed" in ask(page, "runs", batch=batch, flags="all")["flags"]


def titles(page: TestClient, **parameters: Any) -> list[str]:
    return [one["title"] for one in ask(page, "runs", **parameters)["columns"]]


def test_a_column_stays_when_a_filter_leaves_one_value_in_it(page: TestClient) -> None:
    batch = ask(page, "store")["batches"][0]["id"]
    for asked in ({"where": "lr == 0.1"}, {"status": "error"}, {"where": "loss > 1e9"}):
        assert ask(page, "runs", batch=batch, **asked)["flags"] == ["lr", "depth"]
    named = ask(page, "runs", batch=batch, where="fixed == 7 and fixed > 1 and loss > 0.01")
    assert named["flags"] == ["lr", "depth", "fixed"]
    assert set(column(named, "fixed")) == {7}


def test_a_failed_run_has_its_reason_in_the_table(page: TestClient) -> None:
    answer = ask(page, "runs", status="error")
    assert set(column(answer, "reason")) == {"exit status 1: it diverged"}
    assert "reason" in titles(page) and "reason" not in titles(page, status="completed")


def test_what_a_batch_has_for_all_its_trials_has_no_column(page: TestClient) -> None:
    batch = ask(page, "store")["batches"][0]["id"]
    assert "label" in titles(page) and "label" not in titles(page, batch=batch)
    assert "label" in titles(page, where="lr == 0.1")


def test_the_best_is_by_the_batch_s_own_objective_or_the_one_that_is_chosen(
    page: TestClient, origin: Project
) -> None:
    batch = ask(page, "store")["batches"][0]["id"]
    best = ask(page, "runs", batch=batch)["best"]
    least = json.loads(origin.run("compare", batch, "--json", "-n", "1").out)[0]
    assert ask(page, "runs", batch=batch)["has_own"] and not ask(page, "runs")["has_own"]
    assert best.pop("place") == 2  # of the six, the newest first
    assert best == {"id": least["id"], "value": 0.02 / 3, "flags": {"lr": 0.01, "depth": 2}}
    sorted_by_it = ask(page, "runs", batch=batch, sort="loss", offset=5)
    assert (sorted_by_it["best"]["place"], sorted_by_it["best"]["id"]) == (0, least["id"])
    greatest = ask(page, "runs", batch=batch, objective="-loss")["best"]
    assert greatest["flags"] == {"lr": 0.1, "depth": 4}
    assert ask(page, "runs")["objective"]["assumed"] is True
    assert ask(page, "runs")["best"] is None


def test_no_trial_is_the_best_of_a_sweep_for_which_nobody_has_named_an_objective(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    project.write(
        {
            "conf/config.yaml": "operation: {function: lib.accuracy}\nx: 1\n",
            "lib.py": "def accuracy(x): return x / 10\n",
        }
    )
    project.run("-m", "x=1,2")
    project.run("-m", "x=1,2", "+objective=-result")
    named, plain = (one["id"] for one in project.runs("--kind", "batch"))
    with client_of(open_page(project)) as page:
        answer = ask(page, "runs", batch=plain)
        assert (answer["best"], answer["has_own"]) == (None, False)
        assert answer["objective"]["assumed"] is True and answer["objective"]["name"] == "result"
        assert ask(page, "runs", batch=named)["best"]["flags"] == {"x": 2}


def test_counts_by_status_are_those_of_all_other_filters(page: TestClient) -> None:
    answer = ask(page, "runs", status="error", where="lr < 1")
    assert answer["counts"] == {"completed": 4, "error": 2}
    assert (answer["total"], set(column(answer, "status"))) == (2, {"error"})


def test_brushes_select_by_numbers_and_by_texts(page: TestClient) -> None:
    brushes = ['["lr", 0.05, 1]', '["depth", 3, 4]']
    answer = page.get("/api/runs", params={"brush": brushes}).json()
    assert (answer["total"], answer["unbrushed"]) == (2, 7)
    assert set(column(answer, "lr")) == {0.1}
    one = ask(page, "runs", brush='["loss", 0.1, 100]')
    assert set(column(one, "lr")) == {0.1, 5}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"where": "lr <"}, "does not parse"),
        ({"where": "lrr < 1"}, "did you mean lr?"),
        ({"status": "done"}, "--status done: give one of"),
        ({"since": "yesterday"}, "not a time"),
        ({"batch": "zz"}, "not a run id"),
        ({"where": "tags == good"}, "'good' in tags"),
        ({"brush": "lr"}, 'give ["FLAG", LOW, HIGH]'),
        ({"offset": "-1"}, "whole number"),
        ({"flags": "some"}, "varying or all"),
        ({"where": ["lr < 1", "lr < 2"]}, "given twice"),
        ({"where": "lr == 0.1 or 0.01"}, "0.01 alone is no condition: lr == 0.1 or lr == 0.01, or"),
        (
            {"where": "lr"},
            "lr alone is no condition, its values are numbers: compare it, as in lr",
        ),
        ({"where": "started > 2026-01-31"}, "a date stands in quotes: started > '2026-01-31'"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_the_command_s_words(
    page: TestClient, parameters: dict[str, Any], said: str
) -> None:
    for name in ("runs", "charts") if "offset" not in parameters else ("runs",):
        mistake = ask(page, name, **parameters)["mistake"]
        assert said in mistake and "\n" not in mistake


def test_of_several_mistakes_each_is_told_once(page: TestClient) -> None:
    batch = ask(page, "store")["batches"][0]["id"]
    said = ask(page, "runs", batch=batch, where="lrr < 1", status="done")["mistake"].split("\n")
    assert len(said) == 2 and "status done" in said[0] and "did you mean lr?" in said[1]
    said = ask(page, "runs", batch="zz", brush='["lrr", 0, 1]', where="lr < 1")["mistake"].split(
        "\n"
    )
    assert (
        len(said) == 1 and "not a run id" in said[0]
    )  # nothing passes a brush on a flag that is none


def test_an_objective_that_none_of_the_selected_has_sorts_last_and_marks_no_best(
    page: TestClient,
) -> None:
    batch = ask(page, "store")["batches"][0]["id"]
    answer = ask(page, "runs", kind="batch", objective="loss", sort="loss", brush='["lr", 1, 2]')
    assert (answer["told"], answer["best"], answer["objective"]["name"]) == ([], None, "loss")
    answer = ask(page, "runs", kind="batch", objective="loss", sort="loss")
    assert [row["id"] for row in answer["rows"]] == [batch]
    assert column(answer, "loss") == [None]
    shown = [one["title"] for one in answer["columns"]]
    assert shown.index("loss") < shown.index("started")
    assert ask(page, "charts", where="loss > 1e9", objective="loss")["data"] is None


@pytest.mark.parametrize("name", ["sort", "objective"])
def test_an_order_by_what_no_run_has_is_told_beside_the_runs(page: TestClient, name: str) -> None:
    answer = ask(page, "runs", **{name: "nothing"})
    assert "none of the 7 runs has a" in answer["told"][0]
    assert (answer["total"], answer["best"]) == (7, None)
    assert "does not parse" in ask(page, "runs", **{name: "(loss"})["told"][0]


def test_the_best_has_completed(page: TestClient, origin: Project) -> None:
    # the failed trials of depth 3 have reported a loss, too: the greatest of these two is theirs
    answer = ask(page, "runs", where="depth < 4 and lr == 0.1", objective="-loss")
    assert set(column(answer, "status")) == {"error", "completed"}
    assert answer["best"]["flags"]["depth"] == 2


def test_all_runs_have_a_column_for_their_batch_where_there_are_several(page: TestClient) -> None:
    answer = ask(page, "runs", sort="lr")
    assert column(answer, "batch") == [*["first"] * 6, None]
    batch = ask(page, "store")["batches"][0]["id"]
    assert "batch" not in titles(page, batch=batch)


@pytest.mark.parametrize(
    ("counts", "sign"),
    [
        ({"completed": 19, "error": 1, "terminated": 1}, "error"),
        ({"completed": 19, "terminated": 1}, "terminated"),
        ({"completed": 19}, "completed"),
        ({"completed": 19, "unreadable": 1}, "error"),
    ],
)
def test_the_sign_of_a_batch_is_that_of_its_trials(counts: dict[str, int], sign: str) -> None:
    assert sign_of(Status.ERROR, Counter(counts)) == sign
    assert sign_of(Status.TERMINATED, Counter(counts)) == "terminated"


def test_a_run_that_there_is_not_is_not_found(page: TestClient) -> None:
    assert "no run" in ask(page, "run", 404, id="abcd" * 8)["error"]
    assert "no run" in ask(page, "runs", 404, batch="abcd" * 8)["error"]
    assert "give the id" in ask(page, "run", 400)["error"]


def test_a_run_s_drawer_has_what_show_tells(page: TestClient, origin: Project) -> None:
    trial = by_flag(origin.runs("--where", "lr < 0.1"), "depth")[2]
    shown = origin.show(trial["id"])
    found = ask(page, "run", id=trial["id"][:8])
    assert {flag["name"]: flag["origin"] for flag in found["flags"]} == shown["origins"]
    assert {one["name"]: one["last"] for one in found["scalars"]} == {
        name: scalar["last"] for name, scalar in shown["scalars"].items()
    }
    assert found["generated_by"]["id"] == shown["generated_by"]
    assert ["random seed", shown["random_seed"]] in found["facts"]
    assert found["reason"] is None and found["has_log"]


def test_a_series_is_the_one_that_was_reported(page: TestClient, origin: Project) -> None:
    run = origin.newest("run")
    found = ask(page, "series", scalar="loss", run=run["id"])
    assert found["curves"][0]["steps"] == [0, 1, 2]
    assert found["curves"][0]["values"] == [15.0, 7.5, 5.0]
    assert ask(page, "series", 400, run=run["id"])["error"] == "scalar: give one name"


def test_a_curve_has_its_run_s_status_and_the_flags_that_tell_it_apart(
    page: TestClient, origin: Project
) -> None:
    runs = by_flag(origin.runs("--where", "lr == 0.1"), "depth")
    found = ask(page, "series", scalar="loss", run=[runs[2]["id"], runs[3]["id"]])
    told = [(curve["flags"], curve["status"]) for curve in found["curves"]]
    assert told == [("depth=2", "completed"), ("depth=3", "error")]


def test_a_difference_is_that_of_runs_diff(page: TestClient, origin: Project) -> None:
    runs = by_flag(origin.runs("--where", "lr == 0.1"), "depth")
    one, other = runs[2]["id"], runs[3]["id"]
    told = json.loads(origin.run("runs", "diff", one, other, "--json").out)
    found = ask(page, "diff", a=one, b=other)
    assert found["subjects"]["flags"] == [{"name": "depth", "a": 2, "b": 3}]
    assert [pair["name"] for pair in found["subjects"]["scalars"]] == list(told["scalars"])


def test_the_plan_has_all_trials_in_its_order(page: TestClient, origin: Project) -> None:
    batch = origin.newest("batch")
    plan = ask(page, "plan", batch=batch["id"])
    assert [trial["id"] for trial in plan["trials"]] == batch["trials"]
    assert plan["trials"][0]["flags"] == "lr=0.1, depth=2"
    assert plan["trials"][1]["reason"] == "exit status 1: it diverged"
    assert plan["graph"] is None
    assert "no batch" in ask(page, "plan", 400, batch=origin.newest("run")["id"])["error"]


def test_charts_have_an_axis_for_each_flag_that_varies(page: TestClient) -> None:
    batch = ask(page, "store")["batches"][0]["id"]
    found = ask(page, "charts", batch=batch, brush='["depth", 4, 4]')
    assert [axis["name"] for axis in found["data"]["axes"]] == ["lr", "depth"]
    assert (found["drawn"], found["total"], len(found["selected"])) == (6, 6, 2)
    chosen = [found["data"]["runs"][place]["values"][1] for place in found["selected"]]
    assert chosen == [4, 4]
    of_one = ask(page, "charts", batch=batch, where="lr == 0.1")
    assert [axis["name"] for axis in of_one["data"]["axes"]] == ["depth"]


def test_a_damaged_record_is_told_and_the_others_are_shown(project: Project) -> None:
    damaged = project.newest("run")["id"]
    record = project.store / damaged / ".runner" / "record.json"
    record.write_text("{")
    with client_of(open_page(project)) as page:
        store = ask(page, "store")
        assert [one["id"] for one in store["unreadable"]] == [damaged]
        answer = ask(page, "runs")
        assert (answer["total"], answer["counts"]["unreadable"]) == (7, 1)
        assert "record.json" in ask(page, "run", 422, id=damaged)["error"]


def test_a_run_that_vanishes_is_told_and_the_page_goes_on(project: Project) -> None:
    gone = project.newest("run")["id"]
    with client_of(open_page(project)) as page:
        assert ask(page, "runs")["total"] == 7
        project.delete(gone)
        assert "no run" in ask(page, "run", 404, id=gone)["error"]
        assert ask(page, "runs")["total"] == 6


def test_control_characters_and_html_in_names_stay_text(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.folder.mkdir()
    nasty = "<script>alert(1)</script>\x1b[31m\u202e"
    project.write(
        {
            "conf/config.yaml": "operation: {function: lib.f}\nx: a\n",
            "lib.py": "def f(x):\n    return {'loss': 1}\n",
        }
    )
    project.run(f"x='{nasty}'", "+label='<b>bold</b>'")
    with client_of(open_page(project)) as page:
        answer = ask(page, "runs", flags="all")
        (value,) = column(answer, "x")
        assert value == "<script>alert(1)</script>\\x1b[31m\\u202e"
        assert column(answer, "label") == ["<b>bold</b>"]
        response = page.get("/api/runs")
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-content-type-options"] == "nosniff"


def test_nothing_is_unpickled(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(
        {
            "conf/config.yaml": "operation: {function: lib.f}\nx: 1\n",
            "lib.py": """
                class Trap:
                    def __reduce__(self):
                        return (open, ("sprung", "w"))

                def f(x):
                    return Trap()
            """,
        }
    )
    project.run("-m", "x=1,2")
    runs = project.runs("--where", "x > 0")
    assert (project.store / runs[0]["id"] / ".runner" / "result.joblib").exists()
    monkeypatch.chdir(project.folder)
    one, other = runs[0]["id"], runs[1]["id"]
    with client_of(open_page(project)) as page:
        for name, parameters in (
            ("store", {}),
            ("runs", {"flags": "all"}),
            ("charts", {}),
            ("run", {"id": one}),
            ("files", {"id": one, "own": "1"}),
            ("file", {"id": one, "path": ".runner/result.joblib"}),
            ("diff", {"a": one, "b": other}),
            ("plan", {"batch": project.newest("batch")["id"]}),
            ("log", {"id": one}),
        ):
            ask(page, name, **parameters)
    assert not (project.folder / "sprung").exists()


def test_a_store_below_home_is_named_as_people_write_it(
    origin: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(origin.folder.parent))
    with client_of(open_page(origin)) as page:
        assert ask(page, "store")["store"] == "~/project/runs"
