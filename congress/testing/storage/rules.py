"""Suite: rules and the policies they belong to.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

from dataclasses import replace

from congress.interfaces.storage import Duplicate
from congress.model.policy import RuleDef
from congress.testing.storage.case import AWKWARD, StorageCase, a_policy, a_rule


class RuleSuite(StorageCase):
    """Statements of policies."""

    def provide_policies(self) -> None:
        """Two policies to put rules into."""
        with self.writing() as tx:
            tx.policies.add(a_policy("net"))
            tx.policies.add(a_policy("web"))

    def test_every_field_of_a_rule_survives(self) -> None:
        self.provide_policies()
        rules = [
            RuleDef("r1", "net", AWKWARD * 9000, name=AWKWARD, comment=AWKWARD),
            RuleDef("r2", "net", "p(1)", name=None, comment=""),
        ]
        with self.writing() as tx:
            for rule in rules:
                tx.rules.add(rule, AWKWARD * 1000 + rule.id)
        with self.reading() as tx:
            self.assertEqual(list(tx.rules.list()), rules)
            self.assertEqual(tx.rules.get("r1"), rules[0])
            self.assertIsNone(tx.rules.get("none"))

    def test_rules_are_listed_in_the_order_they_were_added(self) -> None:
        self.provide_policies()
        ids = ["z", "a", "m", "B", "0"]
        with self.writing() as tx:
            for number, rule_id in enumerate(ids[:3]):
                tx.rules.add(a_rule(rule_id), str(number))
        with self.writing() as tx:
            for number, rule_id in enumerate(ids[3:]):
                tx.rules.add(a_rule(rule_id, "web"), str(number))
            tx.rules.replace(a_rule("z", text="p(2)"), "another")
        with self.reading() as tx:
            self.assertEqual([rule.id for rule in tx.rules.list()], ids)
            self.assertEqual([rule.id for rule in tx.rules.list("web")], ids[3:])
            self.assertEqual(list(tx.rules.list("none")), [])

    def test_a_rule_needs_its_policy(self) -> None:
        self.provide_policies()
        with self.writing() as tx:
            with self.assertRaises(KeyError):
                tx.rules.add(a_rule(policy="none"), "f")
            self.assertEqual(list(tx.rules.list()), [])

    def test_equivalent_rules_exist_once_per_policy(self) -> None:
        self.provide_policies()
        with self.writing() as tx:
            tx.rules.add(a_rule("r1"), "f")
            with self.assertRaises(Duplicate):
                tx.rules.add(a_rule("r2"), "f")
            with self.assertRaises(Duplicate):
                tx.rules.add(a_rule("r1"), "g")
            tx.rules.add(a_rule("r2", "web"), "f")
            tx.rules.add(a_rule("r3"), "g")
            with self.assertRaises(Duplicate):
                tx.rules.replace(a_rule("r3"), "f")
        with self.reading() as tx:
            self.assertEqual([rule.id for rule in tx.rules.list()], ["r1", "r2", "r3"])

    def test_fingerprints_differ_wherever_their_texts_do(self) -> None:
        self.provide_policies()
        with self.writing() as tx:
            for number, fingerprint in enumerate(["f", "F", "f ", "f" * 5000, "f" * 5001]):
                tx.rules.add(a_rule(f"r{number}"), fingerprint)
        with self.reading() as tx:
            self.assertEqual(len(tx.rules.list()), 5)

    def test_rule_is_replaced_and_removed(self) -> None:
        self.provide_policies()
        changed = replace(a_rule(), text="p(2)", name=None, comment="other", policy="web")
        with self.writing() as tx:
            tx.rules.add(a_rule(), "f")
            self.assertTrue(tx.rules.replace(changed, "f"))
            self.assertFalse(tx.rules.replace(a_rule("none"), "g"))
        with self.writing() as tx:
            self.assertEqual(tx.rules.get("r1"), changed)
            self.assertTrue(tx.rules.remove("r1"))
            self.assertFalse(tx.rules.remove("r1"))
        with self.reading() as tx:
            self.assertIsNone(tx.rules.get("r1"))

    def test_a_removed_rule_can_come_back(self) -> None:
        self.provide_policies()
        with self.writing() as tx:
            tx.rules.add(a_rule(), "f")
            tx.rules.remove("r1")
            tx.rules.add(a_rule(), "f")
        with self.reading() as tx:
            self.assertEqual(list(tx.rules.list()), [a_rule()])

    def test_rules_show_the_present_name_of_their_policy(self) -> None:
        self.provide_policies()
        with self.writing() as tx:
            tx.rules.add(a_rule(), "f")
            tx.policies.replace(replace(a_policy("net"), name="lan"))
            self.assertEqual(list(tx.rules.list("net")), [])
            self.assertEqual(list(tx.rules.list("lan")), [a_rule(policy="lan")])

    def test_rules_go_with_their_policy(self) -> None:
        self.provide_policies()
        with self.writing() as tx:
            tx.rules.add(a_rule("r1"), "f")
            tx.rules.add(a_rule("r2", "web"), "f")
            tx.policies.remove("id-net")
            tx.policies.add(a_policy("net"))
        with self.reading() as tx:
            self.assertEqual([rule.id for rule in tx.rules.list()], ["r2"])
