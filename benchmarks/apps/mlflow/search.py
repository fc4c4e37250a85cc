"""MLflow's search by a parameter, which is a text there, and a metric: `search.py URI X`."""

import os
import sys

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # it is no longer supported

from mlflow import MlflowClient

uri, x = sys.argv[1:]
found = MlflowClient(uri).search_runs(["0"], f"params.x = '{x}' and metrics.loss < 0.5")
print([run.data.params["x"] for run in found])
if len(found) != 1:
    sys.exit(1)
