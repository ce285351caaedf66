"""Ears of the oslo transport, on a manual clock."""

from collections.abc import Callable

from congress.interfaces.bus import Channel
from congress.plugins.bus.oslo import ear
from congress.plugins.bus.oslo.ear import Ear, Surroundings
from congress.plugins.bus.oslo.frame import Address, Kind, Piece
from congress.plugins.bus.oslo.lane import Outgoing
from congress.testing.runtime import SimTestCase


class EarTest(SimTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.attempts = 0
        self.closed: list[int] = []
        self.began = 0
        self.fault: Exception | None = None
        self.held: Callable[[], bool] = lambda: True
        self.is_away = False
        self.answers = True
        self.leaves = True
        self.numbers = iter(range(1, 1_000_000))
        given = Surroundings(
            link=self,
            threads=self.threads,
            clock=self.clock,
            take=lambda channel, text: None,
            began=self.note_began,
            signs=self.signs,
            put=self.put,
            away=lambda: self.is_away,
        )
        self.ear = Ear(Channel.DATA, given)
        self.threads.loop("watch").every(1.0, self.ear.look)

    # The link

    def listen(self, channel: Channel, take: Callable[[object], None]) -> Callable[[], None]:
        self.attempts += 1
        number = self.attempts
        if self.fault is not None:
            raise self.fault
        self.threads.wait(self.held, self.clock.monotonic() + 1000.0)
        return lambda: self.closed.append(number)

    def cast(self, address: Address, text: str) -> None:
        raise AssertionError("an ear does not send")

    def close(self) -> None:
        raise AssertionError("an ear does not disconnect")

    # The rest

    def note_began(self, channel: Channel) -> None:
        self.began += 1

    def signs(self, channel: Channel) -> list[Outgoing]:
        return [
            Outgoing(Address(channel), 1e9, Piece(Kind.MARKER, next(self.numbers)))
            for _ in range(2)
        ]

    def put(self, item: Outgoing) -> None:
        if self.leaves:
            item.left = self.clock.monotonic()
        if self.answers:
            self.ear.heard(item.number)

    def test_all_is_well_while_signs_come_back(self) -> None:
        self.ear.listen()
        self.clock.advance(100.0)
        self.assertEqual((1, 1, []), (self.attempts, self.began, self.closed))
        self.assertTrue(self.ear.is_listening())
        self.assertFalse(self.ear.is_deaf())

    def test_it_listens_anew_if_a_sign_is_missing_less_and_less_often(self) -> None:
        self.ear.listen()
        self.clock.advance(3.0)
        self.answers = False
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            self.clock.advance(ear.ECHO_PATIENCE + 3.0)
            self.assertEqual((2, 2, [1]), (self.attempts, self.began, self.closed))
            self.clock.advance(300.0)
        self.assertLess(self.attempts, 10)
        self.assertEqual(list(range(1, self.attempts)), self.closed)
        self.assertTrue(self.ear.is_deaf() or self.ear.is_listening())
        self.answers = True
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            self.clock.advance(ear.LONGEST_PATIENCE + 5.0)
        settled = self.attempts
        self.clock.advance(300.0)
        self.assertEqual(settled, self.attempts)

    def test_a_sign_that_could_not_leave_is_no_reason(self) -> None:
        self.ear.listen()
        self.leaves = self.answers = False
        self.clock.advance(100.0)
        self.assertEqual(1, self.attempts)

    def test_nothing_is_expected_while_the_broker_is_away(self) -> None:
        self.ear.listen()
        self.clock.advance(2.0)
        self.answers = False
        self.clock.advance(2.0)
        self.is_away = True
        self.clock.advance(100.0)
        self.assertEqual((1, False), (self.attempts, self.ear.is_deaf()))

    def test_an_attempt_that_fails_is_repeated(self) -> None:
        self.fault = ConnectionError("no")
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            self.ear.listen()
            self.clock.advance(5.0)
        self.fault = None
        self.clock.advance(3.0)
        self.assertTrue(self.ear.is_listening())
        self.assertEqual(1, self.began)

    def test_an_attempt_that_hangs_is_let_go(self) -> None:
        released: list[bool] = []
        first = self.attempts + 1
        self.held = lambda: self.attempts > first or bool(released)
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            self.ear.listen()
            self.clock.advance(ear.ATTEMPT_PATIENCE + 3.0)
        self.assertTrue(self.ear.is_listening())
        released.append(True)
        self.clock.advance(1.0)
        self.assertEqual(1, self.began)
        self.assertEqual([first], self.closed)

    def test_closing_ends_listening_and_what_was_under_way(self) -> None:
        self.ear.listen()
        self.clock.advance(1.0)
        self.assertEqual(1, len(self.ear.close()))
        self.clock.advance(1.0)
        self.assertEqual([1], self.closed)
        self.assertEqual([], self.ear.close())
