"""Suite: policies, datasources and library policies.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

from dataclasses import replace

from congress.interfaces.storage import Duplicate
from congress.model.diagnostic import Refused
from congress.model.policy import PolicyDef, PolicyKind
from congress.testing.storage.case import (
    AWKWARD,
    AWKWARD_NAME,
    StorageCase,
    a_datasource,
    a_library_policy,
    a_policy,
)


class CatalogueSuite(StorageCase):
    """Things that people create and name."""

    def test_policy_is_found_by_name_first_and_then_by_id(self) -> None:
        one, two = a_policy("one", "id1"), a_policy("id1", "id2")
        with self.writing() as tx:
            tx.policies.add(one)
            tx.policies.add(two)
        with self.reading() as tx:
            found = [tx.policies.get(key) for key in ("one", "id1", "id2", "none")]
        self.assertEqual(found, [one, two, two, None])

    def test_things_are_listed_by_name_in_code_point_order(self) -> None:
        names = ["b", "B", "a", "ä", "_z", "Z", "\U0001f600", "\uff5e"]
        with self.writing() as tx:
            for name in names:
                tx.policies.add(a_policy(name))
                tx.datasources.add(a_datasource(name))
                tx.library.add(a_library_policy(name))
        with self.reading() as tx:
            self.assertEqual([p.name for p in tx.policies.list()], sorted(names))
            self.assertEqual([d.name for d in tx.datasources.list()], sorted(names))
            self.assertEqual([r.name for r in tx.library.list()], sorted(names))

    def test_names_differ_by_case_accent_and_space(self) -> None:
        names = ["net", "Net", "nét", "net ", " net", "straße", "strasse"]
        with self.writing() as tx:
            for name in names:
                tx.policies.add(a_policy(name))
        with self.reading() as tx:
            found = [tx.policies.get(name) for name in names]
            self.assertEqual([policy and policy.name for policy in found], names)
            self.assertIsNone(tx.policies.get("NET"))

    def test_every_field_of_a_policy_survives_awkward_texts(self) -> None:
        name = AWKWARD_NAME
        policy = PolicyDef("i" * 255, name, PolicyKind.Z3, AWKWARD, AWKWARD * 9000, AWKWARD)
        with self.writing() as tx:
            tx.policies.add(policy)
        with self.reading() as tx:
            self.assertEqual(tx.policies.get(name), policy)
            self.assertEqual(list(tx.policies.list()), [policy])

    def test_name_and_id_are_unique(self) -> None:
        with self.writing() as tx:
            tx.policies.add(a_policy("net"))
            tx.datasources.add(a_datasource("net"))
            tx.library.add(a_library_policy("net"))
        for name, key in (("net", "another"), ("another", "id-net")):
            with self.subTest(name=name), self.writing() as tx:
                with self.assertRaises(Duplicate) as caught:
                    tx.policies.add(a_policy(name, key))
                self.assertEqual(caught.exception.kind, "policy")
                with self.assertRaises(Duplicate):
                    tx.datasources.add(a_datasource(name, key))
                with self.assertRaises(Duplicate):
                    tx.library.add(replace(a_library_policy(name), id=key))
        with self.reading() as tx:
            self.assertEqual(len(tx.policies.list()), 1)

    def test_a_duplicate_leaves_the_transaction_usable(self) -> None:
        with self.writing() as tx:
            tx.policies.add(a_policy("net"))
            with self.assertRaises(Duplicate):
                tx.policies.add(a_policy("net", "another"))
            tx.policies.add(a_policy("web"))
        with self.reading() as tx:
            self.assertEqual([p.name for p in tx.policies.list()], ["net", "web"])

    def test_names_that_no_key_can_hold_are_refused(self) -> None:
        unfit = (
            ("", "invalid"),
            ("a\x00", "invalid"),
            ("\ud800", "invalid"),
            ("n" * 256, "too-large"),
        )
        for name, code in unfit:
            with self.subTest(code=code), self.writing() as tx:
                with self.assertRaises(Refused) as caught:
                    tx.policies.add(a_policy(name, "id"))
                self.assertEqual(caught.exception.code, code)
                self.assertIsNone(tx.policies.get(name))

    def test_policy_is_replaced_and_renamed_under_its_id(self) -> None:
        with self.writing() as tx:
            tx.policies.add(a_policy("net"))
            tx.policies.add(a_policy("web"))
        renamed = replace(a_policy("net"), name="lan", description="other")
        with self.writing() as tx:
            self.assertTrue(tx.policies.replace(renamed))
            self.assertFalse(tx.policies.replace(a_policy("none")))
            with self.assertRaises(Duplicate):
                tx.policies.replace(replace(renamed, name="web"))
        with self.reading() as tx:
            self.assertEqual(tx.policies.get("id-net"), renamed)
            self.assertIsNone(tx.policies.get("net"))

    def test_policy_can_be_removed_once(self) -> None:
        with self.writing() as tx:
            tx.policies.add(a_policy("net"))
            self.assertTrue(tx.policies.remove("id-net"))
            self.assertFalse(tx.policies.remove("id-net"))
            self.assertFalse(tx.policies.remove("net"))
        with self.reading() as tx:
            self.assertEqual(list(tx.policies.list()), [])

    def test_datasource_keeps_every_kind_of_option_value(self) -> None:
        record = replace(a_datasource(), description=None, enabled=False, generation=7)
        with self.writing() as tx:
            tx.datasources.add(record)
        with self.reading() as tx:
            found = tx.datasources.get("nova")
            self.assertEqual(found, record)
            self.assertEqual(tx.datasources.get(record.id), record)
        assert found is not None
        self.assertEqual(repr(dict(found.config)), repr(dict(record.config)))

    def test_datasource_is_replaced_and_removed(self) -> None:
        changed = replace(a_datasource(), config={"x": "y"}, generation=2, sealed=())
        with self.writing() as tx:
            tx.datasources.add(a_datasource())
            self.assertTrue(tx.datasources.replace(changed))
            self.assertFalse(tx.datasources.replace(a_datasource("none")))
        with self.writing() as tx:
            self.assertEqual(tx.datasources.get("nova"), changed)
            self.assertTrue(tx.datasources.remove("id-nova"))
            self.assertFalse(tx.datasources.remove("id-nova"))

    def test_what_is_handed_in_may_be_changed_afterwards(self) -> None:
        config: dict[str, object] = {"list": [1]}
        record = replace(a_datasource(), config=config)  # type: ignore[arg-type]
        with self.writing() as tx:
            tx.datasources.add(record)
        config["list"] = "changed"
        with self.reading() as tx:
            found = tx.datasources.get("nova")
        assert found is not None
        self.assertEqual(found.config, {"list": [1]})

    def test_library_policy_is_found_by_id_first(self) -> None:
        one = replace(a_library_policy("one"), id="id1")
        two = replace(a_library_policy("two"), id="one")
        with self.writing() as tx:
            tx.library.add(one)
            tx.library.add(two)
        with self.reading() as tx:
            found = [tx.library.get(key) for key in ("id1", "one", "two", "none")]
        self.assertEqual(found, [one, two, two, None])

    def test_library_policy_is_replaced_and_removed(self) -> None:
        rules = ({"rule": AWKWARD * 9000, "name": AWKWARD}, {"rule": "p(1)"})
        changed = replace(a_library_policy(), rules=rules, digest="")
        with self.writing() as tx:
            tx.library.add(a_library_policy())
            self.assertTrue(tx.library.replace(changed))
            self.assertFalse(tx.library.replace(a_library_policy("none")))
        with self.writing() as tx:
            self.assertEqual(tx.library.get("lib"), changed)
            self.assertTrue(tx.library.remove("id-lib"))
            self.assertFalse(tx.library.remove("id-lib"))
