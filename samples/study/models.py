"""Train a model on one file, evaluate it on another."""

import csv
from pathlib import Path

import joblib
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(model):
    """Fit the model that `model` describes to train.csv, and keep it in model.joblib."""
    if model["kind"] == "forest":
        estimator = RandomForestClassifier(model["trees"], random_state=0)
    else:
        estimator = make_pipeline(
            StandardScaler(), LogisticRegression(C=1 / model["penalty"], max_iter=1000)
        )
    estimator.fit(*read("train.csv"))
    joblib.dump(estimator, "model.joblib")


def evaluate():
    """How model.joblib does on held_out.csv."""
    estimator = joblib.load("model.joblib")
    values, labels = read("held_out.csv")
    return {
        "accuracy": accuracy_score(labels, estimator.predict(values)),
        "log_loss": log_loss(labels, estimator.predict_proba(values)),
    }


def read(name):
    """The measurements of each tumour in a file, and whether it is benign."""
    with Path(name).open(newline="") as file:
        _, *rows = csv.reader(file)
    return [[float(value) for value in row[:-1]] for row in rows], [int(row[-1]) for row in rows]
