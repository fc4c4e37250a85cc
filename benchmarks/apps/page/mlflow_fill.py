"""Runs with 20 parameters and 5 metrics in MLflow's SQLite store: `mlflow_fill.py URI RUNS`."""

import random
import sys

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

uri, runs = sys.argv[1], int(sys.argv[2])
client = MlflowClient(uri)
random.seed(1)
for number in range(runs):
    run = client.create_run("0").info.run_id
    client.log_batch(
        run,
        metrics=[Metric(f"s{place}", random.random(), number, 9) for place in range(5)],
        params=[Param(f"f{place}", str(random.random())) for place in range(20)],
    )
    client.set_terminated(run)
