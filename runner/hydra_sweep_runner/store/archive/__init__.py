"""Runs as one file: `runner runs export` and `runner runs import`."""
