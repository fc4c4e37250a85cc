"""How many files this process, and what it starts, may have open at once."""

from __future__ import annotations

import resource


def raise_limit(wanted: int) -> int:
    """Raise the soft limit on open files to `wanted` where it is lower, as far as the hard one
    allows; the soft limit that holds now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    except (OSError, ValueError):  # macOS has a limit of the kernel's below an infinite one
        return soft
    return allowed
