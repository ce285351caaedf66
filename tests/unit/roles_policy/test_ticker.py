"""The time in policy."""

from tests.unit.roles_policy.harness import PolicyEngineTestCase


class TickerTest(PolicyEngineTestCase):
    def transactions(self) -> int:
        return int(self.call("engine_status")["transaction"])

    def test_time_moves_on_only_while_a_rule_reads_it(self) -> None:
        before = self.transactions()
        self.clock.advance(300)
        self.assertEqual(before, self.transactions())
        rule = self.rule("action", "at(t) :- now(t)")
        ((first,),) = self.rows("action", "at")
        self.assertRegex(first, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        before = self.transactions()
        self.clock.advance(121)
        self.assertEqual(before + 2, self.transactions())
        ((later,),) = self.rows("action", "at")
        self.assertLess(first, later)
        self.call("rule_delete", policy="action", rule=rule)
        before = self.transactions()
        self.clock.advance(300)
        self.assertEqual(before, self.transactions())

    def test_actions_on_the_time_are_refused(self) -> None:
        text = "execute[nova:tell(t)] :- now(t)"
        self.assertEqual("unsafe", self.refused("rule_create", policy="action", rule=text))
