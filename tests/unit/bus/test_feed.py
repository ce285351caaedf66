"""The receiving state machine, event by event."""

import itertools
import random
import unittest
from typing import Any

from congress.bus.counters import Counters
from congress.bus.feed import Feed
from congress.bus.options import BusOptions
from congress.bus.port import Provider
from congress.bus.publication import Kind, Publication, TableUpdate
from congress.bus.sync import Answer, AnsweredTable, Ask, Standing
from congress.interfaces.role import Arrival, Coverage, Epoch, Position
from congress.model.delta import Delta, Snapshot, digest

ONE = Epoch(1, "one")
TWO = Epoch(2, "two")
SAID = Coverage(1.0, complete=True)


def rows(*values: Any) -> frozenset[Any]:
    return frozenset((value,) for value in values)


def has(*values: Any) -> AnsweredTable:
    held = rows(*values)
    return AnsweredTable(Standing.ROWS, held, len(held), digest(held), SAID)


ABSENT = AnsweredTable(Standing.ABSENT)


def delta(
    seq: int,
    add: tuple[Any, ...],
    remove: tuple[Any, ...],
    after: tuple[Any, ...],
    table: str = "t",
    epoch: Epoch = ONE,
    **wrong: Any,
) -> Publication:
    """A publication of one delta, after which the table has the given rows."""
    left = rows(*after)
    said = {"count": len(left), "digest": digest(left), **wrong}
    update = TableUpdate(Kind.DELTA, Delta(table, rows(*add), rows(*remove)), coverage=SAID, **said)
    return Publication("s", Position(epoch, seq), {table: update})


class FeedTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.asks: list[Ask] = []
        self.arrivals: list[Arrival] = []
        self.told: list[tuple[str, str]] = []
        self.nudges = 0
        self.counters = Counters()
        self.limit = 1000
        options = BusOptions(safety_resync_period=lambda: 60.0, max_inbox_rows=lambda: self.limit)
        self.feed = Feed("s", "i/1", self, options, random.Random(1), self.counters)

    # What the feed needs

    def ask(self, provider: Provider, ask: Ask) -> None:
        self.asks.append(ask)

    def nudge(self) -> bool:
        self.nudges -= 1
        return self.nudges >= 0

    def emit(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)

    def tell(self, table: str, state: str) -> None:
        self.told.append((table, state))

    # Steps

    def provider(self, epoch: Epoch = ONE, seq: int = 0, node: str = "n") -> None:
        self.feed.provider(Provider(node, Position(epoch, seq)), self.now)

    def answer(self, seq: int, epoch: Epoch = ONE, **tables: AnsweredTable) -> None:
        self.feed.answered(Answer(self.asks[-1].token, Position(epoch, seq), tables), self.now)

    def hear(self, publication: Publication) -> None:
        self.feed.hear(publication, self.now)

    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.feed.tick(self.now)

    def live(self, seq: int = 5, **tables: AnsweredTable) -> None:
        """Get the feed going."""
        given = tables or {"t": has(1)}
        self.feed.set_tables(given, self.now)
        self.provider(seq=seq)
        self.answer(seq, **given)
        self.asks.clear()
        self.arrivals.clear()
        self.told.clear()

    def last(self) -> tuple[int, Any]:
        arrival = self.arrivals[-1]
        return arrival.position.seq, arrival.changes

    # Beginning

    def test_it_waits_for_a_publisher_then_asks(self) -> None:
        self.feed.set_tables(["t"], self.now)
        self.assertEqual({"t": "pending"}, self.feed.states())
        self.assertEqual([], self.asks)
        self.provider(seq=4)
        self.assertEqual({"t": "syncing"}, self.feed.states())
        self.answer(4, t=has(1, 2))
        self.assertEqual((4, (Snapshot("t", rows(1, 2)),)), self.last())
        self.assertEqual({"t": SAID}, self.arrivals[-1].coverage)
        self.assertEqual([("t", "live")], self.told)
        self.assertEqual(Position(ONE, 4), self.feed.position)

    def test_it_asks_until_it_is_answered_ever_slower(self) -> None:
        self.feed.set_tables(["t"], self.now)
        self.provider()
        times = []
        for _ in range(400):
            before = len(self.asks)
            self.tick(0.25)
            if len(self.asks) > before:
                times.append(self.now)
        pauses = [later - sooner for sooner, later in itertools.pairwise(times)]
        self.assertGreater(pauses[-1], 4.0)
        self.assertLess(max(pauses), 11.0)
        self.answer(3, t=has(1))
        self.assertEqual({"t": "live"}, self.feed.states())

    def test_a_late_answer_to_an_old_request_is_ignored(self) -> None:
        self.feed.set_tables(["t"], self.now)
        self.provider()
        old = self.asks[-1].token
        self.tick(5)
        self.feed.answered(Answer(old, Position(ONE, 1), {"t": has(1)}), self.now)
        self.assertEqual([], self.arrivals)

    def test_a_table_that_is_not_published_yet_is_awaited(self) -> None:
        self.feed.set_tables(["t"], self.now)
        self.provider()
        self.answer(2, t=ABSENT)
        self.assertEqual({"t": "pending"}, self.feed.states())
        update = TableUpdate(Kind.SNAPSHOT, Snapshot("t", rows(1)), 1, digest(rows(1)), SAID)
        self.hear(Publication("s", Position(ONE, 3), {"t": update}))
        self.assertEqual((3, (Snapshot("t", rows(1)),)), self.last())
        self.assertEqual({"t": "live"}, self.feed.states())

    def test_what_came_before_the_answer_is_applied_after_it(self) -> None:
        self.feed.set_tables(["t"], self.now)
        self.provider(seq=4)
        self.hear(delta(6, (3,), (), (1, 2, 3)))
        self.hear(delta(5, (2,), (), (1, 2)))
        self.hear(delta(4, (1,), (), (1,)))
        self.answer(4, t=has(1))
        self.assertEqual([4, 5, 6], [arrival.position.seq for arrival in self.arrivals])

    # Order

    def test_publications_apply_in_order_and_once(self) -> None:
        self.live()
        six, seven, eight = (
            delta(6, (2,), (), (1, 2)),
            delta(7, (3,), (1,), (2, 3)),
            delta(8, (), (2,), (3,)),
        )
        for publication in (eight, seven, seven, six, six, eight, seven):
            self.hear(publication)
        self.assertEqual([6, 7, 8], [arrival.position.seq for arrival in self.arrivals])
        self.assertEqual([], self.asks)

    def test_a_gap_that_does_not_close_is_asked_for(self) -> None:
        self.live()
        self.hear(delta(7, (3,), (), (1, 2, 3)))
        self.tick(0.25)
        self.assertEqual([], self.asks)
        self.tick(0.3)
        self.assertEqual({"t": (1, digest(rows(1)))}, self.asks[-1].have)
        self.assertEqual([("t", "stale")], self.told)
        self.answer(7, t=has(1, 2, 3))
        self.assertEqual((7, (Snapshot("t", rows(1, 2, 3)),)), self.last())
        self.assertEqual(1, self.counters.counts()["resync.gap"])

    def test_a_gap_that_closes_is_none(self) -> None:
        self.live()
        self.hear(delta(7, (3,), (), (1, 2, 3)))
        self.hear(delta(6, (2,), (), (1, 2)))
        self.tick(5)
        self.assertEqual([], self.asks)

    def test_a_lost_last_message_is_known_from_the_heartbeat(self) -> None:
        self.live()
        self.provider(seq=6)
        self.assertEqual(1, self.feed.lag())
        self.tick(0.6)
        self.assertEqual(1, len(self.asks))

    def test_a_heartbeat_that_overtakes_is_no_loss(self) -> None:
        self.live()
        self.provider(seq=6)
        self.tick(0.25)
        self.hear(delta(6, (2,), (), (1, 2)))
        self.provider(seq=6)
        self.tick(5)
        self.assertEqual([], self.asks)

    def test_tables_that_did_not_change_are_not_sent_again(self) -> None:
        self.live(t=has(1), u=has(2))
        self.provider(seq=6)
        self.tick(1)
        same = AnsweredTable(Standing.SAME, None, 1, digest(rows(1)), SAID)
        self.answer(6, t=same, u=has(3))
        self.assertEqual((6, (Snapshot("u", rows(3)),)), self.last())
        self.hear(delta(7, (5,), (), (1, 5)))
        self.assertEqual((7, (Delta("t", rows(5), rows()),)), self.last())
        self.assertEqual({"t": "live", "u": "live"}, self.feed.states())

    def test_too_much_before_its_turn_is_dropped_and_asked_for(self) -> None:
        self.live()
        self.limit = 2
        for seq in range(7, 12):
            self.hear(delta(seq, (seq,), (), (1,)))
        self.assertEqual(2, self.counters.counts()["overflow.ahead"])
        self.tick(1)
        self.assertEqual(1, len(self.asks))

    # Epochs

    def test_a_delta_of_a_foreign_epoch_is_never_applied(self) -> None:
        self.live()
        self.hear(delta(6, (2,), (), (1, 2), epoch=TWO))
        self.hear(delta(6, (2,), (), (1, 2), epoch=Epoch(1, "another")))
        self.hear(delta(6, (2,), (), (1, 2), epoch=Epoch(0, "old")))
        self.assertEqual([], self.arrivals)
        self.assertEqual(
            {"foreign": 2, "fenced": 1},
            {
                name: count
                for name, count in self.counters.counts().items()
                if name in ("foreign", "fenced")
            },
        )

    def test_a_new_epoch_keeps_the_rows_until_its_snapshot(self) -> None:
        self.live()
        self.provider(TWO, seq=1, node="m")
        self.assertEqual([("t", "stale")], self.told)
        self.assertEqual({}, self.asks[-1].have)
        self.answer(1, epoch=TWO, t=ABSENT)
        self.assertEqual([], [a for a in self.arrivals if a.changes])
        self.assertEqual({"t": "stale"}, self.feed.states())
        update = TableUpdate(Kind.SNAPSHOT, Snapshot("t", rows(9)), 1, None, SAID)
        self.hear(Publication("s", Position(TWO, 2), {"t": update}))
        self.assertEqual((2, (Snapshot("t", rows(9)),)), self.last())
        self.assertEqual({"t": "live"}, self.feed.states())

    def test_a_delta_on_rows_of_an_old_epoch_is_not_applied(self) -> None:
        self.live()
        self.provider(TWO, seq=1)
        self.answer(1, epoch=TWO, t=ABSENT)
        self.hear(delta(2, (2,), (), (1, 2), epoch=TWO))
        self.assertEqual([], [a for a in self.arrivals if a.changes])
        self.assertEqual(1, self.counters.counts()["resync.baseless"])

    def test_an_earlier_epoch_is_ignored(self) -> None:
        self.live()
        self.provider(TWO, seq=1)
        self.answer(1, epoch=TWO, t=has(2))
        self.provider(ONE, seq=50, node="zombie")
        self.assertEqual({"t": "stale"}, self.feed.states())
        self.hear(delta(51, (7,), (), (7,)))
        self.provider(TWO, seq=1)
        self.answer(1, epoch=TWO, t=has(2))
        self.assertEqual({"t": "live"}, self.feed.states())
        self.assertEqual(TWO, self.arrivals[-1].position.epoch)

    def test_an_answer_of_another_epoch_is_ignored(self) -> None:
        self.feed.set_tables(["t"], self.now)
        self.provider()
        self.answer(1, epoch=TWO, t=has(2))
        self.assertEqual([], self.arrivals)

    def test_without_a_publisher_tables_are_stale(self) -> None:
        self.live()
        self.feed.provider(None, self.now)
        self.assertEqual([("t", "stale")], self.told)
        self.tick(10)
        self.assertEqual([], self.asks)
        self.provider(seq=5)
        self.assertEqual({"t": (1, digest(rows(1)))}, self.asks[-1].have)
        self.answer(5, t=AnsweredTable(Standing.SAME, None, 1, digest(rows(1))))
        self.assertEqual("live", self.feed.states()["t"])

    # What does not fit

    def test_a_batch_applies_in_whole_or_not_at_all(self) -> None:
        self.live(t=has(1), u=has(2))
        good = delta(6, (3,), (), (1, 3)).tables["t"]
        bad = delta(6, (4,), (), (2, 4), table="u", digest=7).tables["u"]
        self.hear(Publication("s", Position(ONE, 6), {"t": good, "u": bad}))
        self.assertEqual([], self.arrivals)
        self.assertEqual(("t", "u"), self.asks[-1].tables)
        self.assertEqual(1, self.counters.counts()["resync.digest"])

    def test_a_wrong_count_does_not_fit(self) -> None:
        self.live()
        self.hear(delta(6, (3,), (), (1, 3), count=9))
        self.assertEqual([], self.arrivals)
        self.assertEqual(1, len(self.asks))

    def test_a_snapshot_with_a_wrong_digest_does_not_fit(self) -> None:
        self.feed.set_tables(["t"], self.now)
        self.provider()
        self.answer(1, t=AnsweredTable(Standing.ROWS, rows(1), 1, 7))
        self.assertEqual([], self.arrivals)
        self.assertEqual(2, len(self.asks))

    def test_trouble_that_stays_is_asked_about_ever_slower(self) -> None:
        self.feed.set_tables(["t"], self.now)
        self.provider()
        for _ in range(400):
            if self.asks:
                self.answer(1, t=AnsweredTable(Standing.ROWS, rows(1), 1, 7))
            self.tick(0.25)
        self.assertLess(len(self.asks), 30)

    def test_rows_that_were_left_out_are_asked_for(self) -> None:
        self.live()
        update = TableUpdate(Kind.OMITTED, None, 2, 7, SAID)
        self.hear(Publication("s", Position(ONE, 6), {"t": update}))
        self.assertEqual(1, len(self.asks))
        self.assertEqual([], self.arrivals)

    def test_a_dropped_table_becomes_empty(self) -> None:
        self.live()
        self.hear(Publication("s", Position(ONE, 6), {"t": TableUpdate(Kind.DROPPED)}))
        self.assertEqual((6, (Snapshot("t", frozenset()),)), self.last())
        self.assertEqual([("t", "stale")], self.told)

    def test_a_table_dropped_unheard_becomes_empty(self) -> None:
        self.live()
        self.provider(seq=6)
        self.tick(1)
        self.answer(6, t=ABSENT)
        self.assertEqual((6, (Snapshot("t", frozenset()),)), self.last())

    def test_coverage_alone_arrives(self) -> None:
        self.live()
        said = Coverage(9.0, complete=True, stale=True)
        update = TableUpdate(Kind.COVERAGE, None, 1, None, said)
        self.hear(Publication("s", Position(ONE, 6), {"t": update, "other": update}))
        self.assertEqual((6, ()), self.last())
        self.assertEqual({"t": said}, self.arrivals[-1].coverage)
        self.hear(delta(7, (2,), (), (1, 2)))
        self.assertEqual(7, self.last()[0])

    def test_publications_of_other_tables_only_move_the_position(self) -> None:
        self.live()
        self.hear(delta(6, (2,), (), (2,), table="other"))
        self.assertEqual([], self.arrivals)
        self.assertEqual(Position(ONE, 6), self.feed.position)

    # Changing tables

    def test_a_new_table_joins_where_the_others_are(self) -> None:
        self.live()
        self.feed.set_tables(["t", "u"], self.now)
        self.assertEqual(("u",), self.asks[-1].tables)
        self.hear(delta(6, (2,), (), (1, 2)))
        both = {
            "t": delta(7, (3,), (), (1, 2, 3)).tables["t"],
            "u": delta(7, (9,), (), (8, 9), table="u").tables["u"],
        }
        self.hear(Publication("s", Position(ONE, 7), both))
        self.answer(6, u=has(8))
        self.assertEqual((7, (Snapshot("u", rows(8, 9)),)), self.last())
        self.hear(delta(8, (), (8,), (9,), table="u"))
        self.assertEqual((8, (Delta("u", rows(), rows(8)),)), self.last())

    def test_a_new_table_waits_until_the_others_are_as_far(self) -> None:
        self.live()
        self.feed.set_tables(["t", "u"], self.now)
        self.answer(6, u=has(8))
        self.assertEqual([], self.arrivals)
        self.hear(delta(6, (2,), (), (1, 2)))
        self.assertEqual(
            [(Delta("t", rows(2), rows()),), (Snapshot("u", rows(8)),)],
            [arrival.changes for arrival in self.arrivals],
        )

    def test_others_that_never_get_so_far_are_asked_for_too(self) -> None:
        self.live()
        self.feed.set_tables(["t", "u"], self.now)
        self.answer(6, u=has(8))
        self.tick(1)
        self.assertEqual(("t", "u"), self.asks[-1].tables)

    def test_a_removed_table_is_heard_of_no_more(self) -> None:
        self.live(t=has(1), u=has(2))
        self.feed.set_tables(["u"], self.now)
        self.hear(delta(6, (2,), (), (1, 2)))
        self.assertEqual([], self.arrivals)
        self.feed.set_tables([], self.now)
        self.hear(delta(7, (2,), (), (1, 2)))
        self.assertEqual({}, self.feed.states())

    # Losing, checking

    def test_after_a_loss_it_begins_anew_when_told(self) -> None:
        self.live()
        self.feed.lost()
        self.assertEqual([("t", "stale")], self.told)
        self.hear(delta(6, (2,), (), (1, 2)))
        self.provider(seq=6)
        self.tick(10)
        self.assertEqual([], self.asks)
        self.feed.resume(self.now)
        self.feed.resume(self.now)
        self.assertEqual([{}], [ask.have for ask in self.asks], "what it has is worth nothing")
        self.answer(6, t=has(1, 2))
        self.assertEqual("live", self.feed.states()["t"])

    def test_a_piece_on_its_way_is_given_time(self) -> None:
        self.feed.set_tables(["t"], self.now)
        self.provider()
        self.nudges = 3
        while self.nudges > 0:
            self.tick(0.25)
        self.assertEqual(1, len(self.asks))
        self.tick(20)
        self.assertEqual(2, len(self.asks))

    def check(self) -> None:
        for _ in range(400):
            if self.asks:
                break
            self.tick(0.25)
        self.assertTrue(self.asks[-1].check)

    def test_now_and_then_it_compares(self) -> None:
        self.live()
        self.check()
        self.answer(5, t=AnsweredTable(Standing.DIGEST, None, 1, digest(rows(1))))
        self.assertEqual("live", self.feed.states()["t"])
        self.assertEqual(1, len(self.asks))

    def test_a_difference_is_repaired(self) -> None:
        self.live()
        self.check()
        self.answer(6, t=AnsweredTable(Standing.DIGEST, None, 1, 7))
        self.assertEqual("live", self.feed.states()["t"], "it is compared at its position")
        self.hear(delta(6, (2,), (1,), (2,)))
        self.assertEqual("stale", self.feed.states()["t"])
        self.assertEqual(1, self.counters.counts()["resync.safety"])

    def test_a_check_that_gets_no_answer_is_let_be(self) -> None:
        self.live()
        self.check()
        self.tick(5)
        self.assertEqual("live", self.feed.states()["t"])
        self.assertEqual(1, len(self.asks))
