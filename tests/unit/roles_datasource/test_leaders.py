"""Whom a data source obeys: the engine of its own node, else the first one it heard."""

from tests.unit.roles_datasource.kit import DatasourceCase, Engine, Node, pause

VM1 = pause("vm1")


class ChoiceTest(DatasourceCase):
    """A data source on ``ds1``, which may have an engine, and engines on other nodes."""

    def setUp(self) -> None:
        super().setUp()
        self.ds = self.node()
        self.create(self.ds)

    def engine(self, name: str, node: Node | None = None, datasource: str = "nova") -> Engine:
        """An engine that has had the time to be heard, on a node of its own unless one is given."""
        made = Engine(self, name, node and node.bus).publish(datasource)
        self.clock.advance(2.0)
        return made

    def leader(self, node: Node, datasource: str = "nova") -> str:
        return str(self.ask(node, "status", datasource)["detail"]["leader"]["node"])

    def test_of_engines_elsewhere_the_first_one_heard_leads(self) -> None:
        self.engine("pe2")
        self.engine("pe1")
        self.assertEqual("pe2", self.leader(self.ds))

    def test_the_engine_of_its_own_node_leads_though_it_came_later(self) -> None:
        elsewhere = self.engine("pe1")
        self.assertEqual("pe1", self.leader(self.ds))
        here = self.engine("ds1", self.ds)
        self.assertEqual("ds1", self.leader(self.ds))
        elsewhere.want(VM1)
        self.clock.advance(5.0)
        self.assertEqual([], self.called())
        here.want(VM1)
        self.clock.advance(5.0)
        self.assertEqual(["vm1"], self.called())

    def test_data_sources_of_one_node_choose_for_themselves(self) -> None:
        self.create(self.ds, "cinder")
        self.engine("pe1", datasource="nova")
        self.engine("pe2", datasource="cinder")
        self.assertEqual("pe1", self.leader(self.ds, "nova"))
        self.assertEqual("pe2", self.leader(self.ds, "cinder"))
