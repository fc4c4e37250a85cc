"""A small pipeline for scenarios: prepare, train, evaluate, and a report over all."""

from __future__ import annotations

from textwrap import dedent

from tests.scenarios.project import Listed, Project

_FILES = {
    "conf/config.yaml": """
        defaults: [operation: null, _self_]
    """,
    "conf/operation/study.yaml": """
        # @package _global_
        operation:
          name: study
          steps:
            prepare:
            train: {inputs: [prepare/clean.txt]}
            evaluate: {inputs: [train/model.txt, {data.txt: prepare/clean.txt}]}
            report: {operation: plot, gathers: {runs: evaluate}}
        rows: 10
        prepare: {rows: "${rows}"}
        train: {epochs: 2}
    """,
    "conf/operation/prepare.yaml": """
        # @package _global_
        operation: {name: prepare, script: prepare.py}
        rows: 5
    """,
    "conf/operation/train.yaml": """
        # @package _global_
        defaults: [/model: small]
        operation: {name: train, script: train.py}
        lr: 0.1
        epochs: 1
    """,
    "conf/operation/evaluate.yaml": """
        # @package _global_
        operation: {name: evaluate, command: [bash, evaluate.sh], requires: [evaluate.sh]}
    """,
    "conf/operation/plot.yaml": """
        # @package _global_
        operation: {name: plot, script: plot.py}
    """,
    "conf/model/small.yaml": "depth: 1",
    "conf/model/large.yaml": "depth: 3",
    "prepare.py": """
        from pathlib import Path
        rows = 5
        Path("clean.txt").write_text("x\\n" * rows)
    """,
    "train.py": """
        import argparse, pathlib
        p = argparse.ArgumentParser()
        p.add_argument("--lr", type=float)
        p.add_argument("--epochs", type=int)
        p.add_argument("--model.depth", dest="depth", type=int)
        a = p.parse_args()
        rows = len(pathlib.Path("clean.txt").read_text().splitlines())
        pathlib.Path("model.txt").write_text(f"{a.lr} {a.epochs} {a.depth} {rows}\\n")
    """,
    "evaluate.sh": """
        wc -l < data.txt > rows
        cat model.txt
    """,
    "plot.py": """
        import json, pathlib
        runs = json.loads(pathlib.Path("runs.json").read_text())
        print("report of", len(runs))
        pathlib.Path("table.json").write_text(json.dumps([run["flags"] for run in runs]))
    """,
}


#: The project's files, by their path.
FILES = {name: dedent(text).lstrip("\n") for name, text in _FILES.items()}

#: The YAML of the pipeline after its step `train` got the name `fit`.
RENAMED = (
    FILES["conf/operation/study.yaml"]
    .replace("train: {inputs", "fit: {operation: train, inputs")
    .replace("train: {epochs", "fit: {epochs")
    .replace("train/", "fit/")
)


def steps(project: Project) -> dict[str, list[Listed]]:
    """The trials of the newest batch, in plan order, by step."""
    runs = {run["id"]: run for run in project.runs()}
    found: dict[str, list[Listed]] = {}
    for run_id in project.newest("batch")["trials"]:
        found.setdefault(runs[run_id]["step"], []).append(runs[run_id])
    return found


def started(project: Project) -> dict[str, str | None]:
    """When each run was last started, by id."""
    return {run["id"]: run["started"] for run in project.runs() if run["kind"] != "batch"}


def ran(project: Project, before: dict[str, str | None]) -> list[str]:
    """The steps of the runs that were started since, in the order of their starts."""
    runs = [run for run in project.runs() if run["kind"] != "batch" and run["started"]]
    again = [run for run in runs if before.get(run["id"]) != run["started"]]
    return [run["step"] for run in sorted(again, key=lambda run: run["started"])]
