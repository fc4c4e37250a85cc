"""The same function as a plain Hydra program."""

from typing import Any

import hydra
from operations import noop


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: Any) -> None:
    noop(cfg)


if __name__ == "__main__":
    main()
