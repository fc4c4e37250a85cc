"""Decides from the state of a Mersenne Twister whether it was seeded by user code. Pure.

CPython seeds `random` with 624 words of the system's entropy, and by `random.seed(7)` with the few
words of that number, both with `init_by_array` of Matsumoto and Nishimura's mt19937ar.c (2002). Its
steps can be undone, which yields the words of the key: those of a short key repeat.
"""

from __future__ import annotations

from collections.abc import Sequence

_SIZE = 624
_HALF = 397
_MASK = 0xFFFFFFFF
_UPPER, _LOWER = 0x80000000, 0x7FFFFFFF
_MATRIX = 0x9908B0DF
#: The longest key, in words, that counts as a seed from user code: a number of 10,000 bits.
_LONGEST_KEY = 312


def is_seeded(state: Sequence[int], generations: int = 16) -> bool:
    """Whether the 624 words come from a short key, after at most so many generations of 624 drawn
    numbers. A generator that was drawn from more often counts as unseeded."""
    words = list(state)
    if words[0] == _UPPER:  # no number was drawn yet
        generations = 1
    for _ in range(generations):
        if _has_period(_key(words)):
            return True
        words = _generation_before(words)
    return False


def _initial() -> list[int]:
    """The state in which `init_by_array` begins: `init_genrand(19650218)`."""
    words = [19650218]
    for i in range(1, _SIZE):
        words.append((1812433253 * (words[-1] ^ (words[-1] >> 30)) + i) & _MASK)
    return words


_INITIAL = _initial()


def _mixed(word: int, factor: int) -> int:
    return ((word ^ (word >> 30)) * factor) & _MASK


def _key(state: Sequence[int]) -> list[int]:
    """If the state is fresh, the words that were added at the places from 3 on: at place i the
    key's word (i - 1) modulo its length, plus that index."""
    words = list(state)
    words[1] = ((words[1] + 1) & _MASK) ^ _mixed(words[-1], 1566083941)
    for i in range(_SIZE - 1, 1, -1):
        words[i] = ((words[i] + i) & _MASK) ^ _mixed(words[i - 1], 1566083941)
    return [
        (words[i] - (_INITIAL[i] ^ _mixed(words[i - 1], 1664525))) & _MASK for i in range(3, _SIZE)
    ]


def _has_period(key: Sequence[int]) -> bool:
    return any(
        key[0] == key[period] and key[:-period] == key[period:] for period in range(1, _LONGEST_KEY)
    )


def _generation_before(state: Sequence[int]) -> list[int]:
    """The state before the last 624 words were generated; of word 0 only the upper bit."""
    words = list(state)
    for i in reversed(range(_SIZE)):
        twisted = words[i] ^ words[(i + _HALF) % _SIZE]
        if twisted & _UPPER:
            twisted ^= _MATRIX
        word = (twisted << 1) & _UPPER
        twisted = words[i - 1] ^ words[(i + _HALF - 1) % _SIZE]
        if twisted & _UPPER:
            twisted ^= _MATRIX
            word |= 1
        words[i] = word | ((twisted << 1) & _LOWER)
    return words
