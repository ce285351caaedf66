"""Parts that cannot reach each other, or only in one direction.

Whatever is cut off says so, goes on with what it knows, refuses what it cannot do, and
finds its way back without a restart.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import sqlalchemy as sa

from tests.ha.node import Node, Settings
from tests.ha.relay import Relay, Way
from tests.ha.servers import BROKER, address
from tests.ha.watch import WatchCase

CUTS = ((Way.TO_NODE, Way.TO_SERVER), (Way.TO_SERVER,), (Way.TO_NODE,))
RULES = "/v1/policies/classification/rules"


class Ways:
    """The ways of one node to its servers, which can be broken."""

    def __init__(self, test: type[WatchCase]) -> None:
        urls = {"broker": address(BROKER), "database": test.cluster.database.url}
        self.relays = {
            name: test.enterClassContext(Relay(sa.make_url(url).port or 0))
            for name, url in urls.items()
        }
        there = {
            name: sa.make_url(url)
            .set(port=self.relays[name].port)
            .render_as_string(hide_password=False)
            for name, url in urls.items()
        }
        self.settings: Settings = {
            "DEFAULT": {"transport_url": there["broker"]},
            "database": {"connection": there["database"]},
        }

    @contextmanager
    def cut(self, server: str, directions: Sequence[Way]) -> Iterator[None]:
        """The way to a server does not work."""
        self.relays[server].stall(*directions)
        try:
            yield
        finally:
            self.relays[server].heal()


class PartitionTest(WatchCase):
    """An engine and the datasource node have breakable ways, another engine has not."""

    settings = {"storage_sql": {"timeout": 2}}
    one: ClassVar[Node]
    two: ClassVar[Node]
    ways_of_one: ClassVar[Ways]
    ways_of_source: ClassVar[Ways]

    @classmethod
    def make_nodes(cls) -> Sequence[Node]:
        cls.ways_of_one, cls.ways_of_source = Ways(cls), Ways(cls)
        cls.one = cls.cluster.engine("pe-1", cls.ways_of_one.settings)
        cls.two = cls.cluster.engine("pe-2")
        source = cls.cluster.datasources(settings=cls.ways_of_source.settings)
        return cls.one, cls.two, source

    def test_t16_an_engine_that_cannot_reach_the_broker(self) -> None:
        for directions in CUTS:
            with self.subTest(directions):
                with self.ways_of_one.cut("broker", directions):
                    self.await_stale(self.one)
                    self.write()
                    self.await_all(self.two)
                self.await_all(self.one, self.two)

    def test_t16_a_datasource_node_that_cannot_reach_the_broker(self) -> None:
        for directions in CUTS:
            with self.subTest(directions):
                with self.ways_of_source.cut("broker", directions):
                    self.await_stale(self.one, self.two)
                    self.write()
                self.await_all(self.one, self.two)

    def test_t16_an_engine_that_cannot_reach_the_database(self) -> None:
        for number, directions in enumerate(CUTS):
            rule = {"rule": f"p{number}(1)"}
            with self.subTest(directions):
                with self.ways_of_one.cut("database", directions):
                    self.assertEqual(503, self.one.api.status("POST", RULES, rule))
                    self.write()
                    self.await_all(self.one, self.two)
                    self.two.api.create_rule("classification", f'q{number}("there")')
                self.await_rows(f"q{number}", [["there"]], self.one)
                self.assertEqual(201, self.one.api.status("POST", RULES, rule))

    def test_t16_a_datasource_node_that_cannot_reach_the_database(self) -> None:
        for directions in CUTS:
            with self.subTest(directions):
                with self.ways_of_source.cut("database", directions):
                    self.await_stale(self.one, self.two)
                    self.write()
                self.await_all(self.one, self.two)
