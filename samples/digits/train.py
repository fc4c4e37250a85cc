"""Train a small neural network to read handwritten digits, one epoch at a time.

The data are the 1,797 images that scikit-learn ships. After each epoch the network and how
far it has come are saved in the working folder, which is the run's own folder; a run that
is started again goes on from there. At the end the model is saved as `model.joblib`.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import joblib
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

CHECKPOINT = Path("checkpoint.joblib")
MODEL = Path("model.joblib")


def parse_arguments() -> argparse.Namespace:
    """Read the flags, which the runner gives as `--name value`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, help="passes over the training images")
    parser.add_argument("--lr", type=float, help="the first step size of Adam")
    parser.add_argument("--model.hidden", dest="hidden", type=int, nargs="+")
    return parser.parse_args()


def save(value: object, path: Path) -> None:
    """Write a file at once: whoever is killed meanwhile leaves the old one, whole."""
    unfinished = path.with_suffix(".unfinished")
    joblib.dump(value, unfinished)
    unfinished.replace(path)


def begin(arguments: argparse.Namespace) -> tuple[int, MLPClassifier]:
    """The epochs that are done and the network as it is after them.

    A checkpoint counts only if it was made with the same layers and the same step size.
    """
    made_with = (arguments.hidden, arguments.lr)
    if os.environ.get("RUNNER_RESTARTED") == "1" and CHECKPOINT.exists():
        saved = joblib.load(CHECKPOINT)
        if saved["made_with"] == made_with:
            print(f"going on after epoch {saved['epoch']}")
            return saved["epoch"], saved["network"]
    network = MLPClassifier(
        hidden_layer_sizes=tuple(arguments.hidden),
        learning_rate_init=arguments.lr,
        random_state=int(os.environ.get("RUNNER_RANDOM_SEED", "0")),
    )
    return 0, network


def main() -> None:
    """Train, saving after each epoch, and print the share of test images read rightly."""
    arguments = parse_arguments()
    images, digits = load_digits(return_X_y=True)
    # The split is the same for all trials: only so can they be compared.
    train_images, test_images, train_digits, test_digits = train_test_split(
        images / 16, digits, test_size=0.25, stratify=digits, random_state=0
    )
    done, network = begin(arguments)
    for epoch in range(done + 1, arguments.epochs + 1):
        network.partial_fit(train_images, train_digits, classes=range(10))
        made_with = (arguments.hidden, arguments.lr)
        save({"epoch": epoch, "network": network, "made_with": made_with}, CHECKPOINT)
    save(network, MODEL)
    accuracy = network.score(test_images, test_digits)
    print(f"accuracy {accuracy:.3f} after {max(done, arguments.epochs)} epochs")


if __name__ == "__main__":
    main()
