"""Options and shapes of a sweep with pipelines, and YAML that has changed since."""

from __future__ import annotations

import shlex

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.pipelines import FILES, RENAMED, ran, started, steps
from tests.scenarios.project import Listed, Project, lines

STUDY = "operation=study"
DONE, LEFT = ["completed"], ["pending"]


def statuses(runs: list[Listed]) -> list[str]:
    return [run["status"] for run in runs]


@pytest.fixture
def study(make_project: MakeProject) -> Project:
    return make_project(FILES)


def preview(study: Project, *words: str) -> list[list[str]]:
    """The rows of a preview, cell by cell, but for their numbers."""
    printed = study.run("-m", STUDY, "+print_trials=true", *words).out
    return [line.split()[1:] for line in lines(printed)[1:]]


# ---- shapes


def test_pairs_instead_of_a_product(study: Project) -> None:
    found = preview(study, "train.lr=0.1,0.2", "rows=1,2", "+shape=zip")
    assert [row for row in found if row[0] == "train"] == [
        ["train", "1", "0.1", "1"],
        ["train", "4", "0.2", "2"],
    ]


def test_included_and_excluded_combinations(study: Project) -> None:
    more = ("+include=[{train.lr: 0.7, rows: 3}]", "+exclude='train.lr == 0.2'")
    found = preview(study, "train.lr=0.1,0.2", *more)
    assert [row[2:] for row in found if row[0] == "train"] == [["0.1", "10"], ["0.7", "3"]]


def test_combinations_of_a_file_and_back(study: Project) -> None:
    study.write({"rows.csv": "train.lr,rows\n0.3,4\n0.4,5\n"})
    found = preview(study, "+trials=rows.csv", "+save_trials=saved.yaml")
    assert [row[2:] for row in found if row[0] == "train"] == [["0.3", "4"], ["0.4", "5"]]
    assert preview(study, "+trials=saved.yaml") == found


def test_max_trials_counts_combinations_and_a_larger_one_keeps_those_of_a_smaller(
    study: Project,
) -> None:
    def rates(count: int) -> list[str]:
        found = preview(study, "train.lr=range(20)", f"+max_trials={count}", "+random_seed=3")
        return [row[2] for row in found if row[0] == "train"]

    assert len(rates(4)) == 4
    assert set(rates(4)) < set(rates(8))


def test_intervals_are_drawn(study: Project) -> None:
    words = ("train.lr=interval(0,1)", "+max_trials=3", "+random_seed=1")
    assert [row[0] for row in preview(study, *words)].count("train") == 3


def test_the_steps_that_run_may_stand_in_an_experiment(study: Project) -> None:
    study.write(
        {
            "conf/experiment/begin.yaml": "# @package _global_\nhydra: {sweeper: {until: train}}\n",
            "conf/experiment/end.yaml": "# @package _global_\nhydra: {sweeper: {from: report}}\n",
        }
    )
    words = ("-m", "operation=study")
    assert "Skipping" in "".join(study.run(*words, "+experiment=begin").said)
    begun = {run["step"]: run["status"] for run in study.runs("--kind", "trial")}
    assert begun == {
        **dict.fromkeys(("prepare", "train"), "completed"),
        **dict.fromkeys(("evaluate", "report"), "pending"),
    }


def test_repeats_run_each_step_again_but_one_that_gathers_them_all(study: Project) -> None:
    study.run("-m", STUDY, "train.lr=0.1,0.2", "+repeat=2")
    found = steps(study)
    assert {name: len(runs) for name, runs in found.items()} == {
        "prepare": 2,
        "train": 4,
        "evaluate": 4,
        "report": 1,
    }
    assert [run["repeat"] for run in found["train"]] == [0, 1, 0, 1]
    assert len({run["random_seed"] for run in found["train"]}) == 4
    assert len(found["report"][0]["inputs"]["runs"]["runs"]) == 4
    before, batch = started(study), study.newest("batch")["id"]
    study.run(f"+restart={batch}", "+needed=true")
    assert ran(study, before) == []
    study.run("-m", STUDY, "train.lr=0.1", "+needed=true")
    assert ran(study, before) == ["report"]


def test_a_pipeline_s_plan_does_not_grow_from_results(study: Project) -> None:
    said = study.run("-m", STUDY, "train.lr=0.1,0.2", "+optimizer=tpe", status=2).err
    assert "+optimizer=tpe: a pipeline's plan cannot grow from results" in said
    assert study.runs() == []


LOSS = {"evaluate.sh": FILES["evaluate.sh"] + "echo loss: $(cut -d' ' -f1 model.txt)\n"}


def test_an_objective_that_is_reached_ends_a_pipeline_after_its_combination(
    study: Project,
) -> None:
    study.write(LOSS)
    rule = ("+objective=loss", "hydra.sweeper.stop=[{objective: '< 0.25'}]")
    words = ("train.lr=0.4,0.3,0.2,0.1,0.05", *rule, "hydra.launcher.n_jobs=1")
    assert "No more trials are started: loss < 0.25" in study.run("-m", STUDY, *words).err
    found = steps(study)
    assert statuses(found["train"]) == statuses(found["evaluate"]) == [*DONE * 3, *LEFT * 2]
    assert statuses(found["report"]) == LEFT
    before, batch = started(study), study.newest("batch")["id"]
    again = study.run(f"+restart={batch}", "+needed=true").err
    assert "No more trials are started: loss < 0.25" in again
    assert ran(study, before) == []
    study.run(f"+restart={batch}", "+needed=true", "hydra.sweeper.stop=null")
    assert ran(study, before) == ["train", "evaluate"] * 2 + ["report"]


def test_patience_counts_combinations_whatever_the_number_of_jobs(study: Project) -> None:
    study.write(LOSS)
    rule = ("+objective=loss", "hydra.sweeper.stop=[{patience: 2}]")
    words = ("train.lr=0.1,0.2,0.3,0.4,0.5,0.6", *rule, "hydra.launcher.n_jobs=2")
    said = study.run("-m", STUDY, *words).err
    assert "No more trials are started: no better combination among 2" in said
    found = steps(study)
    # Of two jobs, the combination 4 is the first that knows two which are not better than one.
    assert statuses(found["train"]) == statuses(found["evaluate"]) == [*DONE * 4, *LEFT * 2]
    before, batch = started(study), study.newest("batch")["id"]
    study.run(f"+restart={batch}", "hydra.launcher.n_jobs=1")
    assert sorted(ran(study, before)) == ["evaluate"] * 4 + ["prepare"] + ["train"] * 4


def test_a_combination_with_a_failed_trial_is_no_better_one(study: Project) -> None:
    fails = "import sys; sys.exit(0 if a.lr in (0.3, 0.05) else 3)\n"
    study.write({**LOSS, "train.py": FILES["train.py"] + fails})
    rule = ("+objective=loss", "hydra.sweeper.stop=[{patience: 3}]")
    words = ("train.lr=0.3,0.2,0.1,0.15,0.05", *rule, "hydra.launcher.n_jobs=1")
    said = study.run("-m", STUDY, *words, status=1).err
    assert "No more trials are started: no better combination among 3" in said
    assert statuses(steps(study)["train"]) == [*DONE, *["error"] * 3, *LEFT]


def test_a_gathered_value_belongs_to_the_combination_of_its_last_member(study: Project) -> None:
    by = "gathers: {runs: evaluate}, by: [train.lr]"
    yaml = FILES["conf/operation/study.yaml"].replace("gathers: {runs: evaluate}", by)
    mean = "print('loss:', sum(run['flags']['train.lr'] for run in runs))\n"
    study.write({"conf/operation/study.yaml": yaml, "plot.py": FILES["plot.py"] + mean})
    rule = ("+objective=loss", "hydra.sweeper.stop=[{objective: '< 0.5'}]")
    words = ("train.lr=0.3,0.2,0.1", "train.epochs=1,2", *rule, "hydra.launcher.n_jobs=1")
    assert "No more trials are started: loss < 0.5" in study.run("-m", STUDY, *words).err
    found = steps(study)
    assert statuses(found["report"]) == [*DONE * 2, *LEFT]
    assert statuses(found["train"]) == [*DONE * 4, *LEFT * 2]


def test_the_time_that_a_start_may_take_ends_it_and_the_rest_is_pending(study: Project) -> None:
    study.write({"train.py": FILES["train.py"] + "import time; time.sleep(1)\n"})
    words = ("train.lr=0.1,0.2,0.3", "hydra.sweeper.stop=[{time: 1s}]", "hydra.launcher.n_jobs=1")
    said = study.run("-m", STUDY, *words).err
    assert "No more trials are started: the time of 1s is over" in said
    found = steps(study)
    assert found["prepare"][0]["status"] == "completed"
    assert found["report"][0]["status"] == "pending"


# ---- YAML that has changed


def test_what_has_changed_in_the_pipeline_s_yaml_is_told_and_taken_with_refresh(
    study: Project,
) -> None:
    study.run("-m", STUDY, "train.lr=0.1")
    before, batch = started(study), study.newest("batch")["id"]
    text = FILES["conf/operation/study.yaml"]
    edited = text.replace("epochs: 2", "epochs: 3").replace("{runs: eval", "{all: eval")
    required = "[evaluate.sh, '${file}']}\nfile: x"
    evaluate = FILES["conf/operation/evaluate.yaml"].replace("[evaluate.sh]}", required)
    study.write({"conf/operation/study.yaml": edited, "conf/operation/evaluate.yaml": evaluate})
    said = study.run(f"+restart={batch}", "+needed=true").err
    assert "train.epochs (2, now 3)" in said
    assert "operation.steps.report.gathers.runs (evaluate, now gone)" in said
    assert "evaluate.operation.requires ([evaluate.sh], now [evaluate.sh, ${file}])" in said
    assert "+refresh=true" in said
    assert ran(study, before) == []
    study.write({"x": "", "plot.py": FILES["plot.py"].replace("runs.json", "all.json")})
    study.run(f"+restart={batch}", "+needed=true", "+refresh=true")
    assert ran(study, before) == ["train", "evaluate", "report"]
    assert steps(study)["train"][0]["flags"]["epochs"] == 3


def test_a_step_that_was_renamed_is_told_and_the_kept_copy_goes_on(study: Project) -> None:
    study.run("-m", STUDY, "train.lr=0.1")
    before, batch = started(study), study.newest("batch")["id"]
    study.write({"conf/operation/study.yaml": RENAMED})
    said = study.run(f"+restart={batch}", "+needed=true").err
    inputs = "inputs ([train/model.txt, {data.txt: prepare/clean.txt}], now [fit/model.txt, "
    words = "+refresh=true '~train.lr'"
    assert (
        "was made: operation.steps.fit (new), "
        f"operation.steps.evaluate.{inputs}{{data.txt: prepare/clean.txt}}]), "
        "operation.steps.train (gone); to take the new values: "
        f"{words} (if train is now fit, with fit.lr=0.1)"
    ) in said
    assert ran(study, before) == []
    mistake = study.run(f"+restart={batch}", "+needed=true", "+refresh=true", status=2).err
    assert "there is no flag train.lr any more" in mistake
    assert ran(study, before) == []
    taken = study.run(f"+restart={batch}", "+needed=true", *shlex.split(words), "fit.lr=0.1").err
    assert "4 trials: 4 to skip" in taken


def test_the_preview_of_a_new_batch_says_what_it_takes_from_the_store_and_why(
    study: Project,
) -> None:
    study.run("-m", STUDY, "train.lr=0.1")
    words = ("-m", STUDY, "train.lr=0.1,0.01", "+print_trials=true")
    assert " why" not in study.run(*words).out
    table = study.run(*words, "+needed=true").out.splitlines()
    assert table[0].split()[-2:] == ["do", "why"]
    done = [line.split("  ")[-2:] for line in (" ".join(row.split()) for row in table[1:])]
    assert sum("skip current" in " ".join(one) for one in done) == 3
    assert sum("create" in " ".join(one) for one in done) == 3
