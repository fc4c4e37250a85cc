"""The store: run folders on the disk, their records, claims, snapshots and results."""

from runner.store.runs import RunStore

__all__ = ["RunStore"]
