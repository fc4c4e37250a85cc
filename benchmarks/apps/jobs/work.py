"""Work of a known size: on the processor, or only on the clock."""

import sys
import time


def burn(job: int, steps: int) -> int:
    """Compute for as long as `steps` steps take."""
    value = job
    for step in range(steps):
        value = (value * 1103515245 + step) & 0x7FFFFFFF
    return value


def nap(job: int, seconds: float) -> None:
    """Take time and no processor: the first job `seconds`, each other one a fortieth of it."""
    time.sleep(seconds if job == 0 else seconds / 40)


if __name__ == "__main__":  # so many pieces of work, one after the other
    for piece in range(int(sys.argv[1])):
        burn(piece, int(sys.argv[2]))
