"""Cross-validates a model of the diabetes data; an ordinary Hydra program.

A fold whose score is kept already in the output folder is not computed again.
"""

import json
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from sklearn.base import RegressorMixin
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold


def make_model(settings: DictConfig, seed: int) -> RegressorMixin:
    """The model that the configuration describes."""
    if settings.name == "ridge":
        return Ridge(alpha=settings.alpha)
    return RandomForestRegressor(settings.trees, max_depth=settings.depth, random_state=seed)


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    """Print the score of each fold, and return their mean."""
    kept = Path(HydraConfig.get().runtime.output_dir, "scores.json")
    scores = json.loads(kept.read_text()) if kept.exists() else []
    if scores:
        print(f"going on after fold {len(scores)}", flush=True)
    inputs, targets = load_diabetes(return_X_y=True)
    folds = list(KFold(cfg.folds, shuffle=True, random_state=cfg.seed).split(inputs))
    for train, test in folds[len(scores) :]:
        model = make_model(cfg.model, cfg.seed).fit(inputs[train], targets[train])
        scores.append(r2_score(targets[test], model.predict(inputs[test])))
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(scores))
        part.replace(kept)
        print(f"fold {len(scores)} of {cfg.folds}: R² {scores[-1]:.2f}", flush=True)
    return sum(scores) / len(scores)


if __name__ == "__main__":
    main()
