"""Suite: several threads at once, each with a backend of its own.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

from congress.interfaces.storage import (
    AuditRecord,
    ChangeRecord,
    Conflict,
    Duplicate,
    Fence,
    Fenced,
    LeaseRecord,
    StorageBackend,
    Transaction,
)
from congress.model.action import ActionState
from congress.testing.storage.case import StorageCase, a_datasource, a_policy, a_rule, an_entry
from congress.testing.storage.history import a_change

THREADS = 8
PATIENCE = 200


class RaceSuite(StorageCase):
    """Two that collide do not both succeed."""

    def race(self, work: Callable[[StorageBackend, int], object]) -> list[object]:
        """Let all threads begin together; give what each returned or raised."""
        barrier = threading.Barrier(THREADS)
        backends = [self.opened("bus") for _ in range(THREADS)]

        def one(number: int) -> object:
            barrier.wait(timeout=30)
            try:
                return work(backends[number], number)
            except (Duplicate, Conflict, Fenced) as error:
                return type(error)

        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(one, range(THREADS)))

    def test_one_of_many_gets_a_name(self) -> None:
        results = self.race(
            lambda storage, number: storage.run(
                lambda tx: tx.policies.add(a_policy("net", f"id{number}")), attempts=PATIENCE
            )
        )
        self.assertEqual(results.count(None), 1)
        self.assertEqual(results.count(Duplicate), THREADS - 1)

    def test_one_of_many_stores_an_equivalent_rule(self) -> None:
        with self.writing() as tx:
            tx.policies.add(a_policy())
        results = self.race(
            lambda storage, number: storage.run(
                lambda tx: tx.rules.add(a_rule(f"r{number}"), "f"), attempts=PATIENCE
            )
        )
        self.assertEqual(results.count(None), 1)
        self.assertEqual(results.count(Duplicate), THREADS - 1)

    def test_no_revision_is_lost(self) -> None:
        rounds = 5

        def advance(tx: Transaction, change: ChangeRecord) -> int:
            return tx.changes.advance(tx.changes.revision(), [change])

        def work(storage: StorageBackend, number: int) -> None:
            for turn in range(rounds):
                change = a_change(f"{number}.{turn}")
                storage.run(partial(advance, change=change), attempts=PATIENCE)

        self.assertEqual(self.race(work), [None] * THREADS)
        with self.reading() as tx:
            changes = tx.changes.since(0) or ()
            self.assertEqual(tx.changes.revision(), THREADS * rounds)
        self.assertEqual([c.revision for c in changes], list(range(1, THREADS * rounds + 1)))
        self.assertEqual(len({c.object_id for c in changes}), THREADS * rounds)

    def test_of_those_who_expect_one_revision_one_advances(self) -> None:
        results = self.race(
            lambda storage, number: storage.run(
                lambda tx: tx.changes.advance(0, [a_change(str(number))]), attempts=1
            )
        )
        self.assertEqual(results.count(1), 1)
        self.assertEqual(results.count(Conflict), THREADS - 1)

    def test_one_of_many_claims_an_action(self) -> None:
        with self.writing() as tx:
            tx.ledger.put(an_entry(), None)

        def claim(storage: StorageBackend, number: int) -> bool:
            def work(tx: Transaction) -> bool:
                entry = tx.ledger.get("k")
                if entry is None or entry.state is not ActionState.NEW:
                    return False
                tx.ledger.put(replace(entry, state=ActionState.CLAIMED, fence=number), entry)
                return True

            return storage.run(work, attempts=PATIENCE)

        results = self.race(claim)
        self.assertEqual((results.count(True), results.count(False)), (1, THREADS - 1))

    def test_one_of_many_takes_a_lease_and_epochs_count_the_owners(self) -> None:
        def acquire(storage: StorageBackend, number: int, epoch: int) -> LeaseRecord | None:
            owner = f"{epoch}.{number}"
            return storage.run(lambda tx: tx.leases.acquire("r", owner, 60), attempts=PATIENCE)

        for epoch in (1, 2, 3):
            results = self.race(partial(acquire, epoch=epoch))
            taken = [lease for lease in results if lease is not None]
            self.assertEqual(len(taken), 1, results)
            with self.writing() as tx:
                held = tx.leases.get("r")
                self.assertEqual([held], taken)
                assert held is not None
                self.assertEqual(held.epoch, epoch)
                tx.leases.acquire("r", held.owner, 0)

    def test_an_owner_displaced_meanwhile_stores_in_time_or_not_at_all(self) -> None:
        other = self.opened("bus")
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 60)

        def displace(tx: Transaction) -> None:
            tx.leases.release("r", "a")
            tx.leases.acquire("r", "b", 60)

        with ThreadPoolExecutor(1) as pool, suppress(Fenced, Conflict):
            with self.writing(Fence("r", "a", 1)) as tx:
                tx.audit.add(AuditRecord(1.0, "a", "act", "r", "done"))
                displaced = pool.submit(other.run, displace, attempts=PATIENCE)
            with self.reading() as tx:
                self.assertEqual(len(tx.audit.list()), 1)
        displaced.result(timeout=30)
        with self.assertRaises(Fenced), self.writing(Fence("r", "a", 1)) as tx:
            tx.audit.add(AuditRecord(2.0, "a", "act", "r", "done"))
        with self.reading() as tx:
            self.assertLessEqual({record.at for record in tx.audit.list()}, {1.0})
            lease = tx.leases.get("r")
        self.assertEqual(lease and (lease.owner, lease.epoch), ("b", 2))

    def test_fenced_work_and_renewals_get_on(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 60)

        def work(storage: StorageBackend, number: int) -> object:
            if number % 2:
                return storage.run(
                    lambda tx: tx.ledger.put(an_entry(str(number)), None),
                    fence=Fence("r", "a", 1),
                    attempts=PATIENCE,
                )
            storage.run(lambda tx: tx.leases.acquire("r", "a", 60), attempts=PATIENCE)
            return None

        self.assertEqual(self.race(work), [None] * THREADS)
        with self.reading() as tx:
            self.assertEqual(len(tx.ledger.list()), THREADS // 2)

    def test_pushes_of_the_same_rows_add_up(self) -> None:
        with self.writing() as tx:
            tx.datasources.add(a_datasource())

        def push(storage: StorageBackend, number: int) -> None:
            rows = [(row,) for row in range(number, number + 20)]
            storage.run(lambda tx: tx.pushed.apply("id-nova", "t", add=rows), attempts=PATIENCE)

        self.assertEqual(self.race(push), [None] * THREADS)
        with self.reading() as tx:
            rows = tx.pushed.tables("id-nova")["t"]
        self.assertEqual(rows, {(row,) for row in range(THREADS + 19)})
