"""A steady load: rows are pushed, and each of them is an action.

Invariant: a row is pushed until it is taken, so what was pushed is known for sure.
"""

import threading
import time
from collections.abc import Callable, Sequence

import requests

from tests.ha.node import Node

ROWS = "/v1/data-sources/box/tables/t/rows"
#: Pushes per second; each brings as many rows as the rate needs.
PUSHES = 5.0
#: Seconds to wait for a node; less than it takes to notice a leader that stands still, so
#: that a push to a node that was just stopped does not look like nothing being done.
PATIENCE = 1.0
PAUSE = 0.05


class Load(threading.Thread):
    """Pushes rows to whichever of the nodes takes them.

    ``via`` are the nodes to try, as a load balancer would know them. No more waits to be
    done than what one push brings, so that work in store does not hide that nothing new
    is found due.

    :param done: how many rows had their action since the load was cleared.
    """

    def __init__(self, via: Sequence[Node], rate: float, done: Callable[[], int]) -> None:
        super().__init__(daemon=True)
        self.via = list(via)
        self._done = done
        #: When each row was taken, monotonic.
        self.taken: dict[str, float] = {}
        self._rate = rate
        self._batch = max(1, round(rate / PUSHES))
        self._number = 0
        self._ended = threading.Event()
        self._wanted = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def go_on(self) -> None:
        """Push."""
        self._idle.clear()
        self._wanted.set()

    def rest(self) -> None:
        """Push no more for now; returns when the last push was taken."""
        self._wanted.clear()
        self._idle.wait()

    def clear(self) -> None:
        """While at rest, take all rows back and forget them."""
        self._push("PUT", [])
        self.taken = {}

    def end(self) -> None:
        """Push no more."""
        self._ended.set()
        self._wanted.set()
        self.join()

    def run(self) -> None:
        """Push in time; what could not be pushed in time is not made up for."""
        due = time.monotonic()
        while not self._ended.is_set():
            if not self._wanted.is_set():
                self._idle.set()
                self._wanted.wait()
                due = time.monotonic()
                continue
            if len(self.taken) - self._done() >= self._batch:
                self._ended.wait(PAUSE)
                continue
            rows = self._next_rows()
            self._push("POST", [[row] for row in rows])
            now = time.monotonic()
            self.taken.update(dict.fromkeys(rows, now))
            due = max(due + len(rows) / self._rate, now - 1 / PUSHES)
            self._ended.wait(max(0.0, due - now))

    def _next_rows(self) -> list[str]:
        first, self._number = self._number, self._number + self._batch
        return [f"row-{number}" for number in range(first, self._number)]

    def _push(self, method: str, rows: list[list[str]]) -> None:
        while not self._ended.is_set():
            for node in list(self.via):
                if _takes(node, method, rows):
                    return
            self._ended.wait(PAUSE)


def _takes(node: Node, method: str, rows: list[list[str]]) -> bool:
    try:
        return node.api.ask(method, ROWS, rows, timeout=PATIENCE).status_code == 200
    except requests.RequestException:
        return False
