"""Run Hydra-configured experiments as batches that can be killed anywhere and resumed exactly."""

__version__ = "0.1.0"
