"""A world without nodes, for tests of what watches over worlds."""

import unittest

from congress.interfaces.storage import LedgerEntry
from congress.model.action import ActionCall, ActionState, DesiredAction, Promise
from congress.testing.cluster.chronicle import Chronicle
from congress.testing.cluster.cluster import ACTIONS
from congress.testing.cluster.process import Process
from congress.testing.cluster.world import Contents, Service, World
from congress.testing.lossy import LossyNetwork
from congress.testing.runtime import ManualClock, SimThreads

ROW = ("a",)
ONCE = DesiredAction("action", "r", "act", "once", ROW)


def entry(state: ActionState, *, generation: int = 1, active: bool = True) -> LedgerEntry:
    """What the ledger says of the action."""
    return LedgerEntry(ONCE.key, ONCE, generation, active, state, Promise.AT_MOST_ONCE)


class WorldTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = ManualClock()
        self.sim = SimThreads(self.clock, 1)
        services = [
            Service("s0", {"t": Contents("t", [ROW], [ROW])}),
            Service("s1", {"u": Contents("u", [ROW], [])}),
            Service("act", {}, ACTIONS),
        ]
        self.world = World(self.clock, LossyNetwork(self.sim), services, Chronicle(keep=True))
        for service in services:
            service.read = True
        self.process = self.start("ds1")

    def start(self, name: str) -> Process:
        return Process(name, f"{name}#1", self.world, self.sim)

    def put(self, *entries: LedgerEntry, process: Process | None = None) -> None:
        """Commit ledger entries, as a process does."""
        contents = self.world.storage.contents
        ledger = {**contents.ledger, **{("bus", one.key): one for one in entries}}
        object.__setattr__(contents, "ledger", ledger)
        for listener in self.world.on_commit:
            listener(process or self.process)

    def call(self, key: str, *, name: str = "once", process: Process | None = None) -> None:
        """Let a call reach the receiver."""
        self.world.receive(process or self.process, "act", ActionCall(name, ROW, {}, key))

    def objections(self) -> str:
        """What was objected to, as one text."""
        return "; ".join(self.world.objections)
