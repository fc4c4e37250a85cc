"""A trial's configuration without Hydra, for trials that differ in plain values: the same result,
sooner.
"""
