"""The states in which a process's random generators begin each trial.

A generator that the program has seeded begins each trial in the state it had when the program was
ready. An unseeded one begins each trial with new entropy, also if trials are forks of one process.
"""

from __future__ import annotations

import os
import random
import sys
from typing import Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.function.mersenne import is_seeded

# torch seeds itself with 53 random bits; seeds from user code are mostly smaller.
_MOST_TYPED = 1 << 32


@dataclass(frozen=True)
class Generators:
    """The states of the seeded generators; None for unseeded ones."""

    python: Any = None
    numpy: Any = None
    torch: Any = None

    @classmethod
    def of_this_process(cls) -> Generators:
        """The present states of `random`, and of numpy's and torch's global generators if they are
        loaded."""
        return cls(_python(), _numpy(), _torch())

    def begin_trial(self) -> None:
        """Set each generator to its state, or seed it with new entropy."""
        if self.python is not None:
            random.setstate(self.python)
        else:
            random.seed(_entropy(16))
        numpy: Any = sys.modules.get("numpy.random")
        if numpy is not None:
            if self.numpy is not None:
                numpy.set_state(self.numpy)
            else:
                numpy.seed()
        torch: Any = sys.modules.get("torch")
        if hasattr(torch, "set_rng_state"):
            if self.torch is not None:
                torch.set_rng_state(self.torch)
            else:
                torch.seed()


def _entropy(size_bytes: int) -> int:
    return int.from_bytes(os.urandom(size_bytes), "little")


def _python() -> Any:
    state = random.getstate()
    return state if is_seeded(state[1][:-1]) else None


def _numpy() -> Any:
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is None:
        return None
    generator = numpy.get_state(legacy=False)
    bits = numpy.mtrand._rand._bit_generator
    # The generator keeps its initial entropy until user code seeds it.
    return generator if getattr(bits, "_seed_seq", None) is None else None


def _torch() -> Any:
    torch: Any = sys.modules.get("torch")
    if not hasattr(torch, "get_rng_state") or torch.initial_seed() >= _MOST_TYPED:
        return None
    return torch.get_rng_state()
