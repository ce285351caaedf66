"""A member of a Galera cluster is killed: nodes that write to others go on."""

from collections.abc import Sequence
from typing import ClassVar

from tests.functional.private import PrivateServer
from tests.ha.node import Node, Settings
from tests.ha.servers import BROKER, address
from tests.ha.watch import WatchCase

RULES = "/v1/policies/classification/rules"


class GaleraTest(WatchCase):
    """Two engines, each with a member of its own, and a datasource node with the first's."""

    settings: ClassVar[Settings] = {"storage_sql": {"timeout": 2}}
    galera: ClassVar[PrivateServer]
    one: ClassVar[Node]
    two: ClassVar[Node]

    @classmethod
    def servers(cls) -> tuple[str, str]:
        cls.galera = cls.enterClassContext(PrivateServer("galera"))
        return address(BROKER), cls.galera.urls()[0]

    @classmethod
    def make_nodes(cls) -> Sequence[Node]:
        second = cls.cluster.database.at(cls.galera.urls()[1])
        cls.one = cls.cluster.engine("pe-1")
        cls.two = cls.cluster.engine("pe-2", {"database": {"connection": second}})
        return cls.one, cls.two, cls.cluster.datasources()

    def test_t17_a_member_that_is_killed_takes_only_its_own_nodes_from_writing(self) -> None:
        self.galera.kill("2")
        # 409: a write that was told to have failed was stored when the cluster went on.
        self.cluster.wait(
            lambda: self.one.api.status("POST", RULES, {"rule": 'since("then")'}) in (201, 409),
            "the rest of the cluster goes on",
        )
        self.assertEqual(503, self.two.api.status("POST", RULES, {"rule": "p(1)"}))
        self.write()
        self.await_all(self.one, self.two)
        self.galera.start()
        self.await_rows("since", [["then"]], self.two)
        self.assertEqual(201, self.two.api.status("POST", RULES, {"rule": "p(1)"}))
