"""Trials that another launcher of Hydra runs: their records, logs and scalars."""
