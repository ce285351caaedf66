"""Processes die, stand still and fail where the schedule says."""

from congress.interfaces.storage import Conflict, StorageContext, StorageError
from congress.testing.cluster.plugins import SimStorage
from congress.testing.cluster.process import Point, Process, Trap
from congress.testing.fibre import Killed
from tests.unit.testing_cluster.stage import WorldTestCase


class PointTest(WorldTestCase):
    def trap(self, point: Point, passes: int, spring: object) -> None:
        self.process.traps.append(Trap(point, passes, spring))  # type: ignore[arg-type]

    def test_a_trap_springs_at_its_pass_and_once(self) -> None:
        sprung: list[Process] = []
        self.trap(Point.POLL, 2, sprung.append)
        for point in (Point.POLL, Point.ACT, Point.POLL, Point.POLL):
            self.process.point(point)
        self.assertEqual([self.process], sprung)

    def test_nothing_passes_after_death(self) -> None:
        self.trap(Point.ACT, 1, Process.die)
        for _ in range(2):
            with self.assertRaises(Killed):
                self.process.point(Point.ACT)
        self.assertFalse(self.process.alive)

    def test_a_process_stands_still_in_the_middle(self) -> None:
        self.trap(Point.ACT, 1, lambda process: process.stop_here(5.0))
        began, ended = self.clock.monotonic(), []

        def act() -> None:
            self.process.point(Point.ACT)
            ended.append(self.clock.monotonic() - began)

        self.process.group.loop("l").post(act)
        self.clock.advance(1.0)
        self.assertEqual([5.0], ended)

    def test_wall_clocks_differ(self) -> None:
        self.process.clock.skew = 60.0
        self.assertEqual(self.clock.time() + 60, self.process.clock.time())
        self.assertEqual(self.clock.monotonic(), self.process.clock.monotonic())


class StorageTest(WorldTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.open()

    def set(self, value: str) -> None:
        with self.storage.transaction(write=True) as tx:
            tx.facts.set("fact", value, tx.facts.get("fact"))

    def get(self) -> str | None:
        return self.storage.read(lambda tx: tx.facts.get("fact"))

    def test_what_was_committed_survives_a_death_after_it(self) -> None:
        self.process.traps.append(Trap(Point.COMMITTED, 1, Process.die))
        with self.assertRaises(Killed):
            self.set("one")
        self.process = self.start("ds1")
        self.open()
        self.assertEqual("one", self.get())

    def test_what_was_not_committed_is_lost(self) -> None:
        self.process.traps.append(Trap(Point.COMMIT, 1, Process.die))
        with self.assertRaises(Killed):
            self.set("one")
        self.process = self.start("ds1")
        self.open()
        self.assertIsNone(self.get())

    def open(self) -> None:
        context = StorageContext("bus", self.process.clock, hub=self.world)
        self.storage = SimStorage({}, context)

    def test_an_outage_stores_nothing(self) -> None:
        self.world.cut_off.add("ds1")
        with self.assertRaises(StorageError):
            self.set("one")
        self.world.cut_off.clear()
        self.assertIsNone(self.get())

    def test_of_two_at_once_one_collides(self) -> None:
        with self.assertRaises(Conflict), self.storage.transaction(write=True) as tx:
            tx.facts.set("fact", "slow", None)
            self.set("fast")
        self.assertEqual("fast", self.get())
