"""`runner runs show` and `runner runs diff`."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

from tests.installed import needs
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag

FILES = {
    "conf/config.yaml": """
        operation: {name: fit, script: fit.py}
        lr: 0.1
        depth: 3
        width: 1
    """,
    "fit.py": """
        lr = 0
        depth = 0
        width = 0
        print("loss:", lr * depth)
        open("model", "w").write("x" * depth)
    """,
}


def test_show_tells_the_options_that_a_restart_remembers(make_project: MakeProject) -> None:
    project = make_project(FILES)
    given = ["+max_trials=2", "+retries=1", "hydra.launcher.n_jobs=1"]
    project.run("-m", "lr=1,2", *given, "+print_trials=false")
    batch = project.newest("batch")["id"]
    shown = project.run("runs", "show", batch).lines
    first = shown.index("options:") + 1
    assert [line.strip() for line in shown[first : first + 3]] == given
    assert project.show(batch)["options"] == {"max_trials": 2, "retries": 1}
    assert project.show(batch)["hydra"] == ["hydra.launcher.n_jobs=1"]


def test_a_flag_that_was_given_beside_its_group_is_from_where_it_was_given(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "defaults: [model: a]\noperation: {command: ['true']}\n",
            "conf/model/a.yaml": "name: a\nwidth: 1\n",
            "conf/model/b.yaml": "name: b\nwidth: 2\n",
        }
    )

    def origins(*words: str) -> list[str]:
        project.run("-m", *words)
        found = project.show(project.newest("trial")["id"])["origins"]
        return [found["model.name"], found["model.width"]]

    assert origins("model=b", "model.width=3,4") == ["override", "sweep"]
    assert origins("model=a,b", "model.width=7") == ["sweep", "override"]
    assert origins("model.width=7", "model=a,b") == ["sweep", "override"]
    assert origins("model.width=3,4") == ["default", "sweep"]


def test_show_tells_where_flags_are_from_and_what_differs_now(make_project: MakeProject) -> None:
    project: Project = make_project(FILES)
    project.run("-m", "lr=1,2", "depth=4")
    trial = project.newest("trial")
    shown = project.show(trial["id"])
    assert shown["origins"] == {"lr": "sweep", "depth": "override", "width": "default"}
    assert shown["code"]["changes"] == []
    assert shown["tail"] == [f"loss: {trial['flags']['lr'] * 4}"]
    assert trial.items() <= shown.items()
    lines = project.run("runs", "show", trial["id"]).lines
    assert f"  lr: {trial['flags']['lr']} (sweep)" in lines
    assert "  width: 1 (default)" in lines
    assert lines[-2:] == ["end of the log:", f"  {shown['tail'][0]}"]
    loss = f"{trial['flags']['lr'] * 4}"
    assert f"  loss: {loss} (reported once, min {loss}, max {loss})" in lines
    assert f"random seed: {trial['random_seed']}" in lines and f"id: {trial['id']}" in lines
    for time in ("initialized", "started", "stopped"):
        shown_time = datetime.fromisoformat(trial[time]).astimezone()
        assert f"{time}: {shown_time:%Y-%m-%d %H:%M:%S}" in lines
    with (project.folder / "fit.py").open("a") as script:
        script.write("\n# changed\n")
    assert project.show(trial["id"])["code"]["changes"] == ["fit.py differs"]
    assert "  changed since: fit.py differs" in project.run("runs", "show", trial["id"]).lines


def test_show_tells_what_a_file_gave_and_how_former_attempts_ended(
    make_project: MakeProject,
) -> None:
    rows = {"rows.csv": "lr,depth\n1,2\n"}
    failing = {"fit.py": "lr = depth = 0\nwidth = 0\nraise SystemExit(2)\n"}
    project: Project = make_project(FILES | rows | failing)
    project.run("-m", "+trials=rows.csv", "width=2", "+retries=1", status=1)
    shown = project.show(project.newest("trial")["id"])
    assert shown["origins"] == {"lr": "file", "depth": "file", "width": "override"}
    lines = project.run("runs", "show", shown["id"]).lines
    attempts = lines.index("attempts:")
    assert lines[attempts + 1].endswith(": exit status 2 (.runner/logs/0001.log)")


@needs("optuna")
def test_show_tells_what_an_optimizer_gave(make_project: MakeProject) -> None:
    project: Project = make_project(FILES)
    project.run("-m", "+optimizer=tpe", "+max_trials=1", "+objective=loss", "lr=interval(0,1)")
    assert project.show(project.newest("trial")["id"])["origins"]["lr"] == "optimizer"


def test_show_has_the_flags_that_were_given_before_the_others(make_project: MakeProject) -> None:
    project: Project = make_project(FILES)
    project.run("width=2")
    lines = project.run("runs", "show", "last").lines
    begin = lines.index("flags:")
    assert lines[begin + 1 : begin + 4] == [
        "  width: 2 (override)",
        "  lr: 0.1 (default)",
        "  depth: 3 (default)",
    ]


def test_show_of_a_batch_tells_orphans_and_what_was_deleted_by_hand(
    make_project: MakeProject,
) -> None:
    project: Project = make_project(FILES)
    project.run("-m", "lr=1,2")
    batch = project.newest("batch")["id"]
    project.run(f"+restart={batch}", "lr=2,3")
    trials = by_flag(project.runs(), "lr")
    shown = project.show(batch)
    assert shown["orphans"] == [trials[1]["id"]]
    shutil.rmtree(trials[2]["dir"])
    lines = project.run("runs", "show", batch).lines
    gone = f"  {trials[2]['id'][:8]} is gone: its folder was deleted by hand"
    assert gone in lines
    orphans = lines.index("orphans:")
    assert lines[orphans + 1].startswith(f"  {trials[1]['id'][:8]} completed")
    assert "status: error" in lines


def test_diff_tells_what_differs(make_project: MakeProject) -> None:
    project: Project = make_project(FILES)
    project.run("lr=1", "depth=2")
    first = project.newest("run")["id"]
    with (project.folder / "fit.py").open("a") as script:
        script.write("\nopen('extra\\n', 'w').write('1')\n")
    project.run("lr=1.0", "depth=3")
    second = project.newest("run")["id"]
    found = json.loads(project.run("runs", "diff", first, second, "--json").out)
    assert (found["a"], found["b"]) == (first, second)
    assert found["flags"] == {"depth": [2, 3]}
    assert found["scalars"] == {"loss": [2, 3]}
    assert set(found["code"]) == {"fit.py"}
    assert found["files"] == {"extra\n": [None, 1], "model": [2, 3]}
    lines = project.run("runs", "diff", first[:8], second[:8]).lines
    assert "  depth: 2 -> 3" in lines
    assert "  extra\\n: (none) -> 1" in lines
    assert "  model: 2 -> 3 bytes" in lines
    record = project.store / second / ".runner" / "record.json"
    content = json.loads(record.read_text())
    content["provenance"]["versions"]["python"] = "3.0"
    content["recipe"]["environment"] = {"STAGE": "test"}
    record.write_text(json.dumps(content))
    found = json.loads(project.run("runs", "diff", first, second, "--json").out)
    assert found["versions"]["python"][1] == "3.0"
    assert found["environment"] == {"STAGE": [None, "test"]}
    refused = project.run("runs", "diff", first, first[:8], status=2)
    assert "given twice" in refused.err


def test_diff_tells_null_from_no_such_flag(make_project: MakeProject) -> None:
    project: Project = make_project(FILES)
    project.run("width=null")
    project.run("~width")
    lines = project.run("runs", "diff", *(run["id"] for run in reversed(project.runs()))).lines
    assert "  width: null -> (none)" in lines


def test_commands_that_differ_in_the_values_of_flags_alone_have_the_same_code(
    make_project: MakeProject,
) -> None:
    config = 'operation: {command: [echo, "${x}", {--y: "${y}"}, "n${x}.txt"]}\nx: 1\ny: a\n'
    project = make_project({"conf/config.yaml": config})
    project.run("x=0.5", "y=b")
    project.run("x=2", "y=c")
    project.write({"conf/config.yaml": config.replace("echo", "printf")})
    project.run("x=3")
    third, second, first = (run["id"] for run in project.runs())
    assert project.run("runs", "diff", first, second).lines[1:] == [
        "flags:",
        "  x: 0.5 -> 2",
        "  y: b -> c",
    ]
    assert "code:" in project.run("runs", "diff", second, third).lines


def test_two_runs_that_do_not_differ_are_told_so(make_project: MakeProject) -> None:
    project: Project = make_project(FILES)
    project.run("lr=1")
    project.run("lr=1")
    first, second = (run["id"] for run in project.runs())
    line = f"{first[:8]} and {second[:8]} do not differ"
    assert project.run("runs", "diff", first, second).lines == [line]
    (Path(project.show(second)["dir"]) / "model").write_bytes(b"yyy")
    assert project.run("runs", "diff", first, second).lines[-1] == (
        "  model: 3 bytes each, with other content"
    )
