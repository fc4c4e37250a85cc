"""Draws of a random search: each flag's value from the seed, its name and the draw's number.

The share of the space that draw number i takes for a flag is

    SHA-256("draw/" + seed + "/" + i + "/" + name) / 2²⁵⁶

with seed and i in decimal, the text in UTF-8 and the digest read as a big-endian integer. So a
value depends on nothing but these and the flag's own space: neither on other flags nor on their
order, nor on how many draws there are. From a list of n values it takes the one at
floor(share · n); what it takes from an interval says `planning.space.Interval.at`.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction

_PARTS = 2**256


def share(seed: int, name: str, number: int) -> Fraction:
    """The share of a flag's space that draw `number` takes: from 0 to below 1."""
    text = f"draw/{seed}/{number}/{name}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return Fraction(int.from_bytes(digest, "big"), _PARTS)


def place_in_list(taken: Fraction, count: int) -> int:
    """Which of `count` values a share takes: from 0 to `count` - 1."""
    return taken.numerator * count // taken.denominator
