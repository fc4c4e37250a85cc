"""Operations made of steps, swept, shared, gathered, restarted: contract section 11."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.scenarios.conftest import MakeProject
from tests.scenarios.pipelines import FILES, RENAMED, ran, started, steps
from tests.scenarios.project import Listed, Project, lines

STUDY = "operation=study"


@pytest.fixture
def study(make_project: MakeProject) -> Project:
    """The pipeline, not run yet."""
    return make_project(FILES)


def batch_of(project: Project, *words: str) -> str:
    """Run a sweep of the pipeline: the id of its batch."""
    project.run("-m", STUDY, *words)
    found: str = project.newest("batch")["id"]
    return found


def folder(run: Listed) -> Path:
    return Path(run["dir"])


# ---- a batch, always


def test_a_pipeline_makes_a_batch_whose_trials_are_its_steps_runs(study: Project) -> None:
    study.run(STUDY)
    batch = study.newest("batch")
    assert (batch["operation"], batch["status"]) == ("study", "completed")
    assert [run["kind"] for run in study.runs()].count("trial") == 4
    assert {run["kind"] for run in study.runs()} == {"batch", "trial"}
    assert list(steps(study)) == ["prepare", "train", "evaluate", "report"]


def test_combinations_share_what_they_agree_in(study: Project) -> None:
    batch_of(study, "train.lr=0.1,0.01", "rows=3,4")
    assert {name: len(runs) for name, runs in steps(study).items()} == {
        "prepare": 2,
        "train": 4,
        "evaluate": 4,
        "report": 1,
    }
    assert study.newest("batch")["flags"] == {
        "operation": ["study"],
        "train.lr": [0.1, 0.01],
        "rows": [3, 4],
    }


def test_the_pipeline_is_swept_only_with_m(study: Project) -> None:
    said = study.run(STUDY, "train.lr=0.1,0.01", status=2).err
    assert "add -m" in said
    assert study.runs() == []


# ---- composition


def test_a_step_gets_its_node_interpolated_and_then_its_overrides_in_the_whole_grammar(
    study: Project,
) -> None:
    words = ("train.lr=0.5", "~train.model", "+evaluate.note=x", "++train.epochs=9")
    study.run(STUDY, "rows=7", "+lr=3", *words, "+init_trials=true")
    found = steps(study)
    assert found["prepare"][0]["flags"] == {"rows": 7}
    assert found["train"][0]["flags"] == {"lr": 0.5, "epochs": 9}
    assert found["evaluate"][0]["flags"] == {"note": "x"}


def test_config_groups_of_a_step_are_chosen_and_swept(study: Project) -> None:
    batch_of(study, "train.model=glob(*)", "+init_trials=true")
    assert [run["flags"] for run in steps(study)["train"]] == [
        {"model.depth": depth, "lr": 0.1, "epochs": 2} for depth in (3, 1)
    ]


def test_a_step_s_operation_can_be_swapped(study: Project) -> None:
    study.write(
        {
            "conf/operation/other.yaml": FILES["conf/operation/train.yaml"].replace(
                "name: train, script: train.py", "name: other, command: ['true']"
            )
        }
    )
    batch_of(study, "train.operation=train,other", "+init_trials=true")
    assert [run["operation"] for run in steps(study)["train"]] == ["train", "other"]


def test_a_nested_config_group_of_a_step_is_chosen_and_swept(study: Project) -> None:
    study.write(
        {
            "conf/model/sub/narrow.yaml": "# @package model\ndepth: 7",
            "conf/model/sub/wide.yaml": "# @package model\ndepth: 8",
        }
    )
    study.run("-m", STUDY, "+train.model/sub=narrow,wide")
    assert [run["flags"]["model.depth"] for run in steps(study)["train"]] == [7, 8]


def test_the_node_of_a_step_may_be_given_whole(study: Project) -> None:
    batch_of(study, "train={epochs: 3}")
    assert steps(study)["train"][0]["flags"]["epochs"] == 3


def test_what_the_pipeline_itself_sets_of_hydra_is_not_told_as_a_step_s_own(
    study: Project,
) -> None:
    """Also where an experiment sets it, or the project's configuration for all operations."""
    more = "hydra: {launcher: {n_jobs: 2}, sweeper: {label: mine}}\n"
    study.write(
        {
            "conf/operation/study.yaml": FILES["conf/operation/study.yaml"] + more,
            "conf/config.yaml": """
                defaults: [_self_, operation: null]
                hydra: {sweeper: {label: all}}
            """,
            "conf/experiment/wide.yaml": """
                # @package _global_
                hydra: {sweeper: {retries: 1, params: {train.lr: "0.1,0.2"}}}
            """,
        }
    )
    words = ("-m", "+experiment=wide", STUDY, "+print_trials=true")
    result = study.run(*words)
    assert result.err == ""
    text = FILES["conf/operation/train.yaml"]
    study.write({"conf/operation/train.yaml": text + "hydra: {sweeper: {label: own}}\n"})
    (line,) = study.run(*words).said
    assert line.startswith("train: its own hydra.sweeper.label is ignored: ")


def test_a_step_s_own_hydra_node_is_ignored_with_a_line(study: Project) -> None:
    text = FILES["conf/operation/train.yaml"]
    own = "hydra: {launcher: {n_jobs: 0}, sweeper: {retries: 2}, job: {chdir: false}}\n"
    study.write({"conf/operation/train.yaml": text + own})
    said = study.run(STUDY).err
    assert (
        "train: its own hydra.launcher.n_jobs, hydra.sweeper.retries, hydra.job.chdir are "
        "ignored: settings of Hydra hold for the whole pipeline" in said
    )
    trial = steps(study)["train"][0]
    study.run(f"+restart={trial['id']}")
    kept = yaml.safe_load((folder(trial) / ".hydra/hydra.yaml").read_text())["hydra"]
    assert kept["runtime"]["choices"]["operation"] == "train"
    assert kept["job"]["chdir"] is not False
    assert (folder(trial) / "model.txt").exists()


def test_the_pipeline_s_own_hydra_node_holds_for_all_its_steps(study: Project) -> None:
    text = FILES["conf/operation/study.yaml"]
    study.write({"conf/operation/study.yaml": text + "hydra: {sweeper: {label: mine}}\n"})
    study.run(STUDY)
    assert {run["label"] for run in study.runs()} == {"mine"}


def test_a_step_has_at_most_so_many_trials_at_once_as_it_says(study: Project) -> None:
    text = FILES["conf/operation/study.yaml"]
    wired = text.replace("[prepare/clean.txt]}", "[prepare/clean.txt], n_jobs: 1}", 1)
    study.write(
        {
            "conf/operation/study.yaml": wired,
            "train.py": FILES["train.py"]
            + "import os, time\n"
            + 'taken = os.environ["RUNNER_PROJECT_DIR"] + "/taken"\n'
            + "os.mkdir(taken)\n"  # fails beside another
            + "time.sleep(0.2)\n"
            + "os.rmdir(taken)\n",
        }
    )
    study.run("-m", STUDY, "train.lr=0.1,0.2,0.3", "hydra.launcher.n_jobs=3")
    assert study.newest("batch")["status"] == "completed"


def test_a_step_alone_is_what_runner_operation_gives(study: Project) -> None:
    study.run("operation=prepare", "rows=10")
    alone = study.newest("run")["id"]
    study.run(STUDY, "+needed=true")
    assert study.newest("batch")["trials"][0] == alone
    assert study.show(alone)["batches"] == [study.newest("batch")["id"]]


def test_a_run_taken_from_the_store_belongs_to_the_step_that_the_batch_takes_it_for(
    study: Project,
) -> None:
    study.run("operation=prepare", "rows=1")
    alone = study.newest("run")["id"]
    study.run("-m", STUDY, "rows=1,2", "+needed=true")
    batch = study.newest("batch")["id"]

    def listed(*words: str) -> set[tuple[str | None, int]]:
        found = study.runs(*words)
        return {(run["step"], run["flags"]["rows"]) for run in found if "rows" in run["flags"]}

    both = {("prepare", 1), ("prepare", 2)}
    assert listed("--batch", batch, "--step", "prepare") == both
    assert listed("--step", "prepare") == both
    assert listed("--batch", batch, "--where", "prepare.rows == 1") == {("prepare", 1)}
    assert len(lines(study.run("compare", batch, "--step", "prepare").out)) == 3
    words = ("--where", f"id == '{alone}'", "--columns", "step")
    assert lines(study.run("runs", "list", *words).out)[1:] == ["prepare"]


def test_after_a_step_was_renamed_its_runs_belong_to_either_name(study: Project) -> None:
    study.run("-m", STUDY, "train.lr=0.1,0.2", "+until=train")
    first = study.newest("batch")["id"]
    study.write({"conf/operation/study.yaml": RENAMED})
    words = ("fit.lr=0.1,0.3", "+until=fit", "+needed=true")
    study.run("-m", STUDY, *words)
    second = study.newest("batch")["id"]

    def listed(*words: str) -> list[float]:
        return sorted(run["flags"]["lr"] for run in study.runs(*words))

    assert listed("--step", "train") == [0.1, 0.2]
    assert listed("--step", "fit") == [0.1, 0.3]
    assert listed("--where", "fit.lr > 0", "--operation", "train") == [0.1, 0.3]
    assert listed("--batch", second, "--step", "fit") == [0.1, 0.3]
    assert listed("--batch", first, "--step", "train") == [0.1, 0.2]
    assert listed("--batch", first, "--where", "step == 'train'") == [0.1, 0.2]
    assert listed("--batch", second, "--step", "train") == []


# ---- inputs


def test_inputs_are_relative_links_and_the_store_can_be_moved(study: Project) -> None:
    study.run(STUDY)
    train = folder(steps(study)["train"][0])
    link = train / "clean.txt"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    shutil.move(study.store, study.folder / "moved")
    moved = study.folder / "moved" / train.name
    assert (moved / "clean.txt").read_text() == "x\n" * 10
    (report,) = (study.folder / "moved").glob("*/runs")
    assert all((member / "rows").read_text().strip() == "10" for member in report.iterdir())


def test_an_input_can_be_copied_a_whole_folder_linked_and_a_step_only_waited_for(
    study: Project,
) -> None:
    text = FILES["conf/operation/study.yaml"]
    wired = text.replace(
        "[prepare/clean.txt]", "[{clean.txt: prepare/clean.txt, copy: true}, prepare]"
    )
    wired = wired.replace("rows: 10", "    last: {operation: prepare, after: [train]}\nrows: 10")
    study.write({"conf/operation/study.yaml": wired})
    study.run(STUDY, "hydra.launcher.n_jobs=2")
    found = steps(study)
    train, last = found["train"][0], found["last"][0]
    assert not (folder(train) / "clean.txt").is_symlink()
    assert (folder(train) / "prepare").is_symlink()
    assert (folder(train) / "prepare" / "clean.txt").is_file()
    assert last["started"] > train["stopped"]
    assert last["inputs"] == {}


def test_an_input_replaces_what_is_required_from_the_project(study: Project) -> None:
    study.write(
        {
            "clean.txt": "project\n",
            "conf/operation/train.yaml": FILES["conf/operation/train.yaml"].replace(
                "train.py}", "train.py, requires: [clean.txt]}"
            ),
        }
    )
    study.run("operation=train")
    alone = study.newest("run")
    assert (folder(alone) / "model.txt").read_text().split()[-1] == "1"
    study.run(STUDY)
    assert (folder(steps(study)["train"][0]) / "model.txt").read_text().split()[-1] == "10"


def test_runner_inputs_says_of_each_input_its_run_and_its_upstream(study: Project) -> None:
    study.write(
        {
            "evaluate.sh": """
                cp "$RUNNER_INPUTS" inputs.json
                wc -l < data.txt > rows
            """,
            "plot.py": """
                import os, shutil
                shutil.copy(os.environ["RUNNER_INPUTS"], "inputs.json")
            """,
        }
    )
    study.run(STUDY)
    found = steps(study)
    said = json.loads((folder(found["evaluate"][0]) / "inputs.json").read_text())
    assert set(said) == {"model.txt", "data.txt"}
    train = found["train"][0]
    assert said["model.txt"]["id"] == train["id"]
    assert said["model.txt"]["flags"] == train["flags"]
    assert said["model.txt"]["folder"] == train["dir"]
    assert said["model.txt"]["inputs"]["clean.txt"]["flags"] == {"rows": 10}
    assert {"scalars", "result"} <= set(said["model.txt"])
    gathered = json.loads((folder(found["report"][0]) / "inputs.json").read_text())
    (member,) = gathered["runs"]["runs"]
    assert member["id"] == found["evaluate"][0]["id"]
    assert member["inputs"]["model.txt"]["flags"] == train["flags"]


def test_the_record_says_which_attempt_of_which_run_was_taken_and_show_what_took_it(
    study: Project,
) -> None:
    study.run(STUDY)
    found = steps(study)
    train, prepare = found["train"][0], found["prepare"][0]
    assert train["step"] == "train"
    assert train["inputs"] == {
        "clean.txt": {"run": prepare["id"], "path": "clean.txt", "attempt": 1}
    }
    assert found["report"][0]["inputs"] == {"runs": {"runs": [found["evaluate"][0]["id"]]}}
    assert study.newest("batch")["step"] is None
    shown = study.run("runs", "show", train["id"]).lines
    taken = f"  clean.txt: {prepare['id'][:8]} prepare (rows=10): clean.txt, attempt 1"
    assert taken in shown
    assert f"  {found['evaluate'][0]['id'][:8]} evaluate completed" in shown
    downstream = study.show(prepare["id"])["downstream"]
    assert sorted(downstream) == sorted([train["id"], found["evaluate"][0]["id"]])


def test_a_missing_file_is_a_failure_of_the_upstream(study: Project) -> None:
    study.write({"prepare.py": "rows = 5\nprint(rows)"})
    said = study.run(STUDY, status=1).err
    prepare = steps(study)["prepare"][0]
    assert prepare["status"] == "error"
    assert prepare["reason"] == "it has not made clean.txt, which train takes from it"
    assert "clean.txt" in said


def test_links_are_made_anew_on_a_restart(study: Project) -> None:
    study.run(STUDY)
    train = folder(steps(study)["train"][0])
    (train / "clean.txt").unlink()
    (train / "clean.txt").mkdir()
    study.run(f"+restart={study.newest('batch')['id']}")
    assert (train / "clean.txt").is_symlink()


# ---- gathers


def test_a_gather_finds_all_trials_in_plan_order_with_upstream_flags(study: Project) -> None:
    batch_of(study, "train.lr=0.1,0.01")
    found = steps(study)
    report = folder(found["report"][0])
    listed = json.loads((report / "runs.json").read_text())
    assert [run["id"] for run in listed] == [run["id"] for run in found["evaluate"]]
    assert [run["flags"]["train.lr"] for run in listed] == [0.1, 0.01]
    assert listed[0]["flags"]["prepare.rows"] == 10
    assert {"scalars", "result", "status"} <= set(listed[0])
    assert listed[0]["status"] == "completed"
    links = {f"runs/{run['id'][:8]}" for run in found["evaluate"]}
    assert {str(path.relative_to(report)) for path in (report / "runs").iterdir()} == links


def test_by_makes_one_gathering_trial_for_each_value(study: Project) -> None:
    text = FILES["conf/operation/study.yaml"]
    study.write(
        {
            "conf/operation/study.yaml": text.replace(
                "{runs: evaluate}", "{runs: evaluate, by: [train.model]}"
            )
        }
    )
    batch_of(study, "train.model=small,large", "train.lr=0.1,0.01")
    reports = steps(study)["report"]
    assert [len(run["inputs"]["runs"]["runs"]) for run in reports] == [2, 2]


def test_gathering_trials_are_told_apart_by_the_values_of_by(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "defaults: [operation: flow, _self_]\n",
            "conf/operation/flow.yaml": """
                # @package _global_
                operation:
                  name: flow
                  steps:
                    prepare:
                    table: {operation: count, gathers: {runs: prepare}, by: [prepare.rows]}
                    total: {operation: count, gathers: {runs: prepare}}
                rows: 5
                prepare: {rows: "${rows}"}
            """,
            "conf/operation/prepare.yaml": FILES["conf/operation/prepare.yaml"],
            "prepare.py": FILES["prepare.py"],
            "conf/operation/count.yaml": """
                # @package _global_
                operation: {name: count, script: count.py}
            """,
            "count.py": """
                import json, sys
                n = len(json.load(open("runs.json")))
                print("n:", n)
                sys.exit("too few" if n == 1 else 0)
            """,
        }
    )
    said = project.run("-m", "rows=1,22", "hydra.launcher.n_jobs=1", status=1).said
    for rows in (1, 22):
        assert any(line.endswith(f" (prepare.rows={rows}; too few)") for line in said), said
    gathered = steps(project)["table"]

    where = ("--where", "prepare.rows == 22")
    assert [run["id"] for run in project.runs("--step", "table", *where)] == [gathered[1]["id"]]
    table = lines(project.run("compare", "last:batch", "--step", "table").out)
    assert table[0].split() == ["id", "status", "prepare.rows", "n"]
    assert [row.split()[2] for row in table[1:]] == ["1", "22"]
    table = lines(project.run("runs", "list").out)
    assert table[0].split()[:3] == ["id", "operation", "step"]
    assert {row.split()[2] for row in table if " count " in row} == {"table", "total"}

    prepare = steps(project)["prepare"][1]["id"][:8]
    shown = lines(project.run("runs", "show", gathered[1]["id"]).out)
    assert f"  runs: 1 run of prepare gathered (prepare.rows=22): {prepare}" in shown


def test_what_a_gathering_trial_was_made_from_is_told_to_what_gathers_it(study: Project) -> None:
    text = FILES["conf/operation/study.yaml"]
    by = "report: {operation: plot, gathers: {runs: evaluate}, by: [train.lr]}"
    more = "    all: {operation: plot, gathers: {runs: report}}\n"
    text = text.replace("report: {operation: plot, gathers: {runs: evaluate}}\n", f"{by}\n{more}")
    study.write({"conf/operation/study.yaml": text})
    batch_of(study, "train.lr=0.1,0.01")
    listed = json.loads((folder(steps(study)["all"][0]) / "runs.json").read_text())
    assert [run["flags"]["train.lr"] for run in listed] == [0.1, 0.01]


def test_a_partial_gather_takes_what_is_completed(study: Project) -> None:
    text = FILES["conf/operation/study.yaml"]
    study.write(
        {
            "conf/operation/study.yaml": text.replace(
                "{runs: evaluate}", "{runs: evaluate, partial: true}"
            ),
            "train.py": FILES["train.py"] + "assert a.lr < 1\n",
        }
    )
    study.run("-m", STUDY, "train.lr=0.1,2", status=1)
    found = steps(study)
    assert [run["status"] for run in found["evaluate"]] == ["completed", "pending"]
    assert found["report"][0]["status"] == "completed"
    assert len(found["report"][0]["inputs"]["runs"]["runs"]) == 1


def test_a_partial_gather_whose_member_fails_again_has_gathered_already(study: Project) -> None:
    text = FILES["conf/operation/study.yaml"]
    partial = text.replace("{runs: evaluate}", "{runs: evaluate, partial: true}")
    failing = FILES["train.py"] + "assert a.lr < 1\n"
    study.write({"conf/operation/study.yaml": partial, "train.py": failing})
    study.run("-m", STUDY, "train.lr=0.1,2", "hydra.launcher.n_jobs=1", status=1)
    before, batch = started(study), study.newest("batch")["id"]
    study.run(f"+restart={batch}", "+needed=true", status=1)
    assert ran(study, before) == ["train"]
    assert steps(study)["report"][0]["status"] == "completed"
    study.write({"train.py": FILES["train.py"]})
    before = started(study)
    study.run(f"+restart={batch}", "+needed=true")
    assert ran(study, before) == ["train", "evaluate", "report"]
    assert len(steps(study)["report"][0]["inputs"]["runs"]["runs"]) == 2


# ---- failure


def test_what_depends_on_a_failed_trial_stays_pending_and_other_branches_go_on(
    study: Project,
) -> None:
    study.write({"train.py": FILES["train.py"] + "assert a.lr < 1\n"})
    said = study.run("-m", STUDY, "train.lr=2,0.1", status=1).err
    found = steps(study)
    failed = found["train"][0]
    reason = f"not started: train {failed['id'][:8]} failed"
    assert [run["status"] for run in found["evaluate"]] == ["pending", "completed"]
    assert found["evaluate"][0]["reason"] == reason
    assert found["report"][0]["reason"] == reason
    assert f"2 trials {reason}" in said
    assert study.newest("batch")["status"] == "error"


def test_the_flags_upstream_that_vary_tell_failed_trials_apart(study: Project) -> None:
    study.write({"train.py": FILES["train.py"] + "assert rows != 7, 'seven is bad'\n"})
    words = ("train.lr=2,0.1", "rows=6,7", "hydra.launcher.n_jobs=2")
    said = study.run("-m", STUDY, *words, status=1).err
    failed = {run["id"][:8]: run for run in steps(study)["train"] if run["status"] == "error"}
    assert len(failed) == 2
    for short, run in failed.items():
        what = f"lr={run['flags']['lr']}, prepare.rows=7"
        told = [line for line in lines(said) if line.startswith(f"Trial {short} failed: ")]
        assert len(told) == 2, said  # when it failed, and at the end
        assert all(o.endswith("; AssertionError: seven is bad)") for o in told), told
        assert all(what in line for line in told), (what, told)
    said = study.run("+restart=last:batch", "rows=7", "train.lr=2", status=1).err
    assert "seven is bad)" in said and "prepare.rows" not in said  # it is the same for all


def test_a_step_has_retries_and_a_timeout_of_its_own(study: Project) -> None:
    text = FILES["conf/operation/study.yaml"]
    wired = text.replace("prepare:\n", "prepare: {retries: 1}\n")
    wired = wired.replace("[prepare/clean.txt]}", "[prepare/clean.txt], timeout: 0.5}")
    study.write(
        {
            "conf/operation/study.yaml": wired,
            "prepare.py": """
                from pathlib import Path
                rows = 5
                first = not Path("been").exists()
                Path("been").touch()
                assert not first
                Path("clean.txt").write_text("x")
            """,
            "train.py": FILES["train.py"] + "import time; time.sleep(60)\n",
        }
    )
    study.run(STUDY, status=1)
    found = steps(study)
    assert found["prepare"][0]["status"] == "completed"
    assert len(found["prepare"][0]["attempts"]) == 1
    assert "0.5" in found["train"][0]["reason"]


# ---- restart


def test_a_restart_runs_all_in_place_in_the_graph_s_order(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01", "hydra.launcher.n_jobs=1")
    before = started(study)
    study.run(f"+restart={batch}")
    assert ran(study, before) == [
        *("prepare", "train", "evaluate", "train", "evaluate", "report"),
    ]
    assert set(started(study)) == set(before)


def test_needed_runs_only_what_is_not_current(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01")
    before = started(study)
    said = study.run(f"+restart={batch}", "+needed=true").err
    assert ran(study, before) == []
    assert "Skipping 6 completed trials" in said


def test_a_batch_goes_on_after_a_step_was_renamed_as_each_line_says(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.2")
    study.write({"conf/operation/study.yaml": RENAMED})
    restart = (f"+restart={batch}", "+needed=true")
    (line,) = study.run(*restart, "fit.lr=0.1", status=2).said
    assert line.endswith(
        "the project's present YAML has it, and +refresh=true '~train.lr' takes that"
    )
    (line,) = study.run(*restart, "+refresh=true", "fit.lr=0.1,0.3", status=2).said
    assert line == (
        f"runner: train.lr=0.1,0.2: given to {batch[:8]} at an earlier start, but there is no flag "
        "train.lr any more (the steps are prepare, fit, evaluate, report); to take it back: "
        "'~train.lr'"
    )
    before = started(study)
    study.run(*restart, "+refresh=true", "~train.lr", "fit.lr=0.1,0.3")
    assert ran(study, before) == ["fit", "evaluate", "report"]
    kept = study.runs("--batch", batch, "--step", "fit")
    assert sorted(run["flags"]["lr"] for run in kept) == [0.1, 0.3]
    (line,) = study.run(*restart, "~train.lr", status=2).said
    assert "~train.lr: there is no step 'train'; there are prepare, fit, evaluate, report" in line


def test_a_new_value_runs_its_branch_and_the_gather(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1")
    before, report = started(study), steps(study)["report"][0]["id"]
    study.run(f"+restart={batch}", "train.lr=0.1,0.01", "+needed=true")
    assert ran(study, before) == ["train", "evaluate", "report"]
    assert study.newest("trial")["step"] == "report"
    assert [run["id"] for run in steps(study)["report"]] == [report]
    study.run("operation=prepare", "rows=10", "+needed=true")
    assert ran(study, before) == ["train", "evaluate", "report"]


def test_orphans_are_told_apart_by_step_and_by_what_is_upstream(study: Project) -> None:
    batch = batch_of(study, "prepare.rows=2,3", "train.lr=0.1,0.01")
    study.run(f"+restart={batch}", "prepare.rows=2", "train.lr=0.1", "+needed=true")
    shown = study.run("runs", "show", batch[:8]).out.partition("orphans:\n")[2].splitlines()
    assert sorted(line.split(maxsplit=1)[1] for line in shown) == [
        "evaluate completed (prepare.rows=2, train.lr=0.01)",
        "evaluate completed (prepare.rows=3, train.lr=0.01)",
        "evaluate completed (prepare.rows=3, train.lr=0.1)",
        "prepare completed (rows=3)",
        "train completed (epochs=2, lr=0.01, prepare.rows=2)",
        "train completed (epochs=2, lr=0.01, prepare.rows=3)",
        "train completed (epochs=2, lr=0.1, prepare.rows=3)",
    ]


def test_a_value_less_orphans_its_branch_and_it_comes_back(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01")
    both = study.newest("batch")["trials"]
    study.run(f"+restart={batch}", "train.lr=0.1", "+needed=true")
    assert len(study.newest("batch")["trials"]) == 4
    before = started(study)
    study.run(f"+restart={batch}", "train.lr=0.1,0.01", "+needed=true")
    assert study.newest("batch")["trials"] == both
    assert ran(study, before) == ["report"]


def test_a_plan_is_drawn_anew_by_its_seed_and_pending_trials_that_it_loses_are_deleted(
    study: Project,
) -> None:
    batch = batch_of(study, "train.lr=range(20)", "+max_trials=3", "+init_trials=true")

    def planned(most: int) -> dict[float, str]:
        study.run(f"+restart={batch}", f"+max_trials={most}", "+init_trials=true")
        return {run["flags"]["lr"]: run["id"] for run in steps(study)["train"]}

    few, more = planned(3), planned(6)
    assert len(few) == 3
    assert len(more) == 6
    assert few.items() <= more.items()
    assert planned(3) == few
    assert len(study.runs()) == 1 + 1 + 2 * 3 + 1


def test_a_mended_step_and_what_waited_for_it_run(study: Project) -> None:
    study.write({"train.py": FILES["train.py"] + "assert a.lr < 1\n"})
    study.run("-m", STUDY, "train.lr=2,0.1", status=1)
    study.write({"train.py": FILES["train.py"]})
    before = started(study)
    study.run(f"+restart={study.newest('batch')['id']}", "+needed=true")
    assert ran(study, before) == ["train", "evaluate", "report"]
    assert {run["status"] for run in study.runs()} == {"completed"}
    assert all(run["reason"] is None for run in study.runs())


def test_from_runs_a_step_and_what_depends_on_it(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01", "hydra.launcher.n_jobs=1")
    before = started(study)
    study.run(f"+restart={batch}", "+from=evaluate")
    assert ran(study, before) == ["evaluate", "evaluate", "report"]
    said = study.run("+restart=last", "+from=evaluate", status=2).err
    assert f"restart its whole batch by +restart={batch[:8]} +from=evaluate" in said
    both = study.run(f"+restart={batch}", "+from=evaluate", "+only=failed", status=2).err
    assert "+from=evaluate +only=failed: what has not failed would not run" in both
    skipped = study.terminal(f"+restart={batch}", "+until=train", "+only=failed")
    assert "Skipping 3 trials that have not failed" in skipped
    assert "Skipping 3 trials that come after train" in skipped


def test_until_leaves_what_comes_after_pending_and_ends_well(study: Project) -> None:
    study.run(STUDY, "+until=train")
    found = steps(study)
    assert [runs[0]["status"] for runs in found.values()] == [
        *("completed", "completed", "pending", "pending"),
    ]
    assert study.newest("batch")["status"] == "completed"
    study.run(f"+restart={study.newest('batch')['id']}", "+needed=true")
    assert {run["status"] for run in study.runs()} == {"completed"}


def test_only_failed_ends_well_though_what_waited_for_it_stays_pending(study: Project) -> None:
    study.write({"train.py": FILES["train.py"] + "assert a.lr < 1\n"})
    study.run("-m", STUDY, "train.lr=0.1,2", status=1)
    study.write({"train.py": FILES["train.py"]})
    said = study.run("+restart=last:batch", "+only=failed").said
    assert {name: {run["status"] for run in runs} for name, runs in steps(study).items()} == {
        "prepare": {"completed"},
        "train": {"completed"},
        "evaluate": {"completed", "pending"},
        "report": {"pending"},
    }
    batch = study.newest("batch")
    assert (batch["status"], batch["reason"]) == ("completed", "2 of 6 trials not completed")
    assert said[-1].endswith(f"to go on: runner +restart={batch['id'][:8]} +needed=true")


def test_restarting_one_trial_leaves_what_depends_on_it_and_says_how_many(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01")
    prepare = steps(study)["prepare"][0]
    before = started(study)
    said = study.run(f"+restart={prepare['id']}").err
    assert f"5 runs that take files from {prepare['id'][:8]} are out of date now" in said
    assert ran(study, before) == ["prepare"]
    before = started(study)
    study.run(f"+restart={batch}", "+needed=true", "hydra.launcher.n_jobs=1")
    assert ran(study, before) == ["train", "evaluate", "train", "evaluate", "report"]


def test_a_restart_that_leaves_results_out_of_date_says_so_and_what_to_type(
    study: Project,
) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01")
    to_go_on = f"; to go on: runner +restart={batch[:8]} +needed=true"

    def told(*words: str, status: int = 0) -> list[str]:
        said = study.run(f"+restart={batch}", *words, status=status).err.splitlines()
        assert said[-1].startswith(f"Batch {batch[:8]}: 6 trials, ")
        return [line for line in said if "out of date" in line]

    assert told() == []
    assert told("+until=prepare") == [f"5 trials are out of date{to_go_on}"]
    assert told("+until=evaluate", "+needed=true") == [f"1 trial is out of date{to_go_on}"]
    assert told("+needed=true") == []
    assert told("+from=train") == []
    good = FILES["evaluate.sh"]
    study.write({"evaluate.sh": good + "grep -q '^0.1 ' model.txt || exit 3\n"})
    assert told("+from=evaluate", status=1) == ["1 trial is out of date"]
    study.write({"evaluate.sh": good})
    assert told("+only=failed") == [f"1 trial is out of date{to_go_on}"]
    assert told("+needed=true") == []


def test_who_looks_later_sees_which_trials_are_out_of_date_and_why(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01")

    def stale() -> list[str]:
        lines = study.run("runs", "show", batch).lines
        rows = [line for line in lines if "  out of date: " in line]
        ids = [trial for trial in study.show(batch)["trials"] if study.show(trial)["out_of_date"]]
        assert [row.split()[1] for row in rows] == [trial[:8] for trial in ids]
        return [study.show(trial)["step"] for trial in ids]

    assert stale() == []
    study.run(f"+restart={batch}", "+until=prepare")
    assert sorted(stale()) == ["evaluate", "evaluate", "report", "train", "train"]
    report = steps(study)["report"][0]["id"]
    (why,) = [
        line for line in study.run("runs", "show", report).lines if line.startswith("out of date: ")
    ]
    assert why.endswith(", which is out of date itself")
    study.run(f"+restart={batch}", "+needed=true")
    assert stale() == []
    train = steps(study)["train"][0]["id"]
    study.run(f"+restart={train}")
    assert sorted(stale()) == ["evaluate", "report"]
    shutil.rmtree(study.store / train)
    assert any(
        line.endswith(f" is of {train[:8]}, which is gone")
        for line in study.run("runs", "show", batch).lines
    )


def test_a_restart_that_leaves_other_batches_out_of_date_says_so(study: Project) -> None:
    first = batch_of(study, "train.lr=0.1")
    second = batch_of(study, "train.lr=0.1,0.01", "+needed=true")
    said = study.run(f"+restart={first}", "+from=train").err
    assert (
        "1 run of another batch takes files from trials that ran again and is out of date now: "
        f"runner +restart={second[:8]} +needed=true"
    ) in said.splitlines()
    assert said.splitlines()[-1].startswith("Batch ")
    assert "another batch" not in study.run(f"+restart={second}", "+needed=true").err


def test_orphans_are_not_told_as_out_of_date(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01")
    prepare = steps(study)["prepare"][0]["id"]
    said = study.run(f"+restart={batch}", "train.lr=0.1").err
    assert "2 set aside" in said
    assert "out of date" not in said
    said = study.run(f"+restart={prepare}").err
    assert "3 runs that take files from" in said


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("prepare.rows=7", "prepare.rows=7"),
        ("+prepare.rows=7", "prepare.rows=7"),
        ("++prepare.rows=7", "prepare.rows=7"),
        ("+prepare.x=7", "+prepare.x=7"),
        ("'prepare.rows=[1, 2]'", "'prepare.rows=[1, 2]'"),
    ],
)
def test_a_trial_restarted_alone_takes_no_flag_of_another_step(
    study: Project, given: str, meant: str
) -> None:
    batch = batch_of(study, "train.lr=0.1")
    run = {step: runs[0]["id"] for step, runs in steps(study).items()}
    before = study.tree()
    for step in ("train", "evaluate", "report"):
        said = study.run(f"+restart={run[step]}", given.strip("'"), status=2).err
        assert said == (
            f"runner: {given.strip(chr(39))}: is for prepare {run['prepare'][:8]}, which this "
            f"trial takes files from; {run[step][:8]} is a run of {step}; to restart the batch "
            f"with it: runner +restart={batch[:8]} {meant} +needed=true\n"
        )
    assert study.tree() == before


def test_a_trial_restarted_alone_has_its_flags_without_the_step_s_name(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1")
    train = steps(study)["train"][0]["id"]
    for given, meant in (("train.lr=7", "lr=7"), ("+train.lr=7", "lr=7"), ("+train.x=7", "+x=7")):
        said = study.run(f"+restart={train}", given, status=2).err
        assert f"is a run of train: give its own flags without that name: {meant}\n" in said
    said = study.run(f"+restart={train}", "+report.x=1", status=2).err
    assert "+report.x=1: is for the step report; " in said
    assert f"runner +restart={batch[:8]} +report.x=1 +needed=true" in said
    study.run(f"+restart={train}", "lr=7")
    assert study.show(train)["flags"]["lr"] == 7


def test_a_trial_restarted_alone_finds_its_inputs(study: Project) -> None:
    study.run(STUDY)
    train = steps(study)["train"][0]
    (folder(train) / "clean.txt").unlink()
    study.run(f"+restart={train['id']}")
    assert study.show(train["id"])["status"] == "completed"
    assert study.show(train["id"])["inputs"]["clean.txt"]["attempt"] == 1


def test_a_file_that_is_gone_or_a_folder_now_or_of_a_deleted_run_is_told_and_made_anew(
    study: Project,
) -> None:
    again = "import shutil\nshutil.rmtree('clean.txt', ignore_errors=True)\n"
    study.write({"prepare.py": again + FILES["prepare.py"]})
    study.run(STUDY)
    found, batch = steps(study), study.newest("batch")["id"]
    prepare, train = found["prepare"][0], found["train"][0]["id"]
    clean = folder(prepare) / "clean.txt"
    clean.unlink()
    said = study.run(f"+restart={train}", status=2).err
    told = f"prepare {prepare['id'][:8]} has no clean.txt: restart the batch with +needed=true"
    assert told in said
    assert len(said.splitlines()) == 1
    before = started(study)
    said = study.run(f"+restart={batch}", "+needed=true").err
    assert "1 completed run of prepare does not count as completed: clean.txt is missing" in said
    assert ran(study, before) == ["prepare", "train", "evaluate", "report"]

    clean.unlink()
    clean.mkdir()
    said = study.run(f"+restart={train}", status=2).err
    assert f"clean.txt is a folder now in prepare {prepare['id'][:8]}: restart the batch" in said
    before = started(study)
    said = study.run(f"+restart={batch}", "+needed=true").err
    assert (
        "1 completed run of prepare does not count as completed: clean.txt is a folder now" in said
    )
    assert ran(study, before) == ["prepare", "train", "evaluate", "report"]

    shutil.rmtree(folder(prepare))
    said = study.run(f"+restart={train}", status=2).err
    assert f"what it takes from {prepare['id'][:8]} is gone" in said
    assert len(said.splitlines()) == 1
    said = study.run(f"+restart={batch}", "+needed=true").err
    assert f"The folders of 1 trial were deleted by hand ({prepare['id'][:8]})" in said
    assert len(ran(study, before)) == 4


def test_strictly_needed_is_what_changed_code_made_and_what_depends_on_it(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01", "hydra.launcher.n_jobs=1")
    before = started(study)
    study.write({"evaluate.sh": FILES["evaluate.sh"] + "# changed\n"})
    assert "Skipping 6" in study.run(f"+restart={batch}", "+needed=true").err
    said = study.run(f"+restart={batch}", "+needed=strict").err
    assert "2 completed runs do not count as completed: evaluate.sh has changed" in said
    assert ran(study, before) == ["evaluate", "evaluate", "report"]


def test_what_was_deleted_is_made_anew_and_a_copied_store_is_current(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01")
    assert [run["step"] for run in study.runs("--step", "train")] == ["train", "train"]
    deleted = steps(study)["train"][0]["id"]
    study.run("runs", "delete", deleted, "--dependents", "--yes")
    shutil.copytree(study.store, study.folder / "copied", symlinks=True)
    shutil.rmtree(study.store)
    copied = "hydra.sweeper.store=copied"
    table = study.table(f"+restart={batch}", copied, "+needed=true")
    done = [line.split()[1] + " " + " ".join(line.split()[-2:]) for line in table[1:]]
    assert sorted(done) == [
        *("evaluate create new", "evaluate skip current", "prepare skip current"),
        *("report create new", "train create new", "train skip current"),
    ]
    study.run(f"+restart={batch}", copied, "+needed=true")
    table = study.table(f"+restart={batch}", copied, "+needed=true")
    assert all(line.endswith(" current") for line in table[1:])


def test_deleting_what_others_take_from_wants_dependents(study: Project) -> None:
    study.run(STUDY)
    train = steps(study)["train"][0]["id"]
    said = study.run("runs", "delete", train, "--yes", status=2).err
    assert "--dependents" in said
    assert len(study.runs()) == 5
    study.run("runs", "delete", train, "--dependents", "--yes")
    assert [run["step"] for run in study.runs() if run["kind"] == "trial"] == ["prepare"]


# ---- seeing it


def test_the_preview_has_a_row_for_each_trial(study: Project) -> None:
    assert study.table("-m", STUDY, "train.lr=0.1,0.01") == lines(
        """
        #  step      from  train.lr
        1  prepare
        2  train     1     0.1
        3  evaluate  1,2   0.1
        4  train     1     0.01
        5  evaluate  1,4   0.01
        6  report    3,5
        """
    )
    assert study.runs() == []


def test_the_preview_of_a_restart_says_what_is_done_and_why(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1")
    evaluate = steps(study)["evaluate"][0]["id"]
    table = study.table(f"+restart={batch}", "train.lr=0.1,0.01", "+from=evaluate")
    assert table == lines(
        """
        #  step      from  train.lr  do      why
        1  prepare                   skip    current
        2  train     1     0.1       skip    current
        3  evaluate  1,2   0.1       run     from=evaluate
        4  train     1     0.01      create  new
        5  evaluate  1,4   0.01      create  new
        6  report    3,5             run     from=evaluate
        """
    )
    assert len(study.runs()) == 5
    assert study.show(evaluate)["status"] == "completed"


def test_show_of_a_batch_has_the_same_with_statuses(study: Project) -> None:
    batch = batch_of(study, "train.lr=0.1,0.01")
    shown = study.run("runs", "show", batch).lines
    ids = [run_id[:8] for run_id in study.newest("batch")["trials"]]
    rows = shown[shown.index("trials:") + 1 :]
    assert [row.split() for row in rows] == [
        ["#", "trial", "step", "from", "train.lr", "status", "reason"],
        ["1", ids[0], "prepare", "completed"],
        ["2", ids[1], "train", "1", "0.1", "completed"],
        ["3", ids[2], "evaluate", "1,2", "0.1", "completed"],
        ["4", ids[3], "train", "1", "0.01", "completed"],
        ["5", ids[4], "evaluate", "1,4", "0.01", "completed"],
        ["6", ids[5], "report", "3,5", "completed"],
    ]


def test_show_has_the_columns_of_the_preview(study: Project) -> None:
    words = ("-m", STUDY, "train.model=small,large", "rows=4,5", "train.lr=0.3")
    previewed = by_column(study.table(*words))
    study.run(*words, "+init_trials=true")
    shown = trials_shown(study, study.newest("batch")["id"])
    for row, (trial, run_id) in zip(
        previewed, zip(by_column(shown), study.newest("batch")["trials"], strict=True), strict=True
    ):
        assert trial == {**row, "trial": run_id[:8], "status": "pending", "reason": ""}
    assert [row["rows"] for row in previewed] == [*"444555", *"4455", ""]
    assert [row["train.model"] for row in previewed][1::3] == ["small", "small", "large", ""]


def by_column(table: list[str]) -> list[dict[str, str]]:
    """The rows of a table, by the titles of its columns."""
    titles = [(found.group(), found.start()) for found in re.finditer(r"\S+", table[0])]
    ends = [*(start for _, start in titles[1:]), None]
    return [
        {title: row[start:end].strip() for (title, start), end in zip(titles, ends, strict=True)}
        for row in table[1:]
    ]


def trials_shown(study: Project, batch: str) -> list[str]:
    """The table of trials in `runs show`."""
    shown = study.run("runs", "show", batch).lines
    return [line.removeprefix("  ") for line in shown[shown.index("trials:") + 1 :]]


def test_show_of_more_than_forty_trials_has_a_line_for_each_step(study: Project) -> None:
    forty = batch_of(study, "rows=1,2,3", "train.lr=range(6)", "+init_trials=true")
    assert len(trials_shown(study, forty)) == 1 + 40
    more = batch_of(study, "rows=range(8)", "train.lr=1,2", "+init_trials=true")
    assert [row.split() for row in trials_shown(study, more)] == [
        ["step", "trials", "status"],
        ["prepare", "8", "8", "pending"],
        ["train", "16", "16", "pending"],
        ["evaluate", "16", "16", "pending"],
        ["report", "1", "1", "pending"],
    ]


# ---- bad input


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trian.lr=1"], "trian.lr=1: there is no step 'trian'; did you mean train.lr?"),
        (["train.lrr=1"], "train.lrr=1: unknown flag 'lrr'; did you mean lr? (to add one: +train"),
        (["train.model=huge"], "operation.steps.train: the configuration does not compose"),
        (["+from=nope"], "+from=nope: there is no step 'nope'; there are prepare, train, evaluate"),
        (["+until=nope"], "+until=nope: there is no step 'nope'"),
        (["+from=train,evaluate"], "+from=train,evaluate: must be one step"),
        (["+from=report", "+until=train"], "report comes after train, so it would not run"),
        (["evaluate.operation=study"], "operation.steps.evaluate: its operation has steps itself"),
        (["evaluate.operation=nope"], "operation.steps.evaluate: the configuration does not"),
        (["train.model/sub=x"], "train.model/sub=x: unknown flag 'model/sub'"),
        (["trian.model/sub=x"], "there is no step 'trian'; did you mean train.model/sub?"),
        (["train.hydra.launcher.n_jobs=2"], "give it as hydra.launcher.n_jobs=2"),
        (["train.hydra/launcher=basic"], "give it as hydra/launcher=basic"),
        (["rwos=5"], "rwos=5: unknown flag 'rwos'; did you mean rows?"),
        (["lr=5"], "lr=5: unknown flag 'lr' of the pipeline; a step's flag is given with its name"),
        (["epoch=5"], "a step's flag is given with its name: train.epochs=5"),
        (["-m", "train.lr=1,2", "epochs=5,6"], "a step's flag is given with its name: train.epoch"),
        (
            ["operation.steps.train.inputs=[nope/x]"],
            "operation.steps.train.inputs: nope/x: there is no step 'nope'",
        ),
        (["operation.steps.train.inputs=[evaluate/x]"], "train → evaluate → train is a circle"),
        (["operation.steps.train.inputs=[prepare/../x]"], "prepare/../x: leads out of the folder"),
        (["operation.steps.evaluate.inputs=[train/x,prepare/x]"], "two inputs are named 'x'"),
        (["+operation.steps.train.input=[x]"], "steps.train.input: unknown key; did you mean inpu"),
        (["+operation.steps.train.steps={a: b}"], "a step has no steps of its own"),
        (["train=5"], "train=5: train is a step, and a mapping of its flags"),
        (["+train=5"], "train=5: train is a step, and a mapping of its flags"),
        (["evaluate=5"], "evaluate=5: evaluate is a step, and a mapping of its flags"),
        (["-m", "+evaluate=a,b"], "evaluate=a,b: evaluate is a step, and a mapping of its flags"),
        (["+prepare.x=1", "operation.steps.prepare=3"], "operation.steps.prepare: must be a map"),
    ],
)
def test_a_mistake_names_the_override_or_the_place_in_the_yaml(
    study: Project, words: list[str], said: str
) -> None:
    result = study.run(STUDY, *words, status=2)
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert not study.store.exists()


def test_a_step_named_like_a_flag_of_the_pipeline_is_refused(study: Project) -> None:
    text = FILES["conf/operation/study.yaml"]
    study.write({"conf/operation/study.yaml": text.replace("prepare: {rows", "prepare: 3 #")})
    assert (
        "operation.steps.prepare: the pipeline has a flag of that name"
        in study.run(STUDY, status=2).err
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("operation: {name: study, steps: [prepare, train]}", "operation.steps: must be a mapping"),
        ("operation: {steps: [{prepare: {}}]}", "each step takes, not a list: for example `steps"),
        ("operation: {steps: 3}", "operation.steps: must be a mapping of names to what each step"),
        ("operation: {steps: prepare}", "not 'prepare': for example `steps: {prepare: , train"),
        ("operation: {steps: {}}", "operation.steps: must be a mapping of names to what each step"),
        ("operation: {steps: '???'}", "operation.steps"),
        ("operation: {steps: '${nope}'}", "operation.steps"),
        ("operation: {steps: }", "give exactly one of script, function, command and steps"),
        ("operation: [prepare, train]", "operation must be a mapping"),
        ("operation: prepare", "operation must be a mapping"),
    ],
)
def test_steps_that_are_no_mapping_of_names_are_told_how_they_are_written(
    study: Project, given: str, said: str
) -> None:
    study.write({"conf/operation/study.yaml": f"# @package _global_\n{given}\n"})
    for words in ((), ("-m", "+repeat=2")):
        told = study.run(STUDY, *words, status=2).err
        assert said in told
        assert len(told.splitlines()) == 1
    assert not study.store.exists()


def test_a_flag_of_the_node_that_the_step_does_not_have_is_a_mistake(study: Project) -> None:
    text = FILES["conf/operation/study.yaml"]
    study.write({"conf/operation/study.yaml": text.replace("{epochs: 2}", "{epoch: 2}")})
    assert (
        "train.epoch=2: unknown flag 'epoch'; did you mean epochs?"
        in study.run(STUDY, status=2).err
    )


def test_from_and_until_are_for_pipelines(study: Project) -> None:
    assert (
        "+from=x is about the steps of a pipeline"
        in study.run("operation=prepare", "+from=x", status=2).err
    )
    assert (
        "+until=x is about the steps"
        in study.run("-m", "operation=prepare", "+until=x", status=2).err
    )


def test_a_pipeline_is_not_swept_with_other_operations(study: Project) -> None:
    said = study.run("-m", "operation=study,prepare", status=2).err
    assert "a pipeline is not swept over" in said
    said = study.run("-m", "operation=prepare,study", status=2).err
    assert "is a pipeline, which is no trial of a sweep" in said
