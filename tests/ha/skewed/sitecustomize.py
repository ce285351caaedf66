"""Lets a process believe a clock that somebody else sets; loaded by Python at its start.

The clock is a file with the seconds by which it is ahead, mapped so that a step shows at
once. The monotonic clock is left alone, as it is when a host's clock is set.
"""

import mmap
import os
import struct
import time

with open(os.environ["CONGRESS_TEST_CLOCK"], "rb") as _file:
    _ahead = mmap.mmap(_file.fileno(), 8, prot=mmap.PROT_READ)
_time, _time_ns = time.time, time.time_ns


def _skewed() -> float:
    return _time() + float(struct.unpack("d", _ahead[:8])[0])


def _skewed_ns() -> int:
    return _time_ns() + int(struct.unpack("d", _ahead[:8])[0] * 1e9)


time.time, time.time_ns = _skewed, _skewed_ns
