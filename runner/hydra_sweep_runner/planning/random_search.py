"""Draws of a random search: the seed, a flag's name and the draw's number determine its value.

Draw number i takes for a flag the value at this share of the flag's space:

    SHA-256("draw/" + seed + "/" + i + "/" + name) / 2²⁵⁶

Seed and i are written in decimal, the text is encoded in UTF-8, and the digest is read as a
big-endian integer. A value therefore depends only on these and on the flag's own space, and not
on other flags, their order or the number of draws. In a list of n values the draw takes the
value at place floor(share · n); for an interval see `planning.space.Interval.at`.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction

_PARTS = 2**256


def share(seed: int, name: str, number: int) -> Fraction:
    """The share of a flag's space that draw `number` takes: at least 0, less than 1."""
    text = f"draw/{seed}/{number}/{name}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return Fraction(int.from_bytes(digest, "big"), _PARTS)


def place_in_list(taken: Fraction, count: int) -> int:
    """The place of the value that a share takes in a list: from 0 to `count` - 1."""
    return taken.numerator * count // taken.denominator
