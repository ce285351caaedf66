"""What real processes cannot be made to do at will: any message lost, any moment hit.

On the manual clock: the worlds of ``tests.property`` and the simulated cluster, with
faults where a search puts them.
"""

import os
import unittest
from collections.abc import Callable, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from congress.bus import BusOptions
from congress.testing.cluster import Cluster, Plan, Step
from congress.testing.cluster.cluster import silence
from congress.testing.cluster.plan import LAYOUTS, LETTERS, SLOW_PACE
from congress.testing.cluster.process import Point
from congress.testing.lossy import Faults, LossyNetwork
from tests.property.test_bus import CONVERGENCE, NODES, SOURCES, World

LONG = os.environ.get("CONGRESS_PROFILE") == "long"

HEARTBEAT = BusOptions().heartbeat_interval()
#: A snapshot that has to be asked for twice, because the question or the answer was hit.
SNAPSHOT = 3 * HEARTBEAT
#: Publishes nothing itself, as a node with a policy engine alone.
READER = NODES[-1]

Layout = tuple[tuple[str, tuple[str, ...]], ...]
SLOT = st.integers(0, 9)
#: Where in its work a node is hit; wherever it is if at no point.
POINT = st.sampled_from(["", *map(str, Point)])


def profile(examples: int, steps: int = 1) -> settings:
    """How long to search: longer if asked to, and then each time elsewhere."""
    return settings(
        max_examples=50 * examples if LONG else examples,
        stateful_step_count=steps,
        derandomize=not LONG,
        deadline=None,
        print_blob=True,
    )


class Sabotage(LossyNetwork):
    """Hits single messages, numbered from when it is armed. ``hits`` maps numbers to what
    happens: ``lost``, ``twice`` or ``late``."""

    armed = False
    number = 0
    hits: Mapping[int, str] = {}

    def carry(self, sender: str, receiver: str, arrive: Callable[[float], object]) -> None:
        """See ``LossyNetwork``."""
        hit = self.hits.get(self.number) if self.armed else None
        self.number += self.armed
        if hit == "late":
            super().carry(sender, receiver, lambda delay: arrive(delay + 2 * HEARTBEAT))
        elif hit != "lost":
            for _ in range(2 if hit == "twice" else 1):
                super().carry(sender, receiver, arrive)


class FuzzedTransportTest(unittest.TestCase):
    """T4."""

    def converge(self, hits: Mapping[int, str], seed: int = 1) -> int:
        """Publish while messages are hit, and converge in time; how many were sent."""
        world = World(seed, Faults(), BusOptions(), Sabotage)
        network = world.network
        assert isinstance(network, Sabotage)
        world.clock.advance(3.0)
        self.assertTrue(world.settled())
        self.assertNotIn(READER, world.homes.values())
        network.hits, network.armed = hits, True
        for step in range(3):
            for source in SOURCES:
                world.do_publish(SOURCES.index(source), 2 * step + 1)
            world.clock.advance(0.1)
        late = 2 * HEARTBEAT if "late" in hits.values() else 0.0
        if not world.sim.run_until(world.settled, 2 * HEARTBEAT + SNAPSHOT + late):
            self.fail(f"not settled: {[bus.stats() for bus in world.buses.values()]}")
        self.assertEqual([], world.objections)
        self.assertEqual([], world.sim.errors)
        world.close()
        return network.number

    def test_t04_any_one_message_lost_repeated_or_late_incl_the_last(self) -> None:
        sent = self.converge({})
        for fault in ("lost", "twice", "late"):
            for number in range(sent):
                with self.subTest(fault=fault, number=number):
                    self.converge({number: fault})

    @profile(60)
    @given(
        st.dictionaries(
            st.integers(0, 30), st.sampled_from(["lost", "twice", "late"]), max_size=12
        ),
        st.integers(0, 2**16),
    )
    def test_t04_any_messages_of_those_that_carry_changes(
        self, hits: dict[int, str], seed: int
    ) -> None:
        self.converge(hits, seed)


class ReceiveMachine(RuleBasedStateMachine):
    """Subscribers on three nodes, and two sources that move, on a network that forgets."""

    acts = sorted(name for name in vars(World) if name.startswith("do_"))

    @initialize(
        seed=st.integers(0, 2**16),
        loss=st.sampled_from([0.0, 0.1, 0.4]),
        repeat=st.sampled_from([0.0, 0.3]),
        delay=st.sampled_from([(0.0, 0.0), (0.0, 0.01), (0.0, 0.4)]),
        rows=st.sampled_from([1, 10, 100_000]),
    )
    def begin(
        self, seed: int, loss: float, repeat: float, delay: tuple[float, float], rows: int
    ) -> None:
        faults = Faults(loss, repeat, delay, late=loss / 2)
        options = BusOptions(
            message_bytes=lambda: 40,
            max_inbox_rows=lambda: rows,
            safety_resync_period=lambda: 2.0,
            probe_timeout=lambda: 0.1,
        )
        self.world = World(seed, faults, options)

    @rule(name=st.sampled_from(acts), one=st.integers(0, 9), two=st.integers(0, 9))
    def act(self, name: str, one: int, two: int) -> None:
        getattr(self.world, name)(one, two)

    @rule(source=st.integers(0, 1), what=st.integers(0, 9), tenths=st.integers(0, 9))
    def publish(self, source: int, what: int, tenths: int) -> None:
        self.world.do_publish(source, what)
        self.world.do_wait(tenths, 0)

    @invariant()
    def nobody_saw_nonsense(self) -> None:
        """No delta on a foreign epoch, no half of a batch, no way back."""
        assert not self.world.objections, self.world.objections

    def teardown(self) -> None:
        self.world.network.heal()
        assert self.world.sim.run_until(self.world.settled, CONVERGENCE)
        self.nobody_saw_nonsense()
        self.world.close()
        assert not self.world.sim.errors, self.world.sim.errors


class ExecutorMachine(RuleBasedStateMachine):
    """A whole cluster: engines that lead or do not, owners that die or oversleep."""

    @initialize(
        seed=st.integers(0, 2**16),
        layout=st.sampled_from(LAYOUTS),
        strategy=st.sampled_from(["auto", "first-heard", "lease"]),
    )
    def begin(self, seed: int, layout: Layout, strategy: str) -> None:
        self.quiet = silence()
        self.quiet.__enter__()
        self.slots = [slot for slot, _ in layout]
        plan = Plan(seed, layout, strategy, SLOW_PACE, restart=False, steps=())
        self.cluster = Cluster(plan)
        self.cluster.begin()
        self.cluster.sim.run_for(3.0)

    def play(self, verb: str, *arguments: str | float) -> None:
        self.cluster.director.play(Step(0.0, verb, arguments))
        self.cluster.sim.run_for(0.1)

    def slot(self, number: int) -> str:
        return self.slots[number % len(self.slots)]

    @rule(letter=st.sampled_from(LETTERS), seconds=st.integers(0, 4))
    def a_row_comes_or_goes(self, letter: str, seconds: int) -> None:
        self.play("flip", "s0", letter)
        self.cluster.sim.run_for(seconds)

    @rule(slot=SLOT, point=POINT, passes=st.integers(1, 5), seconds=st.integers(0, 12))
    def a_node_is_killed(self, slot: int, point: str, passes: int, seconds: int) -> None:
        self.play("crash", self.slot(slot), point, passes, seconds, 0.0)

    @rule(slot=SLOT, point=POINT, passes=st.integers(1, 5), seconds=st.integers(1, 14))
    def a_node_stands_still(self, slot: int, point: str, passes: int, seconds: int) -> None:
        self.play("pause", self.slot(slot), point, passes, seconds)

    @rule(slot=SLOT, seconds=st.integers(1, 12))
    def a_node_is_replaced_and_wakes_up(self, slot: int, seconds: int) -> None:
        self.play("twin", self.slot(slot), seconds)

    @rule(slot=SLOT, seconds=st.integers(1, 12))
    def a_node_is_cut_off(self, slot: int, seconds: int) -> None:
        self.play("partition", self.slot(slot), seconds)

    @rule(slot=SLOT, seconds=st.integers(1, 12))
    def a_node_does_not_reach_the_database(self, slot: int, seconds: int) -> None:
        self.play("outage", self.slot(slot), seconds)

    @invariant()
    def an_action_id_has_one_executor(self) -> None:
        """Nor is there a call without claim or reason, nor news out of order."""
        if hasattr(self, "cluster"):
            assert not self.cluster.world.objections, self.cluster.world.objections

    def teardown(self) -> None:
        try:
            failures = self.cluster.end()
            assert not failures, failures
        finally:
            self.quiet.__exit__(None, None, None)


class ModelTest(unittest.TestCase):
    """T31."""

    def test_t31_the_receive_machine(self) -> None:
        run_state_machine_as_test(ReceiveMachine, settings=profile(60, steps=40))

    def test_t31_the_leader_automaton(self) -> None:
        run_state_machine_as_test(ExecutorMachine, settings=profile(12, steps=12))
