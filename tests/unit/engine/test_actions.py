"""Tests of congress.engine.actions."""

from congress.engine import CreatePolicy, InsertRules
from congress.model.action import DesiredAction
from tests.unit.engine.case import EngineCase


class ActionsTest(EngineCase):
    def test_actions_rise_and_fall_with_their_conditions(self) -> None:
        self.insert("execute[tugs:tow(v)] :- adrift(v), not claimed(v)", rule_id="r")
        changes = self.insert('adrift("Kite")')
        action = DesiredAction("p", "r", "tugs", "tow", ("Kite",))
        self.assertEqual(changes.activated, {action})
        self.assertEqual(self.engine.desired_actions(), {action})
        self.assertEqual(self.insert('adrift("Kite")').activated, frozenset())
        changes = self.insert('claimed("Kite")')
        self.assertEqual((changes.activated, changes.deactivated), (frozenset(), {action}))
        self.assertEqual(self.delete('claimed("Kite")').activated, {action})

    def test_a_rule_asks_at_once_for_what_holds_already(self) -> None:
        self.insert("b(1) b(2.0)")
        changes = self.insert("execute[n:f.g(x)] :- b(x)")
        self.assertEqual({each.arguments for each in changes.activated}, {(1,), (2,)})
        self.assertEqual({each.action for each in changes.activated}, {"f.g"})
        self.assertEqual(len(self.delete("execute[n:f.g(x)] :- b(x)").deactivated), 2)

    def test_service_defaults_to_the_policy_and_rule_to_the_text(self) -> None:
        changes = self.insert("b(1) execute[horn()] :- b(x)")
        (action,) = changes.activated
        self.assertEqual((action.datasource, action.action, action.arguments), ("p", "horn", ()))
        self.assertEqual(action.rule, "execute[horn()] :- b(x)")

    def test_each_rule_asks_for_its_own_action(self) -> None:
        edits = [
            InsertRules("p", "execute[n:one(x)] :- b(x)", "r1"),
            InsertRules("p", "execute[n:two(x)] :- c(x)", "r2"),
            InsertRules("p", "execute[n:one(x)] :- c(x)", "r3"),
            InsertRules("p", "b(1) c(1)"),
        ]
        changes = self.engine.transact(edits)
        asked = {(each.rule, each.action) for each in changes.activated}
        self.assertEqual(asked, {("r1", "one"), ("r2", "two"), ("r3", "one")})

    def test_a_batch_that_leaves_an_action_as_it_was_changes_nothing(self) -> None:
        self.insert("execute[n:f(s)] :- t(i, s)  t(1, 2)")
        changes = self.update("t", add=[(9, 2)], remove=[(1, 2)])
        self.assertEqual((changes.activated, changes.deactivated), (frozenset(), frozenset()))

    def test_update_modals_in_action_policies_have_no_effect(self) -> None:

        self.engine.transact([CreatePolicy("acts", "action")])
        self.insert("b(1) insert[t(x)] :- b(x)", "acts")
        self.assertEqual(self.engine.desired_actions(), frozenset())
        self.assertEqual(self.texts("insert[t(x)]", "acts"), ["insert[t(1)]"])

    def test_sources_are_reached_through_everything(self) -> None:
        self.source(t="id", u="id")
        self.insert("a(x) :- b(x), not c(x)  b(x) :- s:t(x)  c(count<x>) :- g:d(x)  k(1)")
        self.insert("d(x) :- d(x), ghost:v(x)", "g")
        self.insert("execute[n:f(x)] :- a(x), k(x), now(t)", rule_id="r")
        self.assertEqual(self.engine.reached("p", "r"), {("s", "t"), ("ghost", "v")})
        text = "b(x) :- s:t(x)"
        self.assertEqual(self.engine.reached("p", text), {("s", "t")})

    def test_a_waiting_rule_reaches_what_it_waits_for(self) -> None:
        self.insert("execute[n:f(x)] :- ghost:t(id=x)", rule_id="r")
        self.assertEqual(self.engine.reached("p", "r"), {("ghost", "t")})
