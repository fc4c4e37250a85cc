"""What tells workers, wherever they are, that a batch still wants its trials."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hydra_sweep_runner.execute.attempt.stopping import Urgency
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore

_KILL = "kill "


@dataclass(frozen=True)
class Session:
    """One start of a batch. A file in the batch's folder names the one that goes on: it is
    gone when that stops, and names another when the batch is started again."""

    store: RunStore
    batch_id: str
    id: str

    def begin(self) -> None:
        """Let workers take its trials up. Raises OSError."""
        self._path.write_text(self.id, encoding="utf-8")

    def kill(self) -> None:
        """Have workers end at once what they are at. Raises OSError."""
        self._path.write_text(f"{_KILL}{self.id}", encoding="utf-8")

    def end(self) -> None:
        """Have workers stop what they are at. Raises OSError."""
        self._path.unlink(missing_ok=True)

    def urgency(self) -> Urgency:
        """How much the end of its trials is wanted. Raises OSError where that cannot be
        told."""
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
