"""Results that JSON cannot hold, kept with joblib beside the run's record."""

from __future__ import annotations

from typing import Any, BinaryIO

from hydra_sweep_runner.store import disk


def write(path: str, value: object, *, durable: bool) -> None:
    """Replace the file at once by the value. Raises OSError, and what pickling raises."""
    import joblib  # a tenth of a second that most runs need not pay

    def fill(file: BinaryIO) -> None:
        joblib.dump(value, file)

    disk.replace_by(path, fill, durable=durable)


def read(path: str) -> Any:
    """The value in the file. This unpickles: it can run any code that the file holds."""
    import joblib

    return joblib.load(path)
