"""Policy engines on real buses and one storage, on the manual clock."""

from typing import Any

from congress.testing.lossy import ROUGH
from tests.unit.roles_policy.cluster import (
    SERVERS,
    VOLUMES,
    EngineNode,
    PolicyClusterTestCase,
    Source,
    wants,
)


class TwoEnginesTest(PolicyClusterTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.one, self.two = self.node("pe1"), self.node("pe2")
        self.nodes = (self.one, self.two)

    def test_what_one_writes_the_other_has_within_a_second(self) -> None:
        self.one.call("policy_create", name="p", rules=[{"rule": "a(x) :- b(x)"}])
        self.two_sees("p")
        self.two.call("rule_create", policy="p", rule="b(1)")
        self.until(lambda: self.one.rows("p", "a") == [[1]], timeout=1.0)
        self.assertTrue(self.converged(self.nodes, "p", "a"))

    def two_sees(self, policy: str) -> None:
        def seen() -> bool:
            return policy in {p["name"] for p in self.two.call("policy_list")}

        self.until(seen, timeout=1.0)

    def test_data_and_actions_are_the_same_on_both(self) -> None:
        self.configure("nova")
        text = "execute[nova:stop(x)] :- nova:servers(id=x, owner=null)"
        source = Source(self.bus("ds"), "nova", 1, SERVERS)
        source.publish("servers", ("s1", None), ("s2", "ann"), as_of=self.clock.time())
        self.clock.advance(2)
        rule = self.one.call("rule_create", policy="action", rule=text)["id"]
        recorders = [self.actions(node, "nova") for node in ("pe1", "pe2")]
        expected = {("want", '["s1"]')}
        self.until(lambda: all(wants(r, "nova") == expected for r in recorders))
        tables = [recorder.tables["__actions/nova"] for recorder in recorders]
        self.assertEqual(tables[0], tables[1])
        self.assertEqual(
            frozenset({("want", "action", rule, "stop", '["s1"]')}),
            tables[0],
        )

    def test_a_restarted_engine_publishes_no_fall(self) -> None:
        self.configure("nova")
        source = Source(self.bus("ds"), "nova", 1, SERVERS)
        source.publish("servers", ("s1", None), as_of=self.clock.time())
        text = "execute[nova:stop(x)] :- nova:servers(x, y)"
        self.one.call("rule_create", policy="action", rule=text)
        recorder = self.actions("pe1", "nova")
        self.until(lambda: wants(recorder, "nova") == {("want", '["s1"]')})
        seen = len(recorder.history)
        self.kill("pe1")
        self.clock.advance(1)
        self.node("pe1")
        self.until(lambda: len(recorder.history) > seen)
        self.until(lambda: wants(recorder, "nova") == {("want", '["s1"]')})
        self.assertNotIn(set(), recorder.history[seen:])

    def test_opposite_rules_at_once_do_not_both_succeed(self) -> None:
        outcomes: list[str] = []

        def write(node: EngineNode, text: str) -> None:
            try:
                node.call("rule_create", policy="action", rule=text)
                outcomes.append("stored")
            except Exception as error:
                outcomes.append(getattr(error, "code", repr(error)))

        for node, text in ((self.one, "p(x) :- q(x)"), (self.two, "q(x) :- p(x)")):
            loop = self.threads.loop(f"client-{node.bus.node}")
            loop.post(lambda node=node, text=text: write(node, text))
        self.until(lambda: len(outcomes) == 2)
        self.assertEqual(["recursion", "stored"], sorted(outcomes))
        self.until(lambda: self.converged(self.nodes, "action", "p"))

    def test_a_deleted_datasource_goes_from_both(self) -> None:
        self.configure("nova")
        source = Source(self.bus("ds"), "nova", 1, SERVERS)
        source.publish("servers", ("s1", None), as_of=self.clock.time())
        self.one.call("rule_create", policy="action", rule="a(x) :- nova:servers(x, y)")
        self.until(lambda: all(node.rows("action", "a") == [["s1"]] for node in self.nodes))
        source.publisher.close()
        self.deconfigure("nova")
        self.until(lambda: all(node.rows("action", "a") == [] for node in self.nodes), 61)
        for node in self.nodes:
            with self.assertRaisesRegex(Exception, "no policy"):
                node.call("policy_status", policy="nova")
            self.assertEqual(1, len(node.call("rule_list", policy="action")))


class ArmingTest(PolicyClusterTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.pe = self.node("pe1")
        self.configure("nova", "cinder")
        self.nova = Source(self.bus("ds1"), "nova", 1, SERVERS)
        self.recorder = self.actions("pe1", "nova")
        text = "execute[nova:stop(x)] :- nova:servers(x, y), not cinder:volumes(x)"
        self.pe.call("rule_create", policy="action", rule=text)

    def test_nothing_fires_before_the_second_source_was_read(self) -> None:
        self.nova.publish("servers", ("s1", None), ("s2", None), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") is not None)
        self.clock.advance(30)
        cinder = Source(self.bus("ds2"), "cinder", 1, VOLUMES)
        self.clock.advance(30)
        cinder.publish("volumes", ("s1",), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") == {("want", '["s2"]')})
        self.assertEqual({'["s2"]', ""}, self.ever())

    def test_a_source_that_dies_holds_and_comes_back_without_harm(self) -> None:
        self.nova.publish("servers", ("s1", None), ("s2", None), as_of=self.clock.time())
        cinder = Source(self.bus("ds2"), "cinder", 1, VOLUMES)
        cinder.publish("volumes", ("s1",), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") == {("want", '["s2"]')})
        self.kill("ds2")
        self.until(lambda: wants(self.recorder, "nova") == {("hold", "")}, timeout=5)
        cinder = Source(self.bus("ds3"), "cinder", 2, VOLUMES)
        self.clock.advance(20)
        self.assertEqual({("hold", "")}, wants(self.recorder, "nova"))
        cinder.publish("volumes", ("s1",), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") == {("want", '["s2"]')})
        self.assertEqual({'["s2"]', ""}, self.ever())

    def test_stale_data_hold(self) -> None:
        cinder = Source(self.bus("ds2"), "cinder", 1, VOLUMES)
        cinder.publish("volumes", as_of=self.clock.time())
        self.nova.publish("servers", ("s1", None), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") == {("want", '["s1"]')})
        self.nova.publish("servers", ("s1", None), as_of=self.clock.time(), stale=True)
        self.until(lambda: wants(self.recorder, "nova") == {("hold", "")})
        self.assertEqual([["servers", True]], self.stale_tables())

    def stale_tables(self) -> list[list[Any]]:
        rule = 'stale(t, s) :- _status:tables(source="nova", table=t, stale=s)'
        self.pe.call("rule_create", policy="classification", rule=rule)
        return self.pe.rows("classification", "stale")

    def ever(self) -> set[Any]:
        """The arguments of everything that was ever published."""
        return {row[1] for rows in self.recorder.history for row in rows or ()}


class RoughNetworkTest(PolicyClusterTestCase):
    faults = ROUGH
    seed = 11

    def test_engines_converge_on_policy_data_and_actions(self) -> None:
        nodes = [self.node(f"pe{n}") for n in (1, 2, 3)]
        self.configure("nova")
        source = Source(self.bus("ds"), "nova", 1, SERVERS)
        source.publish("servers", as_of=self.clock.time())
        recorders = [self.actions(node.bus.node, "nova") for node in nodes]
        nodes[0].call(
            "policy_create",
            name="p",
            rules=[
                {"rule": "execute[nova:stop(x)] :- bad(x)"},
                {"rule": "bad(x) :- nova:servers(x, o), not known(o)"},
            ],
        )
        for number in range(12):
            node = nodes[number % 3]
            self.until(lambda node=node: self.has_policy(node), timeout=30)
            node.call("rule_create", policy="p", rule=f'known("o{number}")')
            rows = [(f"s{n}", f"o{n}") for n in range(number, number + 4)]
            source.publish("servers", *rows, as_of=self.clock.time())
            self.clock.advance(0.7)
        expected = {("want", f'["s{n}"]') for n in (12, 13, 14)}
        self.until(lambda: all(wants(r, "nova") == expected for r in recorders), timeout=60)
        self.assertTrue(self.converged(nodes, "p", "bad"))

    def has_policy(self, node: EngineNode) -> bool:
        return "p" in {policy["name"] for policy in node.call("policy_list")}

    def test_equal_seeds_give_equal_runs(self) -> None:
        runs = []
        for _ in range(2):
            case = RoughNetworkTest("test_engines_converge_on_policy_data_and_actions")
            case.setUp()
            try:
                case.test_engines_converge_on_policy_data_and_actions()
                rules = [rule.id for rule in case.storage().read(lambda tx: tx.rules.list())]
                runs.append((case.network.delivered, case.network.lost, rules))
            finally:
                case.doCleanups()
        self.assertEqual(*runs)
