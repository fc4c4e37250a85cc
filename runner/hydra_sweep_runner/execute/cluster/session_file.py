"""The file that tells workers on all hosts that a batch still wants its trials."""

from __future__ import annotations

from pathlib import Path

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.attempt.stop_signals import Urgency
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore

_KILL = "kill "


@dataclass(frozen=True)
class Session:
    """One start of a batch. A file in the batch's folder names the present start: it is removed
    when that start stops, and names another when the batch is started again."""

    store: RunStore
    batch_id: str
    id: str

    def begin(self) -> None:
        """Let workers begin its trials. Raises OSError."""
        self._path.write_text(self.id, encoding="utf-8")

    def kill(self) -> None:
        """Make workers kill their trials. Raises OSError."""
        self._path.write_text(f"{_KILL}{self.id}", encoding="utf-8")

    def end(self) -> None:
        """Make workers stop their trials. Raises OSError."""
        self._path.unlink(missing_ok=True)

    def urgency(self) -> Urgency:
        """How urgently its trials are to stop. Raises OSError if the file cannot be read."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Urgency.STOP
        if text.removeprefix(_KILL) != self.id:
            return Urgency.STOP
        return Urgency.KILL if text.startswith(_KILL) else Urgency.NONE

    @property
    def _path(self) -> Path:
        return self.store.folder(self.batch_id) / layout.SESSION
