"""When a poll has to end early.

May import the interfaces only.
"""

from congress.interfaces.datasource import PollRequest
from congress.interfaces.runtime import Clock


def interruption(request: PollRequest, clock: Clock) -> str | None:
    """Why a poll should read no further table, or nothing."""
    if request.stop.is_set():
        return "not read: the datasource is being closed"
    if clock.monotonic() >= request.deadline:
        return "not read: the poll took too long"
    return None
