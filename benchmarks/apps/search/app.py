"""The same function as a plain Hydra program."""

from typing import Any

import hydra
from objective import branin


@hydra.main(version_base="1.3", config_path="conf", config_name="program")
def main(cfg: Any) -> float:
    return branin(cfg.x1, cfg.x2)


if __name__ == "__main__":
    main()
