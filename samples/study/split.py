"""Split the Wisconsin breast cancer data, which scikit-learn ships, into two files."""

import csv
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

held_out = 0.25
seed = 0

data = load_breast_cancer()
rows = [[*values, label] for values, label in zip(data.data, data.target, strict=True)]
parts = train_test_split(rows, test_size=held_out, random_state=seed, stratify=data.target)
for name, part in zip(("train.csv", "held_out.csv"), parts, strict=True):
    with Path(name).open("w", newline="") as file:
        csv.writer(file).writerows([[*data.feature_names, "benign"], *part])
    print(f"{name}: {len(part)} tumours")
