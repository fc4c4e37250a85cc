"""Seeded draws that are the same on every machine, Python and library version.

`planning.trials` uses them to draw from a grid larger than `max_trials`; for the draws of a
random search see `planning.random_search`. Random integers come from SHA-256 in counter mode, so no
library's generator is involved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


class RandomStream:
    """An endless sequence of random integers, determined by a seed and a label."""

    def __init__(self, seed: int, label: str) -> None:
        self._key = hashlib.sha256(f"{seed}:{label}".encode()).digest()
        self._counter = 0
        self._pool = 0
        self._pool_bits = 0

    def bits(self, count: int) -> int:
        """An integer of `count` random bits."""
        while self._pool_bits < count:
            block = hashlib.sha256(self._key + self._counter.to_bytes(16, "big")).digest()
            self._counter += 1
            self._pool = self._pool << 256 | int.from_bytes(block, "big")
            self._pool_bits += 256
        self._pool_bits -= count
        value = self._pool >> self._pool_bits
        self._pool &= (1 << self._pool_bits) - 1
        return value

    def below(self, limit: int) -> int:
        """An integer from 0 to `limit` - 1, uniformly distributed (by rejection)."""
        if limit < 1:
            raise ValueError(f"limit must be positive, not {limit}")
        width = (limit - 1).bit_length()
        while True:
            value = self.bits(width)
            if value < limit:
                return value


def random_order(size: int, seed: int, label: str = "draw") -> Iterator[int]:
    """The numbers 0 to `size` - 1 in a random order, one at a time.

    The first k numbers are a draw of k without replacement, and a longer draw begins with
    the shorter one. Memory grows with the numbers taken, not with `size`: this is Durstenfeld's
    shuffle (Communications of the ACM 7(7), 1964, algorithm 235) on an array of which only the
    exchanged places are kept.
    """
    stream = RandomStream(seed, label)
    moved: dict[int, int] = {}
    for place in range(size):
        other = place + stream.below(size - place)
        here = moved.pop(place, place)
        if other == place:
            yield here
        else:
            yield moved.get(other, other)
            moved[other] = here


def permuted(place: int, size: int, seed: int, label: str) -> int:
    """The number that stands at `place` in a random order of 0 to `size` - 1, computed without
    making the whole order.

    The method is a Feistel network of four rounds on the least even number of bits that holds
    `size`, applied again until the result is below `size` (cycle walking; Black and Rogaway,
    Ciphers with Arbitrary Finite Domains, CT-RSA 2002).
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = place >> half, place & mask
        for number in range(4):
            digest = hashlib.sha256(f"{seed}:{label}:{number}:{right}".encode()).digest()
            left, right = right, left ^ (int.from_bytes(digest, "big") & mask)
        place = left << half | right
        if place < size:
            return place


def shuffled(values: Sequence[T], seed: int, label: str) -> list[T]:
    """The values in a random order, determined by seed and label."""
    return [values[index] for index in random_order(len(values), seed, label)]


def derive_seed(seed: int, text: str) -> int:
    """A seed (0 to MAX_SEED) for what `text` identifies, derived from a common seed."""
    digest = hashlib.sha256(f"{seed}/{text}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
