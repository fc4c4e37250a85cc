"""The limit on open files, of this process and of the processes it starts."""

from __future__ import annotations

import resource


def raise_limit(wanted: int) -> int:
    """Raise the soft limit on open files to `wanted` if it is lower, as far as the hard limit
    allows. Returns the soft limit that then applies (at most `wanted` if it is infinite)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    except (OSError, ValueError):  # on macOS the kernel has a limit even if none is set
        return soft
    return allowed
