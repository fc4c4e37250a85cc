"""Hydra programs with `hydra/sweeper=runner`; Hydra's own launchers and sweepers in a project."""
