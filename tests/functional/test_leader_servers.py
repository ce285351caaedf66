"""The leader strategy ``lease`` over leases in MariaDB and PostgreSQL.

Classes are made as in ``test_storage_servers``, which also tells in CI of a server that
is missing.
"""

import itertools
import os
import unittest
from typing import ClassVar

import sqlalchemy as sa

from congress.interfaces.leader import (
    Heard,
    LeaderContext,
    Leadership,
    LeaderStrategy,
    LeaseTerms,
    Requested,
)
from congress.interfaces.storage import StorageBackend
from congress.plugins.leader.lease import LeaseStrategy
from congress.plugins.storage.sql.engine import connected
from congress.plugins.storage.sql.models import Lease
from congress.testing.leader import HERE, THERE, FakeLeases, LeaderSuite
from tests.functional.test_storage_servers import SERVERS, ServerCase


class LeaseCase(ServerCase):
    """Strategies whose leases are in the database, and timed by its clock."""

    numbers: ClassVar["itertools.count[int]"] = itertools.count()
    strategy = LeaseStrategy
    histories = 3
    timeout: float

    def setUp(self) -> None:
        self.storage: StorageBackend = self.make_storage("bus")
        self.storage.open()
        super().setUp()
        self.addCleanup(self.storage.close)  # type: ignore[attr-defined]

    def make_strategy(self, leases: FakeLeases | None = None) -> LeaderStrategy:
        """A new strategy for a data source of its own."""
        return self.strategy_of(f"source{next(self.numbers)}")

    def strategy_of(self, source: str) -> LeaderStrategy:
        """The strategy of a data source, on whichever node."""
        terms = LeaseTerms(self.acquire, self.release, self.holder)
        clock = self.clock  # type: ignore[attr-defined]
        return self.strategy({}, LeaderContext(clock, HERE, source, lambda: self.timeout, terms))

    def acquire(self, resource: str, holder: str, ttl: float) -> int | None:
        lease = self.storage.run(lambda tx: tx.leases.acquire(resource, holder, ttl))
        return lease.epoch if lease else None

    def release(self, resource: str, holder: str) -> bool:
        return self.storage.run(lambda tx: tx.leases.release(resource, holder))

    def holder(self, resource: str) -> str:
        lease = self.storage.read(lambda tx: tx.leases.get(resource))
        return lease.owner if lease else ""


class LeaseSuite(LeaseCase, LeaderSuite):
    """The conformance suite, and what two nodes see of one lease."""

    def test_the_choice_outlives_the_node_that_made_it(self) -> None:
        one = self.strategy_of("shared")
        now = self.clock.monotonic()
        for event in (Heard(THERE, "1"), Requested(THERE, "1")):
            one.observe(event, now)
        chosen = one.leader(now)
        assert chosen is not None
        two = self.strategy_of("shared")
        two.observe(Heard(THERE, "1"), now)
        found = two.leader(now)
        assert found is not None
        self.assertEqual((chosen.node, chosen.epoch), (found.node, found.epoch))

    def test_nobody_else_is_chosen_until_the_lease_runs_out_in_the_database(self) -> None:
        self.timeout = 60.0
        one, two = self.strategy_of("rare"), self.strategy_of("rare")
        for strategy, node in ((one, THERE), (two, HERE)):
            for event in (Heard(node, "1"), Requested(node, "1")):
                strategy.observe(event, self.clock.monotonic())
        first = one.leader(self.clock.monotonic())
        assert first is not None
        self.assertIsNone(two.leader(self.clock.monotonic()))

        def ask() -> Leadership | None:
            self.clock.advance(self.timeout * 0.4)
            two.observe(Heard(HERE, "1"), self.clock.monotonic())
            return two.leader(self.clock.monotonic())

        self.assertIsNone(ask())
        self.expire()
        found = ask()
        assert found is not None
        self.assertEqual((HERE, True), (found.node, found.epoch > first.epoch))

    def expire(self) -> None:
        """Let every lease have run out by the clock of the database."""
        with connected(self.server.conf, writing=True) as connection:
            connection.execute(sa.update(Lease).values(expires_at=Lease.expires_at - self.timeout))


def make_tests() -> None:
    """Add a class for each server that can be reached."""
    for name, variable in SERVERS.items():
        if url := os.environ.get(variable):
            names = {"url": url, "__module__": __name__}
            title = f"TestLease{name}"
            globals()[title] = type(title, (LeaseSuite, unittest.TestCase), names)


make_tests()
