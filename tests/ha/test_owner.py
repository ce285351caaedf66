"""Two datasource nodes at once: one of them has each data source, and only that one acts."""

from pathlib import Path
from tempfile import TemporaryDirectory

from congress.kernel.exit_codes import ExitCode
from tests.ha.case import HACase
from tests.ha.drivers import ENDPOINTS
from tests.ha.node import Node


class OwnerCase(HACase):
    """An engine, and a datasource node whose polls and actions leave traces."""

    settings = {"DEFAULT": {"custom_driver_endpoints": ENDPOINTS}}

    def setUp(self) -> None:
        super().setUp()
        self.trace = Path(self.enterContext(TemporaryDirectory())) / "trace"
        self.engine = self.cluster.engine("pe-1")
        self.first = self.cluster.datasources("ds-1")
        self.cluster.start(self.engine, self.first)
        api = self.engine.api
        api.create_source("traced", "tracing", file=str(self.trace))
        api.create_source("told", "notify")
        api.create_source("box", "push", tables={"t": ["x"]}, persist_data=True)
        rule = f'execute[told:webhook("{self.receiver.url}", x)] :- box:t(x)'
        api.create_rule("classification", rule)
        api.create_rule("classification", "polled(x) :- traced:t(x)")
        self.act("vm1")
        self.await_owner(self.first)

    def polls(self) -> list[str]:
        """The process of each poll."""
        return self.trace.read_text().split()

    def act(self, *rows: str) -> None:
        """Each row has its action once."""
        self.engine.api.await_push("box", "t", [[row] for row in rows])
        self.cluster.wait(lambda: set(rows) <= set(self.receiver.effects()), f"{rows}")
        self.assertEqual(len(rows), len(self.receiver.calls))

    def await_owner(self, node: Node) -> None:
        """A node polls, and the others do not, for ten polls."""
        assert node.process
        number = node.process.pid
        self.await_rows("classification", "polled", [[number]], self.engine)
        wanted = len(self.polls()) + 10
        self.cluster.wait(lambda: len(self.polls()) >= wanted, "ten more polls")
        self.assertEqual({str(number)}, set(self.polls()[wanted - 10 :]))

    def await_loss(self, node: Node) -> None:
        """A node knows that it owns nothing any more."""
        lost = "is lost; it is no longer run here"
        self.cluster.wait(lambda: node.reports(lost) == 3, f"{node.name} gives way")


class TwoNodesTest(OwnerCase):
    """Two nodes of different names."""

    def setUp(self) -> None:
        super().setUp()
        self.second = self.cluster.datasources("ds-2")
        self.cluster.start(self.second)

    def test_t12_the_second_node_stands_by_until_the_first_dies(self) -> None:
        self.await_owner(self.first)
        self.act("vm1", "vm2")
        self.first.kill()
        self.await_owner(self.second)
        self.act("vm1", "vm2", "vm3")

    def test_t12_a_node_that_stood_still_owns_nothing_when_it_comes_back(self) -> None:
        self.first.pause()
        self.await_owner(self.second)
        self.first.resume()
        self.await_loss(self.first)
        self.await_owner(self.second)
        self.act("vm1", "vm2")


class OneNameTest(OwnerCase):
    """Two nodes of one name, on two hosts."""

    def setUp(self) -> None:
        super().setUp()
        self.second = self.cluster.datasources("ds-1", host="other-host")

    def test_t11_a_second_node_of_the_name_is_turned_away(self) -> None:
        self.second.start()
        self.assertEqual(ExitCode.DUPLICATE_NODE, self.second.wait())
        self.assertEqual(1, self.second.reports("a node with the id 'ds-1' is running already"))
        self.await_owner(self.first)
        self.act("vm1", "vm2")

    def test_t11_a_node_that_stood_still_gives_way_to_the_second(self) -> None:
        self.first.pause()
        self.cluster.start(self.second)
        self.await_owner(self.second)
        self.first.resume()
        self.assertEqual(ExitCode.FAILURE, self.first.wait())
        self.assertEqual(1, self.first.reports("another node with the id 'ds-1' took its place"))
        self.await_owner(self.second)
        self.act("vm1", "vm2")


class EngineNameTest(HACase):
    def test_t11_a_second_engine_of_the_name_is_turned_away(self) -> None:
        first, second = (
            self.cluster.add("pe-1", "--api", "--policy-engine", host=host)
            for host in ("one-host", "other-host")
        )
        self.cluster.start(first)
        second.start()
        self.assertEqual(ExitCode.DUPLICATE_NODE, second.wait())
        self.assertEqual(200, first.health()[0])
