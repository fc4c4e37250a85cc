"""Results that JSON cannot hold, stored with joblib beside the run's record."""

from __future__ import annotations

from typing import Any, BinaryIO

from hydra_sweep_runner.store import disk


def write(path: str, value: object, *, durable: bool) -> None:
    """Replace the file atomically by the pickled value. Raises OSError and the errors of
    pickling."""
    import joblib  # takes a tenth of a second, and few runs need it

    def fill(file: BinaryIO) -> None:
        joblib.dump(value, file)

    disk.replace_by(path, fill, durable=durable)


def read(path: str) -> Any:
    """The value in the file. This unpickles, which can run any code that the file holds."""
    import joblib

    return joblib.load(path)
