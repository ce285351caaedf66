"""The clock of a host is set: nobody is taken for dead, and nothing is owned anew."""

from collections.abc import Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from tests.ha.clock import Clock
from tests.ha.cluster import PACE
from tests.ha.node import Node, Settings
from tests.ha.watch import PERIOD, WatchCase

HOUR = 3600
#: As many polls as take longer than anything that could be given up too early.
POLLS = int(2 * PACE["lease"] / PERIOD)


class ClockTest(WatchCase):
    """An engine and a datasource node, each with a clock of its own.

    They wait for each other for a minute, which an hour is more than, and what the machine
    has to do besides is not.
    """

    settings: ClassVar[Settings] = {"dse": {"peer_timeout": 60, "leader_timeout": 60}}
    clocks: ClassVar[dict[str, Clock]]
    engine: ClassVar[Node]

    @classmethod
    def make_nodes(cls) -> Sequence[Node]:
        cls.engine, source = nodes = cls.cluster.engine("pe-1"), cls.cluster.datasources()
        cls.clocks = {"engine": Clock(cls.engine), "source": Clock(source)}
        return nodes

    def leadership(self) -> Any:
        """Who leads the source in which epoch, and who owns the source in which."""
        engine = sa.create_engine(self.cluster.database.url)
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT resource, owner, epoch FROM lease")
            leases = [tuple(row) for row in rows]
        engine.dispose()
        leader = self.engine.api.source_detail("box").get("leader")
        return leases, leader and (leader["instance"], leader["epoch"])

    def follow(self) -> None:
        """For some time rows arrive, and the engine always relies on them."""
        for _ in range(POLLS):
            self.write()
            self.await_rows("alarm", [[f"v{self.number}"]], self.engine)
            self.assertEqual([], self.engine.api.rows("classification", "old"))

    def test_t19_clocks_that_are_set_forward_and_back_by_an_hour(self) -> None:
        self.cluster.wait(lambda: self.leadership()[1], "there is a leader")
        before = self.leadership()
        for name, clock in self.clocks.items():
            for seconds in (HOUR, -HOUR, 0):
                with self.subTest(clock=name, seconds=seconds):
                    clock.step(seconds)
                    self.follow()
                    self.assertEqual(before, self.leadership())
