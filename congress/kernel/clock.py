"""The real clock.

May import the standard library only. Everything else gets its time from here,
or in tests from a clock that is moved by hand.
"""

import time


class SystemClock:
    """The clocks of the operating system, as ``interfaces.runtime.Clock``."""

    def monotonic(self) -> float:
        """See ``Clock.monotonic``."""
        return time.monotonic()

    def time(self) -> float:
        """See ``Clock.time``."""
        return time.time()
