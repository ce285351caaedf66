"""Tests with several buses in one process, on the manual clock.

May import all of Congress but the API and the CLI.

In a test::

    class FeedTest(BusTestCase):
        def test_it(self):
            one, two = self.bus("one"), self.bus("two")
            ...
            self.until(lambda: ...)
"""

from typing import Any

from congress.bus import Bus, BusOptions
from congress.bus.versions import SPOKEN, Versions
from congress.interfaces.bus import BusContext, BusTransport
from congress.interfaces.role import Arrival, Coverage
from congress.interfaces.runtime import Threads
from congress.model.delta import Snapshot, applied
from congress.model.values import Row
from congress.plugins.bus.inproc import InprocTransport
from congress.testing.runtime import SimTestCase


class BusTestCase(SimTestCase):
    """A test case that makes buses; each is stopped when the test ends."""

    bus_id = "test"

    def setUp(self) -> None:
        super().setUp()
        #: What the transports of this test meet in.
        self.hub: Any = {}
        self._instances = 0

    def transport(self, ctx: BusContext) -> BusTransport:
        """A transport for a new bus."""
        return InprocTransport({}, ctx)

    def bus(
        self,
        node: str,
        options: BusOptions | None = None,
        *,
        start: bool = True,
        versions: Versions = SPOKEN,
    ) -> Bus:
        """A new bus of a node; the node's threads are the group of its name."""
        self._instances += 1
        threads: Threads = self.threads.group(node)
        transport = self.transport(BusContext(self.clock, threads, self.hub))
        made = Bus(
            transport,
            bus_id=self.bus_id,
            node=node,
            instance=f"{node}#{self._instances}",
            clock=self.clock,
            threads=threads,
            options=options,
            versions=versions,
        )
        if start:
            made.start()
            self.addCleanup(made.stop, 5.0)
        return made


class Recorder:
    """A subscriber that keeps everything: arrivals, states, and the tables they make."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.state: dict[str, str] = {}
        self.told: list[tuple[str, str]] = []
        self.tables: dict[str, frozenset[Row]] = {}
        self.coverage: dict[str, Coverage] = {}

    def on_arrival(self, arrival: Arrival) -> None:
        """Take an arrival; a delta without a table to apply it to is a ``KeyError``."""
        self.arrivals.append(arrival)
        self.coverage.update(arrival.coverage)
        for change in arrival.changes:
            if isinstance(change, Snapshot):
                self.tables[change.table] = change.rows
            else:
                before = self.tables[change.table]
                assert change.removed <= before, "a removed row is not there"
                assert not change.added & before, "an added row is there already"
                self.tables[change.table] = applied(before, change)

    def on_state(self, table: str, state: str) -> None:
        """Take a state."""
        self.told.append((table, state))
        self.state[table] = state
