"""How long to wait before trying again, and how to spread what is periodic.

Imports the standard library only. The spread depends on names, not on chance, so
a simulation with the same names runs the same way.

Invariant: no pause is longer than the one asked for, so what should happen within
an interval does.
"""

import zlib

_SPREAD = 0.1


def spread(seconds: float, salt: str) -> float:
    """Something between nine tenths of the seconds and all of them."""
    return seconds * (1.0 - _SPREAD * zlib.crc32(salt.encode()) / 2**32)


def pause(failures: int, first: float, longest: float, salt: str) -> float:
    """Seconds to wait after so many failures in a row: doubling, bounded, spread."""
    doubled = first * 2.0 ** min(max(failures - 1, 0), 32)
    return spread(min(doubled, max(first, longest)), f"{salt}/{failures}")
