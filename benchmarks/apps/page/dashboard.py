"""Serve a study of so many trials, 20 parameters each, by optuna-dashboard: prints where."""

import random
import sys

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna_dashboard import run_server

PORT = 8997


def main():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    spaces = [FloatDistribution(0, 1), IntDistribution(0, 20), CategoricalDistribution("abc")]
    distributions = {f"f{number}": spaces[number % 3] for number in range(20)}
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name="wide")
    random.seed(1)
    study.add_trials(
        [
            optuna.trial.create_trial(
                params={name: value(space) for name, space in distributions.items()},
                distributions=distributions,
                value=random.random(),
                user_attrs={f"s{number}": random.random() for number in range(5)},
            )
            for _ in range(int(sys.argv[1]))
        ]
    )
    print(f"http://127.0.0.1:{PORT}/dashboard/studies/{study._study_id}/trials", flush=True)
    run_server(storage, host="127.0.0.1", port=PORT)


def value(space):
    if isinstance(space, CategoricalDistribution):
        return random.choice(space.choices)
    return random.uniform(0, 1) if isinstance(space, FloatDistribution) else random.randint(0, 20)


if __name__ == "__main__":
    main()
