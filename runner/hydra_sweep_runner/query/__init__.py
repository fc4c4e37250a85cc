"""Expressions about runs (`--where`, `--sort`): parsed to a `tree`, evaluated on a `run_row`; and
the columns of lists.
"""
