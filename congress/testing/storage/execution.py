"""Suite: the ledger of actions, leases and fences.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
A lease taken for zero seconds has expired at once, whatever the backend's clock
shows; so nothing here waits.
"""

from collections.abc import Sequence
from dataclasses import replace

from congress.interfaces.storage import Conflict, Fence, Fenced, LedgerEntry, Transaction
from congress.model.action import ActionState, DesiredAction, Promise
from congress.model.values import FALSE, TRUE
from congress.testing.storage.case import AWKWARD, AWKWARD_NAME, StorageCase, a_policy, an_entry


def keys(entries: Sequence[LedgerEntry]) -> str:
    """The keys of entries, one letter each."""
    return "".join(entry.key for entry in entries)


class LedgerSuite(StorageCase):
    """The execution log."""

    def test_every_field_of_an_entry_survives(self) -> None:
        arguments = (1, 2.0, 1.5, "1", TRUE, FALSE, None, AWKWARD, 10**40)
        entry = replace(
            an_entry(),
            desired=DesiredAction(AWKWARD, AWKWARD * 100, AWKWARD_NAME, AWKWARD, arguments),
            generation=2**40, active=False, state=ActionState.IN_DOUBT, fence=2**40, attempts=3,
            promise=Promise.AT_LEAST_ONCE, manual=True, message=AWKWARD * 100,
            result={"a": [1, 2.5, None, True, AWKWARD]},
            created_at=1795312345.123456, updated_at=1795312345.654321,
        )  # fmt: skip
        with self.writing() as tx:
            tx.ledger.put(entry, None)
        with self.reading() as tx:
            found = tx.ledger.get("k")
        self.assertEqual(found, entry)
        self.assertEqual(repr(found), repr(entry))

    def test_an_entry_replaces_only_the_expected_one(self) -> None:
        old = an_entry()
        claimed = replace(old, state=ActionState.CLAIMED, fence=1)
        with self.writing() as tx:
            self.assertIsNone(tx.ledger.get("k"))
            tx.ledger.put(old, None)
        for expected in (
            None,
            claimed,
            replace(old, generation=2),
            replace(old, active=False),
            replace(old, key="another"),
        ):
            with self.assertRaises(Conflict, msg=expected), self.writing() as tx:
                tx.ledger.put(claimed, expected)
        with self.writing() as tx:
            self.assertEqual(tx.ledger.get("k"), old)
            tx.ledger.put(claimed, replace(old, message="not compared", attempts=9))
        with self.reading() as tx:
            self.assertEqual(tx.ledger.get("k"), claimed)

    def test_an_entry_that_should_be_there_and_is_not(self) -> None:
        with self.assertRaises(Conflict), self.writing() as tx:
            tx.ledger.put(an_entry(), an_entry())
        with self.reading() as tx:
            self.assertIsNone(tx.ledger.get("k"))

    def test_entries_are_filtered_and_ordered(self) -> None:
        done = replace(an_entry("d", at=2.0), state=ActionState.DONE, active=False)
        entries = [an_entry("c"), an_entry("a", "heat", 3.0), an_entry("b"), done]
        with self.writing() as tx:
            for entry in entries:
                tx.ledger.put(entry, None)
        with self.reading() as tx:
            self.assertEqual(keys(tx.ledger.list()), "bcda")
            self.assertEqual(keys(tx.ledger.list("nova")), "bcd")
            self.assertEqual(keys(tx.ledger.list("none")), "")
            self.assertEqual(keys(tx.ledger.list(states=[ActionState.DONE])), "d")
            both = [ActionState.DONE, ActionState.NEW]
            self.assertEqual(keys(tx.ledger.list(states=both, active=True)), "bca")
            self.assertEqual(keys(tx.ledger.list(active=False)), "d")
            self.assertEqual(keys(tx.ledger.list(limit=2)), "bc")
            self.assertEqual(keys(tx.ledger.list(limit=3, newest_first=True)), "adc")

    def test_only_old_final_inactive_entries_are_forgotten(self) -> None:
        with self.writing() as tx:
            for state in ActionState:
                for active in (True, False):
                    entry = replace(an_entry(f"{state}-{active}"), state=state, active=active)
                    tx.ledger.put(entry, None)
            young = replace(an_entry("young", at=9.0), state=ActionState.DONE, active=False)
            tx.ledger.put(young, None)
        with self.writing() as tx:
            self.assertEqual(tx.ledger.forget(9.0), 4)
            self.assertEqual(tx.ledger.forget(9.0), 0)
            kept = tx.ledger.list()
        self.assertEqual(len(kept), 11)
        self.assertFalse([e for e in kept if e.state.final and not e.active and e.key != "young"])

    def test_each_bus_has_its_own_ledger(self) -> None:
        with self.writing() as tx:
            tx.ledger.put(an_entry(), None)
        with self.opened("other").transaction(write=True) as tx:
            self.assertIsNone(tx.ledger.get("k"))
            tx.ledger.put(replace(an_entry(), active=False, state=ActionState.DONE), None)
            self.assertEqual(tx.ledger.forget(9.0), 1)
        with self.reading() as tx:
            self.assertEqual(list(tx.ledger.list()), [an_entry()])


class LeaseSuite(StorageCase):
    """Leases and fences."""

    def test_first_owner_gets_epoch_one_and_keeps_it(self) -> None:
        with self.writing() as tx:
            first = tx.leases.acquire("r", "a", 60)
        with self.writing() as tx:
            again = tx.leases.acquire("r", "a", 120)
        assert first is not None
        assert again is not None
        self.assertEqual((first.resource, first.owner, first.epoch), ("r", "a", 1))
        self.assertEqual((again.owner, again.epoch), ("a", 1))
        self.assertGreater(again.expires_at, first.expires_at)
        with self.reading() as tx:
            self.assertEqual(tx.leases.get("r"), again)
            self.assertIsNone(tx.leases.get("R"))

    def test_a_held_lease_is_not_given_away(self) -> None:
        with self.writing() as tx:
            held = tx.leases.acquire("r", "a", 60)
            self.assertIsNone(tx.leases.acquire("r", "A", 60))
            self.assertEqual(tx.leases.get("r"), held)
            self.assertFalse(tx.leases.release("r", "b"))

    def test_an_expired_lease_goes_to_the_next_with_the_next_epoch(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 0)
            taken = tx.leases.acquire("r", "b", 60)
            self.assertIsNone(tx.leases.acquire("r", "a", 60))
        assert taken is not None
        self.assertEqual((taken.owner, taken.epoch), ("b", 2))

    def test_an_expired_lease_that_nobody_took_keeps_its_epoch(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 0)
            again = tx.leases.acquire("r", "a", 60)
        self.assertEqual(again and again.epoch, 1)

    def test_a_released_lease_is_free_at_once_and_counts_on(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 60)
            self.assertTrue(tx.leases.release("r", "a"))
            self.assertFalse(tx.leases.release("r", "a"))
            released = tx.leases.get("r")
            self.assertEqual(released and (released.owner, released.epoch), ("", 1))
            taken = tx.leases.acquire("r", "b", 60)
            self.assertEqual(taken and taken.epoch, 2)
            tx.leases.release("r", "b")
            back = tx.leases.acquire("r", "b", 60)
            self.assertEqual(back and back.epoch, 3)

    def test_leases_are_listed_by_prefix(self) -> None:
        names = ["d/b", "d/a", "d/%", "d_a", "e", "D/a", "d" * 400]
        with self.writing() as tx:
            for name in names:
                tx.leases.acquire(name, "a", 60)
        with self.reading() as tx:
            listed = [lease.resource for lease in tx.leases.list("d/")]
            self.assertEqual(listed, ["d/%", "d/a", "d/b"])
            self.assertEqual([lease.resource for lease in tx.leases.list()], sorted(names))
            self.assertEqual([x.resource for x in tx.leases.list("d_")], ["d_a"])

    def test_each_bus_has_its_own_leases(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 60)
        with self.opened("other").transaction(write=True) as tx:
            self.assertEqual(list(tx.leases.list()), [])
            self.assertIsNotNone(tx.leases.acquire("r", "b", 60))

    def test_a_fenced_write_goes_through_while_the_lease_is_held(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 60)
        with self.writing(Fence("r", "a", 1)) as tx:
            tx.policies.add(a_policy())
        with self.writing(Fence("r", "a", 1)) as tx:
            tx.policies.remove("id-net")
        with self.reading() as tx:
            lease = tx.leases.get("r")
        self.assertEqual(lease and (lease.owner, lease.epoch), ("a", 1))

    def test_a_fenced_write_leaves_nothing_once_the_lease_is_lost(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("taken", "a", 0)
            tx.leases.acquire("taken", "b", 60)
            tx.leases.acquire("expired", "a", 0)
            tx.leases.acquire("released", "a", 60)
            tx.leases.release("released", "a")
            tx.leases.acquire("later", "a", 60)
        for fence in (
            Fence("taken", "a", 1),
            Fence("expired", "a", 1),
            Fence("released", "a", 1),
            Fence("later", "a", 2),
            Fence("none", "a", 1),
        ):
            with self.assertRaises(Fenced, msg=fence), self.writing(fence) as tx:
                tx.policies.add(a_policy())
            with self.reading() as tx:
                self.assertEqual(list(tx.policies.list()), [])

    def test_a_fence_is_checked_at_the_end(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 60)
        with self.assertRaises(Fenced), self.writing(Fence("r", "a", 1)) as tx:
            tx.policies.add(a_policy())
            tx.leases.acquire("r", "a", 0)
            tx.leases.acquire("r", "b", 60)
        with self.reading() as tx:
            self.assertEqual(list(tx.policies.list()), [])

    def test_run_does_not_repeat_what_was_fenced(self) -> None:
        calls: list[Transaction] = []
        with self.assertRaises(Fenced):
            self.storage.run(calls.append, fence=Fence("none", "a", 1))
        self.assertEqual(len(calls), 1)
