"""A Hydra program's jobs in workers of the runner: inherited by fork, or packed for a cluster."""
