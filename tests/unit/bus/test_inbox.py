"""A slow or failing subscriber: order, bounds, and beginning anew."""

import unittest
from collections.abc import Callable
from typing import Any

from congress.bus.inbox import BURST, Inbox
from congress.interfaces.role import Arrival, Coverage, Epoch, Position
from congress.model.delta import Change, Delta, Snapshot, applied


def arrival(seq: int, rows: int = 1) -> Arrival:
    snapshot = Snapshot("t", frozenset((n,) for n in range(rows)))
    return Arrival("s", Position(Epoch(1, "e"), seq), (snapshot,), {"t": Coverage(1.0, True)})


def rows(*values: int) -> frozenset[Any]:
    return frozenset((value,) for value in values)


def changed(seq: int, *changes: Change, epoch: int = 1) -> Arrival:
    coverage = {"t": Coverage(float(seq), True)}
    return Arrival("s", Position(Epoch(epoch, "e"), seq), changes, coverage)


def final(arrivals: list[Arrival]) -> frozenset[Any]:
    """What the table holds after all of them."""
    held: frozenset[Any] = frozenset()
    for one in arrivals:
        for change in one.changes:
            held = applied(held, change)
    return held


class InboxTest(unittest.TestCase):
    def setUp(self) -> None:
        self.jobs: list[Callable[[], None]] = []
        self.events: list[object] = []
        self.arrivals: list[Arrival] = []
        self.accepting = True
        self.failing = False
        self.inbox = Inbox(
            self.take,
            lambda table, state: self.events.append((table, state)),
            submit=self.submit,
            max_rows=lambda: 10,
            on_lost=lambda: self.events.append("lost"),
            on_drained=lambda: self.events.append("drained"),
            on_conflated=lambda: self.events.append("conflated"),
        )

    def take(self, got: Arrival) -> None:
        if self.failing:
            raise ValueError("a fault of the test")
        self.arrivals.append(got)
        self.events.append(got.position.seq)

    def submit(self, job: Callable[[], None]) -> bool:
        if self.accepting:
            self.jobs.append(job)
        return self.accepting

    def run_jobs(self) -> int:
        count = 0
        while self.jobs:
            self.jobs.pop(0)()
            count += 1
        return count

    def test_arrivals_and_states_keep_their_order(self) -> None:
        self.inbox.put(arrival(1))
        self.inbox.tell("t", "live")
        self.inbox.put(arrival(2))
        self.assertEqual(1, len(self.jobs), "one thread at a time")
        self.assertEqual(4, self.inbox.rows)
        self.run_jobs()
        self.assertEqual([1, ("t", "live"), 2], self.events)
        self.assertEqual(0, self.inbox.rows)

    def test_what_does_not_fit_is_conflated(self) -> None:
        self.inbox.put(changed(1, Snapshot("t", rows(*range(50)))))
        self.inbox.tell("t", "live")
        for seq in range(2, 12):
            self.inbox.put(changed(seq, Delta("t", rows(seq + 50), rows(seq))))
        self.assertEqual(["conflated"] * 2, self.events)
        self.assertEqual(51 + 2 * 3, self.inbox.rows)
        self.run_jobs()
        self.assertEqual([9, ("t", "live"), 10, 11], self.events[2:])
        self.assertEqual(rows(0, 1, *range(12, 50), *range(52, 62)), final(self.arrivals))
        self.assertEqual(0, self.inbox.rows)

    def test_what_only_tells_how_things_are_costs_a_large_table_nothing(self) -> None:
        snapshot = Snapshot("t", rows(*range(50)))
        self.inbox.put(changed(1, snapshot))
        for seq in range(2, 30):
            self.inbox.put(changed(seq))
        self.run_jobs()
        first = self.arrivals[0]
        self.assertIs(snapshot.rows, first.changes[0].rows)

    def test_of_an_older_epoch_nothing_remains(self) -> None:
        self.inbox.put(changed(9, Snapshot("t", rows(1, 2)), Snapshot("u", rows(1))))
        for seq in range(1, 8):
            self.inbox.put(changed(seq, Snapshot("t", rows(seq)), epoch=2))
        self.run_jobs()
        first = self.arrivals[0]
        self.assertEqual(["t"], [change.table for change in first.changes])
        self.assertEqual(2, first.position.epoch.number)

    def test_a_single_arrival_may_be_larger(self) -> None:
        self.inbox.put(arrival(1, rows=50))
        self.run_jobs()
        self.assertEqual([1], self.events)

    def test_a_failing_subscriber_begins_anew(self) -> None:
        self.failing = True
        self.inbox.put(arrival(1))
        self.inbox.put(arrival(2))
        with self.assertLogs("congress.bus"):
            self.run_jobs()
        self.assertEqual(["lost", "drained"], self.events)

    def test_others_get_their_turn(self) -> None:
        for _ in range(BURST + 1):
            self.inbox.tell("t", "live")
        self.assertEqual(2, self.run_jobs())

    def test_a_full_pool_is_tried_again(self) -> None:
        self.accepting = False
        self.inbox.put(arrival(1))
        self.accepting = True
        self.inbox.kick()
        self.inbox.kick()
        self.assertEqual(1, self.run_jobs())
        self.assertEqual([1], self.events)

    def test_a_closed_inbox_hands_nothing_over(self) -> None:
        self.inbox.put(arrival(1))
        self.inbox.close()
        self.inbox.put(arrival(2))
        self.inbox.tell("t", "live")
        self.run_jobs()
        self.assertEqual([], self.events)
