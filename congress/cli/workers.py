"""Further processes of a server that serve the API only (``api_workers``).

May import the standard library and ``congress.interfaces``.

Invariant: such a process never outlives the one that started it: each holds the reading
end of a pipe and ends when nobody holds the other, however that came about.
"""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from congress.interfaces.runtime import Clock

LOG = logging.getLogger(__name__)

#: Seconds between two looks, and so the longest it takes until one that ended is replaced.
INTERVAL = 1.0

#: What a service manager tells the first process only.
_NOT_INHERITED = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class ApiWorkers:
    """The processes. Used by the main thread only.

    :param arguments: the command line of the server.
    :param count: how many there are to be.
    """

    def __init__(self, arguments: Sequence[str], count: int, clock: Clock) -> None:
        self._arguments = list(arguments)
        self._numbers = range(1, count + 1)
        self._clock = clock
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def patience(self, interval: float | None) -> float | None:
        """How long to wait for something else until ``tend`` is due; ``None`` is for ever."""
        if not self._numbers:
            return interval
        return INTERVAL if interval is None else min(INTERVAL, interval)

    def start(self) -> None:
        """Start all."""
        for number in self._numbers:
            self._running[number] = self._spawn(number)

    def tend(self) -> None:
        """Start those anew that have ended."""
        for number, process in list(self._running.items()):
            if process.poll() is not None:
                LOG.warning(
                    "API process %d ended with %d; it is started anew", number, process.returncode
                )
                _let_go(process)
                self._running[number] = self._spawn(number)

    def reload(self) -> None:
        """Have all read their options that can change."""
        for process in self._running.values():
            process.send_signal(signal.SIGHUP)

    def ask_to_end(self) -> None:
        """Let all answer what has arrived, and end."""
        for process in self._running.values():
            _let_go(process)

    def wait(self, timeout: float) -> None:
        """Wait until they have ended; those that take too long are killed."""
        deadline = self._clock.monotonic() + timeout
        for process in self._running.values():
            try:
                process.wait(max(0.0, deadline - self._clock.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _spawn(self, number: int) -> "subprocess.Popen[bytes]":
        environment = {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
        program = [sys.executable, "-m", "congress.cli.server"]
        return subprocess.Popen(  # noqa: S603 - this very program, with its own arguments
            [*program, *self._arguments, f"--api-worker={number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment,
        )


def _let_go(process: "subprocess.Popen[bytes]") -> None:
    """Close this end of the pipe, which asks the process to end."""
    if process.stdin is not None:
        process.stdin.close()
