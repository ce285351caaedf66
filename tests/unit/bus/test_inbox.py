"""A slow or failing subscriber: order, bounds, and beginning anew."""

import unittest
from collections.abc import Callable

from congress.bus.inbox import BURST, Inbox
from congress.interfaces.role import Arrival, Coverage, Epoch, Position
from congress.model.delta import Snapshot


def arrival(seq: int, rows: int = 1) -> Arrival:
    snapshot = Snapshot("t", frozenset((n,) for n in range(rows)))
    return Arrival("s", Position(Epoch(1, "e"), seq), (snapshot,), {"t": Coverage(1.0, True)})


class InboxTest(unittest.TestCase):
    def setUp(self) -> None:
        self.jobs: list[Callable[[], None]] = []
        self.events: list[object] = []
        self.accepting = True
        self.failing = False
        self.inbox = Inbox(
            self.take,
            lambda table, state: self.events.append((table, state)),
            submit=self.submit,
            max_rows=lambda: 10,
            on_lost=lambda reason: self.events.append(f"lost {reason}"),
            on_drained=lambda: self.events.append("drained"),
        )

    def take(self, got: Arrival) -> None:
        if self.failing:
            raise ValueError("a fault of the test")
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

    def test_what_does_not_fit_is_lost_in_whole(self) -> None:
        self.inbox.put(arrival(1, rows=5))
        self.inbox.tell("t", "live")
        self.inbox.put(arrival(2, rows=5))
        self.inbox.put(arrival(3, rows=1))
        self.assertEqual(["lost overflow"], self.events)
        self.run_jobs()
        self.assertEqual(["lost overflow", ("t", "live"), "drained"], self.events)
        self.inbox.put(arrival(4))
        self.assertEqual([], self.jobs, "nothing is taken before the feed begins anew")
        self.inbox.reopen()
        self.inbox.put(arrival(5))
        self.run_jobs()
        self.assertEqual(5, self.events[-1])

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
        self.assertEqual(["lost handler", "drained"], self.events)

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
