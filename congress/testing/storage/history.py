"""Suite: the revision and its changes, the audit trail, facts.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

from dataclasses import replace

from congress.interfaces.storage import AuditQuery, AuditRecord, ChangeRecord, Conflict
from congress.testing.storage.case import AWKWARD, StorageCase


def a_change(object_id: str = "x", **payload: object) -> ChangeRecord:
    """A change of a rule."""
    return ChangeRecord("create", "rule", object_id, payload)


class HistorySuite(StorageCase):
    """What happened, in order."""

    def advance(self, *numbers: int) -> None:
        """Make one revision for each number, with that many changes."""
        for number in numbers:
            with self.writing() as tx:
                revision = tx.changes.revision()
                changes = [a_change(f"{revision + 1}.{index}") for index in range(number)]
                self.assertEqual(tx.changes.advance(revision, changes), revision + 1)

    def test_changes_are_told_in_order_with_their_revision(self) -> None:
        with self.writing() as tx:
            self.assertEqual(tx.changes.revision(), 0)
            self.assertEqual(list(tx.changes.since(0) or ()), [])
            change = ChangeRecord("delete", "policy", AWKWARD, {"a": [1, None, AWKWARD * 9000]})
            self.assertEqual(tx.changes.advance(0, [change, a_change("y")]), 1)
            self.assertEqual(tx.changes.advance(1, [a_change("z")]), 2)
        with self.reading() as tx:
            self.assertEqual(tx.changes.revision(), 2)
            found = list(tx.changes.since(0) or ())
            self.assertEqual([(c.revision, c.object_id) for c in found],
                             [(1, AWKWARD), (1, "y"), (2, "z")])  # fmt: skip
            self.assertEqual(found[0], ChangeRecord("delete", "policy", AWKWARD, change.payload, 1))
            self.assertEqual([c.object_id for c in tx.changes.since(1) or ()], ["z"])
            self.assertEqual(list(tx.changes.since(2) or ()), [])

    def test_advance_refuses_another_revision(self) -> None:
        self.advance(1)
        for expected in (0, 2):
            with self.assertRaises(Conflict), self.writing() as tx:
                tx.changes.advance(expected, [a_change()])
        with self.reading() as tx:
            self.assertEqual(tx.changes.revision(), 1)
            self.assertEqual(len(tx.changes.since(0) or ()), 1)

    def test_a_limit_never_splits_a_revision(self) -> None:
        self.advance(2, 3, 0, 1)
        with self.reading() as tx:
            for limit, expected in ((1, 2), (2, 2), (3, 5), (5, 5), (6, 6), (9, 6)):
                found = tx.changes.since(0, limit)
                self.assertEqual(len(found or ()), expected, limit)

    def test_trimmed_changes_are_known_to_be_gone(self) -> None:
        self.advance(1, 2, 1)
        with self.writing() as tx:
            self.assertEqual(tx.changes.trim(1), 3)
            self.assertEqual(tx.changes.trim(2), 0)
        with self.reading() as tx:
            self.assertIsNone(tx.changes.since(0))
            self.assertIsNone(tx.changes.since(1))
            self.assertEqual([c.object_id for c in tx.changes.since(2) or ()], ["3.0"])
        self.advance(1)
        with self.reading() as tx:
            self.assertEqual(len(tx.changes.since(2) or ()), 2)

    def test_trimming_keeps_what_there_is_when_there_is_less(self) -> None:
        self.advance(1)
        with self.writing() as tx:
            self.assertEqual(tx.changes.trim(5), 0)
            self.assertEqual(len(tx.changes.since(0) or ()), 1)

    def test_audit_records_are_told_the_newest_first(self) -> None:
        details = {"a": [1, None, AWKWARD]}
        record = AuditRecord(1.5, AWKWARD, "create", AWKWARD, "done", "req-1", 3, details)
        with self.writing() as tx:
            tx.audit.add(record)
            for number in range(3):
                tx.audit.add(AuditRecord(2.0, f"actor-{number % 2}", "read", "x", "done"))
        with self.reading() as tx:
            found = tx.audit.list()
            ids = [entry.id for entry in found]
            self.assertEqual(ids, sorted(set(ids), reverse=True))
            self.assertEqual(found[-1], replace(record, id=ids[-1]))
            self.assertEqual([e.id for e in tx.audit.list(before_id=ids[1])], ids[2:])
            self.assertEqual([e.id for e in tx.audit.list(limit=2)], ids[:2])

    def test_audit_records_are_found_by_what_they_say(self) -> None:
        first = AuditRecord(1.0, "alice", "create", "p", "ok", "req-1")
        second = AuditRecord(2.0, "bob", "delete", "q", "denied", "req-2")
        with self.writing() as tx:
            tx.audit.add(first)
            tx.audit.add(second)
        with self.reading() as tx:
            for query, expected in (
                (AuditQuery(actor="alice"), [1.0]),
                (AuditQuery(verb="delete"), [2.0]),
                (AuditQuery(target="q"), [2.0]),
                (AuditQuery(outcome="ok"), [1.0]),
                (AuditQuery(request_id="req-2"), [2.0]),
                (AuditQuery(since=2.0), [2.0]),
                (AuditQuery(until=2.0), [1.0]),
                (AuditQuery(actor="alice", verb="delete"), []),
                (AuditQuery(), [2.0, 1.0]),
            ):
                self.assertEqual([entry.at for entry in tx.audit.list(query)], expected, query)

    def test_old_audit_records_are_forgotten(self) -> None:
        with self.writing() as tx:
            for at in (1.0, 2.0, 3.0):
                tx.audit.add(AuditRecord(at, "a", "b", "c", "ok"))
        with self.writing() as tx:
            self.assertEqual(tx.audit.forget(3.0), 2)
            self.assertEqual(tx.audit.forget(3.0), 0)
        with self.reading() as tx:
            self.assertEqual([entry.at for entry in tx.audit.list()], [3.0])

    def test_facts_are_set_in_place_of_the_expected(self) -> None:
        with self.writing() as tx:
            self.assertIsNone(tx.facts.get("key"))
            tx.facts.set("key", AWKWARD * 9000, None)
            tx.facts.set("Key", "", None)
        for expected in (None, "other"):
            with self.assertRaises(Conflict), self.writing() as tx:
                tx.facts.set("key", "new", expected)
        with self.assertRaises(Conflict), self.writing() as tx:
            tx.facts.set("absent", "new", "old")
        with self.writing() as tx:
            self.assertEqual(tx.facts.get("key"), AWKWARD * 9000)
            self.assertEqual(tx.facts.get("Key"), "")
            tx.facts.set("key", "new", AWKWARD * 9000)
            self.assertEqual(tx.facts.get("key"), "new")
