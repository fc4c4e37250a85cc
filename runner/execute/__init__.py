"""Execution of runs: child processes, their output, their stopping, many at a time."""
