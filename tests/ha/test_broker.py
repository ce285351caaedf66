"""The broker is restarted, killed, robbed of its queues, or takes nothing any more."""

from collections.abc import Sequence
from typing import ClassVar

import kombu

from tests.functional.private import PrivateBroker
from tests.ha.node import Node
from tests.ha.servers import MARIADB, address
from tests.ha.watch import WatchCase

#: Kilobytes by which two nodes may grow while they cannot send.
GROWTH = 64 * 1024


class BrokerTest(WatchCase):
    """An engine and a datasource node with a broker that is the tests' alone."""

    broker: ClassVar[PrivateBroker]
    engine: ClassVar[Node]

    @classmethod
    def servers(cls) -> tuple[str, str]:
        cls.broker = cls.enterClassContext(PrivateBroker())
        return cls.broker.url, address(MARIADB)

    @classmethod
    def make_nodes(cls) -> Sequence[Node]:
        cls.engine = cls.cluster.engine("pe-1")
        return cls.engine, cls.cluster.datasources()

    def test_t15_a_broker_that_is_restarted(self) -> None:
        self.broker.restart()
        self.write()
        self.await_all(self.engine)

    def test_t15_a_broker_that_is_killed_and_comes_back(self) -> None:
        bus = self.cluster.bus
        self.cluster.wait(lambda: self.broker.has_written_down(bus), "queues are on disk")
        self.broker.kill()
        self.await_stale(self.engine)
        self.write()
        self.broker.start()
        self.await_all(self.engine)

    def test_t15_queues_that_somebody_deletes(self) -> None:
        queues = self.broker.queues(self.cluster.bus)
        self.assertGreaterEqual(len(queues), 8, queues)
        with kombu.Connection(self.broker.url.replace("rabbit:", "amqp:")) as connection:
            for name in queues:
                connection.default_channel.queue_delete(name)
        self.write()
        self.await_all(self.engine)

    def test_t15_a_broker_that_is_short_of_memory_and_takes_nothing(self) -> None:
        before = self.memory()
        self.broker.control("set_vm_memory_high_watermark", "absolute", "1MB")
        try:
            self.await_stale(self.engine)
            self.write()
            self.assertLess(self.memory() - before, GROWTH)
        finally:
            self.broker.control("set_vm_memory_high_watermark", "0.4")
        self.await_all(self.engine)

    def memory(self) -> int:
        """Kilobytes that the nodes take together."""
        return sum(node.memory() for node in self.cluster.nodes)


class BrokerClusterTest(WatchCase):
    """Three brokers that replicate their queues, of which nodes know all."""

    brokers: ClassVar[list[PrivateBroker]]
    engine: ClassVar[Node]

    @classmethod
    def servers(cls) -> tuple[str, str]:
        first = cls.enterClassContext(PrivateBroker())
        cls.brokers = [first, *(cls.enterClassContext(PrivateBroker(first)) for _ in range(2))]
        places = ",".join(f"congress:congress@127.0.0.1:{one.port}" for one in cls.brokers)
        return f"rabbit://{places}/", address(MARIADB)

    @classmethod
    def make_nodes(cls) -> Sequence[Node]:
        cls.engine = cls.cluster.engine("pe-1")
        return cls.engine, cls.cluster.datasources()

    def test_t15_any_one_of_three_brokers_that_is_killed(self) -> None:
        bus = self.cluster.bus
        for broker in self.brokers:
            self.cluster.wait(lambda one=broker: one.has_written_down(bus), "queues are on disk")  # type: ignore[misc]
            broker.kill()
            self.write()
            self.await_all(self.engine)
            broker.start()
