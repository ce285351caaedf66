"""What follows from newer data than the ledger counts at once; nothing older ever does."""

from congress.interfaces.role import Arrival, Coverage, Epoch, Position
from congress.model.delta import Snapshot
from congress.model.values import Row
from congress.roles.datasource.copies import Copy
from congress.roles.datasource.takeover import Known, Past, plan
from tests.unit.roles_datasource.kit import DatasourceCase, Engine, basis_rows, pause, want_row

VM1 = pause("vm1")
RULE = (VM1.policy, VM1.rule)


def arrival(*wants: Row, seq: int) -> Arrival:
    """All that an engine wants, and how far the source had come that it follows from."""
    tables = {"__actions/nova": frozenset(wants), "__basis": basis_rows(VM1, seq)}
    return Arrival(
        "policy-engine/n",
        Position(Epoch(1, "i"), seq),
        tuple(Snapshot(name, rows) for name, rows in tables.items()),
        {name: Coverage(0.0, complete=True) for name in tables},
    )


class PlanTest(DatasourceCase):
    """The ledger's word follows from the sequence number 5; it is 100 now."""

    def steps(
        self, *told: tuple[int, bool], active: bool, since: float = 99.0, turned: float = 99.0
    ) -> list[bool] | None:
        """The edges to make for a copy that told these; ``None`` if it is left to settle.

        :param since: when it was whole.
        :param turned: when it became the one to obey.
        """
        copy = Copy("nova", "n", "i")
        for seq, wanted in told:
            copy.take(arrival(*[want_row(VM1)] * wanted, seq=seq), since)
        past = Past(known={VM1.key: Known(RULE, {"s:t": (1, 5)})})
        known = {VM1.key: VM1} if active else {}
        made = plan(copy, known, past, 100.0, turned=turned, settle=5.0, window=30.0)
        return None if made.settling else [edge.rise for edge in made.edges]

    def test_levels_that_follow_from_newer_data_count_at_once(self) -> None:
        self.assertEqual([False], self.steps((6, False), active=True))
        self.assertEqual([True], self.steps((6, True), active=False))
        self.assertEqual([], self.steps((6, True), active=True))

    def test_so_do_flaps(self) -> None:
        self.assertEqual([False, True], self.steps((5, True), (6, False), (7, True), active=True))
        self.assertEqual([True, False], self.steps((5, False), (6, True), (7, False), active=False))

    def test_what_is_not_newer_is_left_to_settle(self) -> None:
        for seq in (4, 5):
            self.assertIsNone(self.steps((seq, False), active=True))
            self.assertIsNone(self.steps((seq, True), active=False))

    def test_a_copy_that_is_behind_is_given_time_to_catch_up_when_it_is_turned_to(self) -> None:
        for wanted in (False, True):
            with self.subTest(wanted=wanted):
                behind, level = (4, wanted), (5, wanted)
                self.assertIsNone(self.steps(behind, active=not wanted, since=10.0, turned=96.0))
                for told, turned in ((behind, 94.0), (level, 96.0)):
                    steps = self.steps(told, active=not wanted, since=10.0, turned=turned)
                    self.assertEqual([wanted], steps)

    def test_who_went_past_that_point_in_one_step_cannot_tell_either(self) -> None:
        self.assertIsNone(self.steps((4, False), (6, True), active=True))

    def test_rises_up_to_that_point_are_in_the_ledger(self) -> None:
        self.assertEqual([], self.steps((3, False), (5, True), (6, True), active=True))


class TakeOverTest(DatasourceCase):
    def test_a_flap_right_after_a_take_over_is_an_activation(self) -> None:
        one, _ = self.node("ds1"), self.node("ds2")
        self.create(one)
        engine = Engine(self, "pe1").publish()
        engine.follow(VM1, 1).want(VM1)
        self.clock.advance(5.0)
        one.kill()
        self.clock.advance(6.0)
        engine.follow(VM1, 2).drop(VM1)
        engine.follow(VM1, 3).want(VM1)
        self.clock.advance(1.0)
        self.assertEqual(["vm1", "vm1"], self.called())

    def test_an_engine_that_stood_still_is_not_believed(self) -> None:
        one = self.node("ds1")
        self.create(one)
        late = Engine(self, "pe2").follow(VM1, 1).publish()
        engine = Engine(self, "pe1").follow(VM1, 1).publish()
        self.clock.advance(10.0)
        engine.follow(VM1, 2).want(VM1)
        self.clock.advance(3.0)
        one.kill()
        engine.bus.stop(1.0)
        self.node("ds1")
        self.clock.advance(3.0)
        late.follow(VM1, 2).want(VM1)
        self.clock.advance(10.0)
        self.assertEqual(["vm1"], self.called())
