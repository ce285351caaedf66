"""Whatever is lost, repeated, reordered, cut off or restarted: once it stops, every
subscriber has what the publishers have, and on the way it never saw nonsense."""

import os
import unittest
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from congress.bus import Bus, BusOptions
from congress.bus.publisher import SourcePublisher
from congress.interfaces.bus import BusContext
from congress.interfaces.role import Arrival, Coverage, Epoch, Position
from congress.model.delta import Delta, Snapshot
from congress.model.values import Row
from congress.testing.buses import Recorder
from congress.testing.lossy import Faults, LossyNetwork, LossyTransport
from congress.testing.runtime import ManualClock, SimThreads

LONG = os.environ.get("CONGRESS_PROFILE") == "long"
PROFILE = settings(
    max_examples=3000 if LONG else 80,
    derandomize=not LONG,
    deadline=None,
    print_blob=True,
)

NODES = ("n0", "n1", "n2")
SOURCES = ("s0", "s1")
#: Every publication changes both, and leaves the same version in both.
TABLES = ("a", "b")
#: Seconds in which everything must be well again after the last fault.
CONVERGENCE = 40.0


class Witness(Recorder):
    """A subscriber that objects to anything out of order."""

    def __init__(self, objections: list[str]) -> None:
        super().__init__()
        self.objections = objections
        self.position: Position | None = None

    def on_arrival(self, arrival: Arrival) -> None:
        try:
            super().on_arrival(arrival)
        except (KeyError, AssertionError) as error:
            self.objections.append(f"a delta on foreign state: {error!r}")
        if self.position is not None:
            old, new = self.position, arrival.position
            if new.epoch.number < old.epoch.number:
                self.objections.append(f"epoch fell from {old} to {new}")
            if new.epoch == old.epoch and new.seq < old.seq:
                self.objections.append(f"position fell from {old} to {new}")
        self.position = arrival.position
        versions = {_version(self.tables[table]) for table in TABLES if table in self.tables}
        if len(versions) > 1:
            self.objections.append(f"half a batch: {self.tables}")

    def set_tables(self, tables: frozenset[str]) -> None:
        self.tables = {name: rows for name, rows in self.tables.items() if name in tables}


def _version(rows: frozenset[Row]) -> Any:
    return next(row[1] for row in rows if row[0] == "version")


class World:
    """Nodes, sources and subscribers on one bad network."""

    def __init__(
        self,
        seed: int,
        faults: Faults,
        options: BusOptions,
        network: type[LossyNetwork] = LossyNetwork,
    ) -> None:
        self.clock = ManualClock()
        self.sim = SimThreads(self.clock, seed)
        self.network = network(self.sim, seed, faults)
        self.faults = faults
        self.options = options
        self.objections: list[str] = []
        self.buses: dict[str, Bus] = {}
        self.publishers: dict[str, SourcePublisher] = {}
        #: Old publishers that do not know they were replaced, by (node, source).
        self.zombies: dict[tuple[str, str], SourcePublisher] = {}
        self.homes = dict(zip(SOURCES, NODES, strict=False))
        self.epochs = dict.fromkeys(SOURCES, 0)
        self.version = 0
        self.extra: dict[str, frozenset[Row]] = dict.fromkeys(SOURCES, frozenset())
        self.subscribers: dict[tuple[str, str], tuple[Any, Witness]] = {}
        for node in NODES:
            self.boot(node)
        for source in SOURCES:
            self.publish_anew(source)

    def boot(self, node: str) -> None:
        group = self.sim.group(node)
        self.buses[node] = bus = Bus(
            LossyTransport({}, BusContext(self.clock, group, self.network)),
            bus_id="b",
            node=node,
            instance=f"{node}@{self.clock.monotonic()}",
            clock=self.clock,
            threads=group,
            options=self.options,
        )
        bus.start()
        for source in SOURCES:
            witness = Witness(self.objections)
            subscription = bus.subscribe(source, TABLES, witness.on_arrival, witness.on_state)
            self.subscribers[node, source] = (subscription, witness)

    def publish_anew(self, source: str) -> None:
        """A new life of a source, wherever it is at home."""
        self.epochs[source] += 1
        number = self.epochs[source]
        bus = self.buses[self.homes[source]]
        self.publishers[source] = bus.publisher(source, Epoch(number, f"{source}:{number}"))
        self.publish(source, snapshot=True)

    def publish(self, source: str, *, snapshot: bool) -> None:
        self.version += 1
        publisher = self.publishers[source]
        changes: list[Any] = []
        for table in TABLES:
            rows = frozenset([("version", self.version)]) | self.extra[source]
            if snapshot:
                changes.append(Snapshot(table, rows))
            else:
                old = publisher.rows(table) or frozenset()
                changes.append(Delta(table, rows - old, old - rows))
        publisher.publish(
            changes, {table: Coverage(float(self.version), complete=True) for table in TABLES}
        )

    def close(self) -> None:
        for bus in self.buses.values():
            bus.stop(1.0)

    # What may happen; each takes two small numbers

    def do_publish(self, source: int, what: int) -> None:
        name = SOURCES[source % len(SOURCES)]
        self.extra[name] ^= frozenset([("row", what)])
        self.publish(name, snapshot=what % 2 == 0)

    def do_wait(self, tenths: int, _: int) -> None:
        self.clock.advance(tenths / 5)

    def do_partition(self, node: int, _: int) -> None:
        self.network.partition([NODES[node % len(NODES)]])

    def do_block(self, sender: int, receiver: int) -> None:
        self.network.block(NODES[sender % len(NODES)], NODES[receiver % len(NODES)])

    def do_heal(self, _: int, __: int) -> None:
        self.network.heal(quiet=False)

    def do_restart_source(self, source: int, _: int) -> None:
        name = SOURCES[source % len(SOURCES)]
        self.publishers[name].close()
        self.publish_anew(name)

    def do_move_source(self, source: int, home: int) -> None:
        """The source moves; the old publisher does not know and goes on."""
        name = SOURCES[source % len(SOURCES)]
        target = NODES[home % len(NODES)]
        if target == self.homes[name] or (target, name) in self.zombies:
            return
        self.zombies[self.homes[name], name] = self.publishers[name]
        self.homes[name] = target
        self.publish_anew(name)

    def do_zombie_publish(self, what: int, _: int) -> None:
        if self.zombies:
            zombie = list(self.zombies.values())[what % len(self.zombies)]
            rows = frozenset([("version", -1 - what)])
            zombie.publish([Snapshot(table, rows) for table in TABLES], {})

    def do_kill(self, node: int, _: int) -> None:
        name = NODES[node % len(NODES)]
        self.sim.group(name).kill()
        self.zombies = {key: z for key, z in self.zombies.items() if key[0] != name}
        self.boot(name)
        for source in SOURCES:
            if self.homes[source] == name:
                self.publish_anew(source)

    def do_pause(self, node: int, tenths: int) -> None:
        group = self.sim.group(NODES[node % len(NODES)])
        group.pause()
        self.clock.advance(tenths / 2)
        group.resume()

    def do_resubscribe(self, which: int, tables: int) -> None:
        subscription, witness = list(self.subscribers.values())[which % len(self.subscribers)]
        wanted = frozenset(TABLES[: tables % 3])
        subscription.set_tables(wanted)
        witness.set_tables(wanted)

    # What must be

    def settled(self) -> bool:
        """Whether every subscriber has exactly what the publishers have."""
        for (_, source), (subscription, witness) in self.subscribers.items():
            publisher = self.publishers[source]
            for table in subscription.tables:
                if witness.tables.get(table) != publisher.rows(table):
                    return False
                if witness.state.get(table) != "live":
                    return False
        return True


def _operations() -> st.SearchStrategy[list[tuple[str, int, int]]]:
    names = sorted(name[3:] for name in vars(World) if name.startswith("do_"))
    weighted = [*names, "publish", "publish", "publish", "wait", "wait", "heal"]
    number = st.integers(0, 9)
    return st.lists(st.tuples(st.sampled_from(weighted), number, number), min_size=20, max_size=60)


FAULTS = st.builds(
    Faults,
    loss=st.sampled_from([0.0, 0.1, 0.4]),
    repeat=st.sampled_from([0.0, 0.3]),
    delay=st.sampled_from([(0.0, 0.0), (0.0, 0.01), (0.0, 0.4)]),
    late=st.sampled_from([0.0, 0.2]),
)
#: Small limits, so that pieces and overflows happen with a few rows.
OPTIONS = st.builds(
    lambda size, inbox, check: BusOptions(
        message_bytes=lambda: size,
        max_inbox_rows=lambda: inbox,
        safety_resync_period=lambda: check,
        probe_timeout=lambda: 0.1,
    ),
    st.sampled_from([10, 40, 100_000]),
    st.sampled_from([1, 10, 100_000]),
    st.sampled_from([0.0, 2.0, 60.0]),
)


class ConvergenceTest(unittest.TestCase):
    @PROFILE
    @given(st.integers(0, 2**32), FAULTS, OPTIONS, _operations())
    def test_all_converge(
        self, seed: int, faults: Faults, options: BusOptions, script: list[tuple[str, int, int]]
    ) -> None:
        world = World(seed, faults, options)
        for name, one, two in script:
            act: Callable[[int, int], None] = getattr(world, f"do_{name}")
            act(one, two)
        world.network.heal()
        settled = world.sim.run_until(world.settled, CONVERGENCE)
        self.assertEqual([], world.objections)
        self.assertEqual([], world.sim.errors)
        if not settled:
            self.fail(f"not settled: {[bus.stats() for bus in world.buses.values()]}")
        world.clock.advance(5)
        self.assertTrue(world.settled(), "it did not stay settled")
        world.close()
        self.assertEqual([], world.sim.errors)

    def test_equal_seeds_give_equal_histories(self) -> None:
        def history() -> list[Any]:
            faults = Faults(loss=0.3, repeat=0.2, delay=(0.0, 0.4), late=0.1)
            world = World(7, faults, BusOptions())
            for step in range(20):
                world.do_publish(step, step)
                world.do_wait(1, 0)
            stats = [bus.stats() for bus in world.buses.values()]
            world.close()
            return [stats, world.network.lost, world.network.delivered]

        self.assertEqual(history(), history())
