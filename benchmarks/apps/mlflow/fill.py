"""Runs in one of MLflow's stores, as its own client writes them: `fill.py URI RUNS`."""

import os
import sys

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # it is no longer supported

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

uri, runs = sys.argv[1], int(sys.argv[2])
client = MlflowClient(uri)
for number in range(runs):
    run = client.create_run("0").info.run_id
    client.log_batch(
        run,
        metrics=[Metric("loss", 1 / (number + 1), number, 9), Metric("acc", 0.5, number, 9)],
        params=[Param("x", str(number)), Param("y", "2"), Param("z", "a")],
    )
    client.set_terminated(run)
