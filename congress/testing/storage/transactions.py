"""Suite: transactions, apart from races.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

from contextlib import suppress

from congress.interfaces.storage import Conflict, SchemaState, Transaction
from congress.model.status import State
from congress.testing.storage.case import (
    StorageCase,
    a_datasource,
    a_library_policy,
    a_policy,
    a_rule,
    an_entry,
)
from congress.testing.storage.history import a_change


class TransactionSuite(StorageCase):
    """All or nothing."""

    def test_an_exception_undoes_everything(self) -> None:
        with self.writing() as tx:
            tx.policies.add(a_policy("kept"))
        with self.assertRaises(ZeroDivisionError), self.writing() as tx:
            fill(tx)
            tx.policies.remove("id-kept")
            raise ZeroDivisionError
        with self.reading() as tx:
            self.assertEqual(list(tx.policies.list()), [a_policy("kept")])
            self.assertEqual(list(tx.rules.list()), [])
            self.assertEqual(list(tx.datasources.list()), [])
            self.assertEqual(list(tx.library.list()), [])
            self.assertEqual(tx.pushed.tables("id-nova"), {})
            self.assertEqual(list(tx.ledger.list()), [])
            self.assertEqual(list(tx.leases.list()), [])
            self.assertEqual(tx.changes.revision(), 0)
            self.assertEqual(list(tx.audit.list()), [])
            self.assertIsNone(tx.facts.get("f"))

    def test_a_transaction_sees_its_own_changes(self) -> None:
        with self.writing() as tx:
            fill(tx)
            self.assertEqual(tx.policies.get("net"), a_policy())
            self.assertEqual(list(tx.rules.list("net")), [a_rule()])
            self.assertEqual(tx.pushed.tables("id-nova"), {"t": frozenset({(1,)})})
            self.assertEqual(tx.ledger.get("k"), an_entry())
            self.assertEqual(tx.changes.revision(), 1)
            self.assertEqual(len(tx.changes.since(0) or ()), 1)

    def test_others_see_a_change_after_its_end_and_not_before(self) -> None:
        other = self.opened("bus")
        with self.writing() as tx:
            fill(tx)
            with other.transaction() as outside:
                self.assertEqual(list(outside.policies.list()), [])
        with other.transaction() as outside:
            self.assertEqual(list(outside.policies.list()), [a_policy()])

    def test_a_reader_keeps_the_state_it_began_with(self) -> None:
        other = self.opened("bus")
        with other.transaction() as outside:
            self.assertEqual(list(outside.policies.list()), [])
            with self.writing() as tx:
                fill(tx)
            self.assertEqual(list(outside.rules.list()), [])
            self.assertEqual(outside.changes.revision(), 0)

    def test_a_reading_transaction_cannot_write(self) -> None:
        with self.reading() as tx, self.assertRaises(RuntimeError):
            tx.policies.add(a_policy())
        with self.reading() as tx:
            self.assertEqual(list(tx.policies.list()), [])

    def test_an_ended_transaction_is_of_no_use(self) -> None:
        with self.writing() as tx:
            pass
        with self.assertRaises(RuntimeError):
            tx.policies.list()
        with self.assertRaises(RuntimeError):
            tx.policies.add(a_policy())

    def test_a_conflict_that_was_caught_still_spoils_the_transaction(self) -> None:
        with self.assertRaises(Conflict), self.writing() as tx:
            tx.policies.add(a_policy())
            with suppress(Conflict):
                tx.changes.advance(7, [])
        with self.reading() as tx:
            self.assertEqual(list(tx.policies.list()), [])

    def test_run_repeats_what_collided(self) -> None:
        attempts: list[int] = []

        def work(tx: Transaction) -> str:
            attempts.append(1)
            tx.policies.add(a_policy())
            if len(attempts) < 3:
                tx.changes.advance(7, [])
            return "done"

        self.assertEqual(self.storage.run(work), "done")
        self.assertEqual(len(attempts), 3)
        with self.reading() as tx:
            self.assertEqual(list(tx.policies.list()), [a_policy()])

    def test_run_gives_up_at_last(self) -> None:
        attempts: list[int] = []

        def work(tx: Transaction) -> None:
            attempts.append(1)
            tx.changes.advance(7, [])

        with self.assertRaises(Conflict):
            self.storage.run(work, attempts=2)
        self.assertEqual(len(attempts), 2)

    def test_read_gives_the_result(self) -> None:
        self.assertEqual(self.storage.read(lambda tx: tx.changes.revision()), 0)

    def test_backend_tells_about_itself(self) -> None:
        info = type(self.storage).describe()
        self.assertTrue(info.name)
        self.assertTrue(info.summary)
        self.assertLessEqual({"persistent", "shared", "migrations"}, set(info.features))
        self.assertIs(self.storage.schema_state(), SchemaState.CURRENT)
        self.assertIs(self.storage.health().state, State.OK)

    def test_close_is_idempotent(self) -> None:
        self.storage.close()
        self.storage.close()
        again = self.opened("bus")
        with again.transaction() as tx:
            self.assertEqual(tx.changes.revision(), 0)


def fill(tx: Transaction) -> None:
    """Put one thing into every store."""
    tx.policies.add(a_policy())
    tx.rules.add(a_rule(), "f")
    tx.datasources.add(a_datasource())
    tx.library.add(a_library_policy())
    tx.pushed.apply("id-nova", "t", add=[(1,)])
    tx.pushed.seen("id-nova", "key")
    tx.ledger.put(an_entry(), None)
    tx.leases.acquire("r", "a", 60)
    tx.changes.advance(0, [a_change()])
    tx.facts.set("f", "v", None)
