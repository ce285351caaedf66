"""Two datasource nodes, two policy engines, and everything that can happen to them.

The engines see one truth, each with a delay of its own. Whatever dies, comes back,
leads or lags, an activation runs at most once, and what should be in force at the
end has been run.
"""

import os
import unittest
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from congress.interfaces.bus import BusContext, BusTransport
from congress.interfaces.datasource import DriverError
from congress.model.action import ActionState, DesiredAction, action_id
from congress.testing.lossy import Faults, LossyNetwork, LossyTransport
from tests.unit.roles_datasource.kit import DatasourceCase, Engine, FlakyStorage, Node, ids

LONG = os.environ.get("CONGRESS_PROFILE") == "long"

STEP = 0.25
SETTLED = 90.0

#: A network that loses and delays; engines then lag by more than they are allowed to.
POOR = Faults(loss=0.1, repeat=0.1, delay=(0.0, 0.2), late=0.05)

#: One action of each promise, and one more that shares its rule with the first.
DESIRED = (
    DesiredAction("action", "r1", "nova", "pause", ("vm1",)),
    DesiredAction("action", "r1", "nova", "pause", ("vm2",)),
    DesiredAction("action", "r2", "nova", "tell", ("ann",)),
)


@dataclass
class Truth:
    """What holds, and what held at each step before."""

    now: frozenset[int] = frozenset()
    rises: Counter[int] = field(default_factory=Counter)
    history: list[frozenset[int]] = field(default_factory=list)

    def toggle(self, index: int) -> None:
        if index not in self.now:
            self.rises[index] += 1
        self.now ^= {index}

    def at(self, steps_ago: int) -> frozenset[int]:
        return self.history[-1 - steps_ago] if len(self.history) > steps_ago else frozenset()


class Play(DatasourceCase):
    """One run of a scenario."""

    faults = Faults()

    def transport(self, ctx: BusContext) -> BusTransport:
        return LossyTransport({}, ctx)

    def setUp(self) -> None:
        super().setUp()
        self.hub = LossyNetwork(self.threads, 1, self.faults)
        self.truth = Truth()
        self.delays = {"pe1": 0, "pe2": 3}
        self.engines: dict[str, Engine] = {}
        self.shown: dict[str, frozenset[int]] = {}
        self.nodes: dict[str, Node] = {}
        self.crashes = 0
        self.store()
        for name in ("ds1", "ds2"):
            self.begin_node(name)
        for name in self.delays:
            self.begin_engine(name)
        self.step(20)

    def begin_node(self, name: str) -> None:
        if name not in self.nodes:
            self.nodes[name] = Node(self, name).start()

    def kill_node(self, name: str) -> None:
        node = self.nodes.pop(name, None)
        if node:
            node.kill()

    def stop_node(self, name: str) -> None:
        node = self.nodes.pop(name, None)
        if node:
            node.service.stop(5.0)
            node.bus.stop(1.0)

    def begin_engine(self, name: str) -> None:
        if name not in self.engines:
            self.engines[name] = Engine(self, name)
            self.shown.pop(name, None)

    def kill_engine(self, name: str) -> None:
        engine = self.engines.pop(name, None)
        if engine:
            self.threads.group(name).kill()

    def stop_engine(self, name: str) -> None:
        engine = self.engines.pop(name, None)
        if engine:
            engine.bus.stop(1.0)

    def crash_in_call(self) -> None:
        """The node that runs the next action dies before it can tell."""

        def die() -> None:
            self.world.during_act = lambda: None
            runner = self.threads.current()
            assert runner
            self.crashes += 1
            self.nodes.pop(runner.group.name).die()

        self.world.during_act = die

    def fail_calls(self) -> None:
        """The service refuses a while."""
        self.world.act_error = DriverError("busy")
        self.step(8)
        self.world.act_error = None

    def lose_storage(self) -> None:
        """The database is away for everybody, longer than a lease."""
        FlakyStorage.away = True
        self.step(28)
        FlakyStorage.away = False

    def step(self, count: int = 1) -> None:
        """Let time pass; each engine publishes what held a while ago."""
        for _ in range(count):
            self.truth.history.append(self.truth.now)
            for name, engine in self.engines.items():
                seen = self.truth.at(self.delays[name])
                if self.shown.get(name) != seen:
                    self.shown[name] = seen
                    engine.rows["nova"] = set()
                    engine.want(*[DESIRED[index] for index in sorted(seen)]).publish()
            self.clock.advance(STEP)

    def finish(self) -> None:
        """Everything is there again, and nothing changes for a while."""
        self.hub.heal()
        self.world.during_act = lambda: None
        for name in ("ds1", "ds2"):
            self.begin_node(name)
        for name in self.delays:
            self.begin_engine(name)
        self.step(int(SETTLED / STEP))

    def check(self) -> None:
        calls = Counter(ids(self.world.calls))
        once = {call.idempotency_key for call in self.world.calls if call.name == "pause"}
        self.assertEqual([], [key for key, count in calls.items() if key in once and count > 1])
        doubtful = 0
        for index, desired in enumerate(DESIRED):
            entry = self.entry(desired)
            if self.faults == Faults():
                generation = entry.generation if entry else 0
                self.assertLessEqual(generation, self.truth.rises[index], "one was doubled")
            self.assertEqual(index in self.truth.now, bool(entry and entry.active), entry)
            if entry:
                self.assertTrue(entry.state.final, entry)
                doubtful += entry.state is ActionState.IN_DOUBT
                if entry.state is not ActionState.SUPPRESSED:
                    self.assertIn(action_id(entry.key, entry.generation), calls)
            if entry and desired.action == "tell":
                self.assertEqual(ActionState.DONE, entry.state)
        self.assertLessEqual(doubtful, self.crashes)


EVENTS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("toggle"), st.sampled_from(range(len(DESIRED)))),
    st.tuples(st.sampled_from(("kill_engine", "stop_engine")), st.sampled_from(("pe1", "pe2"))),
    st.tuples(st.just("begin_engine"), st.sampled_from(("pe1", "pe2"))),
    st.tuples(st.sampled_from(("kill_node", "stop_node")), st.sampled_from(("ds1", "ds2"))),
    st.tuples(st.just("begin_node"), st.sampled_from(("ds1", "ds2"))),
    st.tuples(st.sampled_from(("crash_in_call", "fail_calls", "lose_storage")), st.none()),
)


def perform(play: Play, event: tuple[str, object]) -> None:
    kind, subject = event
    if kind == "wait":
        play.step(int(str(subject)))
    elif kind == "toggle":
        play.truth.toggle(int(str(subject)))
        play.step()
    else:
        getattr(play, kind)(*([] if subject is None else [subject]))
        play.step()


class PlayOnPoorNetwork(Play):
    faults = POOR


def run(play: Play, events: list[tuple[str, object]]) -> None:
    play.setUp()
    try:
        for event in events:
            perform(play, event)
        play.finish()
        play.check()
    finally:
        FlakyStorage.away = False
        play.doCleanups()


EXAMPLES = int(os.environ.get("CONGRESS_EXAMPLES", "2000")) if LONG else 10
SCENARIOS = st.lists(EVENTS, min_size=5, max_size=25)


class InterleavingTest(unittest.TestCase):
    @settings(max_examples=EXAMPLES, print_blob=True)
    @given(SCENARIOS)
    def test_nothing_is_doubled_and_nothing_in_force_is_lost(
        self, events: list[tuple[str, object]]
    ) -> None:
        run(Play("check"), events)

    @settings(max_examples=EXAMPLES, print_blob=True)
    @given(SCENARIOS)
    def test_no_call_is_made_twice_on_a_poor_network(
        self, events: list[tuple[str, object]]
    ) -> None:
        run(PlayOnPoorNetwork("check"), events)
